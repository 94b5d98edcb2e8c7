"""What a name means, told from the configuration alone."""

# ruff: noqa: ARG002  stand-ins take what they are given, and are called what they stand for

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.answers import AskLookup, AskSockets, Lookup, Unable
from netdoctor.model import Container, Endpoint, Engine, Network, State
from netdoctor.probes import ask
from netdoctor.stack import Stack

RUNNING = State(status="running", pid=1)


class NotFound(Exception):
    pass


class FakeAPI:
    def __init__(self, **files: str) -> None:
        self.files = files

    def get(self, path: str, /, **query: object) -> Any:
        raise NotFound(path)

    def exec(self, container_id: str, argv: Any, timeout: float, user: str = "") -> Any:
        raise NotFound(container_id)

    def logs(self, container_id: str, tail: int) -> list[bytes]:
        return []

    def archive(self, container_id: str, path: str) -> bytes:
        name = path.rpartition("/")[2].partition(".")[0]
        if name not in self.files:
            raise NotFound(f"Could not find the file {path}")
        return self.files[name].encode()

    def stat(self, container_id: str, path: str) -> None:
        return None


def container(name: str, network: str = "app", address: str = "", state: State = RUNNING, **more: Any) -> Container:
    endpoint = Endpoint(network=network, network_id=network, address=address, aliases=(f"{name}-alias",))
    return Container(id=name * 10, name=name, state=state, host_name=f"{name}-host", endpoints=(endpoint,), **more)


API = container("api", address="172.18.0.2", extra_hosts=("special:10.1.2.3", "gw:host-gateway"))
DB = container("db", address="172.18.0.3")
STOPPED = container("cache", state=State(status="exited"))
FAR = container("far", "other", "172.19.0.2")
OLD = container("old", "bridge", "172.17.0.2")
HOSTED = container("hosted", "host", network_mode="host")
SIDE = Container(id="side" * 10, name="side", state=RUNNING, network_mode=f"container:{API.id}")
STACK = Stack(
    engine=Engine(),
    containers=(API, DB, STOPPED, FAR, OLD, HOSTED, SIDE),
    networks=tuple(Network(id=n, name=n) for n in ("app", "other", "bridge", "host")),
)


def look_up(source: Container, name: str, api: FakeAPI | None = None) -> Lookup | Unable:
    (asked,) = ask(STACK, [AskLookup(container=source.id, name=name)], api=api or FakeAPI(), rung="engine")
    assert isinstance(asked.answer, Lookup | Unable)
    return asked.answer


@pytest.mark.parametrize(
    ("source", "name", "addresses"),
    [
        (API, "db", ("172.18.0.3",)),
        (API, "DB-Alias", ("172.18.0.3",)),
        (API, "db.app", ("172.18.0.3",)),
        (SIDE, "db", ("172.18.0.3",)),
        (API, "special", ("10.1.2.3",)),
        (API, "localhost", ("127.0.0.1",)),
        (OLD, "old-host", ("172.17.0.2",)),
    ],
)
def test_found(source: Container, name: str, addresses: tuple[str, ...]) -> None:
    answer = look_up(source, name)
    assert answer == Lookup(outcome="found", addresses=addresses, source="configuration", asked=name, seen_by="engine")


@pytest.mark.parametrize(
    ("source", "name"), [(API, "nosuch"), (API, "cache"), (API, "far"), (API, "far.other"), (OLD, "db"), (OLD, "old")]
)
def test_unknown(source: Container, name: str) -> None:
    answer = look_up(source, name)
    assert isinstance(answer, Lookup)
    assert answer.outcome == "unknown"


@pytest.mark.parametrize(("source", "name"), [(API, "db.example.com"), (HOSTED, "nosuch"), (STOPPED, "db")])
def test_unable(source: Container, name: str) -> None:
    answer = look_up(source, name)
    assert isinstance(answer, Unable)
    assert answer.reason


def test_the_containers_files_count() -> None:
    api = FakeAPI(hosts="10.9.9.9 db\n", resolv="nameserver 127.0.0.11\nsearch corp.test\noptions ndots:0\n")
    answer = look_up(API, "db", api)
    assert isinstance(answer, Lookup)
    assert (answer.addresses, answer.source, answer.servers) == (("10.9.9.9",), "hosts", ("127.0.0.11",))
    assert isinstance(look_up(API, "nosuch", api), Unable), "corp.test may know it"
    stopped = look_up(API, "cache", api)
    assert isinstance(stopped, Lookup)
    assert stopped.outcome == "unknown"


def test_ports_are_not_told() -> None:
    (asked,) = ask(STACK, [AskSockets(container=API.id)], api=FakeAPI(), rung="engine")
    assert isinstance(asked.answer, Unable)
    assert "which ports are open" in asked.answer.reason
