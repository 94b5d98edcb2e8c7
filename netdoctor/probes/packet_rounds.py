"""Rounds of packets, and the rules that counted them: the counters before and after, and who follows closely."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import netdoctor.probes.route_netlink as rt
from netdoctor.answers import AskConnection
from netdoctor.probes.inside import Inside
from netdoctor.probes.rule_counters import Counted, Key, Reading
from netdoctor.probes.rulesets import Ruleset
from netdoctor.probes.sending import send

ROUNDS = (7, 11)
"""Packets of the two rounds that settle it where few others are dropped."""
LOUD = 60
"""Packets of a round that stands out where others are dropped all the time; one without a packet goes before it."""
QUIET = 2
"""Packets of others that a round may count, and the rule is certain all the same."""

_STATS = 23  # IFLA_STATS64: rx_packets, tx_packets, ... as 64-bit numbers
_LOOPBACK = 0x8  # IFF_LOOPBACK


class Round(NamedTuple):
    """What one round showed. `left` and `arrived` count packets out of the source's and into the target's namespace."""

    sent: int
    accepted: int
    moved: Mapping[Key, int]
    now: Mapping[Key, Counted]
    left: int | None = None
    arrived: int | None = None


class Way(NamedTuple):
    """Where the packets go, and whose rules are read. `target` is None outside of the stack."""

    question: AskConnection
    address: str
    source: Inside
    target: Inside | None
    rulesets: Sequence[Ruleset]

    def rounds(self, first: Reading) -> Iterator[Round]:
        """Rounds until one rule is certain, or none can be."""
        done: list[Round] = []
        for count in (*ROUNDS, 0, LOUD):
            done.append(self._round(count, done[-1].now if done else first.by_rule()))
            yield done[-1]
            suspects = culprits(done)
            if done[-1].accepted or not suspects or (len(done) >= len(ROUNDS) and certain(done) is not None):
                break

    def _round(self, count: int, before: Mapping[Key, Counted]) -> Round:
        left, arrived = _packets(self.source, "tx"), _packets(self.target, "rx")
        question = self.question
        accepted = send(count, self.address, question.port, question.protocol, self.source.namespace.socket)
        left_now, arrived_now = _packets(self.source, "tx"), _packets(self.target, "rx")
        now = together(ruleset.read() for ruleset in self.rulesets).by_rule()
        return Round(
            count,
            accepted,
            {key: one.packets - before[key].packets for key, one in now.items() if key in before},
            now,
            None if left is None or left_now is None else left_now - left,
            None if arrived is None or arrived_now is None else arrived_now - arrived,
        )


def culprits(rounds: Sequence[Round]) -> list[Key]:
    """The rules that counted the packets of each round, and of these the ones that counted the fewest others."""
    extra = {
        key: sum(r.moved[key] - r.sent for r in rounds)
        for key, one in rounds[-1].now.items()
        if one.rule.counts and all(_follows(r, key) for r in rounds)
    }
    # What is queued a program may still let through.
    extra = {key: n for key, n in extra.items() if key[0].verdict != "queue"} or extra
    return [key for key, n in extra.items() if n == min(extra.values())]


def _follows(one: Round, key: Key) -> bool:
    moved = one.moved.get(key, 0)
    return moved >= one.sent if one.sent else moved < LOUD / 2


def certain(rounds: Sequence[Round]) -> Key | None:
    """The one rule that did it: nearly nobody else's packets were counted, or the loud round stood out of them."""
    found = culprits(rounds)
    if len(found) != 1 or len(rounds) < len(ROUNDS):
        return None
    quiet = all(r.moved[found[0]] - r.sent <= QUIET for r in rounds)
    return found[0] if quiet or rounds[-1].sent == LOUD else None


def together(readings: Iterable[Reading]) -> Reading:
    """Several namespaces' rules as one reading."""
    whole = Reading()
    for reading in readings:
        whole += reading
    return whole


def all_seen(pairs: Iterable[tuple[int | None, int]]) -> bool | None:
    """Whether at least what was sent was counted, in each round. Other people's packets count as well."""
    found = tuple(pairs)
    if not found or any(seen is None for seen, _ in found):
        return None
    return all(seen is not None and seen >= sent for seen, sent in found)


def _packets(inside: Inside | None, direction: str) -> int | None:
    """Packets that all interfaces of a namespace, loopback excepted, have received (rx) or sent (tx)."""
    if inside is None:
        return None
    try:
        with inside.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, rt.NETLINK_ROUTE) as line:
            line.settimeout(1.0)
            links = [m.attributes for m in rt.dump(line, rt.LINK) if not m.fixed[3] & _LOOPBACK]
    except OSError:
        return None
    place = 0 if direction == "rx" else 8
    return sum(rt.number(attributes.get(_STATS, b"")[place : place + 8]) for attributes in links)
