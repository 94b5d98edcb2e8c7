"""Clues: what one place tells of a link; and how those that tell of the same become one link with all its origins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netdoctor.mentions import is_address, is_loopback
from netdoctor.model import Container, Link, Protocol
from netdoctor.stack import Stack

MOST_ORIGINS = 4
"""Places that are named one by one."""


class Clue(NamedTuple):
    """`source` means to reach address and port (0: nobody knows), says `where`: "environment DATABASE_URL".

    `observed`: a system printed the address, and what somebody wrote may have been a name.
    """

    source: Container
    address: str
    port: int
    where: str
    target: Container | None = None
    protocol: Protocol = "tcp"
    scheme: str = ""
    certain: bool = True
    observed: bool = False

    @property
    def place(self) -> tuple[str, str, int, Protocol]:
        return self.source.id, self.address.lower(), self.port, self.protocol


class _Found:
    def __init__(self, clue: Clue) -> None:
        self.first = clue
        self.where: dict[str, None] = {}
        self.certain = False
        self.add(clue)

    def add(self, clue: Clue) -> None:
        self.where[clue.where] = None
        self.certain |= clue.certain
        if clue.scheme and not self.first.scheme:
            self.first = self.first._replace(scheme=clue.scheme)


def merged(stack: Stack, clues: Iterable[Clue], hints: Iterable[Clue] = ()) -> Iterator[Link]:
    """The links. `hints` tell of a container and guess the rest: they join any link to it, or make one of their own.

    An address that was seen in a socket or in a log is the same as a name that leads to the same container and port.
    """
    found: dict[tuple[str, str, int, Protocol], _Found] = {}
    of_target: dict[tuple[str, str], list[_Found]] = {}

    def note(clue: Clue) -> None:
        new = found[clue.place] = _Found(clue)
        if clue.target is not None:
            of_target.setdefault((clue.source.id, clue.target.id), []).append(new)

    for clue in clues:
        same = found.get(clue.place) or _same(of_target, found, clue)
        if same is not None:
            same.add(clue)
        else:
            note(clue)
    for hint in hints:
        known = of_target.get((hint.source.id, hint.target.id if hint.target else ""), [])
        for one in known:
            one.where[hint.where] = None
        if not known:
            note(hint)
    for one in found.values():
        yield _link(stack, one)


def _same(
    of_target: dict[tuple[str, str], list[_Found]], found: dict[tuple[str, str, int, Protocol], _Found], clue: Clue
) -> _Found | None:
    """What is known already of the same container and port, where the clue's address is not what somebody wrote."""
    if not clue.observed:
        return None
    if clue.target is not None:
        likely = of_target.get((clue.source.id, clue.target.id), [])
        itself = is_loopback(clue.address)
        same = (f for f in likely if f.first.port == clue.port and is_loopback(f.first.address) == itself)
        return next(same, None)
    if is_loopback(clue.address):
        here = (found.get((clue.source.id, a, clue.port, clue.protocol)) for a in ("localhost", "127.0.0.1", "::1"))
        return next((f for f in here if f is not None), None)
    return None


def _link(stack: Stack, found: _Found) -> Link:
    clue, where = found.first, list(found.where)
    more = len(where) - MOST_ORIGINS
    where = [*where[:MOST_ORIGINS], f"{more} other places"] if more > 1 else where
    said = " and ".join([", ".join(where[:-1]), where[-1]] if len(where) > 1 else where)
    return Link(
        source=clue.source.id,
        address=clue.address,
        port=clue.port,
        protocol=clue.protocol,
        target=clue.target.id if clue.target else "",
        scheme=clue.scheme,
        known_from=f"{said} of {stack.title(clue.source)}",
        certain=found.certain,
        observed=clue.observed and is_address(clue.address) and not is_loopback(clue.address),
    )
