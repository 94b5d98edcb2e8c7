"""The host's routes against the subnets of the engine's networks: who claims an address besides the network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from netdoctor.api import HostFacts, HostRoute, Network, Stack

Block = ipaddress.IPv4Network | ipaddress.IPv6Network

_CATCH_ALL = 1
"""Prefix length up to which a route is the default one: VPN clients write 0.0.0.0/1 and 128.0.0.0/1."""


def blocks(network: Network) -> list[Block]:
    return [ipaddress.ip_network(s, strict=False) for s in network.subnets]


def bridge_of(network: Network) -> str:
    """The network's own interface on the host."""
    usual = "docker0" if network.name == "bridge" else f"br-{network.id[:12]}"
    return network.options.get("com.docker.network.bridge.name") or usual


def foreign(stack: Stack, facts: HostFacts) -> Iterator[tuple[Block, HostRoute]]:
    """The routes of the host that are not the engine's: LAN, VPN, other programs' bridges; the default route is none.

    One without carrier leads nowhere now.
    """
    ours = {bridge_of(n) for n in stack.networks}
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


def has(network: Network, address: str) -> bool:
    """Whether the address lies in a subnet of the network."""
    return any(ipaddress.ip_address(address) in b for b in blocks(network))


def wins(network: Network, address: str, route: HostRoute) -> bool:
    """Whether the host goes by the route instead of by the network: it is the narrower one."""
    wanted = ipaddress.ip_address(address)
    own = max((b.prefixlen for b in blocks(network) if wanted in b), default=0)
    return ipaddress.ip_network(route.destination, strict=False).prefixlen > own


def _within(block: Block, other: Block) -> bool:
    if isinstance(block, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and block.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and block.subnet_of(other)
