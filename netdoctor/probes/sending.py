"""A known number of packets to one address, each in a connection of its own, and what came back at once."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress

from netdoctor.probes.dns_exchange import OpenSocket

WAIT = 0.08
"""Seconds for an answer from the same machine. Well under one second: after that a SYN is sent again, RFC 6298."""


def send(count: int, address: str, port: int, protocol: str, open_socket: OpenSocket) -> int:
    """Send `count` SYNs, or as many empty datagrams; returns how many connections were accepted. Raises OSError.

    What is under way after WAIT is given up before the kernel says anything again.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    lines: list[socket.socket] = []
    if not count:
        time.sleep(WAIT)  # as long as with packets, to see what counters do without them
    try:
        for _ in range(count):
            lines.append(open_socket(family, kind))
        for line in lines:
            line.setblocking(False)
            with suppress(OSError):  # under way, or rejected already
                line.connect((address, port))
                if kind == socket.SOCK_DGRAM:
                    line.send(b"")
        if kind == socket.SOCK_DGRAM:
            time.sleep(WAIT / 2)
            return 0
        return _accepted(lines)
    finally:
        for line in lines:
            line.close()


def _accepted(lines: list[socket.socket]) -> int:
    poll = select.poll()
    waiting = {line.fileno(): line for line in lines}
    for number in waiting:
        poll.register(number, select.POLLOUT)
    accepted = 0
    ends = time.monotonic() + WAIT
    while waiting and (left := ends - time.monotonic()) > 0:
        for number, _ in poll.poll(left * 1000):
            poll.unregister(number)
            if waiting.pop(number).getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                accepted += 1
    return accepted
