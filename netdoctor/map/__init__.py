"""The stack as a map: who is on which network, who reaches whom, which volume is whose. One module per format.

A format is a module of this package with `render(chart, options)`; its name is the module's. Nothing here computes but
`chart`, which every format draws.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from netdoctor.diagnosis import Diagnosis, LinkState
from netdoctor.finding import Verdict
from netdoctor.model import HOST, Container
from netdoctor.report import Formats, Options
from netdoctor.stack import Stack

__all__ = ["FORMATS", "Chart", "Edge", "Network", "Node", "Storage", "chart"]

NOWHERE = "no network"
OUTSIDE = "outside"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A container, all replicas of a service, or what a link leads to outside of the stack.

    `network` is the one that it is drawn in, `networks` are all; `state` is "" for what is no container.
    """

    id: str
    title: str
    network: str
    networks: tuple[str, ...] = ()
    state: str = ""
    image: str = ""
    replicas: int = 1
    sick: bool = False
    """A root cause sits on it."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A network with the nodes that are drawn in it. `driver` is "" where it is none: outside, no network."""

    name: str
    driver: str = ""
    internal: bool = False
    nodes: tuple[Node, ...] = ()


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """Links from one node to another on one port. `works` is False where any of them is broken, None for not tried."""

    source: str
    target: str
    port: str
    works: bool | None
    broken_at: str = ""
    links: int = 1
    broken: int = 0


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """A volume, or a folder of the host, with who has it where: pairs of node and path."""

    name: str
    kind: str
    users: tuple[tuple[str, str], ...] = ()


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """All that a map shows, in the order in which it is drawn."""

    networks: tuple[Network, ...] = ()
    edges: tuple[Edge, ...] = ()
    storage: tuple[Storage, ...] = ()

    @property
    def nodes(self) -> dict[str, Node]:
        """The nodes by ID."""
        return {node.id: node for network in self.networks for node in network.nodes}

    @property
    def broken(self) -> tuple[Edge, ...]:
        return tuple(e for e in self.edges if e.works is False)


Render = Callable[[Chart, Options], str]

FORMATS: Mapping[str, Render] = Formats(__name__, __path__)


def chart(stack: Stack, diagnosis: Diagnosis, containers: Iterable[Container]) -> Chart:
    """The map of these containers and of the links between them; replicas of a service are one node."""
    groups: dict[str, list[Container]] = {}
    for container in containers:
        groups.setdefault(_same(container), []).append(container)
    number = {key: f"n{i}" for i, key in enumerate(groups, start=1)}
    node_of = {c.id: number[key] for key, members in groups.items() for c in members}
    outside: dict[str, Node] = {}
    edges = _edges(diagnosis.links, node_of, outside)
    partners = _partners(edges)
    networks_of = {number[key]: _networks(stack, members) for key, members in groups.items()}
    sick = {node_of[i] for j in diagnosis.causes for i in _on(j.result.subject) if i in node_of}
    nodes = [
        Node(
            id=number[key],
            title=_title(stack, members),
            network=_home(networks_of, partners, number[key]),
            networks=networks_of[number[key]],
            state=_state(members),
            image=members[0].image,
            replicas=len(members),
            sick=number[key] in sick,
        )
        for key, members in groups.items()
    ]
    return Chart(
        networks=tuple(_drawn(stack, [*nodes, *outside.values()])),
        edges=edges,
        storage=_storage(groups, number),
    )


def _same(container: Container) -> str:
    """What replicas of a service have in common; anything else is alone."""
    return f"{container.project}/{container.service}" if container.service else container.id


def _title(stack: Stack, members: list[Container]) -> str:
    return members[0].service if len(members) > 1 else stack.title(members[0])


def _state(members: list[Container]) -> str:
    states = Counter(c.state.status for c in members)
    if len(states) == 1:
        return members[0].state.status
    return ", ".join(f"{count} {status}" for status, count in sorted(states.items()))


def _networks(stack: Stack, members: list[Container]) -> tuple[str, ...]:
    names = dict.fromkeys(e.network for c in members for e in stack.endpoints(c) if e.network != "none")
    if not names and stack.namespace_owner(members[0]).on_host_network:
        return ("host",)
    return tuple(sorted(names))


def _on(subject: object) -> tuple[str, ...]:
    """The containers at which a cause sits: of a link its target, since that is drawn with the link anyway."""
    if isinstance(subject, Container):
        return (subject.id,)
    return tuple(filter(None, (getattr(subject, "container", ""),)))


# -- edges ----------------------------------------------------------------------------------------------------------


def _edges(links: Iterable[LinkState], node_of: Mapping[str, str], outside: dict[str, Node]) -> tuple[Edge, ...]:
    found: dict[tuple[str, str, str], list[LinkState]] = {}
    for state in links:
        source = node_of.get(state.link.source) or _outside(state.source, outside)
        target = node_of.get(state.link.target) or _outside(state.link.address, outside)
        port = f"{state.link.port}{'/udp' if state.link.protocol == 'udp' else ''}"
        found.setdefault((source, target, port), []).append(state)
    return tuple(_edge(*key, states) for key, states in found.items())


def _outside(name: str, known: dict[str, Node]) -> str:
    if name not in known:
        known[name] = Node(id=f"x{len(known) + 1}", title=name, network=HOST if name == HOST else OUTSIDE)
    return known[name].id


def _edge(source: str, target: str, port: str, states: list[LinkState]) -> Edge:
    broken = [s for s in states if s.sick]
    at = [h.hop for s in broken for h in s.path if h.broken_here] or [
        h.hop for s in broken for h in s.path if h.verdict is Verdict.FAIL
    ]
    works = False if broken else True if all(s.works for s in states) else None
    return Edge(
        source=source,
        target=target,
        port=port,
        works=works,
        broken_at=at[0] if at else "",
        links=len(states),
        broken=len(broken),
    )


def _partners(edges: Iterable[Edge]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for edge in edges:
        found.setdefault(edge.source, []).append(edge.target)
        found.setdefault(edge.target, []).append(edge.source)
    return found


def _home(networks_of: Mapping[str, tuple[str, ...]], partners: Mapping[str, list[str]], node: str) -> str:
    """The network to draw a node in: the one that it shares with most of those whom it has links with."""
    mine = networks_of[node]
    if not mine:
        return NOWHERE
    shared = Counter(n for other in partners.get(node, ()) for n in networks_of.get(other, ()) if n in mine)
    return max(mine, key=lambda n: (shared[n], -mine.index(n)))


# -- networks and volumes -------------------------------------------------------------------------------------------


def _drawn(stack: Stack, nodes: list[Node]) -> Iterable[Network]:
    """The networks with most nodes first; what is on none and what is outside last."""
    by_network: dict[str, list[Node]] = {}
    for node in nodes:
        by_network.setdefault(node.network, []).append(node)
    known = {n.name: n for n in stack.networks}
    last = (HOST, NOWHERE, OUTSIDE)

    def order(name: str) -> tuple[int, int, str]:
        return (last.index(name) + 1 if name in last else 0, -len(by_network[name]), name)

    for name in sorted(by_network, key=order):
        network = known.get(name)
        yield Network(
            name=name,
            driver=network.driver if network is not None and name not in last else "",
            internal=network is not None and network.internal,
            nodes=tuple(by_network[name]),
        )


def _storage(groups: Mapping[str, list[Container]], number: Mapping[str, str]) -> tuple[Storage, ...]:
    users: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
    for key, members in groups.items():
        for mount in (m for c in members for m in c.mounts if m.kind in ("volume", "bind")):
            name = mount.name if mount.kind == "volume" else mount.source
            users.setdefault((mount.kind, name), {})[number[key], mount.destination] = None
    found = [Storage(name=name, kind=kind, users=tuple(pairs)) for (kind, name), pairs in users.items()]
    return tuple(sorted(found, key=lambda s: (s.kind != "volume", len(s.name) == 64, s.name)))
