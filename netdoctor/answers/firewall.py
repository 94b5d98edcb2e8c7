"""Rules that stop packets, and a trace: which rule's counter moved with packets that were sent to see just that."""

from __future__ import annotations

from typing import Literal

import msgspec


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule, or the policy of a chain, that drops or rejects packets.

    `text` is the rule as `iptables-save` or `nft -a list ruleset` print it, counters left out; `policy DROP` for a
    policy. `number` is its place in its chain from 1 on (iptables), `handle` what nft deletes it by; both are 0 for a
    policy. A rule that does not count (nftables without `counter`) can only be suspected.
    """

    place: str
    """In whose network namespace it is: the ID of a container, or "host"."""
    backend: Literal["iptables-nft", "iptables-legacy", "nftables"]
    family: str
    """ip, ip6, inet, bridge or netdev."""
    table: str
    chain: str
    verdict: Literal["drop", "reject", "queue"]
    text: str
    number: int = 0
    handle: int = 0
    counts: bool = True

    @property
    def is_policy(self) -> bool:
        return not self.number and not self.handle


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that could not be read: why, and the command by which a person reads them."""

    why: str
    command: str


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of packets that were sent to one address after a connect to it had failed.

    `sent` holds the number of packets of each round. `moved` is how far the counter of `rule` moved in each, at least
    as far as packets were sent. Without a `rule`, nobody's counter did; `suspects` are those that do not count, and
    those of which several moved alike.
    """

    address: str
    sent: tuple[int, ...] = ()
    rule: Rule | None = None
    moved: tuple[int, ...] = ()
    suspects: tuple[Rule, ...] = ()
    unread: tuple[Unread, ...] = ()
    accepted: int = 0
    """Packets that came through after all: connections that were accepted."""
    left: bool | None = None
    """Whether the packets left the source's network namespace; None where it could not be seen."""
    arrived: bool | None = None
    """Whether the packets arrived in the target's network namespace; None where it could not be seen."""
    forward: tuple[str, ...] = ()
    """The rules of the host's FORWARD chains (iptables), of both backends."""
    chains: tuple[str, ...] = ()
    """Those of the host's chains whose names tell who writes rules there: DOCKER-USER, ufw-user-input, ..."""
    engine_writes_rules: bool | None = None
    """Whether the engine is told to write iptables rules (its `iptables` option); None where that was not seen."""
    given_up: str = ""
    """Why nothing was sent: a wide run has no more time for it."""
