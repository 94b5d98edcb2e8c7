"""After which failures rules are looked at: those that a rule can be the cause of, and that nothing else explains."""

from __future__ import annotations

import ipaddress
import socket

from netdoctor.answers import AskConnection, Attempt, Connection
from netdoctor.model import HOST
from netdoctor.probes.accept_queue import ports_behind
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.inside import Entrances
from netdoctor.probes.interfaces import addresses4
from netdoctor.probes.sock_diag import dump
from netdoctor.probes.tables import BOUND, EVERYWHERE, LISTEN, is_listening, plain
from netdoctor.stack import Stack


def worth_tracing(
    stack: Stack, entrances: Entrances, question: AskConnection, connection: Connection
) -> Attempt | None:
    """The attempt that a rule may have stopped: timed out, rejected, or refused for somebody who does listen."""
    if any(a.outcome == "connected" for a in connection.attempts):
        return None
    for attempt in connection.attempts:
        if _may_be_stopped(attempt, connection) and (
            attempt.outcome != "refused" or _listens(stack, entrances, question, attempt.address)
        ):
            return attempt
    return None


def _may_be_stopped(attempt: Attempt, connection: Connection) -> bool:
    if attempt.outcome in ("timed-out", "no-route"):
        # A dead address never answers ARP, and a full accept queue drops by itself.
        full = bool(connection.queue) and connection.queue[-1] > (connection.backlog or 0)
        return attempt.neighbour != "incomplete" and not full
    # EPERM is what a sender is told whose own namespace drops the datagram.
    return attempt.outcome == "refused" or (attempt.outcome == "error" and "not permitted" in attempt.text)


def owner(stack: Stack, question: AskConnection, address: str) -> str:
    """In whose namespace a connection to the address ends: a container's ID, "host", or "" for outside of the stack."""
    if ipaddress.ip_address(address).is_loopback:
        return question.container
    holder = stack.holder(address)
    if holder is not None:
        return holder.id
    wanted = ipaddress.ip_address(address)
    if any(wanted == ipaddress.ip_address(g) for n in stack.networks for g in n.gateways):
        return HOST
    return ""


def _listens(stack: Stack, entrances: Entrances, question: AskConnection, address: str) -> bool:
    """Whether somebody serves the address and port, so that it was not the listener's absence that refused.

    Of a place outside of the stack nobody knows, and then a rule may be the reason.
    """
    place = owner(stack, question, address)
    target = stack.container(place)
    states = 1 << (BOUND if question.protocol == "udp" else LISTEN)
    try:
        if target is None:
            with entrances.inside(HOST) as host, host.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                if address not in {a for _, a in addresses4(line)}:
                    return True
            place = HOST
        published = target is not None and address not in target.addresses
        ports = ports_behind(target, question.port) if target is not None and published else (question.port,)
        with entrances.inside(place) as there, there.netlink() as netlink:
            rows = [r for f in (socket.AF_INET, socket.AF_INET6) for r in dump(netlink, f, question.protocol, states)]
    except (CannotAsk, OSError):
        return False
    return any(is_listening(r) and r.port in ports and plain(r.address) in (*EVERYWHERE, address) for r in rows)
