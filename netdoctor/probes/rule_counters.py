"""What a ruleset says of the rules that stop packets: values, whichever program printed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from netdoctor.answers import Rule

WRITERS = ("DOCKER", "NETAVARK", "CNI-", "ufw-", "f2b-", "IN_public", "FWD_public", "FWDI_")
"""How the names of chains begin by which it is known who made them: engines, ufw, fail2ban, firewalld."""


class Counted(NamedTuple):
    """A rule that can stop packets, with its counter; 0 for one that does not count."""

    rule: Rule
    packets: int


Key = tuple[Rule, int]
"""A rule without its number, which changes as others come and go, and how many of the same text stand before it."""


class Reading(NamedTuple):
    """One look at the rules of a namespace. `forward` is the FORWARD chain of iptables, `chains` all chains' names."""

    counted: tuple[Counted, ...] = ()
    forward: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()

    def __add__(self, other: object) -> Reading:
        if not isinstance(other, Reading):
            return NotImplemented
        return Reading(
            self.counted + other.counted, self.forward + other.forward, tuple(dict.fromkeys(self.chains + other.chains))
        )

    def by_rule(self) -> dict[Key, Counted]:
        """Each rule under a name by which it is found again in a later reading."""
        return dict(_keyed(self.counted))


def _keyed(counted: Iterable[Counted]) -> Iterator[tuple[Key, Counted]]:
    before: Counter[Rule] = Counter()
    for one in counted:
        same = replace(one.rule, number=0)
        yield (same, before[same]), one
        before[same] += 1
