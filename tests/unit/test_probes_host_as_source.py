"""The host is asked from where netdoctor runs: that takes no right, as long as it is the engine's host."""

# ruff: noqa: ARG002  stand-ins take what they are given

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import pytest

from netdoctor.answers import AskConnection, AskSockets, Connection, Sockets
from netdoctor.model import HOST, Container, Engine, Network, State
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.netns_rung import NetnsRung
from netdoctor.stack import Stack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")

API = Container(id="a" * 64, name="api", state=State(status="running", pid=os.getpid()))


class NoAPI:
    def get(self, path: str, /, **query: object) -> Any: ...

    def exec(self, container_id: str, argv: Any, timeout: float, user: str = "") -> Any: ...

    def logs(self, container_id: str, tail: int) -> list[bytes]:
        return []

    def stat(self, container_id: str, path: str) -> Any: ...

    def archive(self, container_id: str, path: str) -> bytes:
        return b""


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def rung(*gateways: str, rootless: bool = False) -> NetnsRung:
    network = Network(id="n", name="bridge", driver="bridge", gateways=gateways)
    given = Stack(
        engine=Engine(local=True, rootless=rootless), containers=(API,), networks=(network,) if gateways else ()
    )
    return NetnsRung(given, NoAPI())


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("engine", [rung("127.0.0.1"), rung("192.0.2.99", rootless=True)], ids=["rootful", "rootless"])
def test_without_root_the_host_can_be_asked(engine: NetnsRung) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = engine.answer(AskConnection(container=HOST, address="localhost", port=port), Clock(2))
        assert isinstance(found, Connection)
        assert found.works
        sockets = engine.answer(AskSockets(container=HOST), Clock(2))
        assert isinstance(sockets, Sockets)
        assert [x.process.pid for x in sockets.on(port) if x.process is not None] == [os.getpid()]


@pytest.mark.usefixtures("nobody")
def test_without_root_no_container_can_be_asked() -> None:
    with pytest.raises(CannotAsk, match="not root"):
        rung("127.0.0.1").answer(AskSockets(container=API.id), Clock(2))


def test_elsewhere_than_on_its_host_nothing_is_said_of_it() -> None:
    with pytest.raises(CannotAsk, match="not in the network namespace of the engine's host"):
        rung("192.0.2.99").answer(AskSockets(container=HOST), Clock(2))
    with pytest.raises(CannotAsk, match="does not run on this machine"):
        NetnsRung(Stack(engine=Engine()), NoAPI()).answer(AskSockets(container=HOST), Clock(2))
