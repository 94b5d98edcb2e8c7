"""The links of the host, as `netdoctor host TARGET` asks for them: by published ports, which are all that it knows.

Pure: it reads a stack and proposes. The host knows no container's name, so a typed one means its publications.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.answers import Unable
from netdoctor.links.ports import ports_served
from netdoctor.links.typed import link_from, unasked, verbatim
from netdoctor.meant import bearer
from netdoctor.mentions import is_any_address, is_bare_name, is_loopback
from netdoctor.model import Container, Link, Protocol, Publication
from netdoctor.named import called, find
from netdoctor.places import means_host
from netdoctor.request import BadRequest, Given
from netdoctor.stack import Stack

_Port = tuple[int, Protocol]


def from_host(stack: Stack, given: Given, among: tuple[Container, ...]) -> Iterator[Link]:
    """The links that a typed target means. Raises BadRequest where nothing tells the port or whose the name is."""
    if means_host(stack, stack.host, given.host):
        yield _at_port(stack, given, among)
        return
    typed: tuple[Container, ...] = ()
    if not given.verbatim:
        borne = bearer(stack, stack.host, given.host)
        typed = called(among, given.host) or called(stack.containers, given.host) or ((borne,) if borne else ())
    for container in typed:
        yield from _into(stack, container, given)
    if not typed:
        if not given.port and is_bare_name(given.host) and not given.verbatim:
            find(stack, given.host, among)  # which says that there is none, and what is called nearly so
        yield from verbatim(stack, stack.host, given, None)


def to_published(stack: Stack, containers: Iterable[Container]) -> Iterator[Link]:
    """A link for everything that these containers publish; one that is not up yet has chosen no port for `-p 80`."""
    for container in containers:
        for publication in container.publications:
            yield from _by(stack, container, publication)


def _into(stack: Stack, container: Container, given: Given) -> Iterator[Link]:
    """By the publications of the container, of the given port if there is one: inside or at the host."""
    title, owner = stack.title(container), stack.namespace_owner(container)
    ways = [(p, way) for p in owner.publications for way in _by(stack, container, p)]
    if given.port:
        meant = [(p, way) for p, way in ways if given.port in (p.container_port, way.port)]
        ways = [(p, way) for p, way in meant if p.protocol == given.protocol] or meant  # nobody types /udp for udp
    if ways:
        yield from (way for _, way in ways)
        return
    served, where = ports_served(stack, container)
    ports: tuple[_Port, ...] = ((given.port, given.protocol),) if given.port else served
    if not ports and (unasked(stack, container) or not container.state.running):
        ports = ((0, "tcp"),)  # no link yet, but the container is looked at
    if not ports:
        raise BadRequest(
            f"{title} publishes no port, exposes none and was not seen to listen on any: there is nothing to reach"
        )
    # Nothing leads to any of them, and that is said once; on the host's network each is the host's own.
    for port, protocol in ports if owner.on_host_network else ports[:1]:
        known_from = "the command line" if given.port else where
        yield link_from(stack.host, "localhost", port, protocol, container.id, given.scheme, known_from)


def _by(stack: Stack, container: Container, publication: Publication) -> Iterator[Link]:
    """The ways in by one publication: one for each port of the host, whatever the addresses that it is bound to."""
    done = stack.done(publication)
    ports = {p.host_port: [q.host_address for q in done if q.host_port == p.host_port] for p in done}
    if not done and publication.host_port:
        ports = {publication.host_port: [publication.host_address]}
    title = stack.title(container)
    for port, bound in ports.items():
        where = f"where {title} publishes its port {publication.container_port}"
        yield link_from(stack.host, _callable(bound), port, publication.protocol, container.id, "", where)


def _callable(bound: Iterable[str]) -> str:
    """The address that people type for a port that is bound to these."""
    usual = [a for a in bound if not a or is_any_address(a) or a == "127.0.0.1"]
    return "localhost" if usual else next(iter(bound))


def _at_port(stack: Stack, given: Given, among: tuple[Container, ...]) -> Link:
    """The host's own port, with the container that is meant by it, if there is one."""
    if not given.port:
        raise BadRequest(f"nothing tells the port of {given.host}: write it like {given.host}:8080")
    target = _behind(stack, (given.port, given.protocol), among)
    known_from = "the command line"
    return link_from(
        stack.host, given.host, given.port, given.protocol, target.id if target else "", given.scheme, known_from
    )


def _behind(stack: Stack, port: _Port, among: tuple[Container, ...]) -> Container | None:
    """Whose port of the host it is, or was meant to be: never a guess where somebody else may answer."""
    everybody = {c.id: c for c in (*among, *stack.containers)}.values()
    sockets = stack.host_sockets()
    here = None if isinstance(sockets, Unable) else bool(sockets.on(*port))
    wanting = [c for c in everybody if any((p.host_port, p.protocol) == port for p in c.publications)]
    for found in (
        [c for c in everybody if any((p.host_port, p.protocol) == port for p in c.published)],
        [c for c in wanting if c.state.running or f":{port[0]}" in c.state.error],
        [c for c in everybody if c.on_host_network and c.state.running and _listens(stack, c, port)],
        [] if here else wanting,
    ):
        if found:
            return next((c for c in found if c.state.running), found[0])
    inside = [c for c in among if c.state.running and not c.on_host_network and _has(stack, c, port)]
    return inside[0] if len(inside) == 1 and here is False else None


def _listens(stack: Stack, container: Container, port: _Port) -> bool:
    """Whether a process of the container itself has the port; on the host's network it sees everybody's sockets."""
    sockets = stack.sockets(container)
    if isinstance(sockets, Unable):
        return port in container.exposed
    return any(x.process is not None for x in sockets.on(*port))


def _has(stack: Stack, container: Container, port: _Port) -> bool:
    """Whether the port is one of the container's inside: exposed, published under another number, or open."""
    if port in container.exposed or any((p.container_port, p.protocol) == port for p in container.publications):
        return True
    sockets = stack.sockets(container)
    return not isinstance(sockets, Unable) and any(not is_loopback(x.address) for x in sockets.on(*port))
