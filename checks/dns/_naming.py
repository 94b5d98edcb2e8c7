"""Who bears a name, and who bears nearly that name: what the checks of this family share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from netdoctor.api import Container, Endpoint, Link, Stack, nearest

EMBEDDED = "127.0.0.11"
"""The engine's own resolver, in every container on a user-defined network."""

HOST_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")


class Guess(NamedTuple):
    """The container that is likely meant, the name to ask for, and in words why it is not reached by the name given."""

    container: Container
    name: str
    why: str
    endpoint: Endpoint | None = None
    """Where it can be given the name that is asked for: a network that both are on."""
    lost: bool = False
    """The name that is asked for is right, and the container does not have it there."""


def named_networks(stack: Stack, source: Container) -> tuple[Endpoint, ...]:
    """The source's places on networks where the engine's resolver answers."""
    found = []
    for endpoint in stack.endpoints(source):
        network = stack.network(endpoint.network_id)
        if network.has_resolver if network is not None else endpoint.network not in ("bridge", "host", "none"):
            found.append(endpoint)
    return tuple(found)


def bearers_here(stack: Stack, source: Container, name: str) -> tuple[Container, ...]:
    """The running containers whose name this is on the source's networks."""
    here = [e.network_id for e in named_networks(stack, source)]
    return tuple({c.id: c for c, _ in stack.bearers(name, here) if c.state.running}.values())


def is_single_label(name: str) -> bool:
    return "." not in name.rstrip(".")


def is_stack_name(stack: Stack, name: str) -> bool:
    """Whether any container is or was called so: by name, alias, host name or Compose service."""
    called = {n.lower() for c in stack.containers for n in (c.name, c.service, c.host_name)}
    return name.lower() in called or any(True for _ in stack.bearers(name))


def guess(stack: Stack, link: Link) -> Guess | None:
    """Who is meant by a name that nobody on the source's networks bears."""
    source, target = stack.source(link), stack.target(link)
    borne = next((c for c, _ in stack.bearers(link.address) if c.id != source.id), None)
    called = next((c for c in stack.containers if link.address.lower() in (c.service.lower(), c.name.lower())), None)
    meant = target or called or borne
    if meant is not None:
        return _about(stack, link, meant)
    pool = dict(_names(stack, source))
    near = nearest(link.address, pool)
    if not near:
        made_of = [c for c in pool.values() if link.address.lower() == _image(c)]
        return _about(stack, link, made_of[0]) if len({c.id for c in made_of}) == 1 else None
    return _about(stack, link, pool[near[0]], near[0])


def _names(stack: Stack, source: Container) -> Iterator[tuple[str, Container]]:
    """All names there are, with who bears them: those on the source's own networks last, so that they win."""
    here = {e.network_id for e in named_networks(stack, source)}
    for container in stack.containers:
        if container.id != source.id:
            yield from ((n, container) for n in (container.service, container.name) if n)
    for container in stack.containers:
        for endpoint in container.endpoints if container.id != source.id else ():
            if endpoint.network_id in here:
                names = stack.names(container, endpoint)
                yield from ((n, container) for n in names if n != container.id[:12])


def _about(stack: Stack, link: Link, meant: Container, near: str = "") -> Guess:
    source, asked = stack.source(link), link.address
    title = stack.title(meant)
    here = {e.network_id for e in named_networks(stack, source)}
    owner = stack.namespace_owner(meant)
    shared = [e for e in owner.endpoints if e.network_id in here]
    right = near or meant.service or meant.name
    if not meant.state.running:
        return Guess(meant, right, f"{title} is {meant.state.status}, and only running containers have names")
    if owner.on_host_network:
        return Guess(meant, right, f"{title} is on the host's network, where containers have no names")
    if not shared:
        if not here and stack.shared_networks(source, meant):
            return Guess(meant, right, "the default bridge, where both are, has no names")
        networks = " and ".join(e.network for e in owner.endpoints) or "no network"
        other = f" of the project {meant.project}" if meant.project and meant.project != source.project else ""
        return Guess(meant, right, f"{title}{other} is on {networks}, and {stack.title(source)} is not")
    names = stack.names(owner, shared[0])
    right = next(
        (n for n in (near, meant.service.lower(), *nearest(asked, names), meant.name) if n in names), meant.name
    )
    elsewhere = [e for e in owner.endpoints if e not in shared and asked.lower() in stack.names(owner, e)]
    if owner.id != meant.id:
        why = f"{title} shares the network of {stack.title(owner)}, and is found by that name"
        return Guess(owner, owner.service if owner.service in names else owner.name, why, shared[0])
    if asked.lower() == meant.service.lower():
        why = f"{title} lost the alias {asked} on {shared[0].network}: it was connected by hand, without --alias"
    elif elsewhere:
        why = f"{asked} is an alias of {title} on {elsewhere[0].network} only, and not on {shared[0].network}"
    elif same := next((n for n in names if _letters(n) == _letters(asked)), ""):
        why = f"{same} has other separators"
    elif asked.lower() == _image(meant):
        why = f"{asked} is the name of the image, and the container is called {right}"
    else:
        why = f"the nearest name is {right}"
    return Guess(meant, right, why, shared[0], lost=bool(elsewhere) or asked.lower() == meant.service.lower())


def _letters(name: str) -> str:
    return re.sub(r"[-_.]", "", name.lower())


def _image(container: Container) -> str:
    return container.image.rpartition("/")[2].partition(":")[0].lower()
