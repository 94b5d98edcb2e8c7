"""Sockets, names, connections and namespaces: what is asked from the place of a container."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from netdoctor.answers.firewall import Trace
from netdoctor.answers.question import Answer, Question

if TYPE_CHECKING:
    from netdoctor.model import Link

Outcome = Literal["connected", "refused", "timed-out", "no-route", "network-unreachable", "no-address", "error"]
"""What came of one connect. no-route is EHOSTUNREACH, network-unreachable ENETUNREACH, no-address EADDRNOTAVAIL."""


# -- sockets ------------------------------------------------------------------------------------------------------


class AskSockets(Question, frozen=True, kw_only=True):
    """Which sockets are open in the container's network namespace? Container "host" means the engine's host."""

    container: str


class Process(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process that holds a socket. `state` is the letter of /proc/PID/status: R S D T Z ... (proc(5))."""

    pid: int
    name: str
    state: str = ""


class Listener(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A TCP socket in LISTEN, or a bound UDP socket. The engine's own resolver (127.0.0.11) is left out.

    `dual` is for an IPv6 socket: whether it serves IPv4 too (not IPV6_V6ONLY), None when that could not be seen.
    `waiting` counts connections that the kernel has accepted and the process has not; `backlog` is the limit.
    """

    address: str
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    dual: bool | None = None
    process: Process | None = None
    waiting: int = 0
    backlog: int | None = None


class Peer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A TCP connection that a process of the container has open or tries to open; loopback is left out."""

    address: str
    port: int
    state: Literal["established", "syn-sent", "close-wait", "other"]


class Sockets(Answer, frozen=True, kw_only=True):
    """The sockets of one network namespace. `unix` holds the paths of listening Unix sockets."""

    listeners: tuple[Listener, ...] = ()
    peers: tuple[Peer, ...] = ()
    unix: tuple[str, ...] = ()

    def on(self, port: int, protocol: str = "tcp") -> tuple[Listener, ...]:
        """The listeners on one port."""
        return tuple(x for x in self.listeners if x.port == port and x.protocol == protocol)


# -- names --------------------------------------------------------------------------------------------------------


class AskLookup(Question, frozen=True, kw_only=True):
    """What does this name mean to the container's own resolver (hosts file, resolv.conf, search, ndots)?"""

    container: str
    name: str


class Lookup(Answer, frozen=True, kw_only=True):
    """What the resolver said.

    `outcome`: found; unknown (NXDOMAIN); empty (NOERROR without an address); failed (SERVFAIL, REFUSED: `rcode`);
    silent (no reply in time); no-server; unresolved (the tool of the image says only that it failed).
    `source` is where a found address came from: hosts, dns, literal, or configuration (told by the engine's API alone).
    """

    outcome: Literal["found", "unknown", "empty", "failed", "silent", "no-server", "unresolved"]
    addresses: tuple[str, ...] = ()
    """IPv4 and IPv6, in the order of the answer."""
    source: Literal["hosts", "dns", "literal", "configuration", ""] = ""
    rcode: str = ""
    asked: str = ""
    """The full name whose answer counted, after the search list."""
    server: str = ""
    """The server that gave the decisive answer, or kept silent."""
    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    hosts: tuple[str, ...] = ()
    """The addresses that the hosts file has for the name."""


# -- connections --------------------------------------------------------------------------------------------------


class AskConnection(Question, frozen=True, kw_only=True):
    """Does a connection from inside the container's namespace to this address and port come about?"""

    container: str
    address: str
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    target: str = ""
    """The container meant: its accept queue is watched while the connection is open."""
    scheme: str = ""

    @classmethod
    def of(cls, link: Link, address: str | None = None, port: int | None = None) -> AskConnection:
        """The question that a link puts, or the same to another address or port."""
        return cls(
            container=link.source,
            address=link.address if address is None else address,
            port=link.port if port is None else port,
            protocol=link.protocol,
            target=link.target,
            scheme=link.scheme,
        )


class PacketSize(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether full-sized packets come through to where small ones do.

    `size` is that of an IP packet with a full segment of the connection, in bytes. `told` is what a router on the way
    said that it passes on, 0 for none. `fits` is the largest size that came through where `large` ones do not.
    """

    size: int
    large: bool
    told: int = 0
    fits: int = 0


TurnedAway = Literal["protected-mode", "host-not-allowed", "host-blocked", "too-many-connections", ""]
"""Why a server says at once that it does not serve who connects: protected mode of Redis, the others MySQL."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One connect to one address.

    `after` tells what happened in the moment after it was accepted: open (still there), closed (FIN before a byte),
    reset. `heard` is what the server's first bytes are: http, tls, postgres, mysql, redis, ssh, smtp, ..., or "".
    `turned_away` is why they say that it does not serve who connects.
    `neighbour` is the state of the address in the source's neighbour table: complete, incomplete, or "" (not on
    the link, or not seen); `gateway` is that of the gateway which leads there, where one does. `text` is the system's
    or the tool's own error text. `own` is the source's own address, which tells the network that it leaves by, "" where
    nobody saw it.
    """

    address: str
    outcome: Outcome
    after: Literal["open", "closed", "reset", ""] = ""
    heard: str = ""
    turned_away: TurnedAway = ""
    neighbour: Literal["complete", "incomplete", ""] = ""
    gateway: Literal["complete", "incomplete", ""] = ""
    text: str = ""
    own: str = ""
    packets: PacketSize | None = None
    """None where it could not be tried: nobody answers echo requests there, or the rung sends none."""
    ms: float = 0.0


class Connection(Answer, frozen=True, kw_only=True):
    """What came of connecting: one attempt for each address that the name has, in order, until one was accepted.

    `queue` holds readings of the target's accept queue after the connect, oldest first, and ends with the last one
    taken; empty when nobody could look. UDP: "connected" means that a reply came, "timed-out" that none did.
    """

    protocol: Literal["tcp", "udp"] = "tcp"
    resolved: bool = True
    """False: the name has no address, so nothing was attempted."""
    attempts: tuple[Attempt, ...] = ()
    queue: tuple[int, ...] = ()
    backlog: int | None = None
    trace: Trace | None = None
    """Which rule stopped it, looked for after a connect that timed out, or was refused or rejected for a listener."""

    @property
    def last(self) -> Attempt | None:
        """The attempt that decided: the accepted one, else the first that failed."""
        accepted = [a for a in self.attempts if a.outcome == "connected"]
        return accepted[0] if accepted else (self.attempts[0] if self.attempts else None)

    @property
    def stuck(self) -> bool:
        """Accepted by the kernel, and the process never took it from the accept queue."""
        return len(self.queue) > 1 and all(n > 0 for n in self.queue)

    @property
    def works(self) -> bool | None:
        """True when a connection came about and somebody took it. None: UDP stays silent, which proves nothing."""
        if any(a.outcome == "connected" for a in self.attempts):
            return not self.stuck
        if self.protocol == "udp" and self.attempts and all(a.outcome == "timed-out" for a in self.attempts):
            return None
        return False


# -- namespaces -------------------------------------------------------------------------------------------------------


class AskNamespace(Question, frozen=True, kw_only=True):
    """Which network namespace is the container's process in, and what is in it?"""

    container: str


class Interface(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A network interface with its addresses (no prefix length)."""

    name: str
    up: bool = True
    addresses: tuple[str, ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One IPv4 route. `destination` is CIDR; `gateway` is "" for a directly connected network."""

    destination: str
    gateway: str = ""
    interface: str = ""


class Namespace(Answer, frozen=True, kw_only=True):
    """`inode` is the number in `readlink /proc/PID/ns/net`: equal for two processes exactly when they share it."""

    inode: int = 0
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()

    def route_to(self, address: str) -> Route | None:
        """The route that packets to an IPv4 address take, None for none (and for IPv6, which is not listed)."""
        return route_to(address, self.routes)


def route_to(address: str, routes: Iterable[Route]) -> Route | None:
    """The route with the longest prefix that has the address; the first of equals, as /proc/net/route lists them."""
    wanted = ipaddress.ip_address(address)
    found = [(n.prefixlen, r) for r in routes if wanted in (n := ipaddress.ip_network(r.destination))]
    return max(found, key=lambda pair: pair[0])[1] if found else None
