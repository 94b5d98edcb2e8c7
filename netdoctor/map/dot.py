"""The map as a DOT graph: https://graphviz.org/doc/info/lang.html"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.map import Chart, Edge, Node
from netdoctor.report import Options


def render(chart: Chart, _: Options) -> str:
    return "\n".join(_lines(chart)) + "\n"


def _lines(chart: Chart) -> Iterator[str]:
    yield "digraph stack {"
    yield "  rankdir=LR"
    yield '  node [shape=box, style=rounded, fontname="sans-serif"]'
    yield '  edge [fontname="sans-serif", fontsize=10]'
    for number, network in enumerate(chart.networks, start=1):
        kind = " ".join(filter(None, (network.driver, "internal" if network.internal else "")))
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(network.name + (f' ({kind})' if kind else ''))}"
        yield from (f"    {node.id} [{_node(node)}]" for node in network.nodes)
        yield "  }"
    for number, storage in enumerate(chart.storage, start=1):
        name = "anonymous volume" if len(storage.name) == 64 else storage.name
        yield f"  v{number} [shape=cylinder, style=solid, label={_quoted(name)}]"
        for user, path in storage.users:
            yield f"  {user} -> v{number} [arrowhead=none, style=dotted, label={_quoted(path)}]"
    yield from (f"  {edge.source} -> {edge.target} [{_edge(edge)}]" for edge in chart.edges)
    yield "}"


def _node(node: Node) -> str:
    replicas = f" x{node.replicas}" if node.replicas > 1 else ""
    state = f"\n{node.state}" if node.state not in ("", "running") else ""
    red = ', color="#c62828", penwidth=2' if node.sick else ""
    shape = "" if node.state else ", shape=oval"
    return f"label={_quoted(node.title + replicas + state)}{shape}{red}"


def _edge(edge: Edge) -> str:
    if edge.works is False:
        at = f" broken{f' at {edge.broken_at}' if edge.broken_at else ''}"
        return f'label={_quoted(edge.port + at)}, color="#c62828", fontcolor="#c62828", penwidth=2, arrowhead=tee'
    return f"label={_quoted(edge.port)}" + (", style=dashed" if edge.works is None else "")


def _quoted(text: str) -> str:
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
