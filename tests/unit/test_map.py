"""The map: what it shows, and that no name breaks a format."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from netdoctor.answers import AskConnection, Asked, Attempt, Connection
from netdoctor.diagnosis import diagnose
from netdoctor.map import FORMATS, Chart, chart
from netdoctor.model import Container, Endpoint, Engine, Link, Mount, Network, State
from netdoctor.report import Options
from netdoctor.request import Request
from netdoctor.stack import Stack

DEMO = Path(__file__).parents[2] / "netdoctor" / "demo.json"
HOSTILE = 'a"b<c>&#d\\e\x1b[31m]'


def container(name: str, *networks: str, service: str = "", **fields: object) -> Container:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": service} if service else {}
    return Container(
        id=name.ljust(64, "-"),
        name=name,
        state=State(status="running"),
        labels=labels,
        endpoints=tuple(Endpoint(network=n, network_id=n) for n in networks),
        **fields,  # type: ignore[arg-type]
    )


def mount(name: str, path: str, kind: str = "volume") -> Mount:
    return Mount(kind=kind, name=name if kind == "volume" else "", source=name, destination=path)


def drawn(containers: tuple[Container, ...], *links: tuple[Link, str]) -> Chart:
    asked = tuple(
        Asked(question=AskConnection.of(link), answer=Connection(attempts=(Attempt(address="10.0.0.9", outcome=how),)))  # type: ignore[arg-type]
        for link, how in links
    )
    names = sorted({e.network for c in containers for e in c.endpoints})
    networks = tuple(Network(id=n, name=n, driver="bridge", internal=n == "back") for n in names)
    meant = tuple(link for link, _ in links)
    stack = Stack(engine=Engine(), containers=containers, networks=networks, asked=asked, links=meant)
    return chart(stack, diagnose(Request(), stack, meant, ()), containers)


def link(source: Container, target: Container | str, port: int) -> Link:
    if isinstance(target, str):
        return Link(source=source.id, address=target, port=port)
    return Link(source=source.id, address=target.name, port=port, target=target.id)


WEB = tuple(container(f"shop-web-{i}", "front", service="web") for i in (1, 2))
API = container("shop-api-1", "back", "front", service="api", mounts=(mount("code", "/app"),))
DB = container(
    "shop-db-1", "back", service="db", mounts=(mount("data", "/var/lib/postgresql/data"), mount("code", "/c"))
)
SHOP = drawn(
    (*WEB, API, DB),
    (link(WEB[0], API, 80), "connected"),
    (link(WEB[1], API, 80), "refused"),
    (link(API, DB, 5432), "connected"),
    (link(API, "example.com", 443), "timed-out"),
)


def test_replicas_are_one_node_and_their_links_one_edge() -> None:
    assert [(n.name, [x.title for x in n.nodes]) for n in SHOP.networks] == [
        ("back", ["api", "db"]),
        ("front", ["web"]),
        ("outside", ["example.com"]),
    ]
    web = SHOP.nodes["n1"]
    assert (web.replicas, web.networks) == (2, ("front",))
    assert [(e.port, e.works, e.links, e.broken) for e in SHOP.edges] == [
        ("80", False, 2, 1),
        ("5432", True, 1, 0),
        ("443", False, 1, 1),
    ]
    assert [(s.name, len(s.users)) for s in SHOP.storage] == [("code", 2), ("data", 1)]


def test_the_tree_says_who_asks_whom_and_who_shares() -> None:
    assert (
        FORMATS["tree"](SHOP, Options())
        == """\
back  bridge internal
├─ api  also on front
│    ✓ → db:5432
│    ✗ → example.com:443  broken
│    volume code at /app
└─ db
     volume code at /c
     volume data at /var/lib/postgresql/data

front  bridge
└─ web x2
     ✗ → api:80  1 of 2 broken

outside
└─ example.com

shared
└─ volume code  api and db

4 containers, 4 links, 2 broken
"""
    )


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_name_breaks_a_format(name: str) -> None:
    odd = container(HOSTILE, "front", mounts=(mount(HOSTILE, "/a", kind="bind"),))
    text = FORMATS[name](
        drawn((odd, DB), (link(odd, DB, 5432), "refused"), (link(odd, HOSTILE, 1), "connected")), Options()
    )
    assert "\x1b" not in text
    if name == "svg":
        ET.fromstring(text)  # raises where it is not well-formed
    if name == "mermaid":
        labels = [line for line in text.splitlines() if '["' in line]
        assert all(line.count('"') == 2 for line in labels)
    if name == "dot":
        assert 'a\\"b<c>&#d\\\\e' in text


def test_the_picture_asks_nothing_of_any_network() -> None:
    text = FORMATS["svg"](SHOP, Options())
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text


@pytest.mark.parametrize("count", [5, 50, 300])
def test_no_two_cards_of_a_picture_lie_on_each_other(count: int) -> None:
    many = tuple(container(f"c{i}", ("front", "back", "data")[i % 3]) for i in range(count))
    links = [(link(many[i], many[i // 7], 80), "connected") for i in range(1, count)]
    root = ET.fromstring(FORMATS["svg"](drawn(many, *links), Options()))
    cards = [
        tuple(float(r.attrib[k]) for k in ("x", "y", "width", "height"))
        for r in root.iter("{http://www.w3.org/2000/svg}rect")
        if r.attrib["class"].startswith("card")
    ]
    assert len(cards) == count
    for number, (x, y, w, h) in enumerate(cards):
        assert all(x + w <= a or a + c <= x or y + h <= b or b + d <= y for a, b, c, d in cards[:number])


def test_many_without_links_are_counted_and_listed_with_v() -> None:
    many = tuple(container(f"idle{i}", "front") for i in range(40))
    short, long = (FORMATS["tree"](drawn((*many, DB)), Options(verbose=v)) for v in (False, True))
    assert "40 nodes without links and volumes (-v)" in short
    assert len(short.splitlines()) < 12
    assert "idle39" in long


def test_the_command_draws_a_capture(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "netdoctor", "map", "--from", str(DEMO)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "→ postgres:5432  broken at interface" in done.stdout
    picture = tmp_path / "map.svg"
    subprocess.run([*argv, "-f", "svg", "-o", str(picture)], check=True)
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    wrong = subprocess.run([*argv, "-f", "png"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "choose dot, mermaid, svg, tree" in wrong.stderr
