"""The links of one typed target, written as a container's name or as the very string of a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.answers import AskSockets
from netdoctor.links.clue import merged
from netdoctor.links.configuration import configured
from netdoctor.links.logs import complained
from netdoctor.links.ports import Ports, ports_served
from netdoctor.meant import meant
from netdoctor.mentions import SCHEME_PORTS, Mention, is_bare_name, is_loopback, kind_of, mentions, nearest
from netdoctor.model import Container, Link, Protocol
from netdoctor.named import called
from netdoctor.places import leads_outside
from netdoctor.proxies import on_the_way_out
from netdoctor.request import BadRequest, Given
from netdoctor.stack import Stack


def asked_for(stack: Stack, source: Container, given: Given, among: tuple[Container, ...]) -> Iterator[Link]:
    reachable = [e.network_id for e in stack.endpoints(source)]
    by_alias = next((c for c, _ in stack.bearers(given.host, reachable)), stack.linked(source, given.host))
    exact = given.verbatim or is_loopback(given.host)
    mates = tuple(c for c in among if source.project and c.project == source.project)
    named = () if exact else called(mates, given.host)  # of several projects' `db` the source's own is meant
    asked = () if exact else named or called(among, given.host) or called(stack.containers, given.host)
    # Who bears the name for the source comes before a stranger that is called so on another network.
    if by_alias is not None and not named and not any(stack.shared_networks(source, c) for c in asked) and not exact:
        asked = (by_alias,)
    if not asked or exact:
        yield from verbatim(stack, source, given, by_alias)
        return
    target = by_alias if by_alias is not None and by_alias in asked else asked[0]
    told = tuple(configured(stack, source, target))
    typed = tuple(_typed(stack, source, target, given)) if given.port or not told else ()
    yield from typed
    # A typed target that works says nothing about the address that the process really uses.
    heard = (c for c in complained(stack, source) if c.target is not None and c.target.id == target.id)
    ports = {link.port for link in typed}
    # An address of the target in the log is what a name stood for; localhost is what was written.
    more = (c for c in heard if c.port not in ports or is_loopback(c.address))
    yield from merged(stack, (*told, *more))


def _typed(stack: Stack, source: Container, target: Container, given: Given) -> Iterator[Link]:
    address = _callable(stack, source, target, given.host)
    where = "the command line"
    ports: Ports = ((given.port, given.protocol),) if given.port else ()
    if not ports:
        ports, where = ports_served(stack, target)
    if not ports and (unasked(stack, target) or not target.state.running):
        ports = ((0, "tcp"),)  # no link yet, but both ends are looked at
    for port, protocol in ports:
        yield link_from(source, address, port, protocol, target.id, given.scheme, where)
    if not ports:
        raise BadRequest(
            f"nothing tells on which port {stack.title(target)} should be reached: it exposes none, was not seen to "
            f"listen on any, and the environment of {stack.title(source)} names none; write it like {given.host}:8080"
        )


def unasked(stack: Stack, container: Container) -> bool:
    """Whether the container's sockets could be asked for, and were not yet."""
    return container.state.running and not any(a.question == AskSockets(container=container.id) for a in stack.asked)


def _callable(stack: Stack, source: Container, target: Container, typed: str) -> str:
    """The name that the source would use: what was typed where it is one of the target's, else the likeliest.

    On the host's network nobody has a name, and to each other they are localhost.
    """
    if source.on_host_network and target.on_host_network:
        return "localhost"
    owner = stack.namespace_owner(target)
    names = {n for e in owner.endpoints for n in stack.names(owner, e)}
    if typed.lower() in names or typed == target.name or stack.linked(source, typed) == target:
        return typed
    return target.service or target.name


def verbatim(stack: Stack, source: Container, given: Given, by_alias: Container | None) -> Iterator[Link]:
    kind = given.scheme or kind_of(given.host)
    mention = Mention(host=given.host, port=given.port, scheme=given.scheme, hint=kind)
    target = by_alias or meant(stack, source, mention)
    ports: Ports = ((given.port, given.protocol),)
    where = "the command line"
    if not given.port:
        same = [m for m in mentions(source) if m.host == given.host and m.port and m.purpose == "client"]
        if same:
            ports, where = ((same[0].port, same[0].protocol),), f"{same[0].where} of {stack.title(source)}"
        elif (near := target or _nearest(stack, given.host)) is not None:
            ports, where = ports_served(stack, near)
            if not ports and unasked(stack, near):  # no link yet, but whoever may be meant is looked at
                yield link_from(source, given.host, 0, "tcp", near.id, given.scheme, where)
                return
    if not any(port for port, _ in ports) and SCHEME_PORTS.get(kind):
        ports, where = ((SCHEME_PORTS[kind], "tcp"),), f"the usual port of {kind}"
    if ports in ((), ((0, given.protocol),)) and target is None:
        if not is_bare_name(given.host) or is_loopback(given.host):
            raise BadRequest(f"nothing tells the port of {given.host}: write it like {given.host}:5432")
        ports, where = ((80, given.protocol),), "nothing: it is a guess"  # of a name that nobody bears any will do
    for port, protocol in ports:
        if target is None and protocol == "tcp" and leads_outside(stack, source, given.host):
            yield from _way_out(stack, source, given, port, where)
        else:
            yield link_from(source, given.host, port, protocol, target.id if target else "", given.scheme, where)


def _way_out(stack: Stack, source: Container, given: Given, port: int, where: str) -> Iterator[Link]:
    """A link that leads out of the stack; for HTTP by way of a proxy two, the second from there if it is a container.

    What the source asks then is the proxy alone: it need not resolve the name, nor have a way out itself.
    """
    proxy = on_the_way_out(source, given.scheme, given.host, port)
    if proxy is None:
        yield link_from(source, given.host, port, "tcp", "", given.scheme, where)
        return
    target = meant(stack, source, proxy)
    known_from = f"{proxy.where} of {stack.title(source)}, for {given.host}:{port}"
    yield link_from(source, proxy.host, proxy.port, "tcp", target.id if target else "", proxy.scheme, known_from)
    if target is not None and target.id != source.id and target.state.running:
        yield link_from(target, given.host, port, "tcp", "", given.scheme, f"{where}, through {stack.title(target)}")


def _nearest(stack: Stack, name: str) -> Container | None:
    """The container whose name looks most like one that nobody bears."""
    known = {n: c for c in stack.containers for n in (c.name, c.service) if n}
    return next((known[n] for n in nearest(name, known)), None)


def link_from(
    source: Container, address: str, port: int, protocol: Protocol, target: str, scheme: str, known_from: str
) -> Link:
    return Link(
        source=source.id,
        address=address,
        port=port,
        protocol=protocol,
        target=target,
        scheme=scheme,
        known_from=known_from,
    )
