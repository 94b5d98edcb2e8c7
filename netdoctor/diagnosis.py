"""From results to a diagnosis: which failure is the cause, which are its symptoms, and how every link stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from netdoctor.answers import Unable
from netdoctor.bearing import Bearing, concerns
from netdoctor.causes import Causes
from netdoctor.check import HOPS
from netdoctor.engine import Result
from netdoctor.finding import Finding, Remedy, Verdict
from netdoctor.ignoring import Ignore, Ignored
from netdoctor.model import HOST, Container, Engine, Host, Link, Mount, Network, Publication, Subject
from netdoctor.places import through
from netdoctor.request import Request
from netdoctor.stack import Stack

_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)


class Judged(msgspec.Struct, frozen=True):
    """A result with its place in the diagnosis: a root cause, or because of others."""

    result: Result
    name: str
    """The subject's name in reports."""
    title: str
    """The check's title, filled in for this subject."""
    because_of: tuple[str, ...] = ()
    """`check/reason` of the causes, each with its subject where that is another one."""
    ignored: Ignore | None = None
    """The entry by which somebody said that this, or all that it comes from, is not to be heard of."""

    @property
    def root_cause(self) -> bool:
        return self.result.failed and not self.because_of and self.ignored is None

    def called_by(self, other: Judged) -> str:
        """What another result calls this one in its `because_of`."""
        return self.result.code if self.name == other.name else f"{self.result.code} on {self.name}"


def _is_link(judged: Judged) -> bool:
    return isinstance(judged.result.subject, Link)


class Hop(msgspec.Struct, frozen=True):
    """One station of a link. `broken_here`: a root cause sits at this one, not only a symptom."""

    hop: str
    verdict: Verdict
    says: str
    broken_here: bool = False


class LinkState(msgspec.Struct, frozen=True):
    """How a link stands. `works` is what the probe saw: None when it could not be asked."""

    link: Link
    name: str
    source: str
    target: str
    works: bool | None
    path: tuple[Hop, ...]
    connect_ms: float | None = None
    """How long the connect took that was accepted."""
    ignored: bool = False
    """It does not work, and somebody said that he knows."""

    @property
    def sick(self) -> bool:
        """It is surely wanted, and the probe saw that it does not work; or it could not look, and a hop failed."""
        if self.ignored or not self.link.certain:
            return False
        return self.works is False or (self.works is None and any(h.verdict is Verdict.FAIL for h in self.path))


class Diagnosis(msgspec.Struct, frozen=True, dict=True):
    """All results of a run. `verdict` is healthy, sick (something failed) or unclear (something decisive unknown)."""

    asked: Request
    engine: Engine
    verdict: str
    results: tuple[Judged, ...]
    links: tuple[LinkState, ...]
    taken_at: float = 0.0
    """When the stack was read (seconds since the epoch)."""
    captured: float | None = None
    """When the stack was captured (seconds since the epoch), None for a live one."""
    elapsed_ms: float = 0.0
    complaints: tuple[str, ...] = ()
    """What could not be used, in sentences: a third party's broken check, a label that ignores for no reason."""

    @cached_property
    def _alike(self) -> tuple[tuple[Judged, ...], ...]:
        """The root causes that are one fault, seen from several subjects: in one sentence, or mended by the same."""
        groups: list[list[Judged]] = []
        known: dict[tuple[str, str | Remedy], list[Judged]] = {}
        for judged in (j for j in self.results if j.root_cause):
            finding = judged.result.finding
            marks = [(judged.result.code, mark) for mark in (finding.says, _mending(finding)) if mark is not None]
            group = next((known[mark] for mark in marks if mark in known), None)
            if group is None:
                groups.append(group := [])
            group.append(judged)
            known.update({mark: group for mark in marks if mark not in known})
        return tuple(map(tuple, groups))

    @cached_property
    def causes(self) -> tuple[Judged, ...]:
        """The root causes, the first to mend first. One that shows on many subjects is here once, by its first."""
        return tuple(group[0] for group in self._alike)

    def shown_by(self, cause: Judged) -> tuple[Judged, ...]:
        """The root cause on every subject that shows it."""
        return next(group for group in self._alike if any(one is cause for one in group))

    @property
    def warnings(self) -> tuple[Judged, ...]:
        """Those about links first, and the host's last."""
        found = (j for j in self.results if j.result.finding.verdict is Verdict.WARN and j.ignored is None)
        return tuple(sorted(found, key=lambda j: (isinstance(j.result.subject, Host), not _is_link(j))))

    @property
    def notable(self) -> tuple[Judged, ...]:
        """What is well and wanted to be heard of, on subjects of which nothing else is to be said."""
        sick = {j.name for j in self.results if j.result.finding.verdict in (Verdict.FAIL, Verdict.WARN)}
        return tuple(j for j in self.results if j.result.finding.notable and j.name not in sick)

    @property
    def ignored(self) -> tuple[Judged, ...]:
        """What would be a cause or a warning, had nobody said that it is known."""
        return tuple(j for j in self.results if j.ignored is not None and not j.because_of)

    @cached_property
    def undecided(self) -> tuple[Judged, ...]:
        """What could not be checked and would matter."""
        working = {s.link for s in self.links if s.works}
        fine = {c for link in working for c in (link.source, link.target)}
        all_work = all(s.works for s in self.links)
        return tuple(
            j
            for j in self.results
            if j.result.finding.verdict is Verdict.UNKNOWN
            and j.ignored is None
            and j.result.check.decisive
            and not _moot(j.result, working, fine, all_work)
        )

    def symptoms(self, cause: Judged) -> tuple[Judged, ...]:
        """What failed or warned because of this cause."""
        found = (s for c in self.shown_by(cause) for s in self._because_of(c))
        return tuple({id(s): s for s in found}.values())

    def _because_of(self, cause: Judged) -> Iterator[Judged]:
        for code in (cause.result.code, f"{cause.result.code} on {cause.name}"):
            yield from (j for j in self._by_cause.get(code, ()) if cause.called_by(j) == code)

    @cached_property
    def _by_cause(self) -> dict[str, list[Judged]]:
        found: dict[str, list[Judged]] = {}
        for judged in self.results:
            for code in judged.because_of:
                found.setdefault(code, []).append(judged)
        return found

    def broken_by(self, cause: Judged) -> tuple[LinkState, ...]:
        """The links that do not work because of this cause."""
        subjects = [j.result.subject for j in (*self.shown_by(cause), *self.symptoms(cause))]
        links = {s for s in subjects if isinstance(s, Link)}
        targets = {s.id for s in subjects if isinstance(s, Container)}
        return tuple(s for s in self.links if s.sick and (s.link in links or s.link.target in targets))

    @cached_property
    def broken(self) -> tuple[LinkState, ...]:
        """The links that do not work, in the order of their causes."""
        explained = [s for cause in self.causes for s in self.broken_by(cause)]
        return tuple({id(s): s for s in (*explained, *(s for s in self.links if s.sick))}.values())

    @property
    def time_heals(self) -> bool:
        """Whether waiting can make every cause go away."""
        return all(r.time_heals for j in self.causes if (r := j.result.check.reason(j.result.finding.reason)))


def _mending(finding: Finding) -> Remedy | None:
    """What is to be done, if it is told in lines to paste. (Looking at it afterwards is each subject's own.)"""
    remedy = finding.remedy
    if remedy is None or not (remedy.run or remedy.compose):
        return None
    return msgspec.structs.replace(remedy, verify=())


def _moot(result: Result, working: set[Link], fine: set[str], all_work: bool) -> bool:
    """What could not be seen of a way does not matter where the connection itself worked.

    `fine` are the IDs of the containers at the ends of working links.
    """
    subject = result.subject
    if isinstance(subject, Link):
        return subject in working or not subject.certain
    if isinstance(subject, Container) and result.check.hop:
        return subject.id in fine
    if isinstance(subject, Publication):  # links of containers say little of it, and many runs have none of the host's
        asked = [link for link in working if link.source == HOST and link.target == subject.container]
        return any(subject.host_port in (0, link.port) for link in asked)
    return all_work and isinstance(subject, Network | Host)


def diagnose(
    request: Request,
    stack: Stack,
    links: Iterable[Link],
    results: Iterable[Result],
    *,
    captured: float | None = None,
    elapsed_ms: float = 0.0,
    complaints: Iterable[str] = (),
    ignored: Ignored | None = None,
) -> Diagnosis:
    """Order the results, fold symptoms under their causes, and say how every link stands."""
    links = tuple(links)
    results = tuple(results)
    causes = Causes(stack, results)
    ignores, worn_out = (ignored or Ignored()).of(stack)
    # At the same rank a link speaks before a container: it is what was asked about.
    ordered = sorted(
        results,
        key=lambda r: (_WORST_FIRST.index(r.finding.verdict), causes.rank(r.check), not isinstance(r.subject, Link)),
    )
    judged = tuple(_judged(stack, r, causes, ignores) for r in ordered)
    near = Bearing(stack, ((j.result.subject, j) for j in judged if j.result.check.hop))
    diagnosis = Diagnosis(
        asked=request,
        engine=stack.engine,
        verdict="healthy",
        results=judged,
        links=tuple(_state(stack, link, near) for link in links),
        taken_at=stack.taken_at,
        captured=captured,
        elapsed_ms=elapsed_ms,
        complaints=(*complaints, *worn_out),
    )
    if any(j.result.failed and j.ignored is None for j in judged):
        return msgspec.structs.replace(diagnosis, verdict="sick")
    # A link that does not work and that no check explains (--only, --skip) is not healthy either.
    unexplained = any(s.works is False and s.link.certain and not s.ignored for s in diagnosis.links)
    return msgspec.structs.replace(diagnosis, verdict="unclear") if diagnosis.undecided or unexplained else diagnosis


def _judged(stack: Stack, result: Result, causes: Causes, ignores: tuple[Ignore, ...]) -> Judged:
    name = stack.name(result.subject)
    roots = causes.roots(result)
    names = [c.code if stack.name(c.subject) == name else f"{c.code} on {stack.name(c.subject)}" for c in roots]
    own = _ignore(stack, result, ignores)
    # What follows from what is ignored alone is not heard of either.
    theirs = [_ignore(stack, root, ignores) for root in roots]
    ignored = own or (theirs[0] if theirs and all(theirs) else None)
    return Judged(result, name, _title(stack, result), tuple(dict.fromkeys(names)), ignored)


def _ignore(stack: Stack, result: Result, ignores: tuple[Ignore, ...]) -> Ignore | None:
    if result.finding.verdict not in (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN):
        return None
    return next((i for i in ignores if i.matches(stack, result)), None)


def _title(stack: Stack, result: Result) -> str:
    return result.check.title.format_map(_Blanks(_words(stack, result.subject)))


def _words(stack: Stack, subject: Subject) -> dict[str, str]:
    """What a title's placeholders stand for."""
    name = stack.name(subject)
    if isinstance(subject, Link):
        target = stack.target(subject)
        return {
            "name": name,
            "source": stack.title(stack.source(subject)),
            "target": stack.title(target) if target else subject.address,
            "address": subject.address,
            "port": f"{subject.port}/{subject.protocol}",
        }
    if isinstance(subject, Publication):
        port = f"{subject.host_port or subject.container_port}{'/udp' if subject.protocol == 'udp' else ''}"
        return {"name": name, "container": stack.title(stack.owner(subject)), "port": port}
    if isinstance(subject, Mount):
        return {"name": name, "container": stack.title(stack.owner(subject)), "path": subject.destination}
    return {"name": name, "target": name, "container": name}


class _Blanks(dict[str, str]):
    """A third party's title with an unknown placeholder keeps it, instead of ending the run."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


# -- the path of a link -------------------------------------------------------------------------------------------


def _state(stack: Stack, link: Link, near: Bearing[Judged]) -> LinkState:
    target = _reached(stack, link) or stack.target(link)
    mine = [judged for subject, judged in near.on(link) if concerns(stack, subject, link)]
    works = _works(stack, link, mine)
    return LinkState(
        link=link,
        name=stack.name(link),
        source=HOST if link.source == HOST else stack.title(stack.source(link)),
        target=stack.title(target) if target else link.address,
        works=works,
        path=tuple(_hop(name, [j for j in mine if j.result.check.hop == name], works) for name in HOPS),
        connect_ms=_connect_ms(stack, link) if works else None,
        ignored=works is False
        and any(j.result.failed for j in mine)
        and all(j.ignored for j in mine if j.result.failed),
    )


def _works(stack: Stack, link: Link, judged: Iterable[Judged]) -> bool | None:
    """Whether the target was reached: a proxy accepts for it with nothing behind, and another may have its port."""
    works, target = stack.works(link), stack.target(link)
    if works and through(stack, link):
        up = target is None or target.state.running
        said = [j.result for j in judged if isinstance(j.result.subject, Link | Publication)]
        if not up or any(r.failed for r in said):
            return False
        # Nobody saw whether anything stands behind the proxy.
        open_question = [r for r in said if isinstance(r.subject, Publication) and r.finding.verdict is Verdict.UNKNOWN]
        return None if open_question else True
    return works


def _reached(stack: Stack, link: Link) -> Container | None:
    """The replica that took the connection, where a name means several."""
    target, connection = stack.target(link), stack.connection(link)
    attempt = None if isinstance(connection, Unable) or not connection.works else connection.last
    if target is None or attempt is None or through(stack, link):
        return None
    holder = stack.holder(attempt.address)
    if holder is None or not holder.service:
        return None
    return holder if (holder.project, holder.service) == (target.project, target.service) else None


def _connect_ms(stack: Stack, link: Link) -> float | None:
    connection = stack.connection(link)
    attempt = None if isinstance(connection, Unable) else connection.last
    return attempt.ms if attempt is not None and attempt.outcome == "connected" else None


def _hop(name: str, judged: list[Judged], works: bool | None) -> Hop:
    deciding = [j for j in judged if j.result.finding.verdict is not Verdict.SKIP]
    if not deciding:
        if works:
            return Hop(name, Verdict.PASS, "the connection went through")
        return Hop(name, Verdict.SKIP, "no check judged this hop")
    # `judged` is ordered worst first; where a cause and a symptom meet, the cause speaks, and what is said of the
    # link before what is said of its container.
    deciding.sort(key=lambda j: (_WORST_FIRST.index(j.result.finding.verdict), not isinstance(j.result.subject, Link)))
    worst = next((j for j in deciding if j.root_cause), deciding[0])
    if name == HOPS[-1] and works is False and worst.result.finding.verdict is Verdict.PASS:
        return Hop(name, Verdict.SKIP, "nothing was accepted")  # what a check on the side found well there is no proof
    return Hop(name, worst.result.finding.verdict, worst.result.finding.says, any(j.root_cause for j in judged))
