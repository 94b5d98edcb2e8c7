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

RESEND = 0.6
"""Seconds after which a query counts as lost: many at once are too much for some resolvers."""


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
        until, send_at = ends, time.monotonic()
        while len(answers) < len(queries) and time.monotonic() < until:
            if time.monotonic() >= send_at:
                for kind in queries.keys() - answers.keys():
                    line.send(queries[kind].to_wire())
                send_at += RESEND
            line.settimeout(max(0.001, min(until, send_at) - time.monotonic()))
            with suppress(TimeoutError):
                answer = _read(line.recv(1 << 16))
                for kind, query in queries.items():
                    if answer is not None and query.is_response(answer):
                        answers[kind] = _whole(answer, query, server, open_socket, ends)
                until = min(until, _enough(answers, ends))
    addresses = tuple(a for kind in queries if kind in answers for a in _addresses(answers[kind], kind))
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


def _enough(answers: dict[str, Message], ends: float) -> float:
    """Until when the missing answer is worth waiting for (time.monotonic())."""
    import dns.rcode

    if "A" in answers and answers["A"].rcode() == dns.rcode.NXDOMAIN:
        return 0.0  # then there is no AAAA either, RFC 8020
    if "A" in answers or any(_addresses(answer, kind) for kind, answer in answers.items()):
        return time.monotonic() + SECOND_WAIT
    return ends


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
