"""Which failure explains which: what comes before it on the card (`after`), on a subject that bears on its own.

A failure is a symptom when a check that stands before it, directly or not, failed on the same subject or on one that
bears on it: the container at the end of a link, the publication that the link goes through, a mount of the container,
a network that both are on, the host. Independent faults stay separate causes.
"""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.bearing import Bearing, explains
from netdoctor.check import HOPS, Check
from netdoctor.engine import Result
from netdoctor.finding import Verdict
from netdoctor.model import Container, Link
from netdoctor.stack import Stack

Rank = tuple[int, int, str]


class Causes:
    """The causes of each result of one run."""

    def __init__(self, stack: Stack, results: Iterable[Result]) -> None:
        results = tuple(results)
        self._stack = stack
        checks = {r.check.id: r.check for r in results}
        self._called: dict[str, list[Check]] = {}
        """The checks that an entry of `after` means: by ID, and by family."""
        for check in checks.values():
            for name in (check.id, check.family):
                self._called.setdefault(name, []).append(check)
        self._before = {c.id: self._all_before(c) for c in checks.values()}
        self._failed = Bearing(stack, ((r.subject, r) for r in results if r.failed and r.finding.explains))
        # Of a link that may not be wanted nothing fails: what warns there first is why the rest does.
        self._suspected = Bearing(stack, ((r.subject, r) for r in results if _is_doubtful(r)))
        self._ends: dict[str, list[Result]] = {}
        for result in results:
            if result.failed and isinstance(result.subject, Link):
                for end in {result.subject.source, result.subject.target}:
                    self._ends.setdefault(end, []).append(result)
        self._surely: dict[tuple[str, str, int, str], list[Result]] = {}
        """What fails of links that are surely wanted: by what it is, and by the port that they lead to."""
        for result in results:
            if result.failed and isinstance(result.subject, Link):
                self._surely.setdefault(_at_port(result, result.subject), []).append(result)
        self._down: dict[str, list[Result]] = {}
        """What says that a container does not serve, by its ID."""
        for result in results:
            if result.failed and isinstance(result.subject, Container) and result.check.hop:
                self._down.setdefault(result.subject.id, []).append(result)
        self._known: dict[int, list[Result]] = {}

    def rank(self, check: Check) -> Rank:
        """Where the check stands along the path: how many come before it, then its hop, then its ID."""
        hop = HOPS.index(check.hop) if check.hop else len(HOPS)
        return len(self._before[check.id]), hop, check.id

    def roots(self, result: Result) -> list[Result]:
        """The failures that a failure or warning goes back to, the first to mend first; none for a cause."""
        if result.finding.verdict not in (Verdict.FAIL, Verdict.WARN):
            return []
        return sorted(self._roots(result, ()), key=lambda r: self.rank(r.check))

    def _roots(self, result: Result, way: tuple[Result, ...]) -> list[Result]:
        """Along every chain of causes to its end; a cause can be known to another subject than its symptom is."""
        found: dict[int, Result] = {}
        for cause in self._of(result):
            if not any(cause is r for r in way):
                ends = self._roots(cause, (*way, cause)) if self._of(cause) else []
                found.update((id(r), r) for r in ends or [cause])
        return list(found.values())

    def _of(self, result: Result) -> list[Result]:
        found = self._known.get(id(result))
        if found is None:
            found = self._known[id(result)] = self._found(result)
        return found

    def _found(self, result: Result) -> list[Result]:
        reason, subject = result.check.reason(result.finding.reason), result.subject
        before = self._before[result.check.id] | frozenset(reason.after if reason is not None else ())
        known = [self._failed, self._suspected] if _is_doubtful(result) else [self._failed]
        found = [
            r
            for place in known
            for about, r in place.on(subject)
            if (r.check.id in before or r.code in before)
            and r is not result
            and explains(self._stack, r.check, about, subject, result.check.hop)
        ]
        if _is_doubtful(result) and isinstance(subject, Link):
            # The same, of a port that others surely want.
            found += self._surely.get(_at_port(result, subject), ())
        if isinstance(subject, Container) and reason is not None and reason.follows_links:
            found += [r for r in self._ends.get(subject.id, ()) if self._makes_suffer(r, result)]
        if isinstance(subject, Container) and reason is not None and reason.follows_services:
            found += [r for awaited in self._stack.holding_up(subject) for r in self._down.get(awaited.id, ())]
        return found

    def _all_before(self, check: Check) -> frozenset[str]:
        """The IDs of all checks that come before this one, directly or not; `ID/reason` where only one reason does."""
        found: set[str] = set()
        seen: set[str] = set()
        todo = list(check.after)
        while todo:
            wanted = todo.pop()
            if wanted in seen:
                continue
            seen.add(wanted)
            name, slash, slug = wanted.partition("/")
            for other in self._called.get(name, ()):
                if other.id != check.id:
                    found.add(f"{other.id}{slash}{slug}")
                    todo.extend((*other.after, *(a for reason in other.reasons for a in reason.after)))
        return frozenset(found)

    def _makes_suffer(self, cause: Result, result: Result) -> bool:
        """Whether a link's failure can be why the container at one of its ends gives up, or is called unhealthy."""
        link, container = cause.subject, result.subject
        if not isinstance(link, Link) or not isinstance(container, Container):
            return False
        if link.source == container.id:
            return link.target != container.id
        # What is wrong with the listener itself, its own health check notices as well.
        deaf = cause.check.hop in ("interface", "listener") and result.check.id not in self._before[cause.check.id]
        return deaf and link.target == container.id


def _is_doubtful(result: Result) -> bool:
    """A warning on a link of which nobody knows whether it is wanted."""
    return isinstance(result.subject, Link) and not result.subject.certain and result.finding.verdict is Verdict.WARN


def _at_port(result: Result, link: Link) -> tuple[str, str, int, str]:
    return result.code, link.target or link.address, link.port, link.protocol
