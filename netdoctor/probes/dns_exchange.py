"""One name asked of one server after the other: A and AAAA at once over UDP, over TCP where an answer was cut.

The manners are those of glibc's res_send.c.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import msgspec

from netdoctor.probes.dns_message import NOERROR, NXDOMAIN, Answer, Kind, query, read

OpenSocket = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a kind in the namespace that asks."""

SECOND_WAIT = 0.3
"""Seconds for the other of the two answers once one is there. Engine 20.10's resolver never answers for AAAA when it
cannot reach its upstream; glibc waits five seconds then, and goes on with what it has."""

RESEND = 0.6
"""Seconds after which a query counts as lost: many at once are too much for some resolvers."""


class Told(msgspec.Struct, frozen=True):
    """What came of one name. `server` gave the answer, or kept silent."""

    outcome: Literal["found", "unknown", "empty", "failed", "silent", "no-server"]
    name: str
    server: str = ""
    addresses: tuple[str, ...] = ()
    rcode: str = ""


def ask_servers(name: str, servers: tuple[str, ...], open_socket: OpenSocket, ends: float) -> Told:
    """Ask for the full `name` until `ends` (time.monotonic()); the next server after silence or a failure.

    "no-server": none given, or none could even be sent to (no route, or the port is closed). Never raises OSError.
    """
    worst = Told("no-server", name, servers[0] if servers else "")
    for index, server in enumerate(servers):
        share = (ends - time.monotonic()) / (len(servers) - index)
        try:
            told = _ask_server(name, server, open_socket, time.monotonic() + share)
        except OSError:
            continue
        if told.outcome in ("found", "unknown", "empty"):
            return told
        if worst.outcome != "failed":  # an answer says more than silence
            worst = told
    return worst


def _ask_server(name: str, server: str, open_socket: OpenSocket, ends: float) -> Told:
    """Raises OSError when the server cannot be sent to."""
    kinds: tuple[Kind, ...] = ("A", "AAAA")
    queries = {kind: query(name, kind) for kind in kinds}
    answers: dict[Kind, Answer] = {}
    with open_socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect((server, 53))
        until, send_at = ends, time.monotonic()
        while len(answers) < len(queries) and time.monotonic() < until:
            if time.monotonic() >= send_at:
                for kind in queries.keys() - answers.keys():
                    line.send(queries[kind])
                send_at += RESEND
            line.settimeout(max(0.001, min(until, send_at) - time.monotonic()))
            with suppress(TimeoutError):
                wire = line.recv(1 << 16)
                for kind, asked in queries.items():
                    if (answer := read(wire, asked)) is not None:
                        answers[kind] = _whole(answer, asked, server, open_socket, ends)
                until = min(until, _enough(answers, ends))
    addresses = tuple(a for kind in kinds if kind in answers for a in answers[kind].addresses)
    if addresses:
        return Told("found", name, server, addresses)
    if "A" not in answers:  # an empty answer for AAAA alone says nothing about the name
        return Told("silent", name, server)
    code = answers["A"].rcode
    if code == NOERROR:
        return Told("empty", name, server)
    if code == NXDOMAIN:
        return Told("unknown", name, server)
    return Told("failed", name, server, rcode=answers["A"].rcode_name)


def _enough(answers: dict[Kind, Answer], ends: float) -> float:
    """Until when the missing answer is worth waiting for (time.monotonic())."""
    if "A" in answers and answers["A"].rcode == NXDOMAIN:
        return 0.0  # then there is no AAAA either, RFC 8020
    if "A" in answers or any(answer.addresses for answer in answers.values()):
        return time.monotonic() + SECOND_WAIT
    return ends


def _whole(answer: Answer, asked: bytes, server: str, open_socket: OpenSocket, ends: float) -> Answer:
    """The answer, asked for again over TCP where it was cut; as it came where TCP brings nothing better."""
    if not answer.truncated:
        return answer
    try:
        with open_socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_STREAM) as line:
            line.settimeout(max(0.05, ends - time.monotonic()))
            line.connect((server, 53))
            line.sendall(len(asked).to_bytes(2, "big") + asked)
            with line.makefile("rb") as stream:
                again = read(stream.read(int.from_bytes(stream.read(2), "big")), asked)
    except OSError:
        return answer
    return answer if again is None else again
