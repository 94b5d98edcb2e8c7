"""Which failure explains which: what comes before it on the card (`after`), on a subject that bears on its own.

A failure is a symptom when a check that stands before it, directly or not, failed on the same subject or on one that
bears on it: the container at the end of a link, the publication that the link goes through, a mount of the container,
a network that both are on, the host. Independent faults stay separate causes.
"""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.check import HOPS, Check
from netdoctor.engine import Result
from netdoctor.finding import Verdict
from netdoctor.model import Container, Host, Link, Mount, Network, Publication, Subject, Volume
from netdoctor.stack import Stack

Rank = tuple[int, int, str]


class Causes:
    """The causes of each result of one run."""

    def __init__(self, stack: Stack, results: Iterable[Result]) -> None:
        results = tuple(results)
        self._stack = stack
        self._checks = {r.check.id: r.check for r in results}
        self._before = {c.id: self._all_before(c) for c in self._checks.values()}
        self._failed: dict[str, list[Result]] = {}
        for result in results:
            if result.failed:
                self._failed.setdefault(result.check.id, []).append(result)
        self._known: dict[int, list[Result]] = {}

    def rank(self, check: Check) -> Rank:
        """Where the check stands along the path: how many come before it, then its hop, then its ID."""
        hop = HOPS.index(check.hop) if check.hop else len(HOPS)
        return len(self._before[check.id]), hop, check.id

    def roots(self, result: Result) -> list[Result]:
        """The failures that a failure or warning goes back to, the first to mend first; none for a cause."""
        if result.finding.verdict not in (Verdict.FAIL, Verdict.WARN):
            return []
        causes = self._of(result)
        roots = [c for c in causes if not self._of(c)] or causes
        return sorted(roots, key=lambda r: self.rank(r.check))

    def _of(self, result: Result) -> list[Result]:
        found = self._known.get(id(result))
        if found is None:
            found = self._known[id(result)] = self._found(result)
        return found

    def _found(self, result: Result) -> list[Result]:
        before = self._before[result.check.id]
        earlier = (r for check_id, failed in self._failed.items() if check_id in before for r in failed)
        found = [r for r in earlier if r is not result and explains(self._stack, r.check, r.subject, result)]
        reason = result.check.reason(result.finding.reason)
        if isinstance(result.subject, Container) and reason is not None and reason.follows_links:
            found += [r for failed in self._failed.values() for r in failed if self._makes_suffer(r, result)]
        return found

    def _all_before(self, check: Check) -> frozenset[str]:
        """The IDs of all checks that come before this one, directly or not."""
        found: set[str] = set()
        todo = list(check.after)
        while todo:
            wanted = todo.pop()
            for other in self._checks.values():
                if wanted in (other.id, other.family) and other.id not in found and other.id != check.id:
                    found.add(other.id)
                    todo.extend(other.after)
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


def explains(stack: Stack, check: Check, subject: Subject, result: Result) -> bool:
    """Whether a failure of `check` on `subject` can explain the result, which a later check gave."""
    other = result.subject
    if subject == other or isinstance(subject, Host):
        return True
    if isinstance(other, Link):
        # Without its own network a source sees nothing of the target; what is wrong with the listener is not its fault.
        own = check.hop == "network" and result.check.hop not in ("interface", "listener")
        return concerns(stack, subject, other, both_ends=own)
    places = _places(stack, other)
    return bool(places & _places(stack, subject)) and not (isinstance(subject, Link) or type(subject) is type(other))


def concerns(stack: Stack, subject: Subject, link: Link, *, both_ends: bool = False) -> bool:
    """Whether the subject lies on the link's way: its target, what it goes through, the networks of both, the host."""
    if isinstance(subject, Link):
        return subject == link
    if isinstance(subject, Host):
        return True
    if isinstance(subject, Publication):
        return subject in stack.through(link)
    target, source = stack.target(link), stack.source(link)
    if isinstance(subject, Network):
        ends = (source,) if target is None else (source, target)
        return all(any(e.network_id == subject.id for e in stack.endpoints(end)) for end in ends)
    looked_at = [target, source] if both_ends else [target]
    owners = {c.id for end in looked_at if end is not None for c in (end, stack.namespace_owner(end))}
    return bool(owners & _places(stack, subject))


def _places(stack: Stack, subject: Subject) -> set[str]:
    """The IDs of the containers that the subject is, belongs to, or is used by."""
    if isinstance(subject, Container):
        return {subject.id}
    if isinstance(subject, Publication | Mount):
        owner = stack.owner(subject)
        return {owner.id, stack.namespace_owner(owner).id} if isinstance(subject, Publication) else {owner.id}
    if isinstance(subject, Volume):
        return {c.id for c in stack.users(subject)}
    if isinstance(subject, Network):
        return {c.id for c in stack.containers if any(e.network_id == subject.id for e in c.endpoints)}
    return set()
