"""The map as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.map import Chart, Edge, Node
from netdoctor.report import Options


def render(chart: Chart, _: Options) -> str:
    return "\n".join(_lines(chart)) + "\n"


def _lines(chart: Chart) -> Iterator[str]:
    yield "flowchart LR"
    for number, network in enumerate(chart.networks, start=1):
        kind = " ".join(filter(None, (network.driver, "internal" if network.internal else "")))
        yield f'  subgraph s{number}["{_text(network.name)}{f" ({_text(kind)})" if kind else ""}"]'
        for node in network.nodes:
            yield f"    {node.id}{_shape(node)}"
        yield "  end"
    for number, storage in enumerate(chart.storage, start=1):
        name = "anonymous volume" if len(storage.name) == 64 else storage.name
        yield f'  v{number}[("{_text(name)}")]'
        yield from (f'  {user} -. "{_text(path)}" .- v{number}' for user, path in storage.users)
    before = sum(len(s.users) for s in chart.storage)
    for edge in chart.edges:
        yield f'  {edge.source} {_arrow(edge)}|"{_text(_label(edge))}"| {edge.target}'
    broken = [str(before + i) for i, e in enumerate(chart.edges) if e.works is False]
    if broken:
        yield f"  linkStyle {','.join(broken)} stroke:#c62828,stroke-width:3px,color:#c62828"
    sick = [n.id for n in chart.nodes.values() if n.sick]
    if sick:
        yield "  classDef sick stroke:#c62828,stroke-width:3px"
        yield f"  class {','.join(sick)} sick"


def _shape(node: Node) -> str:
    replicas = f" x{node.replicas}" if node.replicas > 1 else ""
    state = f"<br>{_text(node.state)}" if node.state not in ("", "running") else ""
    label = f"{_text(node.title)}{replicas}{state}"
    return f'["{label}"]' if node.state else f'(["{label}"])'


def _arrow(edge: Edge) -> str:
    return {True: "-->", False: "--x", None: "-.->"}[edge.works]


def _label(edge: Edge) -> str:
    if edge.works is not False:
        return edge.port
    return f"{edge.port} broken{f' at {edge.broken_at}' if edge.broken_at else ''}"


def _text(text: str) -> str:
    """Mermaid's own entities for what ends a quoted label or would be markup."""
    for sign, entity in (("#", "#35;"), ("&", "#38;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, entity)
    return "".join(c if c.isprintable() else " " for c in text)
