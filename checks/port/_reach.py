"""Where the packets of a link arrive, and which listener serves them there: what the checks of this family share."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterable

from netdoctor.api import (
    Container,
    Link,
    Listener,
    Lookup,
    Sockets,
    Stack,
    Unable,
    is_address,
    is_loopback,
    means_host,
)

YOUNG = 30.0
"""Seconds after its start in which a container may still be getting ready."""


def asks_host(stack: Stack, link: Link) -> bool:
    """Whether the link goes to the host's side of a published port, or would if localhost were the host."""
    return is_loopback(link.address) or means_host(stack, stack.source(link), link.address)


def vouched(stack: Stack, link: Link) -> bool:
    """Whether the live connection proves that a process answers.

    At a published port docker-proxy accepts, and hangs up when nobody listens behind it: it must have stayed open.
    """
    connection = stack.connection(link)
    if isinstance(connection, Unable) or not connection.works:
        return False
    last = connection.last
    return not asks_host(stack, link) or (last is not None and last.after == "open")


def port_behind(stack: Stack, link: Link, target: Container) -> int:
    """The container's port that the link leads to: behind the published one where the host's side is asked."""
    if not asks_host(stack, link) or stack.same_namespace(stack.source(link), target):
        return link.port
    asked = (link.port, link.protocol)
    publications = (*target.published, *target.publications)
    return next((p.container_port for p in publications if (p.host_port, p.protocol) == asked), link.port)


def arrives_at(stack: Stack, link: Link, target: Container) -> tuple[str, ...]:
    """The addresses of the target at which the source's packets arrive.

    Where the address that the source writes is not the target's (a wrong name, localhost), the target's addresses on
    the networks that both share, else all it has: what is wrong with the listener is wrong whatever the name.
    """
    source = stack.source(link)
    bare = link.address.strip("[]")
    if is_loopback(bare) and stack.same_namespace(source, target):
        return (bare,) if is_address(bare) else ("127.0.0.1", "::1")
    lookup = stack.lookup(source, link.address)
    asked = (bare,) if is_address(bare) else lookup.addresses if isinstance(lookup, Lookup) else ()
    own = tuple(a for e in stack.endpoints(target) for a in e.addresses)
    if stack.namespace_owner(target).on_host_network:
        # The gateway of a bridge is the host; that of a macvlan is a router of the LAN.
        bridges = (e for e in stack.endpoints(source) if (n := stack.network(e.network_id)) is None or not n.on_the_lan)
        gateways = tuple(e.gateway for e in bridges if e.gateway)
        return tuple(a for a in asked if not is_loopback(a)) or gateways
    shared = tuple(a for e in stack.shared_networks(source, target) for a in e.addresses)
    return tuple(a for a in asked if a in own) or shared or own


def arrivals(stack: Stack, link: Link, address: str) -> tuple[str, ...]:
    """Where a connection to the address arrives in the target; nowhere, when the address is not the target's."""
    target = stack.target(link)
    if target is None:
        return ()
    addresses = arrives_at(stack, link, target)
    return addresses if address in addresses or asks_host(stack, link) else ()


def listeners_on(stack: Stack, link: Link) -> tuple[Listener, ...] | None:
    """The target's sockets on the port, None where nobody could look."""
    target = stack.target(link)
    sockets = stack.sockets(target) if target else None
    if target is None or not isinstance(sockets, Sockets):
        return None
    return sockets.on(port_behind(stack, link, target), link.protocol)


def serves(listener: Listener, address: str) -> bool | None:
    """Whether a connection to the address reaches the listener; None where nobody saw if an IPv6 socket takes IPv4."""
    bound = ipaddress.ip_address(listener.address)
    wanted = ipaddress.ip_address(address)
    if isinstance(bound, ipaddress.IPv6Address) and bound.ipv4_mapped is not None:
        bound = bound.ipv4_mapped
    if not bound.is_unspecified:
        return bound == wanted
    if bound.version == wanted.version:
        return True
    return False if bound.version == 4 else listener.dual


def ready_soon(stack: Stack, container: Container) -> bool:
    """Whether the container was started a moment ago, or its health check has not passed yet for the first time."""
    state = container.state
    return stack.taken_at - state.started < YOUNG or (state.health is not None and state.health.status == "starting")


def at(listener: Listener) -> str:
    """`127.0.0.1:5432`, `[::1]:5432`."""
    return f"[{listener.address}]:{listener.port}" if ":" in listener.address else f"{listener.address}:{listener.port}"


def who(title: str, listeners: Iterable[Listener]) -> str:
    """The container, with the process that holds the sockets where it was seen: postgres (process `postgres`)."""
    names = dict.fromkeys(x.process.name for x in listeners if x.process is not None)
    return f"{title} (process {', '.join(f'`{n}`' for n in names)})" if names else title


def seen(listeners: Iterable[Listener]) -> list[dict[str, object]]:
    """The listeners as evidence."""
    return [
        {"address": at(x), "protocol": x.protocol}
        | ({"process": x.process.name, "pid": x.process.pid} if x.process is not None else {})
        for x in listeners
    ]


def verify(stack: Stack, link: Link, *, address: str = "", port: int = 0, protocol: str = "") -> str:
    """The command that shows whether the remedy worked: it needs no tool in the image."""
    host = address or link.address
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    suffix = "/udp" if (protocol or link.protocol) == "udp" else ""
    return f"netdoctor {stack.source(link).name} {shlex.quote(f'{host}:{port or link.port}{suffix}')}"
