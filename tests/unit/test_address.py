"""The family `address` on stacks made by hand: what would take too many containers to show live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from netdoctor import registry
from netdoctor.answers import (
    Answer,
    AskConnection,
    Asked,
    AskLogs,
    AskLookup,
    AskSockets,
    Attempt,
    Connection,
    Listener,
    LogLine,
    Logs,
    Lookup,
    Outcome,
    Peer,
    Process,
    Question,
    Sockets,
)
from netdoctor.engine import run
from netdoctor.finding import Finding
from netdoctor.model import HOST, Container, Endpoint, Engine, Link, Network, Publication, State
from netdoctor.stack import Stack

NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))
BRIDGE = Network(id="n0", name="bridge", driver="bridge", subnets=("172.17.0.0/16",), gateways=("172.17.0.1",))
NOW = 1000.0


def container(name: str, last: int, env: Mapping[str, str] | None = None, **fields: Any) -> Container:
    state = fields.pop("state", State(status="running", started=10.0))
    address = f"10.213.0.{last}" if state.running else ""
    endpoint = Endpoint(network="net", network_id="n1", address=address, gateway="10.213.0.1")
    given: dict[str, Any] = {"endpoints": (endpoint,), "network_mode": "net", "image": "img", "command": ("run",)}
    variables = tuple((env or {}).items())
    return Container(id=name[0] * 64, name=name, state=state, environment=variables, **(given | fields))


def judged(check: str, link: Link, *containers: Container, **answers: Answer) -> list[Finding]:
    """The findings of one check. `answers`: what came of connecting and of looking up, the source's sockets and log."""
    questions: dict[str, Question] = {
        "connected": AskConnection.of(link),
        "lookup": AskLookup(container=link.source, name=link.address),
        "sockets": AskSockets(container=link.source),
        "target_sockets": AskSockets(container=link.target),
        "host_sockets": AskSockets(container=HOST),
        "logs": AskLogs(container=link.source),
    }
    asked = tuple(Asked(question=questions[k], answer=a) for k, a in answers.items())  # type: ignore[arg-type]
    stack = Stack(
        engine=Engine(), taken_at=NOW, containers=containers, networks=(BRIDGE, NET), asked=asked, links=(link,)
    )
    results = run(stack, (link,), (registry.load().find(check),))
    return [r.finding for r in results]


def code(findings: list[Finding]) -> str:
    return " ".join(f"{f.verdict}/{f.reason}" if f.reason else str(f.verdict) for f in findings)


def link(api: Container, address: str, port: int, target: Container | None = None, scheme: str = "") -> Link:
    return Link(source=api.id, address=address, port=port, target=target.id if target else "", scheme=scheme)


def tried(outcome: Outcome, address: str = "10.213.0.3", neighbour: Any = "") -> Connection:
    return Connection(seen_by="netns", attempts=(Attempt(address=address, outcome=outcome, neighbour=neighbour),))


def listening(*ports: int, address: str = "0.0.0.0") -> Sockets:
    return Sockets(seen_by="netns", listeners=tuple(Listener(address=address, port=p) for p in ports))


REFUSED, WORKS = tried("refused"), tried("connected")


# -- address.host ---------------------------------------------------------------------------------------------------


def test_localhost_without_any_answer_is_a_fail_unless_it_may_serve_itself() -> None:
    db = container("db", 3, exposed=((5432, "tcp"),))
    for api, expected in (
        (container("api", 2), "fail/localhost"),
        (container("api", 2, exposed=((80, "tcp"),)), "fail/localhost"),
        (container("api", 2, exposed=((5432, "tcp"),)), "unknown"),
    ):
        assert code(judged("address.host", link(api, "localhost", 5432, db), api, db)) == expected
    api = container("api", 2)
    sidecar = container("sidecar", 0, endpoints=(), network_mode=f"container:{api.id}")
    assert code(judged("address.host", link(api, "localhost", 5432, db), api, db, sidecar)) == "unknown"
    assert code(judged("address.host", link(api, "localhost", 5432), api)) == "unknown"
    assert code(judged("address.host", link(api, "0.0.0.0", 8080, db, "http"), api, db)) == "unknown"


def test_localhost_that_answers_is_nobodys_business() -> None:
    api, db = container("api", 2), container("db", 3)
    asked = link(api, "localhost", 5432, db)
    assert code(judged("address.host", asked, api, db, connected=WORKS)) == "pass"
    assert code(judged("address.host", asked, api, db, connected=REFUSED, sockets=listening(5432))) == "pass"
    assert code(judged("address.host", asked, api, db, connected=REFUSED, sockets=listening())) == "fail/localhost"


def test_an_address_of_a_stopped_target_tells_nothing() -> None:
    api, db = container("api", 2), container("db", 3, state=State(status="exited"))
    asked = link(api, "10.213.0.3", 5432, db)
    assert code(judged("address.host", asked, api, db, connected=tried("no-route"))) == "skip"
    squatter = container("squatter", 3)
    assert code(judged("address.host", asked, api, db, squatter, connected=REFUSED)) == "fail/stale-address"


def test_what_answers_is_never_a_fail() -> None:
    api, db, other = container("api", 2), container("db", 3), container("other", 4)
    asked = link(api, "10.213.0.4", 5432, db)
    assert code(judged("address.host", asked, api, db, other, connected=WORKS)) == "warn/stale-address"
    assert code(judged("address.host", link(api, "10.213.0.9", 1), api, connected=WORKS)) == "pass"


def test_a_machine_that_is_no_container_may_have_the_address() -> None:
    api, db = container("api", 2), container("db", 3)
    asked = link(api, "10.213.0.9", 5432, db)
    there = tried("timed-out", "10.213.0.9", "complete")
    assert code(judged("address.host", asked, api, db, connected=there)) == "pass"
    gone = tried("no-route", "10.213.0.9", "incomplete")
    assert code(judged("address.host", asked, api, db, connected=gone)) == "fail/stale-address"
    assert code(judged("address.host", link(api, "192.0.2.1", 5432), api, connected=gone)) == "pass"


def test_the_hosts_own_server_on_loopback() -> None:
    api = container("api", 2)
    postgres = Listener(address="127.0.0.1", port=5432, process=Process(pid=1, name="postgres"))
    asked = link(api, "172.17.0.1", 5432)
    [found] = judged("address.host", asked, api, connected=REFUSED, host_sockets=Sockets(listeners=(postgres,)))
    assert code([found]) == "fail/host-loopback"
    assert found.remedy is not None
    assert "172.17.0.1" in found.remedy.run[0]
    for host in (Sockets(), listening(5432)):
        assert code(judged("address.host", asked, api, connected=REFUSED, host_sockets=host)) == "pass"
    assert code(judged("address.host", asked, api, connected=REFUSED)) == "unknown"


@pytest.mark.parametrize("outcome", ["unknown", "empty", "failed", "silent", "no-server"])
def test_the_engines_name_for_its_host(outcome: Any) -> None:
    api = container("api", 2)
    asked = link(api, "host.docker.internal", 5432)
    lookup = Lookup(outcome=outcome)
    assert (
        code(judged("address.host", asked, api, connected=Connection(resolved=False), lookup=lookup))
        == "fail/engine-host-name"
    )
    assert code(judged("address.host", asked, api)) == "unknown"
    told = container("api", 2, extra_hosts=("host.docker.internal:host-gateway",))
    assert code(judged("address.host", asked, told)) == "pass"


def test_remedies_for_compose_are_lines_of_its_file() -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "api"}
    told = {"DATABASE_URL": "postgres://u:<secret-1>@localhost/x", "DB_HOST": "localhost", "DB_PORT": "5432"}
    api = container("api", 2, told, labels=labels)
    db = container("db", 3, labels=labels | {"com.docker.compose.service": "db"})
    [found] = judged("address.host", link(api, "localhost", 5432, db), api, db, connected=REFUSED, sockets=listening())
    assert found.remedy is not None
    assert found.remedy.run == ("docker compose up -d api",)
    assert found.remedy.compose == (
        "services:\n  api:\n    environment:  # <secret-..>: leave what stands there\n"
        '      DATABASE_URL: "postgres://u:<secret-1>@db/x"\n      DB_HOST: "db"'
    )


# -- address.port ---------------------------------------------------------------------------------------------------


def test_a_port_that_the_image_promises_is_right_to_ask_for() -> None:
    api, mq = container("api", 2), container("mq", 3, exposed=((5672, "tcp"), (4369, "tcp")))
    starting = {"connected": REFUSED, "target_sockets": listening(4369)}
    assert code(judged("address.port", link(api, "mq", 5672, mq), api, mq, **starting)) == "pass"
    assert code(judged("address.port", link(api, "mq", 5673, mq), api, mq, **starting)) == "fail/wrong-port"
    nothing = {"connected": REFUSED, "target_sockets": listening()}
    assert code(judged("address.port", link(api, "mq", 5673, mq), api, mq, **nothing)) == "skip"


def test_a_published_port_is_proven_by_the_configuration_alone() -> None:
    api = container("api", 2)
    bound = (Publication(container_port=5432, host_port=15432),)
    db = container("db", 3, publications=bound, published=bound, exposed=((5432, "tcp"),))
    assert code(judged("address.port", link(api, "db", 15432, db), api, db)) == "fail/published-port"
    assert code(judged("address.port", link(api, "db", 5432, db), api, db)) == "unknown"
    both = container("db", 3, publications=bound, exposed=((5432, "tcp"), (15432, "tcp")))
    assert code(judged("address.port", link(api, "db", 15432, both), api, both)) == "unknown"
    assert code(judged("address.port", link(api, "172.17.0.1", 15432, db), api, db, connected=REFUSED)) == "pass"
    assert (
        code(judged("address.port", link(api, "172.17.0.1", 5432, db), api, db, connected=REFUSED)) == "fail/wrong-port"
    )


# -- address.current ------------------------------------------------------------------------------------------------

LATER = State(status="running", started=900.0)


def peer(address: str, state: Any = "established", port: int = 5432) -> Peer:
    return Peer(address=address, port=port, state=state)


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        ((peer("10.213.0.9", "syn-sent"),), "fail/cached"),
        ((peer("10.213.0.9"),), "fail/cached"),
        ((peer("10.213.0.9"), peer("10.213.0.3")), "warn/cached"),
        ((peer("10.213.0.3"),), "pass"),
        ((peer("10.213.0.9", port=80),), "pass"),
        ((peer("10.213.0.1"),), "pass"),
        ((peer("192.0.2.9"),), "pass"),
        ((peer("10.213.0.4"),), "pass"),
    ],
)
def test_open_connections(peers: tuple[Peer, ...], expected: str) -> None:
    api, db, other = (
        container("api", 2, {"OTHER": "postgres://other/x"}),
        container("db", 3, state=LATER),
        container("other", 4),
    )
    found = judged(
        "address.current", link(api, "db", 5432, db), api, db, other, connected=WORKS, sockets=Sockets(peers=peers)
    )
    assert code(found) == expected
    young = container("api", 2, state=State(status="running", started=950.0))
    assert (
        code(judged("address.current", link(young, "db", 5432, db), young, db, sockets=Sockets(peers=peers))) == "pass"
    )


REQUEST = (
    'connect() failed (111: refused) while connecting, request: "GET / HTTP/1.1", upstream: "http://10.213.0.9:5432/"'
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(990.0, REQUEST)], "fail/cached"),
        ([(990.0, "connect to 10.213.0.9:5432 failed: No route to host")], "fail/cached"),
        ([(100.0, REQUEST)], "pass"),
        ([(990.0, REQUEST), (991.0, '10.0.0.1 "GET / HTTP/1.1" 502 150')], "fail/cached"),
        ([(990.0, REQUEST), (991.0, '10.0.0.1 "GET / HTTP/1.1" 200 10')], "pass"),
        ([(990.0, REQUEST), (991.0, "connected to 10.213.0.3:5432")], "pass"),
        ([(990.0, "connect to 10.213.0.3:5432 failed: refused")], "pass"),
        ([(990.0, "listening on 10.213.0.9:5432")], "pass"),
    ],
)
def test_complaints_in_the_log(lines: list[tuple[float, str]], expected: str) -> None:
    api, db = container("api", 2), container("db", 3, state=LATER)
    logs = Logs(lines=tuple(LogLine(at=at, text=text) for at, text in lines))
    assert code(judged("address.current", link(api, "db", 5432, db), api, db, connected=WORKS, logs=logs)) == expected


def test_old_complaints_are_a_warning() -> None:
    api, db = container("api", 2), container("db", 3, state=State(status="running", started=100.0))
    logs = Logs(lines=(LogLine(at=500.0, text=REQUEST),))
    assert code(judged("address.current", link(api, "db", 5432, db), api, db, logs=logs)) == "warn/cached"


@pytest.mark.parametrize(
    ("env", "command", "expected"),
    [
        ({"KAFKA_ADVERTISED_LISTENERS": "A://localhost:9092"}, "run", "fail/advertised"),
        ({"KAFKA_ADVERTISED_LISTENERS": "A://kafka:9092,B://localhost:9093"}, "run", "pass"),
        ({"KAFKA_ADVERTISED_LISTENERS": "A://kafka.lan:9092,B://localhost:9093"}, "run", "unknown"),
        ({"ETCD_ADVERTISE_CLIENT_URLS": "http://localhost:9092"}, "run", "warn/advertised"),
        ({"ETCD_INITIAL_ADVERTISE_PEER_URLS": "http://localhost:9092"}, "run", "pass"),
        ({"network.publish_host": "127.0.0.1"}, "run", "warn/advertised"),
        ({"ETCD_ADVERTISE_CLIENT_URLS": "http://0.0.0.0:9092"}, "run", "pass"),
        ({}, "redis-server --cluster-enabled yes --cluster-announce-ip 127.0.0.1", "fail/advertised"),
        ({}, "redis-server --cluster-announce-ip 127.0.0.1", "warn/advertised"),
        ({}, "redpanda start --advertise-kafka-addr internal://localhost:9092", "fail/advertised"),
    ],
)
def test_what_is_advertised(env: Mapping[str, str], command: str, expected: str) -> None:
    api, kafka = container("api", 2), container("kafka", 3, env, command=tuple(command.split()))
    asked = link(api, "kafka", 9092, kafka)
    assert code(judged("address.current", asked, api, kafka, connected=WORKS)) == expected
    assert code(judged("address.current", asked, api, kafka, connected=REFUSED)) == "pass"


# -- address.proxy --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "address", "port", "scheme", "expected"),
    [
        ({"http_proxy": "http://p:3128"}, "web", 80, "http", "warn/not-excluded"),
        ({"HTTP_PROXY": "http://p:3128"}, "web", 8080, "", "warn/not-excluded"),
        ({"ALL_PROXY": "http://p:3128"}, "web", 80, "http", "warn/not-excluded"),
        ({"https_proxy": "http://p:3128"}, "web", 443, "https", "warn/not-excluded"),
        ({"https_proxy": "http://p:3128"}, "web", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128"}, "web", 443, "https", "pass"),
        ({"http_proxy": "http://p:3128"}, "db", 5432, "postgres", "skip"),
        ({"http_proxy": "http://p:3128"}, "db", 5432, "", "skip"),
        ({"http_proxy": "http://p:3128"}, "localhost", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128"}, "p", 3128, "http", "pass"),
        ({"http_proxy": ""}, "web", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "no_proxy": "a, web"}, "web", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "WEB"}, "web", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "*"}, "web", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "web:80"}, "web", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "web:81"}, "web", 80, "http", "warn/not-excluded"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": ".net"}, "web.net", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "net"}, "web.net", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "et"}, "web.net", 80, "http", "warn/not-excluded"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "eb"}, "web", 80, "http", "warn/not-excluded"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "*.net"}, "web.net", 80, "http", "warn/not-excluded"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "10.213.0.0/24"}, "10.213.0.3", 80, "http", "warn/not-excluded"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "10.213.0.3"}, "10.213.0.3", 80, "http", "pass"),
        ({"http_proxy": "http://p:3128", "NO_PROXY": "10.0.0.0/8"}, "web", 80, "http", "warn/not-excluded"),
    ],
)
def test_proxies(env: Mapping[str, str], address: str, port: int, scheme: str, expected: str) -> None:
    api, web = container("api", 2, env), container("web", 3)
    assert code(judged("address.proxy", link(api, address, port, web, scheme), api, web, connected=WORKS)) == expected
