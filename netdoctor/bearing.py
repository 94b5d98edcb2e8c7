"""What bears on what: which subjects lie on a link's way, and which have to do with each other.

`Bearing` finds the candidates for a subject without looking at all of them, so that the cost grows with what is wrong
and not with its square.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from netdoctor.check import Check
from netdoctor.model import Container, Host, Link, Mount, Network, Publication, Subject, Volume
from netdoctor.places import through
from netdoctor.stack import Stack

_T = TypeVar("_T")


class Bearing(Generic[_T]):
    """Things, each about a subject, by the subjects that they may bear on."""

    def __init__(self, stack: Stack, things: Iterable[tuple[Subject, _T]]) -> None:
        self._stack = stack
        self._entries: list[tuple[Subject, _T]] = list(things)
        self._own: dict[Hashable, list[int]] = {}
        self._at: dict[str, list[int]] = {}
        """By the containers that the subject belongs to."""
        self._into: dict[str, list[int]] = {}
        """Links by the owner of the network namespace that they lead into."""
        self._everywhere: list[int] = []
        self._networks: list[int] = []
        """A network bears on a link too that only asks for an address in its subnet."""
        places: dict[Hashable, set[str]] = {}
        for number, (subject, _) in enumerate(self._entries):
            key = _key(subject)
            self._own.setdefault(key, []).append(number)
            if isinstance(subject, Host):
                self._everywhere.append(number)
            if isinstance(subject, Network):
                self._networks.append(number)
            if isinstance(subject, Link) and (target := stack.target(subject)) is not None:
                self._into.setdefault(stack.namespace_owner(target).id, []).append(number)
            if key not in places:
                places[key] = places_of(stack, subject)
            for place in places[key]:
                self._at.setdefault(place, []).append(number)

    def on(self, subject: Subject) -> Iterator[tuple[Subject, _T]]:
        """What may bear on the subject: what is about itself, its neighbours and the host, in the given order."""
        found = {*self._own.get(_key(subject), ()), *self._everywhere}
        if isinstance(subject, Link):
            found.update(self._networks)
        if isinstance(subject, Publication):
            found.update(self._into.get(subject.container, ()))
        for place in _ends(self._stack, subject) if isinstance(subject, Link) else places_of(self._stack, subject):
            found.update(self._at.get(place, ()))
        for number in sorted(found):
            yield self._entries[number]


def _key(subject: Subject) -> Hashable:
    if isinstance(subject, Container | Network):
        return type(subject), subject.id
    return (Volume, subject.name) if isinstance(subject, Volume) else subject


def _ends(stack: Stack, link: Link) -> set[str]:
    ends = (end for end in (stack.source(link), stack.target(link)) if end is not None)
    return {c.id for end in ends for c in (end, stack.namespace_owner(end))}


def explains(stack: Stack, check: Check, subject: Subject, other: Subject, hop: str) -> bool:
    """Whether a failure of `check` on `subject` can explain what a later check, of this hop, says of `other`."""
    if subject == other or isinstance(subject, Host):
        return True
    if isinstance(other, Link):
        # Without its own network a source sees nothing of the target; what is wrong with the listener is not its fault.
        own = check.hop == "network" and hop not in ("interface", "listener")
        return concerns(stack, subject, other, both_ends=own)
    if isinstance(subject, Link) and isinstance(other, Publication):
        deaf = check.hop in ("interface", "listener") and _meets(stack, subject, other)
        return deaf or other in through(stack, subject)
    places = places_of(stack, other)
    return bool(places & places_of(stack, subject)) and not (isinstance(subject, Link) or type(subject) is type(other))


def _meets(stack: Stack, link: Link, publication: Publication) -> bool:
    """Whether the link leads to the very port inside that is published, by whatever name."""
    target = stack.target(link)
    inside = (publication.container_port, publication.protocol) == (link.port, link.protocol)
    return inside and target is not None and stack.namespace_owner(target).id == publication.container


def concerns(stack: Stack, subject: Subject, link: Link, *, both_ends: bool = False) -> bool:
    """Whether the subject lies on the link's way: its target, what it goes through, the networks of both, the host."""
    if isinstance(subject, Link):
        return subject == link
    if isinstance(subject, Host):
        return True
    if isinstance(subject, Publication):
        return subject in through(stack, link)
    target, source = stack.target(link), stack.source(link)
    if isinstance(subject, Network):
        if subject in stack.having(link.address) or any(subject in stack.having(a) for a in stack.found(link)):
            return True
        ends = (source,) if target is None else (source, target)
        return all(any(e.network_id == subject.id for e in stack.endpoints(end)) for end in ends)
    looked_at = [target, source] if both_ends else [target]
    owners = {c.id for end in looked_at if end is not None for c in (end, stack.namespace_owner(end))}
    return bool(owners & places_of(stack, subject))


def places_of(stack: Stack, subject: Subject) -> set[str]:
    """The IDs of the containers that the subject is, belongs to, or is used by; a link has none of its own."""
    if isinstance(subject, Container):
        return {subject.id}
    if isinstance(subject, Publication | Mount):
        owner = stack.owner(subject)
        return {owner.id, stack.namespace_owner(owner).id} if isinstance(subject, Publication) else {owner.id}
    if isinstance(subject, Volume):
        return {c.id for c in stack.users(subject)}
    if isinstance(subject, Network):
        return stack.on_network(subject)
    return set()
