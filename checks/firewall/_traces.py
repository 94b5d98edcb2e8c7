"""What was seen of a link's packets: the trace that belongs to it, and the rule in words."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import Attempt, Connection, Link, Stack, Trace, Unable, is_address


def connections(stack: Stack, link: Link) -> Iterator[Connection]:
    """What came of connecting by the address as it is written, then by the target's own addresses."""
    asked = dict.fromkeys((link.address, *_addresses(stack, link)))
    for address in asked:
        connection = stack.connection_to(link, address)
        if not isinstance(connection, Unable):
            yield connection


def traces(stack: Stack, link: Link) -> Iterator[Trace]:
    """The traces of the link's connections, the one of the address as it is written first."""
    return (c.trace for c in connections(stack, link) if c.trace is not None)


def silent(attempt: Attempt | None) -> bool:
    """Whether a rule that drops, or answers as a router would, can have done this."""
    return attempt is not None and attempt.outcome in ("timed-out", "no-route") and attempt.neighbour != "incomplete"


def _addresses(stack: Stack, link: Link) -> tuple[str, ...]:
    target = stack.target(link)
    # Where the source names an address it is that one that counts, whatever becomes of the others.
    if target is None or is_address(link.address):
        return ()
    return tuple(a for e in stack.shared_networks(stack.source(link), target) for a in e.addresses)


def seen(trace: Trace) -> dict[str, object]:
    """The trace as evidence."""
    rule = trace.rule
    named: dict[str, object] = {}
    if rule is not None:
        named = {
            "backend": rule.backend,
            "family": rule.family,
            "table": rule.table,
            "chain": rule.chain,
            "number": rule.number,
            "handle": rule.handle,
            "rule": rule.text,
            "moved": list(trace.moved),
        }
    return {**named, "address": trace.address, "sent": list(trace.sent), "left": trace.left, "arrived": trace.arrived}
