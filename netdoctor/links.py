"""From what was asked to the links that are judged: who means to reach which address, and which container is meant.

Pure: it reads a stack and proposes. What it cannot know without a question (the listeners of a target whose port
nobody gave) it names in `Plan.wants`; the caller asks, and plans again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from netdoctor.answers import AnyQuestion, AskLogs, AskSockets, Logs, Unable
from netdoctor.mentions import (
    DATABASE,
    SCHEME_PORTS,
    Mention,
    is_address,
    is_any_address,
    is_loopback,
    kind_of,
    mentions,
    nearest,
)
from netdoctor.model import HOST, Container, Link, Protocol, Stack, Subject
from netdoctor.named import called, find, within
from netdoctor.questions import in_subnets, means_host
from netdoctor.request import BadRequest, Given, Request, read_target


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: links, and containers on their own.

    `meant` are all links, those too whose port nobody knows (0): they are not judged, but their target was asked for.
    """

    links: tuple[Link, ...] = ()
    meant: tuple[Link, ...] = ()
    containers: tuple[Container, ...] = ()
    wants: tuple[AnyQuestion, ...] = ()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (*self.containers, *self.links)


def plan(request: Request, stack: Stack) -> Plan:
    """The links and containers that the request is about. Raises BadRequest and NotFound."""
    stack_here = within(stack, request.project)
    if request.source is None:
        sources = tuple(c for c in stack_here if c.state.running) or stack_here
        return _planned(stack, _inferred(stack, sources), stack_here if request.project else sources)
    if request.source == HOST and not any(c.name == HOST for c in stack.containers):
        raise BadRequest("the host as SOURCE is not supported yet: name the container that cannot connect")
    sources = find(stack, request.source, stack_here)
    if request.target is None:
        puzzles = [(s, m) for s in sources for m in mentions(s) if m.purpose in _CONNECTS]
        return _planned(stack, _inferred(stack, sources, unknown_names=True), sources, puzzles)
    given = read_target(request.target)
    links = tuple(link for source in sources for link in _asked_for(stack, source, given, stack_here))
    puzzles = [(source, Mention(host=given.host, port=given.port)) for source in sources]
    return _planned(stack, links, sources, puzzles)


def _planned(
    stack: Stack,
    links: Iterable[Link],
    containers: Iterable[Container],
    puzzles: Iterable[tuple[Container, Mention]] = (),
) -> Plan:
    once: dict[tuple[str, str, int, Protocol], Link] = {}
    for link in links:
        once.setdefault((link.source, link.address, link.port, link.protocol), link)
    ends = [e for link in once.values() for e in (stack.container(link.source), stack.target(link)) if e is not None]
    ends += [stack.namespace_owner(end) for end in ends]
    judged = tuple({c.id: c for c in (*containers, *ends)}.values())
    # Who is meant by localhost:5432 is told by who listens on 5432; who by http://localhost:8080, by the complaints.
    asked = {c.id: c for c in judged} | {c.id: c for s, m in puzzles for c in _might_serve(stack, s, m)}
    wants: list[AnyQuestion] = [AskSockets(container=c.id) for c in asked.values() if c.state.running]
    wants += [AskLogs(container=c.id) for c in judged if any(_in_browser(stack, c, m) for m in mentions(c))]
    meant = tuple(once.values())
    return Plan(links=tuple(k for k in meant if k.port), meant=meant, containers=judged, wants=tuple(wants))


# -- links of one typed target ------------------------------------------------------------------------------------


def _asked_for(stack: Stack, source: Container, given: Given, among: tuple[Container, ...]) -> Iterator[Link]:
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
    target = by_alias or _meant(stack, source, mention)
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

_CONNECTS = ("client", "proxy")
"""The purposes of mentions to which the process itself connects."""


def _configured(stack: Stack, source: Container, target: Container) -> Iterator[Link]:
    """The addresses in the source's configuration that mean the target, right or wrong."""
    told = [m for m in mentions(source) if m.purpose in _CONNECTS]
    named = [m for m in told if _is_named(stack, target, m.host)]
    wrong = [m for m in told if m not in named and _could_mean(stack, source, target, m)]
    if named:  # where the target is named, an unknown name is somebody else's, and a spare address nobody's
        wrong = [m for m in wrong if not m.spare and not _is_name(m.host)]
    browser = [m for m in mentions(source) if m.purpose == "browser" and _is_named(stack, target, m.host)]
    if not stack.shared_networks(source, target):
        browser = []  # the browser connects, the source need not
    found = (*named, *wrong) or browser or [m for m in told if _last_guess(stack, source, target, m)]
    for mention in found:
        yield from _mentioned(stack, source, target, mention)


def _inferred(stack: Stack, sources: Iterable[Container], unknown_names: bool = False) -> Iterator[Link]:
    for source in sources:
        told = [m for m in mentions(source) if m.purpose in (*_CONNECTS, "browser")]
        named = {m: c for m in told if (c := _bearer(stack, source, m.host)) is not None}
        taken = {c.id for c in named.values()}
        for mention in told:
            target = named.get(mention)
            if mention.purpose == "browser":
                if target is None or not stack.shared_networks(source, target):
                    continue
            elif target is None and not mention.spare:
                target = _meant(stack, source, mention, taken)
            if target is not None and target.id == source.id:
                continue
            if target is not None or _worth_asking(stack, source, mention, unknown_names):
                yield from _mentioned(stack, source, target, mention)


def _worth_asking(stack: Stack, source: Container, mention: Mention, unknown_names: bool) -> bool:
    """Whether an address that means nobody for certain is a link all the same."""
    if not mention.sure or not mention.port or mention.spare or mention.purpose == "browser":
        return False
    if _is_name(mention.host):
        return unknown_names
    if is_loopback(mention.host) and isinstance(stack.sockets(source), Unable):  # nobody can say that it serves itself
        return not _serves(stack, source, mention.port) and not _in_browser(stack, source, mention)
    return unknown_names and len(_candidates(stack, source, mention)) > 1


def _is_name(host: str) -> bool:
    """Whether it is a name without a dot, such as containers have: one with a dot may be anywhere in the world."""
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


# -- which container is meant -------------------------------------------------------------------------------------


def _bearer(stack: Stack, source: Container, host: str) -> Container | None:
    """The container that bears the name: on the source's networks, else anywhere; a running one if there is."""
    reachable = [e.network_id for e in stack.endpoints(source)]
    for bearers in (stack.bearers(host, reachable), stack.bearers(host)):
        found = [c for c, _ in bearers]
        if found:
            return next((c for c in found if c.state.running), found[0])
    called = [c for c in stack.containers if host in (c.service, c.name)]
    return called[0] if len(called) == 1 else None


def _meant(stack: Stack, source: Container, mention: Mention, taken: Iterable[str] = ()) -> Container | None:
    """The container that a mention means, if exactly one can be. `taken`: IDs that other mentions name already."""
    borne = _bearer(stack, source, mention.host)
    if borne is not None:
        return borne
    holder = stack.holder(mention.host)
    if holder is not None and (not mention.port or _serves(stack, holder, mention.port)):
        return holder
    candidates = _candidates(stack, source, mention)
    if len(candidates) > 1:
        taken = set(taken)
        candidates = [c for c in candidates if c.id not in taken]
    return candidates[0] if len(candidates) == 1 else holder


def _candidates(stack: Stack, source: Container, mention: Mention) -> list[Container]:
    """The likeliest of those that an address of nobody, or localhost, can mean: neighbours, never a stranger."""
    found = [c for c in stack.containers if c.id != source.id and _could_mean(stack, source, c, mention)]
    if means_host(stack, source, mention.host):
        found = [c for c in found if _published(c, mention.port)] or found
    else:
        found = [c for c in found if _neighbours(stack, source, c)]
    found = [c for c in found if c.state.running] or found
    return [c for c in found if _serves_others(stack, c, mention.port)] or found


def _is_named(stack: Stack, target: Container, host: str) -> bool:
    """Whether the host is one of the target's names or addresses."""
    owner = stack.namespace_owner(target)
    names = {n for e in owner.endpoints for n in stack.names(owner, e)}
    names |= {target.name.lower(), target.service.lower(), target.host_name.lower()} - {""}
    names |= {f"{n}.{e.network.lower()}" for n in names for e in owner.endpoints}
    return host.lower().rstrip(".") in names or host.strip("[]") in owner.addresses


def _could_mean(stack: Stack, source: Container, target: Container, mention: Mention) -> bool:
    """Whether an address that is none of the target's can stand for it: localhost, an old address, a wrong name."""
    host, port = mention.host, mention.port
    if means_host(stack, source, host):
        return _published(target, port) or _serves_at_host(stack, target, port)
    if is_loopback(host) or is_any_address(host):
        if stack.same_namespace(source, target):
            return bool(port) and _serves(stack, target, port)
        if _in_browser(stack, source, mention, target):
            return False
        return not _serves(stack, source, port) and _expects(stack, target, mention)
    if not is_address(host):
        return _is_name(host) and _bearer(stack, source, host) is None and _expects(stack, target, mention)
    holder = stack.holder(host)
    free = holder is None or not _serves(stack, holder, port)
    return free and in_subnets(stack, host) and _expects(stack, target, mention)


def _last_guess(stack: Stack, source: Container, target: Container, mention: Mention) -> bool:
    """Whether a typed target can be meant where nothing better is known of either.

    Its ports are unknown, and the source asks itself; or another container has the address that it once had.
    """
    host, port = mention.host, mention.port
    if not port or _is_named(stack, source, host):
        return False
    if is_address(host) and not is_loopback(host) and not is_any_address(host):
        return stack.holder(host) is not None and _expects(stack, target, mention)
    blank = isinstance(stack.sockets(target), Unable) and not target.exposed
    return blank and (is_loopback(host) or is_any_address(host)) and not _serves(stack, source, port)


def _might_serve(stack: Stack, source: Container, mention: Mention) -> Iterator[Container]:
    """The neighbours whose sockets tell whether they are meant by an address that nobody has."""
    if not mention.port or _bearer(stack, source, mention.host) is not None:
        return
    at_host = means_host(stack, source, mention.host)
    if not (at_host or _is_name(mention.host) or is_loopback(mention.host) or is_address(mention.host)):
        return
    for container in stack.containers:
        possible = not container.exposed or any(port == mention.port for port, _ in container.exposed)
        near = container.on_host_network if at_host else bool(stack.shared_networks(source, container))
        if possible and near and container.id != source.id:
            yield container


def _serves(stack: Stack, container: Container, port: int) -> bool:
    """Whether the container has the port open, or exposes it where its sockets cannot be seen."""
    if not port:
        return False
    sockets = stack.sockets(container)
    if not isinstance(sockets, Unable):
        return any(x.port == port for x in sockets.listeners)
    return any(p == port for p, _ in container.exposed)


def _neighbours(stack: Stack, one: Container, other: Container) -> bool:
    same_project = one.project != "" and one.project == other.project
    return same_project or bool(stack.shared_networks(one, other)) or stack.same_namespace(one, other)


def _serves_others(stack: Stack, container: Container, port: int) -> bool:
    sockets = stack.sockets(container)
    return isinstance(sockets, Unable) or any(x.port == port and not is_loopback(x.address) for x in sockets.listeners)


def _in_browser(stack: Stack, source: Container, mention: Mention, target: Container | None = None) -> bool:
    """Whether http://localhost:8080 may be there for a browser on the host: it is right there, for it is published.

    Not so for a container that serves no browser, nor for one whose log shows that it asks there itself.
    """
    if mention.scheme not in ("http", "https", "ws", "wss") or not is_loopback(mention.host) or not source.publications:
        return False
    published = (target,) if target is not None else stack.containers
    if not any(p.host_port == mention.port for c in published for p in c.published):
        return False
    logs = stack.logs(source)
    place = re.compile(rf"(localhost|127\.0\.0\.1|::1\]?):{mention.port}\b")
    lines = (line.text for line in logs.lines) if isinstance(logs, Logs) else ()
    return not any("refused" in text.lower() and place.search(text) for text in lines)


def _serves_at_host(stack: Stack, target: Container, port: int) -> bool:
    """Whether a container on the host's network has the port open; there it sees the sockets of everybody."""
    sockets = stack.sockets(target)
    if not target.on_host_network or isinstance(sockets, Unable):
        return False
    return any(x.port == port and x.process is not None for x in sockets.listeners)


def _published(target: Container, port: int) -> bool:
    return any(port in (p.host_port, p.container_port) for p in (*target.published, *target.publications))


def _expects(stack: Stack, target: Container, mention: Mention) -> bool:
    """Whether the target is the kind of service that the mention asks for: by its port, or by its image's name."""
    if not mention.port:
        return bool(mention.hint) and _is_kind(target, mention.hint)
    if _serves(stack, target, mention.port) or any(p == mention.port for p, _ in target.exposed):
        return True
    if any(p.host_port == mention.port for p in (*target.publications, *target.published)):
        return True
    return SCHEME_PORTS.get(mention.hint) == mention.port and _is_kind(target, mention.hint)


# What the images of a kind of service are called.
_IMAGES = {
    "postgres": ("postgres", "postgis", "timescale", "pgvector"),
    "postgresql": ("postgres", "postgis", "timescale", "pgvector"),
    "mysql": ("mysql", "mariadb", "percona"),
    "mariadb": ("mysql", "mariadb", "percona"),
    "mongodb": ("mongo",),
    "redis": ("redis", "valkey", "keydb", "dragonfly"),
    "rediss": ("redis", "valkey", "keydb", "dragonfly"),
    "amqp": ("rabbitmq", "activemq"),
    "kafka": ("kafka", "redpanda"),
    "elasticsearch": ("elasticsearch", "opensearch"),
    "sqlserver": ("mssql", "sql-server", "sqlserver"),
    "smtp": ("smtp", "mail", "postfix"),
    DATABASE: ("postgres", "postgis", "mysql", "mariadb", "percona", "mongo", "mssql", "cockroach"),
}


def _is_kind(target: Container, kind: str) -> bool:
    image = target.image.rpartition("/")[2].partition(":")[0]
    return any(word in image for word in _IMAGES.get(kind, (kind,)))


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
