"""One name asked of one server after the other: A and AAAA at once over UDP, over TCP where an answer was cut.

RFC 1035 for the messages (by dnspython, which is imported here alone), glibc's res_send.c for the manners.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from dns.message import Message

OpenSocket = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a kind in the namespace that asks."""

SECOND_WAIT = 0.3
"""Seconds for the other of the two answers once one is there. Engine 20.10's resolver never answers for AAAA when it
cannot reach its upstream; glibc waits five seconds then, and goes on with what it has."""


class Told(NamedTuple):
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
    import dns.exception
    import dns.name

    try:
        dns.name.from_text(f"{name}.")
    except (dns.exception.DNSException, UnicodeError):  # a label too long, or none between two dots
        return Told("unknown", name)
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
    import dns.message
    import dns.rcode

    queries = {kind: dns.message.make_query(f"{name}.", kind) for kind in ("A", "AAAA")}
    answers: dict[str, Message] = {}
    with open_socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect((server, 53))
        for query in queries.values():
            line.send(query.to_wire())
        until = ends
        while len(answers) < len(queries) and (left := until - time.monotonic()) > 0:
            line.settimeout(left)
            try:
                answer = _read(line.recv(1 << 16))
            except TimeoutError:
                break
            for kind, query in queries.items():
                if answer is not None and kind not in answers and query.is_response(answer):
                    answers[kind] = _whole(answer, query, server, open_socket, ends)
                    until = min(ends, time.monotonic() + SECOND_WAIT)
    addresses = tuple(a for kind in ("A", "AAAA") if kind in answers for a in _addresses(answers[kind], kind))
    if addresses:
        return Told("found", name, server, addresses)
    if "A" not in answers:  # an empty answer for AAAA alone says nothing about the name
        return Told("silent", name, server)
    code = answers["A"].rcode()
    if code == dns.rcode.NOERROR:
        return Told("empty", name, server)
    if code == dns.rcode.NXDOMAIN:
        return Told("unknown", name, server)
    return Told("failed", name, server, rcode=dns.rcode.to_text(code))


def _read(wire: bytes) -> Message | None:
    import dns.exception
    import dns.message

    with suppress(dns.exception.DNSException, ValueError):
        return dns.message.from_wire(wire, ignore_trailing=True)
    return None


def _whole(answer: Message, query: Message, server: str, open_socket: OpenSocket, ends: float) -> Message:
    """The answer, asked for again over TCP where it was cut; as it came where TCP brings nothing better."""
    import dns.flags

    if not answer.flags & dns.flags.TC:
        return answer
    wire = query.to_wire()
    try:
        with open_socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_STREAM) as line:
            line.settimeout(max(0.05, ends - time.monotonic()))
            line.connect((server, 53))
            line.sendall(len(wire).to_bytes(2, "big") + wire)
            with line.makefile("rb") as stream:
                again = _read(stream.read(int.from_bytes(stream.read(2), "big")))
    except OSError:
        return answer
    return again if again is not None and query.is_response(again) else answer


def _addresses(answer: Message, kind: str) -> list[str]:
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(kind)
    return [record.address for group in answer.answer if group.rdtype == wanted for record in group]
