"""Where the packets of a link arrive, and which listener serves them there: what the checks of this family share."""

from __future__ import annotations

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
