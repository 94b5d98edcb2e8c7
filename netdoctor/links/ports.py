"""The port of a container that is meant without one: what it listens on, else what it exposes or publishes."""

from __future__ import annotations

from netdoctor.answers import Unable
from netdoctor.images import base, store_kind
from netdoctor.mentions import SCHEME_PORTS, is_loopback, kind_of
from netdoctor.model import Container, Protocol
from netdoctor.stack import Stack

_BY_HOST = {"clickhouse": 9000}
"""Where clients that are given a host and no port ask for something else than those that are given a URL."""

Ports = tuple[tuple[int, Protocol], ...]


def ports_served(stack: Stack, target: Container) -> tuple[Ports, str]:
    """The ports, and in words where they are known from."""
    title = stack.title(target)
    sockets = stack.sockets(target)
    if not isinstance(sockets, Unable):
        # On the host's network a container sees everybody's sockets, and its own with their processes.
        own = [x for x in sockets.listeners if x.process is not None or not target.on_host_network]
        listening: dict[tuple[int, Protocol], None] = {(x.port, x.protocol): None for x in own}
        outside = {(x.port, x.protocol) for x in own if not is_loopback(x.address)}
        exposed = set(target.exposed)
        # Where the image exposes some of the open ports, the others are internals (a metrics port, a cluster bus).
        served = (
            tuple(p for p in listening if p in exposed)
            or tuple(p for p in listening if p[1] == "tcp" and p in outside)
            or tuple(p for p in listening if p[1] == "tcp")
            or tuple(listening)
        )
        if served:
            return served, f"the listeners of {title}"
    if target.exposed:
        return target.exposed, f"the exposed ports of {title}"
    bound: dict[tuple[int, Protocol], None] = {(p.container_port, p.protocol): None for p in target.publications}
    return tuple(bound), f"the published ports of {title}"


def ports_meant(stack: Stack, target: Container, kind: str) -> Ports:
    """The ports of a target that an address without one means: of its kind's usual port, if it serves that."""
    usual = _BY_HOST.get(kind, SCHEME_PORTS.get(kind, 0))
    served, _ = ports_served(stack, target)
    likely = usual if any(p[0] == usual for p in served) else SCHEME_PORTS.get(kind_served(target), 0)
    return tuple(p for p in served if p[0] == likely) or served or (((usual, "tcp"),) if usual else ())


def kind_served(target: Container) -> str:
    """The kind of service that a container is, as its image and its name say."""
    return store_kind(target.image) or kind_of(f"{base(target.image)} {target.service or target.name}")


def port_offered(stack: Stack, target: Container) -> tuple[int, Protocol] | None:
    """The one port that a container offers to others, None where there is none, or nobody can say which of several."""
    sockets = stack.sockets(target)
    if isinstance(sockets, Unable):
        offered = [p for p in target.exposed if p[1] == "tcp"]
    else:
        tcp = [x for x in sockets.listeners if x.protocol == "tcp"]
        tcp = [x for x in tcp if not is_loopback(x.address)] or tcp
        listening: list[tuple[int, Protocol]] = list(dict.fromkeys((x.port, x.protocol) for x in tcp))
        offered = [p for p in listening if p in target.exposed] or listening
    usual = SCHEME_PORTS.get(kind_served(target), 0)
    return next((p for p in offered if p[0] == usual), offered[0] if len(offered) == 1 else None)
