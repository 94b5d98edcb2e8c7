"""The links of a request: who means to reach which address, from what was typed and from what the containers were told.

Pure: it reads a stack and proposes. Which container an address means is told by meant.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.answers import AskSockets, Unable
from netdoctor.meant import (
    bearer,
    candidates,
    could_mean,
    in_browser,
    is_bare_name,
    is_named,
    last_guess,
    meant,
    serves,
)
from netdoctor.mentions import SCHEME_PORTS, Mention, is_loopback, kind_of, mentions, nearest
from netdoctor.model import Container, Link, Protocol
from netdoctor.named import called
from netdoctor.request import BadRequest, Given
from netdoctor.stack import Stack

# -- links of one typed target ------------------------------------------------------------------------------------


def asked_for(stack: Stack, source: Container, given: Given, among: tuple[Container, ...]) -> Iterator[Link]:
    reachable = [e.network_id for e in stack.endpoints(source)]
    by_alias = next((c for c, _ in stack.bearers(given.host, reachable)), None)
    verbatim = given.verbatim or is_loopback(given.host)
    mates = tuple(c for c in among if source.project and c.project == source.project)
    named = () if verbatim else called(mates, given.host)  # of several projects' `db` the source's own is meant
    typed = () if verbatim else named or called(among, given.host) or called(stack.containers, given.host)
    if not typed and by_alias is not None:
        typed = (by_alias,)
    if not typed or verbatim:
        yield from _verbatim(stack, source, given, by_alias)
        return
    target = by_alias if by_alias is not None and by_alias in typed else typed[0]
    configured = tuple(_configured(stack, source, target))
    if given.port or not configured:
        yield from _typed(stack, source, target, given)
    # A typed target that works says nothing about the address that the process really uses.
    yield from configured


def _typed(stack: Stack, source: Container, target: Container, given: Given) -> Iterator[Link]:
    address = _callable(stack, target, given.host)
    where = "the command line"
    ports: tuple[tuple[int, Protocol], ...] = ((given.port, given.protocol),) if given.port else ()
    if not ports:
        ports, where = _ports_served(stack, target)
    if not ports and (_unasked(stack, target) or not target.state.running):
        ports = ((0, "tcp"),)  # no link yet, but both ends are looked at
    for port, protocol in ports:
        yield _link(source, address, port, protocol, target.id, given.scheme, where)
    if not ports:
        raise BadRequest(
            f"nothing tells on which port {stack.title(target)} should be reached: it exposes none, was not seen to "
            f"listen on any, and the environment of {stack.title(source)} names none; write it like {given.host}:8080"
        )


def _unasked(stack: Stack, container: Container) -> bool:
    """Whether the container's sockets could be asked for, and were not yet."""
    return container.state.running and not any(a.question == AskSockets(container=container.id) for a in stack.asked)


def _callable(stack: Stack, target: Container, typed: str) -> str:
    """The name that the source would use: what was typed where it is one of the target's, else the likeliest."""
    owner = stack.namespace_owner(target)
    names = {n for e in owner.endpoints for n in stack.names(owner, e)}
    if typed.lower() in names or typed == target.name:
        return typed
    return target.service or target.name


def _ports_served(stack: Stack, target: Container) -> tuple[tuple[tuple[int, Protocol], ...], str]:
    title = stack.title(target)
    sockets = stack.sockets(target)
    if not isinstance(sockets, Unable):
        listening: dict[tuple[int, Protocol], None] = {(x.port, x.protocol): None for x in sockets.listeners}
        outside = {(x.port, x.protocol) for x in sockets.listeners if not is_loopback(x.address)}
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


def _verbatim(stack: Stack, source: Container, given: Given, by_alias: Container | None) -> Iterator[Link]:
    kind = given.scheme or kind_of(given.host)
    mention = Mention(host=given.host, port=given.port, scheme=given.scheme, hint=kind)
    target = by_alias or meant(stack, source, mention)
    ports: tuple[tuple[int, Protocol], ...] = ((given.port, given.protocol),)
    where = "the command line"
    if not given.port:
        same = [m for m in mentions(source) if m.host == given.host and m.port and m.purpose == "client"]
        if same:
            ports, where = ((same[0].port, same[0].protocol),), f"{same[0].where} of {stack.title(source)}"
        elif (near := target or _nearest(stack, given.host)) is not None:
            ports, where = _ports_served(stack, near)
            ports = ports or (((0, "tcp"),) if _unasked(stack, near) else ())
    if not any(port for port, _ in ports) and SCHEME_PORTS.get(kind):
        ports, where = ((SCHEME_PORTS[kind], "tcp"),), f"the usual port of {kind}"
    if ports in ((), ((0, given.protocol),)) and target is None:
        raise BadRequest(f"nothing tells the port of {given.host}: write it like {given.host}:5432")
    for port, protocol in ports:
        yield _link(source, given.host, port, protocol, target.id if target else "", given.scheme, where)


def _nearest(stack: Stack, name: str) -> Container | None:
    """The container whose name looks most like one that nobody bears."""
    known = {n: c for c in stack.containers for n in (c.name, c.service) if n}
    return next((known[n] for n in nearest(name, known)), None)


# -- links from the configuration ---------------------------------------------------------------------------------

CONNECTS = ("client", "proxy")
"""The purposes of mentions to which the process itself connects."""


def _configured(stack: Stack, source: Container, target: Container) -> Iterator[Link]:
    """The addresses in the source's configuration that mean the target, right or wrong."""
    told = [m for m in mentions(source) if m.purpose in CONNECTS]
    named = [m for m in told if is_named(stack, target, m.host)]
    wrong = [m for m in told if m not in named and could_mean(stack, source, target, m)]
    if named:  # where the target is named, an unknown name is somebody else's, and a spare address nobody's
        wrong = [m for m in wrong if not m.spare and not is_bare_name(m.host)]
    browser = [m for m in mentions(source) if m.purpose == "browser" and is_named(stack, target, m.host)]
    if not stack.shared_networks(source, target):
        browser = []  # the browser connects, the source need not
    found = (*named, *wrong) or browser or [m for m in told if last_guess(stack, source, target, m)]
    for mention in found:
        yield from _mentioned(stack, source, target, mention)


def inferred(stack: Stack, sources: Iterable[Container], unknown_names: bool = False) -> Iterator[Link]:
    for source in sources:
        told = [m for m in mentions(source) if m.purpose in (*CONNECTS, "browser")]
        named = {m: c for m in told if (c := bearer(stack, source, m.host)) is not None}
        taken = {c.id for c in named.values()}
        for mention in told:
            target = named.get(mention)
            if mention.purpose == "browser":
                if target is None or not stack.shared_networks(source, target):
                    continue
            elif target is None and not mention.spare:
                target = meant(stack, source, mention, taken)
            if target is not None and target.id == source.id:
                continue
            if target is not None or _worth_asking(stack, source, mention, unknown_names):
                yield from _mentioned(stack, source, target, mention)


def _worth_asking(stack: Stack, source: Container, mention: Mention, unknown_names: bool) -> bool:
    """Whether an address that means nobody for certain is a link all the same."""
    if not mention.sure or not mention.port or mention.spare or mention.purpose == "browser":
        return False
    if is_bare_name(mention.host):
        return unknown_names
    if is_loopback(mention.host) and isinstance(stack.sockets(source), Unable):  # nobody can say that it serves itself
        return not serves(stack, source, mention.port) and not in_browser(stack, source, mention)
    return unknown_names and len(candidates(stack, source, mention)) > 1


def _mentioned(stack: Stack, source: Container, target: Container | None, mention: Mention) -> Iterator[Link]:
    where = f"{mention.where} of {stack.title(source)}"
    ports: tuple[tuple[int, Protocol], ...] = ((mention.port, mention.protocol),)
    if not mention.port and target is not None:
        usual = SCHEME_PORTS.get(mention.hint, 0)
        served, _ = _ports_served(stack, target)
        ports = tuple(p for p in served if p[0] == usual) or served or (((usual, "tcp"),) if usual else ())
    for port, protocol in ports:
        yield _link(source, mention.host, port, protocol, target.id if target else "", mention.scheme, where)


def _link(
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
