"""A connection from a container's own network namespace, with the other end's accept queue while it is open."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec.structs import replace

from netdoctor.answers import AskConnection, Attempt, Connection, Lookup
from netdoctor.probes.accept_queue import Queue, ports_behind, read_once, watch
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.connecting import listen_for, try_tcp, try_udp, with_neighbour
from netdoctor.probes.inside import Entrances, Inside
from netdoctor.probes.packet_size import packet_size
from netdoctor.stack import Stack


def connect_from(
    stack: Stack,
    entrances: Entrances,
    question: AskConnection,
    look_up: Callable[[Inside], Lookup],
    clock: Clock,
) -> Connection:
    """Try each address that `look_up` brings until one is accepted, in the time of the clock. Raises CannotAsk."""
    attempts: list[Attempt] = []
    queue = Queue()
    with entrances.asking(question.container) as inside:
        addresses = look_up(inside).addresses
        ends = clock.ends
        for index, address in enumerate(addresses):
            share = (ends - time.monotonic()) / (len(addresses) - index)
            if question.protocol == "udp":
                attempt = try_udp(address, question.port, share, inside.namespace.socket)
            else:
                attempt, queue = _try_tcp(stack, entrances, question, inside, address, share, ends)
            attempts.append(with_neighbour(attempt, inside.table))
            if attempt.outcome == "connected":
                break
    return Connection(
        protocol=question.protocol,
        resolved=bool(addresses),
        attempts=tuple(attempts),
        queue=queue.readings,
        backlog=queue.backlog,
    )


def _try_tcp(
    stack: Stack,
    entrances: Entrances,
    question: AskConnection,
    inside: Inside,
    address: str,
    share: float,
    ends: float,
) -> tuple[Attempt, Queue]:
    tried = try_tcp(address, question.port, share, inside.namespace.socket)
    if tried.line is None:
        if tried.attempt.outcome != "timed-out":
            return tried.attempt, Queue()
        return tried.attempt, _queue(stack, entrances, question, address, None, ends)
    with tried.line:
        ours = tried.line.getsockname()
        attempt = listen_for(tried, question.scheme, question.address)
        packets = packet_size(tried.line, address, attempt.ms, inside.namespace.socket, ends)
        attempt = replace(attempt, packets=packets)
        # Whoever has spoken has taken the connection, but behind docker-proxy somebody else may be the one who speaks.
        return attempt, _queue(stack, entrances, question, address, (ours[0], ours[1]), ends)


def _queue(
    stack: Stack, entrances: Entrances, question: AskConnection, address: str, ours: tuple[str, int] | None, ends: float
) -> Queue:
    """The target's accept queue: watched while our connection is open, read once after a timeout."""
    target = stack.container(question.target)
    if target is None:
        return Queue()
    ports = ports_behind(target, question.port)
    try:
        with entrances.inside(target.id) as there, there.netlink() as netlink:
            if ours is None:
                return read_once(netlink, ports, address)
            return watch(netlink, ports, address, ours, ends)
    except (CannotAsk, OSError):
        return Queue()
