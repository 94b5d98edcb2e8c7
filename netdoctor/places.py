"""Where an address leads: to the host, or into a network of this engine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from netdoctor.mentions import is_any_address, is_loopback
from netdoctor.model import Container
from netdoctor.stack import Stack

HOST_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")
"""Names by which engines let containers ask for the host."""


def means_host(stack: Stack, source: Container, address: str) -> bool:
    """Whether the source reaches the host by this address: a well-known name, a gateway, localhost on its network."""
    if source.on_host_network:
        return is_loopback(address) or is_any_address(address)
    if address.lower() in HOST_NAMES or _is_gateway(stack, source, address):
        return True
    for entry in source.extra_hosts:
        name, _, given = entry.partition(":")
        if name == address and (given == "host-gateway" or _is_gateway(stack, source, given)):
            return True
    return False


def _is_gateway(stack: Stack, source: Container, address: str) -> bool:
    gateways = {e.gateway for e in stack.endpoints(source) if e.gateway}
    for network in stack.networks:
        if (
            network.name == "bridge"
        ):  # where host-gateway leads; an engine that does not tell it takes the first address
            gateways.update(network.gateways or (str(ipaddress.ip_network(n)[1]) for n in network.subnets))
    return _same(address, gateways)


def in_subnets(stack: Stack, address: str) -> bool:
    """Whether the address lies in a network of this engine alone: that of a macvlan or an overlay has others too."""
    wanted = ipaddress.ip_address(address.strip("[]"))
    subnets = (s for n in stack.networks if n.driver in ("", "bridge") for s in n.subnets)
    return any(wanted in ipaddress.ip_network(s, strict=False) for s in subnets)


def _same(address: str, others: Iterable[str]) -> bool:
    try:
        return ipaddress.ip_address(address) in {ipaddress.ip_address(o) for o in others}
    except ValueError:
        return False
