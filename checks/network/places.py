"""Where a container and an address stand: what the checks of this family share."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from netdoctor.api import Container, Endpoint, Link, Lookup, Network, Stack, is_address, is_loopback

HOST_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")


def networks(stack: Stack, container: Container) -> tuple[Endpoint, ...]:
    """The container's places on real networks: host and none are none."""
    return tuple(e for e in stack.endpoints(container) if e.network not in ("host", "none"))


def has_names(stack: Stack, endpoint: Endpoint) -> bool:
    """Whether the engine's resolver serves the network: every one but the default bridge."""
    network = stack.network(endpoint.network_id)
    return endpoint.network != "bridge" if network is None else network.has_resolver


def on_host(stack: Stack, container: Container) -> bool:
    return stack.namespace_owner(container).on_host_network


def lost_donor(stack: Stack, container: Container) -> bool:
    """Whether the container shares the network of one that the engine does not have any more."""
    return bool(stack.namespace_owner(container).donor)


def lonely(stack: Stack, container: Container) -> bool:
    """Whether it is on no network at all: mode none, or disconnected from all."""
    return not on_host(stack, container) and not lost_donor(stack, container) and not networks(stack, container)


def in_words(endpoints: Iterable[Endpoint]) -> str:
    """`app-net and db-net`, `the default bridge`."""
    return " and ".join("the default bridge" if e.network == "bridge" else e.network for e in endpoints)


def literals(stack: Stack, link: Link) -> tuple[str, ...]:
    """The IP addresses that the source's configuration gives the link: written so, or for its name in extra_hosts."""
    given = [link.address.strip("[]")]
    for entry in stack.source(link).extra_hosts:
        name, _, address = entry.partition(":")
        if name == link.address:
            given.append(address)
    return tuple(g for g in given if is_address(g) or g == "host-gateway")


def means_host(stack: Stack, link: Link) -> bool:
    """Whether the address is the host's, or beyond it: then a published port is the way, and no common network."""
    if link.address.lower() in (*HOST_NAMES, stack.engine.host_name.lower()) and not is_loopback(link.address):
        return True
    return any(a == "host-gateway" or _beyond(stack, a) for a in literals(stack, link))


def _beyond(stack: Stack, text: str) -> bool:
    address = ipaddress.ip_address(text)
    if address.is_loopback or address.is_unspecified:
        return False
    if any(address == ipaddress.ip_address(g) for n in stack.networks for g in n.gateways):
        return True
    return not any(address in subnet for n in stack.networks if _own(n) for subnet in map(_subnet, n.subnets))


def _own(network: Network) -> bool:
    """Whether its subnet is the engine's own: that of a macvlan or ipvlan network is the LAN's."""
    return network.driver not in ("macvlan", "ipvlan")


def _subnet(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def found(stack: Stack, link: Link) -> tuple[str, ...]:
    """What the source's own resolver said for the name, () for nothing and where it was not asked."""
    lookup = stack.lookup(stack.source(link), link.address)
    return lookup.addresses if isinstance(lookup, Lookup) else ()
