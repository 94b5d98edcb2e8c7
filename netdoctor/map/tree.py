"""The map for a terminal: networks, who is on them, whom they ask and what they keep."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.map import Chart, Edge, Network, Node, Storage
from netdoctor.report import Options
from netdoctor.report._page import BOLD, DIM, GREEN, RED, YELLOW, Page, Piece
from netdoctor.report._sentences import counted, named

MANY = 12
"""Nodes of a network beyond which those without links and volumes are only counted."""


def render(chart: Chart, options: Options) -> str:
    page = Page(options)
    for network in chart.networks:
        page.gap()
        _network(page, chart, network)
    _keepers(page, chart)
    page.gap()
    page.prose(_sum(chart), RED if chart.broken else DIM)
    return page.text


def _sum(chart: Chart) -> str:
    links = sum(e.links for e in chart.edges)
    broken = sum(e.broken for e in chart.edges)
    containers = sum(n.replicas for n in chart.nodes.values() if n.state)
    said = f"{counted(containers, 'container')}, {counted(links, 'link')}"
    return f"{said}, {broken} broken" if broken else said


def _network(page: Page, chart: Chart, network: Network) -> None:
    kind = " ".join(filter(None, (network.driver, "internal" if network.internal else "")))
    page.put((network.name, BOLD), (f"  {kind}" if kind else "", DIM))
    told = {e.source for e in chart.edges} | {e.target for e in chart.edges}
    told |= {node for storage in chart.storage for node, _ in storage.users}
    shown = list(network.nodes)
    if len(shown) > MANY and not page.options.verbose:
        shown = [n for n in shown if n.id in told or n.sick or n.state not in ("running", "")]
    left_out = [n for n in network.nodes if n not in shown]
    for number, node in enumerate(shown):
        _node(page, chart, node, last=number == len(shown) - 1 and not left_out)
    if left_out:
        page.put((f"{_branch(page, True)} ", DIM), (f"{named([n.title for n in left_out], 4)}", ""), _alone(left_out))


def _alone(nodes: list[Node]) -> Piece:
    return (f"  {counted(len(nodes), 'node')} without links and volumes (-v)", DIM)


def _branch(page: Page, last: bool) -> str:
    if not page.options.unicode:
        return "`-" if last else "|-"
    return "└─" if last else "├─"


def _node(page: Page, chart: Chart, node: Node, *, last: bool) -> None:
    stem = ("   " if last else "│  ") if page.options.unicode else ("   " if last else "|  ")
    replicas = f" x{node.replicas}" if node.replicas > 1 else ""
    also = [n for n in node.networks if n != node.network]
    pieces: list[Piece] = [(f"{_branch(page, last)} ", DIM), (node.title + replicas, RED if node.sick else BOLD)]
    if node.state and node.state != "running":
        pieces.append((f"  {node.state}", YELLOW))
    if also:
        pieces.append((f"  also on {named(also)}", DIM))
    page.put(*pieces)
    for edge in (e for e in chart.edges if e.source == node.id):
        page.put((stem + "  ", DIM), *_edge(page, chart, edge))
    for storage, path in _kept(chart, node):
        page.put((f"{stem}  {_called(storage)} at {path}", DIM))


def _edge(page: Page, chart: Chart, edge: Edge) -> Iterator[Piece]:
    signs = page.signs
    target = f"{chart.nodes[edge.target].title}:{edge.port}"
    if edge.works is False:
        how_many = f"{edge.broken} of {edge.links} " if edge.links > 1 else ""
        yield f"{signs.broken} {signs.arrow} {target}  {how_many}broken", RED
        yield (f" at {edge.broken_at}" if edge.broken_at else ""), RED
    elif edge.works is None:
        yield f"? {signs.arrow} {target}  not tried", YELLOW
    else:
        yield f"{signs.reached} ", GREEN
        yield f"{signs.arrow} {target}", ""


def _kept(chart: Chart, node: Node) -> Iterator[tuple[Storage, str]]:
    for storage in chart.storage:
        yield from ((storage, path) for user, path in storage.users if user == node.id)


def _called(storage: Storage) -> str:
    if storage.kind == "bind":
        return f"folder {storage.name}"
    return "an anonymous volume" if len(storage.name) == 64 else f"volume {storage.name}"


def _keepers(page: Page, chart: Chart) -> None:
    """What several have in common: the rest stands with its only user."""
    shared = [s for s in chart.storage if len({user for user, _ in s.users}) > 1]
    if not shared:
        return
    page.gap()
    page.put(("shared", BOLD))
    for number, storage in enumerate(shared):
        users = [chart.nodes[user].title for user in dict.fromkeys(user for user, _ in storage.users)]
        branch = _branch(page, number == len(shared) - 1)
        page.put((f"{branch} ", DIM), (_called(storage), ""), (f"  {named(users)}", DIM))
