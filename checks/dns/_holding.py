"""Who has the addresses that a name was given: what dns.answer goes by."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.api import Container, Link, Stack, Unable


def in_subnets(stack: Stack, address: str) -> bool:
    """Whether the address lies in a network of this engine, and not of the LAN (macvlan, ipvlan)."""
    return bool(stack.having(address))


def place(stack: Stack, container: Container) -> str:
    """The container with its addresses: postgres (172.18.0.2)."""
    addresses = " or ".join(a for e in stack.endpoints(container) for a in e.addresses)
    return f"{stack.title(container)} ({addresses or container.state.status})"


def beyond(stack: Stack, source: Container, address: str) -> str:
    """Why the source has no way to the address of a container, "" where it has one, or where nobody can tell."""
    if source.on_host_network:
        return ""
    endpoints = stack.endpoints(source)
    holder = stack.holder(address)
    if holder is None or holder.id == source.id:
        return ""
    network = next((e for e in holder.endpoints if address in e.addresses), None)
    if network is None or network.network_id not in {e.network_id for e in endpoints}:
        return f"{stack.title(source)} is not on {network.network if network else 'its network'}"
    if ":" in address and not any(e.address6 for e in endpoints):
        return f"{stack.title(source)} has no IPv6"
    return ""


def are_replicas(containers: Sequence[Container]) -> bool:
    """Whether they are one service: of Compose or of a swarm, or of one image where neither made any of them."""
    if any(c.service for c in containers):
        return len({(c.project, c.service) for c in containers}) == 1
    return len({c.image for c in containers}) == 1


def stand_in(stack: Stack, name: str, target: Container, holders: Sequence[Container]) -> bool:
    """Whether the holders are replicas of the target with its name on its network: an answer may hold only some."""
    bearers = [(c.id, e.network_id) for c, e in stack.bearers(name)]
    networks = {network for container, network in bearers if container == target.id}
    beside = {container for container, network in bearers if network in networks}
    return bool(holders) and all(h.id in beside for h in holders) and are_replicas([target, *holders])


def refuses(stack: Stack, link: Link, holder: Container) -> bool:
    """Whether a connection to one of the container's addresses was tried, and came to nothing."""
    tried = (stack.connection(link), *(stack.connection_to(link, a) for a in holder.addresses))
    attempts = [a for c in tried if not isinstance(c, Unable) for a in c.attempts if a.address in holder.addresses]
    failed = [a for a in attempts if a.outcome in ("refused", "timed-out", "no-route")]
    return bool(failed) and not any(a.outcome == "connected" for a in attempts)
