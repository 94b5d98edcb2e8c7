"""The remedies of this family: how a container comes onto a network, by hand or in its Compose file."""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.api import Container, Endpoint, Link, Remedy, Stack, is_address, is_loopback

from ._places import has_names, networks


def verify(stack: Stack, link: Link) -> str:
    """The command that tries the link again."""
    udp = "/udp" if link.protocol == "udp" else ""
    host = f"[{link.address}]" if ":" in link.address else link.address
    return f"netdoctor {stack.source(link).name} {host}:{link.port}{udp}"


def up(container: Container) -> str:
    return f"docker compose -p {container.project} up -d {container.service}"


def share(stack: Stack, link: Link, source: Container, target: Container) -> Remedy:
    """One of the two joins a network with names of the other's, the source if that can be; else both a new one."""
    source, target = stack.namespace_owner(source), stack.namespace_owner(target)
    for joiner, other in ((source, target), (target, source)):
        for endpoint in networks(stack, other):
            if has_names(stack, endpoint) and _may_join(stack, joiner, endpoint):
                alias = link.address if joiner is target else ""
                return _join(stack, link, joiner, endpoint.network, alias)
    return own_network(stack, link, source, target)


def _may_join(stack: Stack, joiner: Container, endpoint: Endpoint) -> bool:
    """Whether the engine lets the container onto the network: a service's task goes onto a swarm's networks alone, and
    any other container onto such as were made attachable.
    """
    network = stack.network(endpoint.network_id)
    if network is None:
        return True
    return network.scope == "swarm" if joiner.swarm_service else network.scope != "swarm" or network.attachable


def somewhere(stack: Stack, link: Link, source: Container) -> Remedy:
    """The source joins the default network of its project, or a new one."""
    source = stack.namespace_owner(source)
    if source.project:
        return _join(stack, link, source, f"{source.project}_default")
    return own_network(stack, link, source)


def own_network(stack: Stack, link: Link, source: Container, target: Container | None = None) -> Remedy:
    """A network with names for those that are on none: the project's own one, or a new one."""
    both = (source,) if target is None else (source, target)
    who = " and ".join(stack.title(c) for c in both)
    made = [c for c in both if c.project]
    if made:
        network = f"{made[0].project}_default"
        told = lines(stack, made, network)
        rest = tuple(command for c in both if not c.project for command in connect(c, network))
        run = (*dict.fromkeys(up(c) for c in made), *rest)
        return Remedy(says=f"Put {who} on {network}.", run=run, compose=told, verify=(verify(stack, link),))
    swarm = any(c.swarm_service for c in both)
    taken = {n.name for n in stack.networks}
    network = next(n for n in ("app-net", *(f"app-net-{i}" for i in range(2, 1000))) if n not in taken)
    alias = link.address if target else ""
    run = (
        f"docker network create {'--driver overlay --attachable ' if swarm else ''}{network}",
        *connect(source, network),
        *(connect(target, network, alias) if target else ()),
    )
    return Remedy(
        says=f"Put {who} on a network of their own, where names work.", run=run, verify=(verify(stack, link),)
    )


def _join(stack: Stack, link: Link, joiner: Container, network: str, alias: str = "") -> Remedy:
    says = f"Let {stack.title(joiner)} join {network}."
    if joiner.project:
        told = lines(stack, (joiner,), network)
        return Remedy(says=says, run=(up(joiner),), compose=told, verify=(verify(stack, link),))
    return Remedy(says=says, run=connect(joiner, network, alias), verify=(verify(stack, link),))


def connect(joiner: Container, network: str, alias: str = "") -> tuple[str, ...]:
    """The commands that put a container on a network. `alias`: the name that it is asked for by.

    The tasks of a service are made anew by it, one after the other.
    """
    if joiner.swarm_service:
        return (f"docker service update --network-add {network} {joiner.swarm_service}",)
    nameless = alias in ("", joiner.name) or is_address(alias) or is_loopback(alias)
    called = "" if nameless else f"--alias {alias} "
    # A container in mode none is on a network of that name, and the engine takes it to no other before it left.
    leave = (
        (f"docker network disconnect none {joiner.name}",) if any(e.network == "none" for e in joiner.endpoints) else ()
    )
    return (*leave, f"docker network connect {called}{network} {joiner.name}")


def lines(stack: Stack, containers: Iterable[Container], more: str) -> str:
    """The lines for services that join one more network: each lists all, since a list replaces the default network."""
    told, foreign = ["services:"], set()
    for container in containers:
        before = tuple(e.network for e in networks(stack, container) if has_names(stack, e))
        keys = dict(_key(stack, container, name) for name in (*before, more))
        foreign |= {key for key, is_foreign in keys.items() if is_foreign}
        told.append(f"  {container.service}:")
        if container.network_mode in ("bridge", "host", "none"):
            told.append(f"    # take out: network_mode: {container.network_mode}")
        told += ["    networks:", *(f"      - {key}" for key in keys)]
    outside = ["networks:", *(f"  {key}:\n    external: true" for key in sorted(foreign))]
    return "\n".join([*told, *(outside if foreign else [])])


def _key(stack: Stack, container: Container, name: str) -> tuple[str, bool]:
    """What the container's Compose file calls a network, and whether that belongs to somebody else."""
    if name == f"{container.project}_default":
        return "default", False
    for network in stack.networks:
        if network.name == name and network.labels.get("com.docker.compose.project") == container.project:
            return network.labels.get("com.docker.compose.network", name), False
    return name, True
