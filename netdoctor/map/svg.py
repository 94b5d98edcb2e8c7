"""The map as a picture that needs nothing but itself: no script, no font, no address on any network.

Networks are boxes, and in each box those who ask stand left of those whom they ask. The more nodes there are, the less
is written on each; what is left out stands in its tooltip.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from typing import NamedTuple
from xml.sax.saxutils import escape

from netdoctor.map import Chart, Edge, Network, Node
from netdoctor.report import Options

_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; color: #1b1f24 }
.box { fill: #f6f8fa; stroke: #d0d7de } .name { font-weight: 600; fill: currentColor } .kind { fill: #656d76 }
.card { fill: #fff; stroke: #8c959f } .text { fill: currentColor } .small { font-size: 10.5px; fill: #656d76 }
.outside { stroke-dasharray: 4 3 } .off { fill: #fff8c5; stroke: #bf8700 }
.hurt { stroke: #c62828 } .sick { stroke: #c62828; stroke-width: 3 }
.edge { fill: none; stroke: #2da44e; stroke-opacity: .55 } .untried { stroke: #8c959f; stroke-dasharray: 4 3 }
.broken { stroke: #c62828; stroke-opacity: 1; stroke-width: 2.2 }
.port { font-size: 10.5px; fill: #656d76; paint-order: stroke; stroke: #f6f8fa; stroke-width: 4px }
.bad { fill: #c62828; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; color: #e6edf3 } .box { fill: #161b22; stroke: #30363d }
  .card { fill: #0d1117; stroke: #6e7681 } .off { fill: #3b2e00 } .kind, .small, .port { fill: #8b949e }
  .port { stroke: #161b22 } .bad { fill: #ff7b72 } .hurt, .sick, .broken { stroke: #ff7b72 }
}
"""


class Size(NamedTuple):
    """What a card measures, how much is written on it, and the room between columns; all in pixels."""

    width: int
    height: int
    gap: int
    lines: int
    """Lines of text: the name, the image or state, the volumes."""


_SIZES = ((14, Size(168, 54, 90, 3)), (80, Size(132, 34, 64, 2)), (10**9, Size(104, 20, 44, 1)))
_PAD, _HEAD, _BETWEEN, _FOOT = 16, 30, 26, 34


class Place(NamedTuple):
    """Where a card stands: its upper left corner."""

    x: float
    y: float


class Places(NamedTuple):
    """Where the cards stand, by node, and the ports that each is asked for, in order."""

    cards: dict[str, Place]
    ports: dict[str, list[str]]


class Box(NamedTuple):
    """A network's place and measures."""

    network: Network
    x: float
    y: float
    width: float
    height: float


def render(chart: Chart, _: Options) -> str:
    size = next(s for most, s in _SIZES if len(chart.nodes) <= most)
    boxes, cards = _laid_out(chart, size)
    places = Places(cards, {n: sorted({e.port for e in chart.edges if e.target == n}) for n in chart.nodes})
    back = any(cards[e.target].x <= cards[e.source].x for e in chart.edges)  # such an edge goes around
    width = max((b.x + b.width for b in boxes), default=320) + (size.gap if back else _PAD)
    height = max((b.y + b.height for b in boxes), default=60) + _FOOT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="map of the stack">',
        f"<style>{_STYLE}</style>",
        *(line for box in boxes for line in _box(box)),
        *(
            line
            for edge in sorted(chart.edges, key=lambda e: e.works is False)
            for line in _edge(chart, edge, places, size)
        ),
        *(line for node in chart.nodes.values() for line in _card(chart, node, places.cards[node.id], size)),
        *_labels(chart, places, size),
        f'<text class="kind" x="{_PAD}" y="{height - 12:.0f}">{escape(_legend(chart))}</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _legend(chart: Chart) -> str:
    links, broken = sum(e.links for e in chart.edges), sum(e.broken for e in chart.edges)
    nodes = sum(n.replicas for n in chart.nodes.values() if n.state)
    return f"{nodes} containers, {links} links, {broken} broken. Green works, red is broken, dashed was not tried."


# -- where things stand -----------------------------------------------------------------------------------------------


def _laid_out(chart: Chart, size: Size) -> tuple[list[Box], dict[str, Place]]:
    """The boxes in rows of about the same width, and the cards in them in columns."""
    layers = _layers(chart)
    inner = [(network, _columns(network, layers)) for network in chart.networks]
    measured = [(network, columns, *_measures(network, columns, size)) for network, columns in inner]
    area = sum((w + _BETWEEN) * (h + _BETWEEN) for _, _, w, h in measured)
    widest = max([sqrt(area * 1.7), *(w for _, _, w, _ in measured)], default=0.0)
    boxes, places = [], {}
    x, y, tallest = float(_PAD), float(_PAD), 0.0
    for network, columns, w, h in measured:
        if x > _PAD and x + w > widest + _PAD:
            x, y, tallest = float(_PAD), y + tallest + _BETWEEN, 0.0
        boxes.append(Box(network, x, y, w, h))
        for number, column in enumerate(columns):
            top = y + _HEAD + (h - _HEAD - _PAD - len(column) * (size.height + 10) + 10) / 2
            for row, node in enumerate(column):
                left = x + _PAD + number * (size.width + size.gap)
                places[node.id] = Place(left, top + row * (size.height + 10))
        x, tallest = x + w + _BETWEEN, max(tallest, h)
    return boxes, places


def _layers(chart: Chart) -> dict[str, int]:
    """How far right a node stands: one further than the furthest of those who ask it. Circles end after some rounds."""
    layers = dict.fromkeys(chart.nodes, 0)
    for _ in range(8):
        before = dict(layers)
        for edge in chart.edges:
            if edge.source != edge.target:
                layers[edge.target] = min(7, max(layers[edge.target], layers[edge.source] + 1))
        if layers == before:
            break
    return layers


def _columns(network: Network, layers: dict[str, int]) -> list[list[Node]]:
    rows = max(5, ceil(sqrt(len(network.nodes) * 1.6)))
    columns: list[list[Node]] = []
    for layer in sorted({layers[n.id] for n in network.nodes}):
        nodes = [n for n in network.nodes if layers[n.id] == layer]
        columns += [nodes[i : i + rows] for i in range(0, len(nodes), rows)]
    return columns


def _measures(network: Network, columns: Sequence[Sequence[Node]], size: Size) -> tuple[float, float]:
    width = len(columns) * (size.width + size.gap) - size.gap
    tall = max(len(c) for c in columns) * (size.height + 10) - 10
    title = 8 * len(f"{network.name} {network.driver}") + 60  # about, for what the name takes
    return max(width, title) + 2 * _PAD, tall + _HEAD + _PAD


# -- what is drawn ----------------------------------------------------------------------------------------------------


def _box(box: Box) -> Iterator[str]:
    network = box.network
    kind = " ".join(filter(None, (network.driver, "internal" if network.internal else "")))
    yield (
        f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="8"/>'
    )
    yield (
        f'<text class="name" x="{box.x + _PAD:.1f}" y="{box.y + 20:.1f}">{escape(_legal(network.name))}'
        f'<tspan class="kind" dx="8" font-weight="400">{escape(_legal(kind))}</tspan></text>'
    )


def _card(chart: Chart, node: Node, place: Place, size: Size) -> Iterator[str]:
    off = node.state not in ("", "running")
    asks_in_vain = any(e.source == node.id for e in chart.broken)
    kinds = "card" + "".join(
        f" {kind}"
        for kind, on in (("outside", not node.state), ("off", off), ("hurt", asks_in_vain), ("sick", node.sick))
        if on
    )
    kept = [
        f"{'anonymous volume' if len(s.name) == 64 else s.name} at {p}"
        for s in chart.storage
        for u, p in s.users
        if u == node.id
    ]
    yield f"<g><title>{escape(_legal(_tooltip(node, kept)))}</title>"
    corner = f'x="{place.x:.1f}" y="{place.y:.1f}"'
    yield f'<rect class="{kinds}" {corner} width="{size.width}" height="{size.height}" rx="5"/>'
    title = node.title + (f" x{node.replicas}" if node.replicas > 1 else "")
    room = int(size.width / 7.4)
    also = [n for n in node.networks if n != node.network]
    second = node.state if off else (f"also on {', '.join(also)}" if also else node.image.rpartition("/")[2])
    third = kept[0] + (f" and {len(kept) - 1} more" if len(kept) > 1 else "") if kept else ""
    texts = [(title, "text"), (second, "small"), (third, "small")][: size.lines]
    for row, (text, kind) in enumerate(t for t in texts if t[0]):
        y = place.y + 15 + row * 15
        yield f'<text class="{kind}" x="{place.x + 8:.1f}" y="{y:.1f}">{escape(_cut(text, room))}</text>'
    yield "</g>"


def _tooltip(node: Node, kept: Sequence[str]) -> str:
    lines = [
        node.title,
        node.image,
        node.state,
        f"networks: {', '.join(node.networks)}" if node.networks else "",
        *kept,
    ]
    return "\n".join(line for line in lines if line)


def _edge(chart: Chart, edge: Edge, places: Places, size: Size) -> Iterator[str]:
    kind = {True: "edge", False: "edge broken", None: "edge untried"}[edge.works]
    nodes = chart.nodes
    says = f"{nodes[edge.source].title} to {nodes[edge.target].title}:{edge.port}"
    says += f", broken{f' at {edge.broken_at}' if edge.broken_at else ''}" if edge.works is False else ""
    (x1, y1), (x2, y2) = _ends(edge, places, size)
    bend = max(30.0, abs(x2 - x1) / 2)
    yield (
        f'<path class="{kind}" d="M{x1:.1f} {y1:.1f} C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} '
        f'{x2:.1f} {y2:.1f}"><title>{escape(_legal(says))}</title></path>'
    )


def _ends(edge: Edge, places: Places, size: Size) -> tuple[Place, Place]:
    """From the right side of who asks to the left side of who is asked, at a height of its own for each port."""
    source, target = places.cards[edge.source], places.cards[edge.target]
    ports = places.ports[edge.target]
    height = size.height * (ports.index(edge.port) + 1) / (len(ports) + 1)
    return Place(source.x + size.width, source.y + size.height / 2), Place(target.x, target.y + height)


def _labels(chart: Chart, places: Places, size: Size) -> Iterator[str]:
    """Each port once, before the card of who is asked; with many cards only where it is broken."""
    broken = {(e.target, e.port) for e in chart.broken}
    for edge in {(e.target, e.port): e for e in chart.edges}.values():
        bad = (edge.target, edge.port) in broken
        if bad or size.lines > 1:
            end = _ends(edge, places, size)[1]
            kind, text = ("port bad", f"✗ {edge.port}") if bad else ("port", edge.port)
            at = f'x="{end.x - 7:.1f}" y="{end.y - 4:.1f}"'
            yield f'<text class="{kind}" {at} text-anchor="end">{escape(text)}</text>'


def _cut(text: str, room: int) -> str:
    text = _legal(text)
    return text if len(text) <= room else text[: room - 1] + "…"


def _legal(text: str) -> str:
    """Without what XML forbids: https://www.w3.org/TR/xml/#charsets"""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
