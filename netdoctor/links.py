"""From what was asked to the links that are judged: who means to reach which address, and which container is meant.

Pure: it reads a stack and proposes. What it cannot know without a question (the listeners of a target whose port
nobody gave) it names in `Plan.wants`; the caller asks, and plans again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from netdoctor.answers import AnyQuestion, AskSockets, Unable
from netdoctor.mentions import SCHEME_PORTS, Mention, is_address, is_any_address, is_loopback, mentions, nearest
from netdoctor.model import HOST, Container, Link, Protocol, Stack, Subject
from netdoctor.questions import HOST_NAMES
from netdoctor.request import BadRequest, Given, Request, read_target


class NotFound(BadRequest):
    """No container is called what was typed."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: links, and containers on their own."""

    links: tuple[Link, ...] = ()
    containers: tuple[Container, ...] = ()
    wants: tuple[AnyQuestion, ...] = ()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (*self.containers, *self.links)


def plan(request: Request, stack: Stack) -> Plan:
    """The links and containers that the request is about. Raises BadRequest and NotFound."""
    stack_here = _within(stack, request.project)
    if request.source is None:
        sources = tuple(c for c in stack_here if c.state.running) or stack_here
        links = _inferred(stack, sources)
        return _planned(stack, links, stack_here if request.project else sources)
    if request.source == HOST and not any(c.name == HOST for c in stack.containers):
        raise BadRequest("the host as SOURCE is not supported yet: name the container that cannot connect")
    sources = find(stack, request.source, stack_here)
    if request.target is None:
        return _planned(stack, _inferred(stack, sources, unknown_names=True), sources)
    given = read_target(request.target)
    links = tuple(dict.fromkeys(link for source in sources for link in _asked_for(stack, source, given, stack_here)))
    return _planned(stack, links, sources)


def _planned(stack: Stack, links: Iterable[Link], containers: Iterable[Container]) -> Plan:
    links = tuple(links)
    ends = [e for link in links for e in (stack.container(link.source), stack.target(link)) if e is not None]
    judged = tuple({c.id: c for c in (*containers, *ends)}.values())
    wants = tuple(AskSockets(container=c.id) for c in judged if c.state.running)
    return Plan(links=tuple(link for link in links if link.port), containers=judged, wants=wants)


# -- containers by name -------------------------------------------------------------------------------------------


def find(stack: Stack, text: str, among: tuple[Container, ...] | None = None) -> tuple[Container, ...]:
    """The container called `text`, or every replica of a Compose service: name, ID or its prefix, service, project/service.

    Raises NotFound with the nearest names, BadRequest for an ID prefix that several containers have.
    """
    found = _find(stack.containers if among is None else among, text)
    if found:
        return found
    known = [n for c in stack.containers for n in (c.name, c.service) if n]
    near = nearest(text, known) or tuple(dict.fromkeys(known))[:5]
    if not near:
        raise NotFound(f"there is no container {text!r}: this engine has no containers at all (is it the right one? see -H and -c)")
    raise NotFound(f"there is no container or service {text!r}; did you mean {' or '.join(near)}?")


def _find(among: tuple[Container, ...], text: str) -> tuple[Container, ...]:
    wanted = text.removeprefix("/")
    for matches in (
        [c for c in among if c.name == wanted],
        [c for c in among if c.id == wanted],
        [c for c in among if wanted and c.service == wanted],
        [c for c in among if c.project and f"{c.project}/{c.service}" == wanted],
    ):
        if matches:
            return _replicas(matches, wanted)
    prefixed = [c for c in among if len(wanted) > 1 and c.id.startswith(wanted.lower())]
    if len(prefixed) > 1:
        names = ", ".join(sorted(c.name for c in prefixed)[:4])
        raise BadRequest(f"{text!r} is the beginning of several IDs ({names}): type more of it, or a name")
    return tuple(prefixed)


def _replicas(matches: list[Container], wanted: str) -> tuple[Container, ...]:
    projects = sorted({c.project for c in matches})
    if len(projects) > 1:
        choices = " or ".join(f"{p}/{matches[0].service}" for p in projects[:4])
        raise BadRequest(f"{wanted!r} is a service of several Compose projects: write {choices}, or use -p")
    kept = [c for c in matches if c.labels.get("com.docker.compose.oneoff") != "True"] or matches
    return tuple([c for c in kept if c.state.running] or kept)


def _within(stack: Stack, project: str | None) -> tuple[Container, ...]:
    if project is None:
        return stack.containers
    mine = tuple(c for c in stack.containers if c.project == project)
    if not mine:
        known = sorted({c.project for c in stack.containers if c.project})
        near = nearest(project, known) or tuple(known[:5])
        hint = f"did you mean {' or '.join(near)}?" if near else "no container here was made by Compose"
        raise NotFound(f"there is no Compose project {project!r}; {hint}")
    return mine


# -- links of one typed target ------------------------------------------------------------------------------------


def _asked_for(stack: Stack, source: Container, given: Given, among: tuple[Container, ...]) -> Iterator[Link]:
    reachable = [e.network_id for e in stack.endpoints(source)]
    by_alias = next((c for c, _ in stack.bearers(given.host, reachable)), None)
    typed = () if given.verbatim or is_loopback(given.host) else _find(among, given.host) or _find(stack.containers, given.host)
    if not typed and by_alias is not None:
        typed = (by_alias,)
    if not typed or given.verbatim:
        yield from _verbatim(stack, source, given, by_alias)
        return
    target = _preferred(typed, by_alias)
    configured = tuple(_configured(stack, source, target))
    if given.port or not configured:
        yield from _typed(stack, source, target, given)
    # A typed target that works says nothing about the address that the process really uses.
    yield from (link for link in configured if not given.port or (link.address, link.port) != (given.host, given.port))


def _preferred(typed: tuple[Container, ...], by_alias: Container | None) -> Container:
    return by_alias if by_alias is not None and by_alias in typed else typed[0]


def _typed(stack: Stack, source: Container, target: Container, given: Given) -> Iterator[Link]:
    address = _callable(stack, target, given.host)
    where = "the command line"
    ports: tuple[tuple[int, Protocol], ...] = ((given.port, given.protocol),) if given.port else ()
    if not ports:
        ports, where = _ports_served(stack, target)
    for port, protocol in ports:
        yield _link(source, address, port, protocol, target.id, given.scheme, where)
    if not ports:
        raise BadRequest(
            f"nothing tells on which port {stack.title(target)} should be reached: it exposes none, listens on none, and the "
            f"environment of {stack.title(source)} names none; write it like {given.host}:8080"
        )


def _callable(stack: Stack, target: Container, typed: str) -> str:
    """The name that the source would use: what was typed where it is one of the target's names, else the likeliest."""
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
        exposed = set(target.exposed)
        # Where the image exposes some of the open ports, the others are internals (a metrics port, a cluster bus).
        served = tuple(p for p in listening if p in exposed) or tuple(p for p in listening if p[1] == "tcp") or tuple(listening)
        if served:
            return served, f"the listeners of {title}"
    if target.exposed:
        return target.exposed, f"the exposed ports of {title}"
    bound: dict[tuple[int, Protocol], None] = {(p.container_port, p.protocol): None for p in target.publications}
    return tuple(bound), f"the published ports of {title}"


def _verbatim(stack: Stack, source: Container, given: Given, by_alias: Container | None) -> Iterator[Link]:
    target = by_alias or _meant(stack, source, Mention(host=given.host, port=given.port, scheme=given.scheme))
    ports: tuple[tuple[int, Protocol], ...] = ((given.port, given.protocol),)
    where = "the command line"
    if not given.port:
        same = [m for m in mentions(source) if m.host == given.host and m.port and m.purpose == "client"]
        if same:
            ports, where = ((same[0].port, same[0].protocol),), f"{same[0].where} of {stack.title(source)}"
        elif target is not None:
            ports, where = _ports_served(stack, target)
        else:
            raise BadRequest(f"nothing tells the port of {given.host}: write it like {given.host}:5432")
    for port, protocol in ports:
        yield _link(source, given.host, port, protocol, target.id if target else "", given.scheme, where)


# -- links from the configuration ---------------------------------------------------------------------------------


def _configured(stack: Stack, source: Container, target: Container) -> Iterator[Link]:
    """The addresses in the source's configuration that mean the target, right or wrong."""
    for mention in mentions(source):
        if mention.purpose in ("client", "browser") and _means(stack, source, target, mention):
            yield from _mentioned(stack, source, target, mention)


def _inferred(stack: Stack, sources: Iterable[Container], unknown_names: bool = False) -> tuple[Link, ...]:
    links: dict[tuple[object, ...], Link] = {}
    for source in sources:
        for mention in mentions(source):
            if mention.purpose != "client":
                continue
            target = _meant(stack, source, mention)
            if target is not None and target.id == source.id:
                continue
            if target is None and not (unknown_names and mention.port and _single_label(mention.host)):
                continue
            for link in _mentioned(stack, source, target, mention):
                links.setdefault((link.source, link.address, link.port, link.protocol), link)
    return tuple(links.values())


def _single_label(host: str) -> bool:
    return "." not in host and not is_address(host) and not is_loopback(host)


def _mentioned(stack: Stack, source: Container, target: Container | None, mention: Mention) -> Iterator[Link]:
    where = f"{mention.where} of {stack.title(source)}"
    ports: tuple[tuple[int, Protocol], ...] = ((mention.port, mention.protocol),)
    if not mention.port and target is not None:
        usual = SCHEME_PORTS.get(mention.hint, 0)
        served, _ = _ports_served(stack, target)
        ports = tuple(p for p in served if p[0] == usual) or served or (((usual, "tcp"),) if usual else ())
    for port, protocol in ports:
        yield _link(source, mention.host, port, protocol, target.id if target else "", mention.scheme, where)


def _meant(stack: Stack, source: Container, mention: Mention) -> Container | None:
    """The container that a mention means, if exactly one can be."""
    reachable = [e.network_id for e in stack.endpoints(source)]
    for bearers in (stack.bearers(mention.host, reachable), stack.bearers(mention.host)):
        found = [c for c, _ in bearers if c.id != source.id or not is_loopback(mention.host)]
        if found:
            return next((c for c in found if c.state.running), found[0])
    named = [c for c in stack.containers if mention.host in (c.service, c.name)]
    if len(named) == 1:
        return named[0]
    holder = stack.holder(mention.host)
    if holder is not None and _serves(stack, holder, mention.port):
        return holder
    candidates = [c for c in stack.containers if c.id != source.id and _means(stack, source, c, mention)]
    near = [c for c in candidates if stack.shared_networks(source, c)] or candidates
    running = [c for c in near if c.state.running] or near
    return running[0] if len(running) == 1 else holder


def _means(stack: Stack, source: Container, target: Container, mention: Mention) -> bool:
    host = mention.host.lower().rstrip(".")
    owner = stack.namespace_owner(target)
    names = {n for e in owner.endpoints for n in stack.names(owner, e)}
    names |= {target.name.lower(), target.service.lower(), target.host_name.lower()} - {""}
    names |= {f"{n}.{e.network.lower()}" for n in names for e in owner.endpoints}
    if host in names:
        return True
    if stack.same_namespace(source, target) and is_loopback(host):
        return _serves(stack, target, mention.port)
    if is_loopback(host) or is_any_address(host):
        return not _serves(stack, source, mention.port) and _expects(stack, target, mention)
    if is_address(host):
        if host in target.addresses:
            return True
        holder = stack.holder(host)
        return _in_subnets(stack, host) and _expects(stack, target, mention) and (
            holder is None or not _serves(stack, holder, mention.port)
        )
    if host in HOST_NAMES:
        return any(p.host_port == mention.port for p in (*target.published, *target.publications))
    borne = any(True for _ in stack.bearers(host)) or any(host in (c.name, c.service) for c in stack.containers)
    return not borne and "." not in host and _expects(stack, target, mention)


def _serves(stack: Stack, container: Container, port: int) -> bool:
    """Whether the container has the port open, or exposes it where its sockets cannot be seen."""
    if not port:
        return False
    sockets = stack.sockets(container)
    if not isinstance(sockets, Unable):
        return any(x.port == port for x in sockets.listeners)
    return any(p == port for p, _ in container.exposed)


def _expects(stack: Stack, target: Container, mention: Mention) -> bool:
    """Whether the target is the kind of service that the mention asks for: by its port, or by its image's name."""
    kind = mention.hint or mention.scheme
    if kind and kind in target.image and SCHEME_PORTS.get(kind, 0) in (mention.port, 0) or not mention.port:
        return bool(kind) and kind.removesuffix("ql") in target.image
    host_ports = {p.host_port for p in (*target.publications, *target.published)}
    return _serves(stack, target, mention.port) or any(p == mention.port for p, _ in target.exposed) or mention.port in host_ports


def _in_subnets(stack: Stack, address: str) -> bool:
    import ipaddress

    wanted = ipaddress.ip_address(address)
    return any(wanted in ipaddress.ip_network(s, strict=False) for n in stack.networks for s in n.subnets)


def _link(
    source: Container, address: str, port: int, protocol: Protocol, target: str, scheme: str, known_from: str
) -> Link:
    return Link(
        source=source.id, address=address, port=port, protocol=protocol, target=target, scheme=scheme, known_from=known_from
    )
