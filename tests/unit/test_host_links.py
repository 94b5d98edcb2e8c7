"""What `netdoctor host TARGET` asks for: publications, and whose port of the host it is."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from netdoctor.answers import (
    AskConnection,
    Asked,
    AskHost,
    AskLookup,
    AskSockets,
    HostFacts,
    HostInterface,
    Listener,
    Process,
    Sockets,
)
from netdoctor.model import HOST, Container, Endpoint, Engine, Link, Network, Protocol, Publication, State
from netdoctor.named import NotFound
from netdoctor.places import means_host, through
from netdoctor.plan import plan
from netdoctor.questions import questions
from netdoctor.registry import load
from netdoctor.request import BadRequest, Request
from netdoctor.stack import Stack

NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))


def published(
    name: str,
    *ports: str,
    status: str = "running",
    mode: str = "net",
    exposed: Iterable[int] = (),
    done: bool = True,
    error: str = "",
) -> Container:
    """`ports` as docker writes them: `8080:80`, `127.0.0.1:8080:80`, `5353:53/udp`; `80` alone came to be 32768."""
    made = [_publication(name, p) for p in ports]
    chosen = [msgspec.structs.replace(p, host_port=p.host_port or 32768) for p in made]
    everywhere = [
        msgspec.structs.replace(p, host_address=a)
        for p in chosen
        for a in ([p.host_address] if p.host_address else ["0.0.0.0", "::"])
    ]
    address = f"10.213.0.{len(name) + 1}" if status == "running" else ""
    host = mode == "host"
    return Container(
        id=name * 8,
        name=name,
        state=State(status=status, error=error),
        network_mode=mode,
        endpoints=() if host else (Endpoint(network="net", network_id="n1", address=address, gateway="10.213.0.1"),),
        exposed=tuple((p, "tcp") for p in exposed),
        publications=tuple(made),
        published=tuple(everywhere) if status == "running" and not host and done else (),
    )


def _publication(name: str, text: str) -> Publication:
    ports, _, protocol = text.partition("/")
    *before, inside = ports.rsplit(":", 2)
    kind: Protocol = "udp" if protocol == "udp" else "tcp"
    return Publication(
        container_port=int(inside),
        protocol=kind,
        host_port=int(before[-1]) if before else 0,
        host_address=before[0] if len(before) > 1 else "",
        container=name * 8,
    )


def stack(*containers: Container, host_listens: Iterable[int] | None = None, own: Iterable[str] = ()) -> Stack:
    """`host_listens`: the host's open ports, None where nobody could look; `own`: addresses of the host's LAN card."""
    asked = []
    if host_listens is not None:
        listeners = tuple(Listener(address="0.0.0.0", port=p, process=Process(pid=1, name="x")) for p in host_listens)
        asked.append(Asked(question=AskSockets(container=HOST), answer=Sockets(listeners=listeners)))
    if own:
        card = HostInterface(name="eth0", addresses=tuple(own))
        asked.append(Asked(question=AskHost(), answer=HostFacts(interfaces=(card,))))
    engine = Engine(host_name="myhost")
    return Stack(engine=engine, containers=containers, networks=(NET,), asked=tuple(asked))


def links(given: Stack, target: str | None) -> list[str]:
    """The links in words: what the host asks for, and whose it is."""
    names = {c.id: c.name for c in given.containers}
    found = plan(Request(source="host", target=target), given).meant
    assert all(k.source == HOST for k in found)
    udp = {"tcp": "", "udp": "/udp"}
    return [f"{k.address}:{k.port}{udp[k.protocol]} {names.get(k.target, '-')}" for k in found]


# -- by name --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ports", "target", "expected"),
    [
        (["8080:80"], "api", ["localhost:8080 api"]),
        (["8080:80", "9090:90"], "api", ["localhost:8080 api", "localhost:9090 api"]),
        (["8080:80", "9090:90"], "api:80", ["localhost:8080 api"]),
        (["8080:80", "9090:90"], "api:9090", ["localhost:9090 api"]),
        (["80:8080", "8080:80"], "api:80", ["localhost:80 api", "localhost:8080 api"]),
        (["80"], "api", ["localhost:32768 api"]),
        (["127.0.0.1:8080:80"], "api", ["localhost:8080 api"]),
        (["192.168.1.5:8080:80"], "api", ["192.168.1.5:8080 api"]),
        (["5353:53/udp"], "api", ["localhost:5353/udp api"]),
        (["5353:53/udp"], "api:53", ["localhost:5353/udp api"]),
        (["8080:80"], "api:81", ["localhost:81 api"]),
    ],
)
def test_a_name_means_what_the_container_publishes(ports: list[str], target: str, expected: list[str]) -> None:
    assert links(stack(published("api", *ports)), target) == expected


def test_a_container_that_publishes_nothing_is_asked_for_once() -> None:
    given = stack(published("api", exposed=(80, 443)))
    assert links(given, "api") == ["localhost:80 api"]
    (link,) = plan(Request(source="host", target="api"), given).links
    assert through(given, link) == (Publication(container_port=80, host_port=80, container=link.target),), (
        "the publication that is missing"
    )
    assert given.name(through(given, link)[0]) == "api: 80/tcp"


def test_on_the_host_s_network_only_its_own_listeners_are_its_ports() -> None:
    given = stack(published("api", mode="host"))
    proxy, own = Listener(address="192.168.1.5", port=8080), Listener(address="127.0.0.1", port=9000)
    seen = Sockets(listeners=(proxy, msgspec.structs.replace(own, process=Process(pid=7, name="api"))))
    given = msgspec.structs.replace(given, asked=(Asked(question=AskSockets(container="api" * 8), answer=seen),))
    assert links(given, "api") == ["localhost:9000 api"]


def test_nothing_to_reach_is_said() -> None:
    given = stack(published("job"))
    sockets = Asked(question=AskSockets(container="job" * 8), answer=Sockets())
    given = msgspec.structs.replace(given, asked=(sockets,))
    with pytest.raises(BadRequest, match="publishes no port"):
        links(given, "job")


def test_on_the_hosts_network_the_ports_are_the_hosts_own() -> None:
    assert links(stack(published("api", mode="host", exposed=(80, 81))), "api") == [
        "localhost:80 api",
        "localhost:81 api",
    ]


def test_a_name_of_nobody() -> None:
    given = stack(published("api", "8080:80"))
    with pytest.raises(NotFound, match="did you mean api"):
        links(given, "apis")
    assert links(given, "apis:80") == ["apis:80 -"]


def test_a_container_that_is_really_called_host_wins() -> None:
    given = stack(published("host"), published("api", "8080:80"))
    (link,) = plan(Request(source="host", target="api:80"), given).links
    assert (link.source, link.address) == ("host" * 8, "api")


def test_the_host_by_its_own_name() -> None:
    given = stack(published("api", "8080:80"))
    (link,) = plan(Request(source="myhost", target="myhost:8080"), given).links
    assert (link.source, link.target) == (HOST, "api" * 8)


# -- by address -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["localhost:8080", "127.0.0.1:8080", "http://[::1]:8080/", "0.0.0.0:8080", "myhost:8080"]
)
def test_an_address_of_the_host_means_who_publishes_the_port(target: str) -> None:
    given = stack(published("other", "9090:80"), published("api", "8080:80"))
    assert [link.split()[1] for link in links(given, target)] == ["api"]


def test_an_address_of_the_hosts_lan() -> None:
    api = published("api", "8080:80")
    assert links(stack(api), "192.168.1.5:8080") == ["192.168.1.5:8080 -"]
    seen = stack(api, own=("192.168.1.5/24", "fe80::1/64"))
    assert links(seen, "192.168.1.5:8080") == ["192.168.1.5:8080 api"]
    assert means_host(seen, api, "192.168.1.5")
    assert not means_host(seen, api, "192.168.1.6")


def test_an_address_of_a_container() -> None:
    given = stack(published("db", exposed=(5432,)))
    assert links(given, "10.213.0.3:5432") == ["10.213.0.3:5432 db"]
    (link,) = plan(Request(source="host", target="10.213.0.3:5432"), given).links
    assert through(given, link) == ()


def test_who_could_not_start_for_its_port_is_meant_by_it_and_a_stopped_one_is_not_if_somebody_else_answers() -> None:
    error = "Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use"
    failed = published("api", "8080:80", status="created", error=error)
    stopped = published("api", "8080:80", status="exited")
    assert links(stack(failed, host_listens=(8080,)), "localhost:8080") == ["localhost:8080 api"]
    assert links(stack(stopped, host_listens=()), "localhost:8080") == ["localhost:8080 api"]
    assert links(stack(stopped, host_listens=(8080,)), "localhost:8080") == ["localhost:8080 -"]


def test_a_port_inside_is_meant_only_where_nobody_answers_on_the_host() -> None:
    db = published("db", exposed=(5432,))
    assert links(stack(db, host_listens=()), "localhost:5432") == ["localhost:5432 db"]
    assert links(stack(db, host_listens=(5432,)), "localhost:5432") == ["localhost:5432 -"]
    assert links(stack(db), "localhost:5432") == ["localhost:5432 -"]
    two = stack(db, published("db2", exposed=(5432,)), host_listens=())
    assert links(two, "localhost:5432") == ["localhost:5432 -"]


def test_a_port_that_is_published_under_another_number_misses_nothing() -> None:
    given = stack(published("db", "15432:5432"), host_listens=())
    assert links(given, "localhost:5432") == ["localhost:5432 db"]
    (link,) = plan(Request(source="host", target="localhost:5432"), given).links
    assert through(given, link) == ()


def test_an_address_without_a_port() -> None:
    with pytest.raises(BadRequest, match="localhost:8080"):
        links(stack(published("api", "8080:80")), "localhost")


# -- all, and what is asked -----------------------------------------------------------------------------------------


def test_host_alone_is_all_that_is_published() -> None:
    stopped, failed = (
        published("old", "70:80", status="exited"),
        published("new", "71:80", status="created", error="bad"),
    )
    given = stack(published("api", "8080:80"), published("db"), stopped, failed)
    assert links(given, None) == ["localhost:8080 api", "localhost:71 new"]


def test_through_chooses_by_the_address_that_is_asked_for() -> None:
    api = published("api", "127.0.0.1:8080:80", "10.213.0.1:8080:81")
    given = stack(api)
    for address, inside in (("localhost", [80, 81]), ("127.0.0.1", [80]), ("10.213.0.1", [81])):
        link = Link(source=HOST, address=address, port=8080, target=api.id)
        assert [p.container_port for p in through(given, link)] == inside
    job = Container(id="j", name="job", state=State(status="running"), network_mode="net")
    by_name = Link(source="j", address="api", port=8080, target=api.id)
    assert through(msgspec.structs.replace(given, containers=(api, job)), by_name) == ()


def test_a_publication_is_asked_for_at_the_host_and_inside() -> None:
    given = stack(published("api", "8080:80", "53:53/udp"))
    found = plan(Request(source="host", target="api:80"), given)
    asked = set(questions(given, found.subjects, load()))
    target = "api" * 8
    for address, port in (("127.0.0.1", 8080), ("10.213.0.4", 80)):
        assert AskConnection(container=HOST, address=address, port=port, target=target) in asked
    six = AskConnection(container=HOST, address="::1", port=8080, target=target)
    assert six not in asked, "the container has no IPv6 address, so [::] leads where 0.0.0.0 does"
    assert AskConnection(container=HOST, address="localhost", port=8080, target=target) in asked
    assert {AskSockets(container=HOST), AskSockets(container=target), AskHost()} <= asked
    assert AskLookup(container=HOST, name="localhost") in asked
