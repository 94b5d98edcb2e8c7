"""Where a container and an address stand: what the checks of this family share."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from netdoctor.api import HOST, Container, Endpoint, Link, Lookup, Stack, is_address
from netdoctor.api import means_host as leads_to_host

_HOST_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")


def networks(stack: Stack, container: Container) -> tuple[Endpoint, ...]:
    """The container's places on real networks: host and none are none, and ingress is for published ports alone."""
    ingress = {n.id for n in stack.networks if n.ingress}
    return tuple(
        e for e in stack.endpoints(container) if e.network not in ("host", "none") and e.network_id not in ingress
    )


def has_names(stack: Stack, endpoint: Endpoint) -> bool:
    """Whether the engine's resolver serves the network: every one but the default bridge."""
    network = stack.network(endpoint.network_id)
    return endpoint.network != "bridge" if network is None else network.has_resolver


def on_host(stack: Stack, container: Container) -> bool:
    return stack.namespace_owner(container).on_host_network


def together(stack: Stack, one: Container, other: Container) -> bool:
    """Whether both were made to live in one network namespace."""
    return stack.same_namespace(one, other) or (on_host(stack, one) and on_host(stack, other))


def lost_donor(stack: Stack, container: Container) -> bool:
    """Whether it was made to share the network of a container that the engine does not have any more."""
    return bool(stack.namespace_owner(container).donor)


def made_anew(stack: Stack, one: Container, other: Container) -> bool:
    """Whether both are on a network of one name, which was made anew since one of them was attached to it."""
    names = {e.network for e in networks(stack, one)}
    same = [e for e in networks(stack, other) if e.network in names]
    mine = [e for e in networks(stack, one) if e.network in {e.network for e in same}]
    return any(stack.network(e.network_id) is None for e in (*same, *mine))


def lonely(stack: Stack, container: Container) -> bool:
    """Whether it is on no network at all: mode none, or disconnected from all."""
    return not (on_host(stack, container) or lost_donor(stack, container) or networks(stack, container))


def in_words(endpoints: Iterable[Endpoint]) -> str:
    """`app-net and db-net`, `the default bridge`."""
    return " and ".join("the default bridge" if e.network == "bridge" else e.network for e in endpoints)


def literals(stack: Stack, link: Link) -> tuple[str, ...]:
    """The IP addresses (or `host-gateway`) that the link's address stands for: written so, or in extra_hosts."""
    entries = (entry.partition(":") for entry in stack.source(link).extra_hosts)
    given = (link.address.strip("[]"), *(address.strip("[]") for name, _, address in entries if name == link.address))
    return tuple(g for g in given if is_address(g) or g == "host-gateway")


def found(stack: Stack, link: Link) -> tuple[str, ...]:
    """What the source's own resolver says for the link's address; () for nothing, and where it was not asked."""
    lookup = stack.lookup(stack.source(link), link.address)
    return lookup.addresses if isinstance(lookup, Lookup) else ()


def means_host(stack: Stack, link: Link) -> bool:
    """Whether the address is the host's or beyond it, so that a published port is the way and no common network."""
    if link.address.lower() in (*_HOST_NAMES, stack.engine.host_name.lower()):
        return True
    return any(a == "host-gateway" or beyond(stack, a) for a in literals(stack, link))


def at_home(stack: Stack, link: Link) -> bool:
    """Whether the host asks itself: localhost, or an address of its own."""
    return link.source == HOST and leads_to_host(stack, stack.source(link), link.address)


def beyond(stack: Stack, text: str) -> bool:
    """Whether an address is the host's on one of its networks, or outside of them all."""
    address = ipaddress.ip_address(text)
    if address.is_loopback or address.is_unspecified:
        return False
    if any(address == ipaddress.ip_address(g) for n in stack.networks for g in n.gateways):
        return True
    # The subnet of a macvlan or ipvlan network is the LAN's, not the engine's.
    ours = [s for n in stack.networks if n.driver not in ("macvlan", "ipvlan") for s in n.subnets]
    return not any(address in ipaddress.ip_network(s, strict=False) for s in ours)
