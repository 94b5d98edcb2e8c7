"""The way out of the stack: by which network and gateway a container leaves it, and whether that leads anywhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from netdoctor.api import Connection, Link, Lookup, Namespace, Network, Route, Stack, Unable, Upstream, is_address

from ._places import networks

_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
_MODE = "com.docker.network.bridge.gateway_mode_ipv4"


class Way(NamedTuple):
    """The route that the link's packets take, and the network that it belongs to; None for what is not known.

    Neither: there is no route.
    """

    route: Route | None = None
    network: Network | None = None

    @property
    def in_words(self) -> str:
        """`by app-net through 172.18.0.1`, `by lan, where the address is`, "" without a route."""
        by = f"by {self.network.name}" if self.network is not None else ""
        if self.route is None:
            return by
        by = by or f"by {self.route.interface}"
        return f"{by} through {self.route.gateway}" if self.route.gateway else f"{by}, where the address is"

    @property
    def evidence(self) -> dict[str, str]:
        network = {"network": self.network.name if self.network is not None else ""}
        route = self.route
        return network | ({"gateway": route.gateway, "interface": route.interface} if route is not None else {})


def way(stack: Stack, link: Link) -> Way | Unable:
    """The way that the source's own routes tell; where they cannot be seen, that of its only network."""
    source = stack.source(link)
    inside = stack.inside(source)
    if isinstance(inside, Namespace) and inside.routes:
        found = addresses(stack, link)
        route = inside.route_to(found[0]) if found else _default(inside)
        return Way(route, _network_of(stack, link, route)) if route is not None else Way()
    mine = of(stack, link)
    if len(mine) == 1:
        return Way(network=mine[0])
    return inside if isinstance(inside, Unable) else Unable(reason=f"the routes of {stack.title(source)} were not seen")


def of(stack: Stack, link: Link) -> list[Network]:
    """The networks of the source."""
    return [n for e in networks(stack, stack.source(link)) if (n := stack.network(e.network_id)) is not None]


def addresses(stack: Stack, link: Link) -> tuple[str, ...]:
    """The IPv4 addresses that the link's address stands for; () for a name that did not resolve."""
    bare = link.address.strip("[]")
    lookup = stack.lookup(stack.source(link), link.address)
    found = (bare,) if is_address(bare) else lookup.addresses if isinstance(lookup, Lookup) else ()
    return tuple(a for a in found if ":" not in a)


def _default(inside: Namespace) -> Route | None:
    # A VPN in the container writes two halves instead.
    return next((r for r in inside.routes if r.destination in ("0.0.0.0/0", "0.0.0.0/1")), None)


def _network_of(stack: Stack, link: Link, route: Route) -> Network | None:
    """The network of the gateway, or of the address: one of the source's, or that by which overlay networks leave."""
    mine = {e.network_id for e in networks(stack, stack.source(link))}
    places = [n for n in stack.networks if n.id in mine] + [n for n in stack.networks if n.name == "docker_gwbridge"]
    first = route.gateway or route.destination.partition("/")[0]
    wanted = ipaddress.ip_address(first)
    return next((n for n in places if any(wanted in ipaddress.ip_network(s, strict=False) for s in n.subnets)), None)


def leads_out(network: Network) -> bool:
    """Whether the network is made to lead out, and its containers' addresses are translated or those of the LAN."""
    return not network.internal and is_translated(network)


def is_translated(network: Network) -> bool:
    """Whether packets leave a bridge with an address of the host (masquerading); those of other drivers need none.

    https://docs.docker.com/engine/network/packet-filtering-firewalls/ and its port publishing page on gateway modes
    """
    return network.options.get(_MASQUERADE, "true") != "false" and network.options.get(_MODE, "nat") != "routed"


def is_ours(stack: Stack, link: Link) -> bool:
    """Whether the fault is on this side: nothing comes back to the source, and nobody saw that the host fares alike."""
    host = stack.connection_of_host(link)
    alike = isinstance(host, Connection) and host.resolved and host.works is False
    return _nothing_came_back(stack, link) and not alike


def _nothing_came_back(stack: Stack, link: Link) -> bool:
    """Whether all packets of the source stay without any answer: its connects, or its queries for the name."""
    connection = stack.connection(link)
    if isinstance(connection, Connection) and connection.attempts:
        return all(a.outcome in ("timed-out", "no-route") for a in connection.attempts)
    source = stack.source(link)
    upstream, lookup = stack.upstream(source, link.address), stack.lookup(source, link.address)
    if isinstance(upstream, Upstream):
        return not any(s.answers for s in upstream.servers)
    return isinstance(lookup, Lookup) and lookup.outcome == "silent"


def gateway_is_dead(stack: Stack, link: Link) -> bool:
    """Whether the gateway does not answer ARP: nobody has its address."""
    return "incomplete" in set(_gateways(stack, link))


def _gateways(stack: Stack, link: Link) -> Iterator[str]:
    connection, upstream = stack.connection(link), stack.upstream(stack.source(link), link.address)
    if isinstance(connection, Connection):
        yield from (a.gateway for a in connection.attempts)
    if isinstance(upstream, Upstream):
        yield from (s.gateway for s in upstream.servers)
