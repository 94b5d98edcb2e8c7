"""When rules are looked at, and for how long: nothing of it needs a namespace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from netdoctor.answers import AskConnection, Attempt, Connection, Trace
from netdoctor.model import HOST, Container, Endpoint, Engine, Network, State
from netdoctor.probes.tracing import BUDGET, Tracer
from netdoctor.probes.worth_tracing import owner, worth_tracing
from netdoctor.stack import Stack

NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))
DB = Container(
    id="d" * 64,
    name="db",
    state=State(status="running"),
    endpoints=(Endpoint(network="net", network_id="n1", address="10.213.0.3"),),
)
STACK = Stack(engine=Engine(), containers=(DB,), networks=(NET,))
QUESTION = AskConnection(container="a", address="10.213.0.3", port=5432)
SILENT = Connection(attempts=(Attempt(address="10.213.0.3", outcome="timed-out"),))


class Entrances:
    """Every place is the same one."""

    @contextmanager
    def inside(self, _place: str) -> Iterator[Any]:
        yield SimpleNamespace(namespace=SimpleNamespace(inode=1))


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> Tracer:
    def trace(_self: Tracer, _question: AskConnection, address: str, _source: object) -> Trace:
        return Trace(address=address, sent=(7, 11))

    monkeypatch.setattr(Tracer, "_trace", trace)
    return Tracer(STACK, Entrances())  # type: ignore[arg-type]


def test_the_same_way_is_traced_once(tracer: Tracer) -> None:
    first, again = tracer.traced(QUESTION, SILENT), tracer.traced(QUESTION, SILENT)
    assert first.trace is not None
    assert again.trace is first.trace


def test_a_wide_run_ends_in_time(tracer: Tracer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("netdoctor.probes.tracing.time.monotonic", lambda: now)
    assert tracer.traced(QUESTION, SILENT).trace == Trace(address="10.213.0.3", sent=(7, 11))
    now += BUDGET + 0.1
    late = tracer.traced(AskConnection(container="a", address="10.213.0.3", port=5433), SILENT).trace
    assert late is not None
    assert late.given_up


@pytest.mark.parametrize(
    "connection",
    [
        Connection(attempts=(Attempt(address="10.213.0.3", outcome="connected"),)),
        Connection(attempts=(Attempt(address="10.213.0.3", outcome="network-unreachable"),)),
        Connection(attempts=(Attempt(address="10.213.0.3", outcome="timed-out", neighbour="incomplete"),)),
        Connection(attempts=(Attempt(address="10.213.0.3", outcome="timed-out"),), queue=(2,), backlog=1),
        Connection(resolved=False),
    ],
)
def test_what_no_rule_can_have_done_is_not_traced(connection: Connection) -> None:
    assert worth_tracing(STACK, Entrances(), QUESTION, connection) is None  # type: ignore[arg-type]


def test_where_a_connection_ends() -> None:
    assert owner(STACK, QUESTION, "10.213.0.3") == DB.id
    assert owner(STACK, QUESTION, "10.213.0.1") == HOST
    assert owner(STACK, QUESTION, "127.0.0.1") == "a"
    assert owner(STACK, QUESTION, "203.0.113.1") == ""
