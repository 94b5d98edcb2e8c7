"""Does the process take what the kernel has accepted for it? The listener's accept queue, seen by sock_diag(7).

A kernel completes handshakes for a process that is stopped, hung or paused. Then the connection stays in the accept
queue, which is `rqueue` of the listening socket, and belongs to no process: its own socket has no inode yet.
"""

from __future__ import annotations

import socket
import time

import msgspec

from netdoctor.model import Container
from netdoctor.probes.sock_diag import dump, find_tcp
from netdoctor.probes.tables import CLOSE_WAIT, ESTABLISHED, EVERYWHERE, LISTEN, Row, is_listening, plain

PAUSE = 0.2
"""Seconds between two readings."""


class Queue(msgspec.Struct, frozen=True):
    """Readings, oldest first, and the limit that listen(2) was given."""

    readings: tuple[int, ...] = ()
    backlog: int | None = None


def ports_behind(target: Container, port: int) -> tuple[int, ...]:
    """The port itself, and where it is a published one the container port where a connection to it ends."""
    return (port, *(p.container_port for p in target.published if p.host_port == port))


def read_once(netlink: socket.socket, ports: tuple[int, ...], address: str) -> Queue:
    """One reading of the listener that serves the address on the first of `ports` that somebody listens on."""
    listener = _listener(netlink, ports, address)
    return Queue((listener.waiting,), listener.backlog) if listener else Queue()


def watch(netlink: socket.socket, ports: tuple[int, ...], address: str, ours: tuple[str, int], ends: float) -> Queue:
    """Readings until nothing waits, or until shortly before `ends` (time.monotonic()).

    `ours` is the local end of our own connection: once a process has it the reading is 0, for what else waits then is
    other people's traffic at a busy server. Where it cannot be found (behind NAT) the whole queue counts.
    """
    readings: list[int] = []
    backlog = None
    while listener := _listener(netlink, ports, address):
        backlog = listener.backlog
        waits = listener.waiting and not _is_taken(netlink, (address, listener.port), ours)
        readings.append(listener.waiting if waits else 0)
        if not waits or ends - time.monotonic() < 1.5 * PAUSE:
            break
        time.sleep(PAUSE)
    return Queue(tuple(readings), backlog)


def _listener(netlink: socket.socket, ports: tuple[int, ...], address: str) -> Row | None:
    """Of several sockets on the port (SO_REUSEPORT) the one with the longest queue."""
    families = (socket.AF_INET, socket.AF_INET6)
    rows = [r for family in families for r in dump(netlink, family, "tcp", 1 << LISTEN) if is_listening(r)]
    for port in ports:
        serving = [r for r in rows if r.port == port and plain(r.address) in (*EVERYWHERE, address)]
        if serving:
            return max(serving, key=lambda r: r.waiting)
    return None


def _is_taken(netlink: socket.socket, local: tuple[str, int], ours: tuple[str, int]) -> bool:
    row = find_tcp(netlink, local, ours)
    return row is not None and row.state in (ESTABLISHED, CLOSE_WAIT) and row.inode != 0
