"""The host's routes against the subnets of the engine's networks: who claims an address besides the network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from netdoctor.api import HostFacts, HostRoute, Network, Stack, way_out

from .._bridges import interface

Block = ipaddress.IPv4Network | ipaddress.IPv6Network

_CATCH_ALL = 1
"""Prefix length up to which a route is the default one: VPN clients write 0.0.0.0/1 and 128.0.0.0/1."""


def blocks(network: Network) -> list[Block]:
    return [ipaddress.ip_network(s, strict=False) for s in network.subnets]


def foreign(stack: Stack, facts: HostFacts) -> Iterator[tuple[Block, HostRoute]]:
    """The routes of the host that are not the engine's: LAN, VPN, other programs' bridges; the default route is none.

    One without carrier leads nowhere now.
    """
    ours = {interface(n) for n in stack.networks}
    for route in facts.routes:
        block = ipaddress.ip_network(route.destination, strict=False)
        usable = route.kind == "unicast" and not route.down and route.interface not in ours
        # Link-local and multicast routes are on every interface.
        if usable and block.prefixlen > _CATCH_ALL and not block.is_link_local and not block.is_multicast:
            yield block, route


def inside(network: Network, routes: Iterable[tuple[Block, HostRoute]]) -> list[HostRoute]:
    """The routes that lead into the network's subnet, or are for all of it."""
    own = blocks(network)
    return [route for block, route in routes if any(_within(block, s) for s in own)]


def claiming(address: str, routes: Iterable[tuple[Block, HostRoute]]) -> list[HostRoute]:
    """The routes that are for the address, the most specific first."""
    wanted = ipaddress.ip_address(address)
    found = [(block.prefixlen, route) for block, route in routes if wanted in block]
    return [route for _, route in sorted(found, key=lambda pair: -pair[0])]


def overlapping(one: Network, other: Network) -> bool:
    return any(a.version == b.version and a.overlaps(b) for a in blocks(one) for b in blocks(other))


def led_away(facts: HostFacts, network: Network, address: str) -> HostRoute | None:
    """The route by which the host's packets to an address of the network go elsewhere, None where they come to it."""
    taken = way_out(facts, address)
    return None if taken is None or taken.interface == interface(network) or _is_default(taken) else taken


def _is_default(route: HostRoute) -> bool:
    return ipaddress.ip_network(route.destination, strict=False).prefixlen <= _CATCH_ALL


def _within(block: Block, other: Block) -> bool:
    if isinstance(block, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and block.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and block.subnet_of(other)
