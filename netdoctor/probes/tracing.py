"""Which rule stopped a connection: counters before and after a number of packets that nobody else would send.

Only reads: no rule is added and no trace is switched on. Counters count for everybody, so the packets are sent in
rounds of several sizes, and the rule whose counter moves with each round, and with no more than that, did it. Traces
come one after the other, when all other questions have been answered: our own connects must not move a counter.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from msgspec.structs import replace

from netdoctor.answers import AskConnection, Connection, Trace
from netdoctor.model import HOST
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.engine_options import writes_rules
from netdoctor.probes.inside import Entrances, Inside
from netdoctor.probes.packet_rounds import Way, all_seen, certain, culprits, together
from netdoctor.probes.rule_counters import WRITERS, Reading
from netdoctor.probes.rulesets import Ruleset
from netdoctor.probes.worth_tracing import owner, worth_tracing
from netdoctor.stack import Stack

BUDGET = 3.0
"""Seconds for all traces of a run."""
SHOWN = 8
"""Suspects that are named."""


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
        place = owner(self._stack, question, address)
        with ExitStack() as held:
            places = {place: p for place in (HOST, place) if place and (p := self._entered(held, place)) is not None}
            places.setdefault(question.container, source)
            target = places.get(place)
            if target is not None and target.namespace.inode == source.namespace.inode:
                target = None
            rulesets: dict[int, Ruleset] = {}
            for name, inside in places.items():  # the host first: on its network a container has no rules of its own
                rulesets.setdefault(inside.namespace.inode, Ruleset(inside, name, ":" in address))
            host = places.get(HOST)
            trace = _trace(Way(question, address, source, target, tuple(rulesets.values())))
            return replace(trace, engine_writes_rules=writes_rules(host.namespace.inode) if host else None)

    def _entered(self, held: ExitStack, place: str) -> Inside | None:
        try:
            return held.enter_context(self._entrances.inside(place))
        except CannotAsk:
            return None


def _trace(way: Way) -> Trace:
    readings = {ruleset.place: ruleset.read() for ruleset in way.rulesets}
    unread = tuple(u for ruleset in way.rulesets for u in ruleset.unread)
    first = together(readings.values())
    # Where nothing can stop a packet there is nothing to look at again.
    again = way._replace(rulesets=[r for r in way.rulesets if readings[r.place].counted])
    rounds = list(again.rounds(first))
    known, now = certain(rounds), rounds[-1].now
    suspects = [now[key].rule for key in culprits(rounds)] or [c.rule for c in first.counted if not c.rule.counts]
    host = readings.get(HOST, Reading())
    return Trace(
        address=way.address,
        sent=tuple(r.sent for r in rounds),
        rule=now[known].rule if known else None,
        moved=tuple(r.moved[known] for r in rounds) if known else (),
        suspects=() if known else tuple(suspects[:SHOWN]),
        unread=unread,
        accepted=sum(r.accepted for r in rounds),
        left=all_seen((r.left, r.sent) for r in rounds),
        arrived=all_seen((r.arrived, r.sent) for r in rounds),
        forward=host.forward,
        chains=tuple(c for c in host.chains if c.startswith(WRITERS)),
    )
