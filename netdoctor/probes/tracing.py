"""Which rule stopped a connection: counters before and after a number of packets that nobody else would send.

Only reads: no rule is added and no trace is switched on. Counters count for everybody, so the packets are sent in
rounds of several sizes, and the rule whose counter moves with each round, and with no more than that, did it. Traces
come one after the other, when all other questions have been answered: our own connects must not move a counter.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import NamedTuple

from msgspec.structs import replace

import netdoctor.probes.route_netlink as rt
from netdoctor.answers import AskConnection, Connection, Trace
from netdoctor.model import HOST
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.engine_options import writes_rules
from netdoctor.probes.inside import Entrances, Inside
from netdoctor.probes.rule_counters import WRITERS, Counted, Key, Reading
from netdoctor.probes.rulesets import Ruleset
from netdoctor.probes.sending import send
from netdoctor.probes.worth_tracing import owner, worth_tracing
from netdoctor.stack import Stack

ROUNDS = (7, 11, 5, 13)
"""Packets of each round; the third and the fourth are for when several counters moved alike."""
BUDGET = 3.0
"""Seconds for all traces of a run."""

_STATS = 23  # IFLA_STATS64: rx_packets, tx_packets, ... as 64-bit numbers
_LOOPBACK = 0x8  # IFF_LOOPBACK


class Tracer:
    """The traces of one run, the same way only once."""

    def __init__(self, stack: Stack, entrances: Entrances) -> None:
        self._stack = stack
        self._entrances = entrances
        self._known: dict[tuple[int, str, int, str], Trace] = {}
        self._ends = 0.0

    def traced(self, question: AskConnection, connection: Connection) -> Connection:
        """The connection with its trace where it failed in a way that a rule can be the cause of. Raises CannotAsk."""
        attempt = worth_tracing(self._stack, self._entrances, question, connection)
        if attempt is None:
            return connection
        self._ends = self._ends or time.monotonic() + BUDGET
        with self._entrances.inside(question.container) as source:
            key = (source.namespace.inode, attempt.address, question.port, question.protocol)
            if key not in self._known:
                if time.monotonic() > self._ends:
                    given_up = Trace(address=attempt.address, given_up="the time for looking at rules was over")
                    return replace(connection, trace=given_up)
                self._known[key] = self._trace(question, attempt.address, source)
        return replace(connection, trace=self._known[key])

    def _trace(self, question: AskConnection, address: str, source: Inside) -> Trace:
        target = owner(self._stack, question, address)
        with ExitStack() as held:
            places = {question.container: source}
            for place in (HOST, target):
                if place and place not in places:
                    try:
                        inside = held.enter_context(self._entrances.inside(place))
                    except CannotAsk:
                        continue
                    if inside.namespace.inode not in {i.namespace.inode for i in places.values()}:
                        places[place] = inside
            rulesets = {place: Ruleset(inside, place, ":" in address) for place, inside in places.items()}
            run = _Run(
                question, address, source, rulesets, places.get(target) if target != question.container else None
            )
            trace = run.trace()
            host = places.get(HOST)
            return replace(trace, engine_writes_rules=writes_rules(host.namespace.inode) if host else None)


class Round(NamedTuple):
    sent: int
    accepted: int
    moved: Mapping[Key, int]
    now: Mapping[Key, Counted]
    left: int | None
    arrived: int | None


class _Run:
    """One trace."""

    def __init__(
        self,
        question: AskConnection,
        address: str,
        source: Inside,
        rulesets: Mapping[str, Ruleset],
        target: Inside | None,
    ) -> None:
        self._question = question
        self._address = address
        self._source = source
        self._rulesets = rulesets
        self._target = target

    def trace(self) -> Trace:
        first = {place: ruleset.read() for place, ruleset in self._rulesets.items()}
        unread = tuple(u for r in self._rulesets.values() for u in r.unread)
        # Where nothing can stop a packet there is nothing to look at again.
        self._rulesets = {p: r for p, r in self._rulesets.items() if first[p].counted}
        rounds: list[Round] = []
        now: Mapping[Key, Counted] = _together(first.values()).by_rule()
        found: list[Key] = []
        for count in ROUNDS:
            rounds.append(self._round(count, now))
            now = rounds[-1].now
            found = culprits(rounds)
            if rounds[-1].accepted or not found or (len(rounds) > 1 and len(found) == 1):
                break
        certain = found[0] if len(found) == 1 and len(rounds) > 1 else None
        rule = now[certain].rule if certain else None
        others = [now[key].rule for key in found] if rule is None else []
        silent = [c.rule for reading in first.values() for c in reading.counted if not c.rule.counts]
        host = first.get(HOST, Reading())
        return Trace(
            address=self._address,
            sent=tuple(r.sent for r in rounds),
            rule=rule,
            moved=tuple(r.moved[certain] for r in rounds) if certain else (),
            suspects=tuple(others or (silent if rule is None else ()))[:8],
            unread=unread,
            accepted=sum(r.accepted for r in rounds),
            left=_all_seen((r.left, r.sent) for r in rounds),
            arrived=_all_seen((r.arrived, r.sent) for r in rounds),
            forward=host.forward,
            chains=tuple(c for c in host.chains if c.startswith(WRITERS)),
        )

    def _round(self, count: int, before: Mapping[Key, Counted]) -> Round:
        left, arrived = _packets(self._source, "tx"), _packets(self._target, "rx")
        question = self._question
        accepted = send(count, self._address, question.port, question.protocol, self._source.namespace.socket)
        left_after, arrived_after = _packets(self._source, "tx"), _packets(self._target, "rx")
        now = _together(ruleset.read() for ruleset in self._rulesets.values()).by_rule()
        return Round(
            count,
            accepted,
            {key: one.packets - before[key].packets for key, one in now.items() if key in before},
            now,
            None if left is None or left_after is None else left_after - left,
            None if arrived is None or arrived_after is None else arrived_after - arrived,
        )


def culprits(rounds: list[Round]) -> list[Key]:
    """The rules that counted the packets of each round, and of these the ones that counted the fewest others."""
    extra = {
        key: sum(r.moved[key] - r.sent for r in rounds)
        for key, one in rounds[-1].now.items()
        if one.rule.counts and all(r.moved.get(key, 0) >= r.sent for r in rounds)
    }
    # What is queued a program may still let through.
    extra = {key: n for key, n in extra.items() if key[0].verdict != "queue"} or extra
    return [key for key, n in extra.items() if n == min(extra.values())]


def _all_seen(pairs: Iterable[tuple[int | None, int]]) -> bool | None:
    """Whether at least what was sent was counted, in each round. Other people's packets count as well."""
    found = tuple(pairs)
    if not found or any(seen is None for seen, _ in found):
        return None
    return all(seen is not None and seen >= sent for seen, sent in found)


def _together(readings: Iterable[Reading]) -> Reading:
    whole = Reading()
    for reading in readings:
        whole += reading
    return whole


def _packets(inside: Inside | None, direction: str) -> int | None:
    """Packets that all interfaces of a namespace, loopback excepted, have received (rx) or sent (tx)."""
    if inside is None:
        return None
    try:
        with inside.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, rt.NETLINK_ROUTE) as line:
            line.settimeout(1.0)
            return sum(
                _counted(dict(m.attributes), direction) for m in rt.dump(line, rt.LINK) if not m.fixed[3] & _LOOPBACK
            )
    except OSError:
        return None


def _counted(attributes: Mapping[int, bytes], direction: str) -> int:
    received, sent = struct.unpack_from("=QQ", attributes.get(_STATS, bytes(16)))
    return int(received if direction == "rx" else sent)
