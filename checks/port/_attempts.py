"""What can be read from the attempts to connect: what port.accepts goes by."""

from __future__ import annotations

import ipaddress

from netdoctor.api import Attempt, Connection, Link, Listener, Stack, Unable

# The protocol of each scheme, where a server's first bytes tell it.
_SPOKEN = {
    "amqp": "amqp",
    "amqps": "tls",
    "ftp": "ftp",
    "http": "http",
    "https": "tls",
    "mariadb": "mysql",
    "mysql": "mysql",
    "postgres": "postgres",
    "postgresql": "postgres",
    "redis": "redis",
    "rediss": "tls",
    "sftp": "ssh",
    "smtp": "smtp",
    "smtps": "tls",
    "ssh": "ssh",
    "valkey": "redis",
    "ws": "http",
    "wss": "tls",
}


def decisive(stack: Stack, link: Link, connection: Connection) -> Attempt | None:
    """The attempt that tells most: an address of a family that the source does not have only stands in the way."""
    last = connection.last
    if last is None or last.outcome == "connected":
        return last
    told = next((a for a in connection.attempts if a.outcome not in ("network-unreachable", "no-address")), last)
    if told.outcome != "timed-out":
        return told
    # A kernel sends one ICMP error a second to each address (icmp_ratelimit), so of several connects at once that a
    # REJECT rule meets, one may be told and the others time out. An answer says more than silence.
    again = stack.connection_to(link, told.address)
    attempts = () if isinstance(again, Unable) else again.attempts
    return next((a for a in attempts if a.address == told.address and a.outcome in ("refused", "no-route")), told)


def tried(connection: Connection) -> list[dict[str, object]]:
    """The attempts as evidence."""
    return [{"address": a.address, "outcome": a.outcome, "after": a.after, "text": a.text} for a in connection.attempts]


def queue_is_full(connection: Connection, listeners: tuple[Listener, ...]) -> bool:
    """Whether connections wait for the process beyond the limit that it gave to listen(2).

    Where nobody saw the limit: whether any wait at all, at a port that has just kept silent.
    """
    if connection.queue:
        return connection.queue[-1] > (connection.backlog or 0)
    return any(x.waiting > (x.backlog or 0) for x in listeners)


def nobody_has(stack: Stack, link: Link, attempt: Attempt) -> bool:
    """Whether the address is dead: it never answers ARP. A dropped packet leaves a complete entry."""
    if attempt.neighbour:
        return attempt.neighbour == "incomplete"
    wanted = ipaddress.ip_address(attempt.address)
    mine = [stack.network(e.network_id) for e in stack.endpoints(stack.source(link))]
    bridges = [n for n in mine if n is not None and n.driver == "bridge" and attempt.address not in n.gateways]
    inside = any(wanted in ipaddress.ip_network(s, strict=False) for n in bridges for s in n.subnets)
    return inside and stack.holder(attempt.address) is None


def speaks_another(scheme: str, heard: str) -> bool:
    """Whether the server's first bytes belong to another protocol than the scheme's.

    What fits no protocol is no proof against http://, which servers of gRPC (HTTP/2 alone) are asked for by, too.
    """
    expected = _SPOKEN.get(scheme.partition("+")[0], "")
    return bool(expected) and heard not in ("", expected) and (heard, expected) != ("other", "http")
