"""What changed between two captures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from netdoctor.answers import Asked, AskSockets, Listener, Sockets
from netdoctor.diagnosis import diagnose
from netdoctor.difference import Change, Part, changes, facts
from netdoctor.model import Container, Endpoint, Engine, Mount, Network, Publication, State, Volume
from netdoctor.request import Request
from netdoctor.stack import Stack

DEMO = Path(__file__).parents[2] / "netdoctor" / "demo.json"
NET = Network(id="n1" * 32, name="net", driver="bridge")
DB = Container(
    id="d" * 64,
    name="db",
    image="postgres:15",
    state=State(status="running", started=1.0),
    command=("postgres",),
    environment=(("POSTGRES_PASSWORD", "<secret-1>"), ("PGDATA", "/data")),
    endpoints=(Endpoint(network="net", network_id=NET.id, address="10.0.0.2", aliases=("db", "dddddddddddd")),),
    publications=(Publication(container_port=5432, host_address="127.0.0.1", host_port=5432, container="d" * 64),),
    mounts=(Mount(kind="volume", name="pgdata", destination="/data", container="d" * 64),),
)


def told(*containers: Container, listens: str = "0.0.0.0", volumes: tuple[Volume, ...] = ()) -> Stack:
    listener = Listener(address=listens, port=5432)
    asked = (Asked(question=AskSockets(container=DB.id), answer=Sockets(listeners=(listener,))),)
    return Stack(engine=Engine(), containers=containers, networks=(NET,), volumes=volumes, asked=asked)


def between(before: Stack, after: Stack) -> list[tuple[Part, str, str, str]]:
    empty = [diagnose(Request(), stack, (), ()) for stack in (before, after)]
    found: tuple[Change, ...] = changes(facts(before, empty[0]), facts(after, empty[1]))
    return [(c.fact.part, f"{c.fact.subject}: {c.fact.what}", c.before, c.after) for c in found]


def altered(**fields: object) -> Container:
    return Container(**{f: getattr(DB, f) for f in DB.__struct_fields__} | fields)


def test_the_same_stack_differs_in_nothing_though_secrets_are_numbered_otherwise() -> None:
    again = altered(environment=(("POSTGRES_PASSWORD", "<secret-7>"), ("PGDATA", "/data")), id="e" * 64)
    assert between(told(DB), told(again)) == [(Part.LISTENERS, "db: listens on 5432/tcp at", "0.0.0.0", "")]
    assert between(told(DB), told(DB)) == []


def test_what_matters_first_comes_first() -> None:
    moved = altered(
        state=State(status="exited", exit_code=1),
        endpoints=(),
        network_mode="none",
        environment=(("PGDATA", "/other"),),
        mounts=(),
    )
    assert between(told(DB), told(moved, listens="127.0.0.1")) == [
        (Part.STATES, "db: state", "running", "exited (1)"),
        (Part.NETWORKS, "db: aliases on net", "db", ""),
        (Part.NETWORKS, "db: network mode", "", "none"),
        (Part.NETWORKS, "db: network net", "joined", ""),
        (Part.LISTENERS, "db: listens on 5432/tcp at", "0.0.0.0", "127.0.0.1"),
        (Part.CONFIGURATION, "db: environment PGDATA", "/data", "/other"),
        (Part.CONFIGURATION, "db: environment POSTGRES_PASSWORD", "<secret>", ""),
        (Part.VOLUMES, "db: mount /data", "volume pgdata", ""),
        (Part.ADDRESSES, "db: address on net", "10.0.0.2", ""),
    ]


def test_what_came_or_went_as_a_whole_is_told_once() -> None:
    volume = Volume(name="pgdata", options={"type": "nfs"})
    anonymous = Volume(name="f" * 64)
    assert between(told(), told(DB, volumes=(volume, anonymous))) == [
        (Part.STATES, "db: there", "", "a container"),
        (Part.VOLUMES, "volume pgdata: there", "", "a volume of the driver local"),
    ]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "netdoctor", "diff", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_the_command_tells_and_its_exit_code_says_whether(tmp_path: Path) -> None:
    same = run(str(DEMO), str(DEMO))
    assert (same.returncode, same.stdout) == (0, "nothing changed\n")
    other = tmp_path / "mended.json"
    other.write_text(DEMO.read_text(encoding="utf-8").replace('"127.0.0.1"', '"0.0.0.0"'), encoding="utf-8")
    differs = run(str(DEMO), str(other))
    assert differs.returncode == 1
    assert "1 new cause, 1 cause gone" in differs.stdout.splitlines()[0]
    report = json.loads(run("-f", "json", str(DEMO), str(other)).stdout)
    assert report["schema"] == "netdoctor/diff/1"
    assert {c["what"] for c in report["changes"]} >= {"port.interface/loopback-only", "listens on 5432/tcp at"}
    missing = run(str(DEMO), str(tmp_path / "none.json"))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no file" in missing.stderr
