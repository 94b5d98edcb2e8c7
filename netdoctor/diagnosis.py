"""From results to a diagnosis: which failure is the cause, which are its symptoms, and how every link stands.

A failure is a symptom when a check that comes before it (`after` on the card, followed all the way) failed on the same
link, on the container meant, or on the container itself. Independent faults stay separate causes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from netdoctor.answers import Unable
from netdoctor.check import HOPS, Check
from netdoctor.engine import Result
from netdoctor.finding import Verdict
from netdoctor.model import Container, Engine, Link, Stack
from netdoctor.request import Request

_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)


@dataclass(frozen=True)
class Judged:
    """A result with its place in the diagnosis: a root cause, or because of others."""

    result: Result
    name: str
    """The subject's name in reports."""
    title: str
    """The check's title, filled in for this subject."""
    because_of: tuple[str, ...] = ()
    """`check/reason` of the causes, each with its subject where that is another one."""

    @property
    def root_cause(self) -> bool:
        return self.result.failed and not self.because_of

    def called_by(self, other: Judged) -> str:
        """What another result calls this one in its `because_of`."""
        return self.result.code if self.name == other.name else f"{self.result.code} on {self.name}"


@dataclass(frozen=True)
class Hop:
    """One station of a link. `broken_here`: a root cause sits at this one, not only a symptom."""

    hop: str
    verdict: Verdict
    says: str
    broken_here: bool = False


@dataclass(frozen=True)
class LinkState:
    """How a link stands. `works` is what the probe saw: None when it could not be asked."""

    link: Link
    name: str
    source: str
    target: str
    works: bool | None
    path: tuple[Hop, ...]
    connect_ms: float | None = None
    """How long the connect took that was accepted."""

    @property
    def sick(self) -> bool:
        """The probe saw that it does not work; or it could not look, and a hop failed."""
        return self.works is False or (self.works is None and any(h.verdict is Verdict.FAIL for h in self.path))


@dataclass(frozen=True)
class Diagnosis:
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
    complaints: tuple[str, ...] = field(default=())
    """What could not be used, in sentences: a third party's broken check."""

    @property
    def causes(self) -> tuple[Judged, ...]:
        """The root causes, the first to mend first."""
        return tuple(j for j in self.results if j.root_cause)

    @property
    def warnings(self) -> tuple[Judged, ...]:
        return tuple(j for j in self.results if j.result.finding.verdict is Verdict.WARN)

    @property
    def undecided(self) -> tuple[Judged, ...]:
        """What could not be checked and would matter."""
        working = {s.link for s in self.links if s.works}
        fine = {c for link in working for c in (link.source, link.target)}
        return tuple(
            j for j in self.results if j.result.finding.verdict is Verdict.UNKNOWN and not _moot(j, working, fine)
        )

    def symptoms(self, cause: Judged) -> tuple[Judged, ...]:
        """What failed or warned because of this cause."""
        return tuple(j for j in self.results if j.because_of and cause.called_by(j) in j.because_of)

    def broken_by(self, cause: Judged) -> tuple[LinkState, ...]:
        """The links that do not work because of this cause."""
        subjects = [j.result.subject for j in (cause, *self.symptoms(cause))]
        links = {s for s in subjects if isinstance(s, Link)}
        targets = {s.id for s in subjects if isinstance(s, Container)}
        return tuple(s for s in self.links if s.sick and (s.link in links or s.link.target in targets))

    @property
    def time_heals(self) -> bool:
        """Whether waiting can make every cause go away."""
        return all(r.time_heals for j in self.causes if (r := j.result.check.reason(j.result.finding.reason)))


def diagnose(
    request: Request,
    stack: Stack,
    links: Iterable[Link],
    results: Iterable[Result],
    *,
    captured: float | None = None,
    elapsed_ms: float = 0.0,
    complaints: Iterable[str] = (),
) -> Diagnosis:
    """Order the results, fold symptoms under their causes, and say how every link stands."""
    links = tuple(links)
    results = tuple(results)
    ranks = _ranks({r.check.id: r.check for r in results})
    # At the same rank a link speaks before a container: it is what was asked about.
    ordered = sorted(
        results,
        key=lambda r: (_WORST_FIRST.index(r.finding.verdict), ranks[r.check.id], isinstance(r.subject, Container)),
    )
    judged = tuple(_judged(stack, r, results, ranks) for r in ordered)
    diagnosis = Diagnosis(
        asked=request,
        engine=stack.engine,
        verdict="healthy",
        results=judged,
        links=tuple(_state(stack, link, judged) for link in links),
        taken_at=stack.taken_at,
        captured=captured,
        elapsed_ms=elapsed_ms,
        complaints=tuple(complaints),
    )
    if any(r.failed for r in results):
        return replace(diagnosis, verdict="sick")
    # A link that does not work and that no check explains (--only, --skip) is not healthy either.
    unexplained = any(s.works is False for s in diagnosis.links)
    return replace(diagnosis, verdict="unclear") if diagnosis.undecided or unexplained else diagnosis


def _moot(judged: Judged, working: set[Link], fine: set[str]) -> bool:
    """What could not be seen does not matter where the connection itself worked."""
    subject = judged.result.subject
    return subject.id in fine if isinstance(subject, Container) else subject in working


# -- causes and symptoms ------------------------------------------------------------------------------------------


def _ranks(checks: dict[str, Check]) -> dict[str, tuple[int, int, str]]:
    """Along the path: how many checks stand before it, then the hop, then the ID."""
    before = {c.id: _before(c, checks) for c in checks.values()}
    return {c.id: (len(before[c.id]), HOPS.index(c.hop), c.id) for c in checks.values()}


def _before(check: Check, checks: dict[str, Check]) -> frozenset[str]:
    """The IDs of all checks that come before this one, directly or not."""
    found: set[str] = set()
    todo = list(check.after)
    while todo:
        wanted = todo.pop()
        for other in checks.values():
            if wanted in (other.id, other.family) and other.id not in found and other.id != check.id:
                found.add(other.id)
                todo.extend(other.after)
    return frozenset(found)


def _judged(
    stack: Stack, result: Result, results: tuple[Result, ...], ranks: dict[str, tuple[int, int, str]]
) -> Judged:
    causes: list[Result] = []
    if result.finding.verdict in (Verdict.FAIL, Verdict.WARN):
        causes = _causes(stack, result, results)
    roots = [c for c in causes if not _causes(stack, c, results)] or causes
    roots.sort(key=lambda r: ranks[r.check.id])
    name = stack.name(result.subject)
    names = [c.code if stack.name(c.subject) == name else f"{c.code} on {stack.name(c.subject)}" for c in roots]
    return Judged(result, name, _title(stack, result), tuple(dict.fromkeys(names)))


def _causes(stack: Stack, result: Result, results: tuple[Result, ...]) -> list[Result]:
    checks = {r.check.id: r.check for r in results}
    before = _before(result.check, checks)
    found = [
        r for r in results if r.failed and r.check.id in before and r is not result and _bears_on(stack, r, result)
    ]
    reason = result.check.reason(result.finding.reason)
    if isinstance(result.subject, Container) and reason is not None and reason.follows_links:
        found += [r for r in results if r.failed and _makes_suffer(r, result, checks)]
    return found


def _bears_on(stack: Stack, cause: Result, result: Result) -> bool:
    """Whether a failure on one subject can explain one on the other."""
    if cause.subject == result.subject:
        return True
    if not (isinstance(result.subject, Link) and isinstance(cause.subject, Container)):
        return False
    ends = [stack.target(result.subject)]
    if cause.check.hop == "network" and result.check.hop not in ("interface", "listener"):
        ends.append(stack.source(result.subject))  # without its own network it sees nothing of the target
    return any(end is not None and cause.subject.id in (end.id, stack.namespace_owner(end).id) for end in ends)


def _makes_suffer(cause: Result, result: Result, checks: dict[str, Check]) -> bool:
    """Whether a link's failure can be why the container at one of its ends gives up, or is called unhealthy."""
    link, container = cause.subject, result.subject
    if not isinstance(link, Link) or not isinstance(container, Container):
        return False
    if link.source == container.id:
        return link.target != container.id
    # What is wrong with the listener itself, its own health check notices as well.
    deaf = cause.check.hop in ("interface", "listener") and result.check.id not in _before(cause.check, checks)
    return deaf and link.target == container.id


def _title(stack: Stack, result: Result) -> str:
    subject = result.subject
    if isinstance(subject, Container):
        return result.check.title.format_map(_Blanks(name=stack.title(subject), target=stack.title(subject)))
    target = stack.target(subject)
    return result.check.title.format_map(
        _Blanks(
            name=stack.name(subject),
            source=stack.title(stack.source(subject)),
            target=stack.title(target) if target else subject.address,
            address=subject.address,
            port=f"{subject.port}/{subject.protocol}",
        )
    )


class _Blanks(dict[str, str]):
    """A third party's title with an unknown placeholder keeps it, instead of ending the run."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


# -- the path of a link -------------------------------------------------------------------------------------------


def _state(stack: Stack, link: Link, judged: tuple[Judged, ...]) -> LinkState:
    target = stack.target(link)
    works = stack.works(link)
    mine = [j for j in judged if j.result.subject == link or (target is not None and j.result.subject == target)]
    return LinkState(
        link=link,
        name=stack.name(link),
        source=stack.title(stack.source(link)),
        target=stack.title(target) if target else link.address,
        works=works,
        path=tuple(_hop(name, [j for j in mine if j.result.check.hop == name], works) for name in HOPS),
        connect_ms=_connect_ms(stack, link),
    )


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
    deciding.sort(key=lambda j: (_WORST_FIRST.index(j.result.finding.verdict), isinstance(j.result.subject, Container)))
    worst = next((j for j in deciding if j.root_cause), deciding[0])
    return Hop(name, worst.result.finding.verdict, worst.result.finding.says, any(j.root_cause for j in judged))
