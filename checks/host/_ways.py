"""Which links and publications need the host to forward packets, and which links get no answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from netdoctor.api import (
    Attempt,
    Container,
    HostFacts,
    Link,
    Lookup,
    Network,
    Publication,
    Stack,
    Unable,
    Upstream,
    is_address,
    is_loopback,
)


def failing(stack: Stack) -> Iterator[tuple[Link, Attempt]]:
    """The links of this run that get no answer, each with the attempt that decided."""
    for link in stack.links:
        connection = stack.connection(link)
        if isinstance(connection, Unable) or connection.works is not False or connection.last is None:
            continue
        if connection.last.outcome in ("timed-out", "no-route", "error"):
            yield link, connection.last
    yield from _unheard(stack)


def _unheard(stack: Stack) -> Iterator[tuple[Link, Attempt]]:
    """The links whose questions for the name get no answer, from a server that answers the host."""
    for link in stack.links:
        upstream = stack.upstream(stack.source(link), link.address)
        for server in upstream.servers if isinstance(upstream, Upstream) else ():
            if server.host_hears and not (server.from_host or server.answers or is_loopback(server.address)):
                yield link, Attempt(address=server.address, outcome="timed-out")


def unanswered(stack: Stack) -> bool:
    """Whether a packet of this run got lost: a connect without an answer, or a question to a name server."""
    lookups = (stack.lookup(stack.source(k), k.address) for k in stack.links if not is_address(k.address))
    silent = any(isinstance(found, Lookup) and found.outcome == "silent" for found in lookups)
    return silent or any(failing(stack))


def bridges(stack: Stack, container: Container) -> tuple[Network, ...]:
    """The bridge networks that the container is on."""
    networks = (stack.network(e.network_id) for e in stack.endpoints(container))
    return tuple(n for n in networks if n is not None and n.driver == "bridge")


def is_forwarded(stack: Stack, facts: HostFacts, source: Container, address: str) -> bool:
    """Whether the host has to pass the packets on: from a bridge to an address that is neither on it nor the host's."""
    mine = bridges(stack, source)
    if is_loopback(address) or not mine:
        return False
    wanted = ipaddress.ip_address(address)
    own = {ipaddress.ip_interface(a).ip for i in facts.interfaces for a in i.addresses}
    subnets = [ipaddress.ip_network(s, strict=False) for n in mine for s in n.subnets]
    return wanted not in own and not any(wanted in s for s in subnets)


def open_publications(stack: Stack) -> Iterator[Publication]:
    """The publications of running containers that somebody beyond the host can ask for."""
    for container in stack.containers:
        if container.state.running and bridges(stack, container):
            yield from (p for p in container.published if not is_loopback(p.host_address or "0.0.0.0"))  # noqa: S104
