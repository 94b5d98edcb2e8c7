"""One connect, and what happens in the moment after it: connect(2), tcp(7), udp(7)."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from netdoctor.answers import Attempt, Outcome
from netdoctor.answers.network import route_to
from netdoctor.probes.dns_exchange import OpenSocket
from netdoctor.probes.hello import heard, hello, turned_away
from netdoctor.probes.interfaces import neighbour, routes

AFTER_WAIT = 0.025
"""Seconds for the server to close, reset or speak: docker-proxy with nothing behind it hangs up within some ms."""
HELLO_WAIT = 0.15
UDP_WAIT = 0.5

_OUTCOMES: Mapping[int, Outcome] = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timed-out",
    errno.EHOSTUNREACH: "no-route",
    errno.ENETUNREACH: "network-unreachable",
    errno.EADDRNOTAVAIL: "no-address",
    errno.EAFNOSUPPORT: "no-address",  # a kernel without IPv6
}


class Tried(msgspec.Struct, frozen=True):
    """An attempt, and the connection while it is still open."""

    attempt: Attempt
    line: socket.socket | None = None


def outcome_of(error: OSError) -> Outcome:
    if isinstance(error, TimeoutError):  # the socket's own timeout has no errno
        return "timed-out"
    return _OUTCOMES.get(error.errno or 0, "error")


def try_tcp(address: str, port: int, wait: float, open_socket: OpenSocket) -> Tried:
    """Connect within `wait` seconds. The caller closes the line. Never raises OSError."""
    started = time.perf_counter()
    line: socket.socket | None = None
    try:
        line = open_socket(_family(address), socket.SOCK_STREAM)
        line.settimeout(max(0.05, wait))
        line.connect((address, port))
        if line.getsockname()[:2] == (address, port):
            # Nobody listens, and the kernel has joined the socket to itself: its own port happened to be the one asked.
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except OSError as error:
        own = _own(line)
        if line is not None:
            line.close()
        if isinstance(error, ConnectionResetError):  # before a handshake a reset is a refusal, so this came after it
            return Tried(Attempt(address=address, outcome="connected", after="reset", own=own, ms=_ms(started)))
        return Tried(replace(_failed(address, error, started), own=own))
    return Tried(Attempt(address=address, outcome="connected", own=_own(line), ms=_ms(started)), line)


def listen_for(tried: Tried, scheme: str, host: str) -> Attempt:
    """The accepted attempt with what the server did in the moment after, and what it says to a hello."""
    if tried.line is None:
        return tried.attempt
    after, said = _wait_for(tried.line, AFTER_WAIT)
    if after == "open" and not said and (word := hello(scheme, host)):
        try:
            tried.line.sendall(word)
        except OSError:
            pass
        else:  # hanging up on our hello is an answer to it, and not what happens to everybody
            said = _wait_for(tried.line, HELLO_WAIT)[1]
    return replace(tried.attempt, after=after, heard=heard(said, scheme), turned_away=turned_away(said))


def _wait_for(line: socket.socket, seconds: float) -> tuple[Literal["open", "closed", "reset"], bytes]:
    line.settimeout(seconds)
    try:
        said = line.recv(1024)
    except TimeoutError:
        return "open", b""
    except OSError:
        return "reset", b""
    return ("open" if said else "closed"), said


def try_udp(address: str, port: int, wait: float, open_socket: OpenSocket) -> Attempt:
    """Send an empty datagram, which no protocol gives a meaning, and wait for a reply or the system's refusal.

    A closed port answers with ICMP port unreachable, which a connected socket reports as ECONNREFUSED.
    """
    started = time.perf_counter()
    own = ""
    try:
        with open_socket(_family(address), socket.SOCK_DGRAM) as line:
            line.settimeout(max(0.05, min(wait, UDP_WAIT)))
            line.connect((address, port))
            own = _own(line)
            line.send(b"")
            said = line.recv(1024)
    except OSError as error:
        return replace(_failed(address, error, started), own=own)
    return Attempt(address=address, outcome="connected", heard=heard(said), own=own, ms=_ms(started))


def with_neighbour(attempt: Attempt, table: Callable[[str], str]) -> Attempt:
    """The attempt with the state of its address, or of the gateway that leads there, in the neighbour table.

    Only where nobody answered. `table` reads /proc/net/NAME of the namespace.
    """
    if attempt.outcome not in ("timed-out", "no-route") or ":" in attempt.address:
        return attempt
    told = neighbour(table("arp"), attempt.address)
    return replace(attempt, neighbour=told, gateway=gateway_state(attempt.address, table))


def gateway_state(address: str, table: Callable[[str], str]) -> Literal["complete", "incomplete", ""]:
    """Whether the gateway that leads to an IPv4 address answers ARP; "" for none, and where nobody asked for it."""
    route = route_to(address, routes(table("route"))) if ":" not in address else None
    return neighbour(table("arp"), route.gateway) if route is not None and route.gateway else ""


def _failed(address: str, error: OSError, started: float) -> Attempt:
    outcome = outcome_of(error)
    text = error.strerror or (os.strerror(errno.ETIMEDOUT) if outcome == "timed-out" else str(error))
    return Attempt(address=address, outcome=outcome, text=text, ms=_ms(started))


def _own(line: socket.socket | None) -> str:
    """The socket's own address, "" where the kernel has chosen none: there was no route."""
    try:
        own = str(line.getsockname()[0]) if line is not None else ""
    except OSError:
        return ""
    return "" if own in ("0.0.0.0", "::") else own  # noqa: S104  compared with


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
