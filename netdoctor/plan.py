"""From what was asked to what is judged: links, containers, and what belongs to them.

Pure: it reads a stack and proposes. What it cannot know without a question (the listeners of a target whose port
nobody gave) it names in `Plan.wants`; the caller asks, and plans again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from netdoctor.answers import AnyQuestion, AskHost, AskLogs, AskLookup, AskSockets
from netdoctor.links import CONNECTS, asked_for, from_host, inferred, to_published
from netdoctor.meant import might_serve
from netdoctor.mentions import Mention, is_address, is_any_address, is_loopback, mentions
from netdoctor.model import HOST, Container, Host, Link, Protocol, Scope, Subject
from netdoctor.named import called, find, project_here, within
from netdoctor.places import in_subnets, leads_outside, through
from netdoctor.request import BadRequest, Request, read_target
from netdoctor.stack import Stack


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: links, containers, and their networks, publications, mounts and volumes, and the host.

    `meant` are all links, those too whose port nobody knows (0): they are not judged, but their target was asked for.
    """

    links: tuple[Link, ...] = ()
    meant: tuple[Link, ...] = ()
    others: tuple[Subject, ...] = ()
    wants: tuple[AnyQuestion, ...] = ()
    scope: Scope = Scope()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (*self.others, *self.links)


def plan(request: Request, stack: Stack) -> Plan:
    """The links and other subjects that the request is about. Raises BadRequest and NotFound."""
    project = project_here(stack, request)
    stack_here = within(stack, project)
    if request.source is None:
        sources, everybody = whole_stack(stack_here, bool(project))
        return _planned(stack, inferred(stack, sources), everybody, whole=everybody, sources=sources, everything=True)
    if _is_host(stack, request.source):
        return _of_host(stack, request.target, stack_here)
    sources = _sources(stack, request, stack_here)
    if request.target is None:
        puzzles = [(s, m) for s in sources for m in mentions(s) if m.purpose in CONNECTS]
        links = inferred(stack, sources, unknown_names=True)
        return _planned(stack, links, sources, puzzles, whole=sources, sources=sources)
    given = read_target(request.target)
    links = (link for source in sources for one in given for link in asked_for(stack, source, one, stack_here))
    puzzles = [(source, Mention(host=one.host, port=one.port)) for source in sources for one in given]
    return _planned(stack, links, sources, puzzles, sources=sources)


def _is_host(stack: Stack, text: str) -> bool:
    """Whether SOURCE is the host, by that word or by its own name. A container that is called so wins."""
    return bool(text) and text in (HOST, stack.engine.host_name) and not stack.called(text)


def _of_host(stack: Stack, target: str | None, stack_here: tuple[Container, ...]) -> Plan:
    """What the host reaches: the target, or all that is published by who runs, or would run if its port were free."""
    wants = (AskHost(), AskSockets(container=HOST))
    if target is None:
        up = tuple(c for c in stack_here if c.state.running or c.state.error)
        return _planned(stack, to_published(stack, up), publishers=up, wants=wants)
    given = read_target(target)
    puzzles = [(stack.host, Mention(host=one.host, port=one.port)) for one in given]
    links = (link for one in given for link in from_host(stack, one, stack_here))
    return _planned(stack, links, puzzles=puzzles, wants=wants)


Containers = tuple[Container, ...]


def whole_stack(containers: Containers, project: bool) -> tuple[Containers, Containers]:
    """Whose links are judged, and which containers, where nothing was typed.

    All that runs or tries to, and of a project what should: a container that ended with an error is looked at, with
    what it needs; one that did its work or was stopped is judged if somebody needs it. What else lies about on an
    engine, and what `docker compose run` has left, is nobody's concern.
    """
    alive = tuple(c for c in containers if c.state.running or c.state.status == "restarting")
    if not project:
        return (alive or containers, alive or containers)
    members = tuple(c for c in containers if c.state.running or not c.one_off)
    if not alive:
        return members, members
    failed = tuple(c for c in members if c not in alive and c.state.exit_code not in (0, *STOPPED))
    return (*alive, *failed), members


STOPPED = (130, 137, 143)
"""Exit codes of a process that was told to end: 128 and SIGINT, SIGKILL, SIGTERM."""


def _sources(stack: Stack, request: Request, stack_here: tuple[Container, ...]) -> tuple[Container, ...]:
    """The containers called by the names of the request, first of the project, then of the whole engine."""
    found: dict[str, Container] = {}
    for name in (part.strip() for part in (request.source or "").split(",")):
        if not name:
            raise BadRequest(f"{request.source!r} holds an empty name: write commas between names, like api,worker")
        if _is_host(stack, name):
            raise BadRequest("the host is asked about alone: netdoctor host TARGET, without other names beside it")
        mine = stack_here if request.project is not None else called(stack_here, name) or stack.containers
        found.update((c.id, c) for c in find(stack, name, mine))
    return tuple(found.values())


def _planned(
    stack: Stack,
    links: Iterable[Link],
    containers: Iterable[Container] = (),
    puzzles: Iterable[tuple[Container, Mention]] = (),
    whole: Iterable[Container] = (),
    sources: Iterable[Container] = (),
    everything: bool = False,
    publishers: Iterable[Container] = (),
    wants: Iterable[AnyQuestion] = (),
) -> Plan:
    """`whole`: the containers that are judged with all their publications and mounts, not only as ends of links.

    `publishers`: those that are judged with all their publications. `wants`: more that is asked before the second plan.
    """
    once: dict[tuple[str, str, int, Protocol], Link] = {}
    for link in links:
        once.setdefault((link.source, link.address, link.port, link.protocol), link)
    meant = tuple(once.values())
    ends = [e for link in meant for e in (stack.container(link.source), stack.target(link)) if e is not None]
    ends += [stack.namespace_owner(end) for end in ends]
    judged = tuple({c.id: c for c in (*containers, *publishers, *ends) if c.id != HOST}.values())
    # Who is meant by localhost:5432 is told by who listens on 5432.
    asked = {c.id: c for c in judged} | {c.id: c for s, m in puzzles for c in might_serve(stack, s, m)}
    wanted: list[AnyQuestion] = [AskSockets(container=c.id) for c in asked.values() if c.state.running]
    # What a container complains of tells where it means to go.
    wanted += [AskLogs(container=c.id) for c in sources]
    # A name outside may stand for an address in a subnet of this engine, which is looked at then.
    named = [k for k in meant if not k.target and not is_address(k.address)]
    wanted += [
        AskLookup(container=k.source, name=k.address) for k in named if leads_outside(stack, stack.source(k), k.address)
    ]
    # So may an address that only the host itself can tell to be one of its own.
    wanted += [AskHost() for link in meant if _may_be_own(stack, link.address)][:1]
    scope = Scope(whole=tuple(c.id for c in whole), everything=everything)
    parts = _parts(stack, meant, judged, set(scope.whole), {c.id for c in publishers} | set(scope.whole))
    return Plan(
        links=tuple(k for k in meant if k.port),
        meant=meant,
        others=(*judged, *parts),
        wants=(*wants, *wanted),
        scope=scope,
    )


def _may_be_own(stack: Stack, address: str) -> bool:
    if not is_address(address) or is_loopback(address) or is_any_address(address):
        return False
    return not in_subnets(stack, address)


def _parts(
    stack: Stack, links: tuple[Link, ...], judged: tuple[Container, ...], whole: set[str], publishers: set[str]
) -> Iterator[Subject]:
    """The host, the networks of all, the publications that links go through; of who does not run, what may be why.

    `whole` and `publishers` are IDs of containers: of those all publications and mounts, of these all publications.
    """
    yield Host()
    networks = dict.fromkeys(e.network_id for c in judged for e in stack.endpoints(c))
    networks |= dict.fromkeys(n.id for link in links for a in _nobodys(stack, link) for n in stack.having(a))
    yield from (n for i in networks if (n := stack.network(i)) is not None and n.name not in ("host", "none"))
    published = [p for c in judged if c.id in publishers or not c.state.running for p in c.publications]
    yield from dict.fromkeys((*published, *(p for link in links for p in through(stack, link))))
    mounts = [m for c in judged if c.id in whole or not c.state.running for m in c.mounts]
    yield from mounts
    volumes = dict.fromkeys(m.name for m in mounts if m.name)
    yield from (v for name in volumes if (v := stack.volume(name)) is not None)


def _nobodys(stack: Stack, link: Link) -> Iterator[str]:
    """The addresses of the link that no container has: one in a subnet of this engine is lost there."""
    found = (link.address.strip("[]"),) if is_address(link.address) else stack.found(link)
    yield from (a for a in found if stack.holder(a) is None)
