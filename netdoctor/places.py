"""Where an address leads: to the host, through a publication, into a network of this engine, or out of the stack."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from netdoctor.answers import Lookup
from netdoctor.mentions import is_address, is_any_address, is_loopback
from netdoctor.model import HOST, Container, Endpoint, Link, Publication
from netdoctor.stack import Stack

HOST_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")
"""Names by which engines let containers ask for the host."""


def means_host(stack: Stack, source: Container, address: str) -> bool:
    """Whether the source reaches the host by this address: a well-known name, an address of the host, localhost there.

    Where it is known from the live host (AskHost), every address of the host counts, else the gateways alone.
    """
    own = _is_gateway(stack, source, address) or _bare(address) in stack.host_addresses
    if source.on_host_network:
        named = bool(address) and address.lower() == stack.engine.host_name.lower()
        return own or named or is_loopback(address) or is_any_address(address)
    if own or address.lower() in HOST_NAMES:
        return True
    for entry in source.extra_hosts:
        name, _, given = entry.partition(":")
        if name == address and (given == "host-gateway" or _is_gateway(stack, source, given)):
            return True
    return False


def through(stack: Stack, link: Link) -> tuple[Publication, ...]:
    """The publications by which the link leads into its target: those of this host port, if the host is asked.

    Where the host itself asks for a port that the target does not publish, the one that is missing: it stands in no
    list of the container's.
    """
    found = stack.ways.get(link)
    if found is None:
        found = stack.ways[link] = _through(stack, link)
    return found


def _through(stack: Stack, link: Link) -> tuple[Publication, ...]:
    target = stack.target(link)
    if target is None or not link.port or not means_host(stack, stack.source(link), link.address):
        return ()
    owner = stack.namespace_owner(target)
    asked = (link.port, link.protocol)
    # Where the engine chose the port (-p 80), only what it did tells the number.
    chosen = {(p.container_port, p.protocol) for p in owner.published if (p.host_port, p.protocol) == asked}
    found = tuple(
        p
        for p in owner.publications
        if (p.host_port, p.protocol) == asked or (not p.host_port and (p.container_port, p.protocol) in chosen)
    )
    if found:
        return tuple(p for p in found if _takes(link.address, p.host_address)) or found
    elsewhere = any((p.container_port, p.protocol) == asked for p in owner.publications)
    if link.source != HOST or owner.on_host_network or elsewhere:
        return ()
    return (Publication(container_port=link.port, protocol=link.protocol, host_port=link.port, container=owner.id),)


def _takes(address: str, bound: str) -> bool:
    """Whether a publication that is bound there can be reached by the address, as far as its text tells."""
    if bound in ("", "0.0.0.0", "::") or not is_address(address):  # noqa: S104  compared with, never bound to
        return True
    return is_loopback(bound) if is_loopback(address) else _bare(address) == _bare(bound)


def _is_gateway(stack: Stack, source: Container, address: str) -> bool:
    if not is_address(address):
        return False
    # The gateway of a macvlan or ipvlan network is a router beyond the host.
    own = (e.gateway for e in stack.endpoints(source) if e.gateway and not _on_the_lan(stack, e))
    gateways = stack.host_gateways.union(own)
    wanted = ipaddress.ip_address(address.strip("[]"))
    return address in gateways or any(is_address(g) and ipaddress.ip_address(g) == wanted for g in gateways)


def _on_the_lan(stack: Stack, endpoint: Endpoint) -> bool:
    network = stack.network(endpoint.network_id)
    return network is not None and network.on_the_lan


def leads_outside(stack: Stack, source: Container, address: str) -> bool:
    """Whether the address cannot be one of the stack, as far as the configuration tells.

    An IP address in no network of this engine, or a name with a dot that nobody here bears.
    """
    if is_loopback(address) or is_any_address(address) or means_host(stack, source, address):
        return False
    if is_address(address):
        return stack.holder(address) is None and not _in_reach(stack, source, address)
    return "." in address.rstrip(".") and not _is_stack_name(stack, address)


def outside(stack: Stack, link: Link) -> bool:
    """Whether the link leads out of the stack: to no container, nor to the host."""
    source = stack.source(link)
    if stack.target(link) is not None:
        return False
    lookup = stack.lookup(source, link.address)
    found = lookup.addresses if isinstance(lookup, Lookup) else ()
    if found and not is_loopback(link.address) and not means_host(stack, source, link.address):
        return any(leads_outside(stack, source, a) for a in found)
    return leads_outside(stack, source, link.address)


def _in_reach(stack: Stack, source: Container, address: str) -> bool:
    """Whether the address lies in a bridge network, or in an overlay that the source is on."""
    mine = {e.network_id for e in stack.endpoints(source)}
    overlays = (s for n in stack.networks if n.driver == "overlay" and n.id in mine for s in n.subnets)
    return in_subnets(stack, address) or _within(address, (ipaddress.ip_network(s, strict=False) for s in overlays))


def _is_stack_name(stack: Stack, name: str) -> bool:
    """Whether it is, or was meant to be, a container's: `db`, `db.local` as a host name, `db.app-net`."""
    wanted = name.lower().rstrip(".")
    if any(wanted in (c.name.lower(), c.service.lower(), c.host_name.lower()) for c in stack.containers):
        return True
    networks = {n.name.lower() for n in stack.networks}
    return wanted.partition(".")[2] in networks or any(True for _ in stack.bearers(name))


def in_subnets(stack: Stack, address: str) -> bool:
    """Whether the address lies in a network of this engine alone: that of a macvlan or an overlay has others too."""
    return _within(address, stack.bridged)


def _within(address: str, subnets: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    wanted = ipaddress.ip_address(address.strip("[]"))
    return any(wanted in subnet for subnet in subnets)


def _bare(address: str) -> str:
    """An IP address in its usual spelling, anything else as it is."""
    bare = address.strip("[]")
    return str(ipaddress.ip_address(bare)) if is_address(bare) else bare
