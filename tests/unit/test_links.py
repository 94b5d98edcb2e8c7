"""From what was asked to the links: which address means which container."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from netdoctor.answers import Asked, AskLogs, AskSockets, Listener, LogLine, Logs, Process, Sockets, Unable
from netdoctor.model import Container, Endpoint, Engine, Link, Network, Publication, State
from netdoctor.named import NotFound
from netdoctor.plan import plan
from netdoctor.request import BadRequest, Request
from netdoctor.stack import Stack

NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))
OTHER = Network(id="n2", name="other", driver="bridge", subnets=("10.214.0.0/24",), gateways=("10.214.0.1",))
BRIDGE = Network(id="n0", name="bridge", driver="bridge", subnets=("172.17.0.0/16",), gateways=("172.17.0.1",))
LAN = Network(id="n3", name="lan", driver="macvlan", subnets=("192.168.1.0/24",))


def container(
    name: str,
    last: int,
    *,
    env: Mapping[str, str] | None = None,
    exposed: tuple[int, ...] = (),
    publish: Mapping[int, int] | None = None,
    network: Network | None = NET,
    mode: str = "net",
    image: str = "img",
    status: str = "running",
    service: str = "",
    command: tuple[str, ...] = ("run",),
) -> Container:
    address = f"10.{213 if network is NET else 214}.0.{last}" if status == "running" else ""
    endpoints = (Endpoint(network=network.name, network_id=network.id, address=address),) if network else ()
    bound = tuple(Publication(container_port=c, host_port=h) for h, c in (publish or {}).items())
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": service} if service else {}
    return Container(
        id=name[0] * 63 + str(last % 10),
        name=name,
        state=State(status=status),
        image=image,
        environment=tuple((env or {}).items()),
        command=command,
        network_mode=mode,
        endpoints=endpoints,
        exposed=tuple((p, "tcp") for p in exposed),
        publications=bound,
        published=bound,
        labels=labels,
    )


def stack(*containers: Container, listens: Mapping[str, tuple[int, ...] | None] | None = None) -> Stack:
    """`listens`: the ports of each container; None where nobody could look; a container that is left out: not asked."""
    by_name = {c.name: c for c in containers}
    asked = []
    for name, ports in (listens or {}).items():
        process = Process(pid=1, name="server")
        found = () if ports is None else tuple(Listener(address="0.0.0.0", port=p, process=process) for p in ports)
        answer = Unable(reason="no") if ports is None else Sockets(listeners=found)
        asked.append(Asked(question=AskSockets(container=by_name[name].id), answer=answer))
    return Stack(engine=Engine(), containers=containers, networks=(BRIDGE, NET, OTHER, LAN), asked=tuple(asked))


def asked(given: Stack, source: str | None, target: str | None = None) -> list[str]:
    """The links in short: `api localhost:5432 -> db`."""
    return [short(given, link) for link in plan(Request(source=source, target=target), given).links]


def sockets_wanted(request: Request, given: Stack) -> tuple[AskSockets, ...]:
    return tuple(w for w in plan(request, given).wants if isinstance(w, AskSockets))


def short(given: Stack, link: Link) -> str:
    target = given.target(link)
    return f"{given.source(link).name} {link.address}:{link.port} -> {target.name if target else '?'}"


def pair(environment: Mapping[str, str], *, target: Container | None = None, api: tuple[int, ...] = ()) -> Stack:
    """api with this environment, beside a database that listens on 5432."""
    db = target or container("db", 3)
    given = (container("api", 2, env=environment), db)
    return stack(*given, listens={"api": api, db.name: (5432,)} if db.state.running else {"api": api})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DATABASE_URL": "postgres://u:p@db:5432/app"}, ["api db:5432 -> db"]),
        ({"DATABASE_URL": "postgres://u:p@localhost:5432/app"}, ["api localhost:5432 -> db"]),
        ({"DATABASE_URL": "postgres://u:p@localhost/app"}, ["api localhost:5432 -> db"]),
        ({"DB_HOST": "127.0.0.1", "DB_PORT": "5432"}, ["api 127.0.0.1:5432 -> db"]),
        ({"DB_URL": "postgres://[::1]/x"}, ["api ::1:5432 -> db"]),
        ({"DATABASE_URL": "postgres://0.0.0.0:5432/app"}, ["api 0.0.0.0:5432 -> db"]),
        ({"DB_HOST": "db"}, ["api db:5432 -> db"]),
        ({"DB_HOST": "db.net"}, ["api db.net:5432 -> db"]),
        ({"DB_HOST": "10.213.0.3", "DB_PORT": "5432"}, ["api 10.213.0.3:5432 -> db"]),
        ({"DB_HOST": "10.213.0.99", "DB_PORT": "5432"}, ["api 10.213.0.99:5432 -> db"]),
        ({"DATABASE_URL": "postgres://postgress/app"}, ["api postgress:5432 -> db"]),
        ({"DATABASE_URL": "postgres://db:15432/app"}, ["api db:15432 -> db"]),
        # the same address twice is one link
        ({"DATABASE_URL": "postgres://db/app", "DB_HOST": "db", "DB_PORT": "5432"}, ["api db:5432 -> db"]),
        # where the target is named, other names are others' and a test's address is nobody's
        ({"A_URL": "postgres://db/a", "B_URL": "postgres://elsewhere/b"}, ["api db:5432 -> db"]),
        ({"A_URL": "postgres://db/a", "TEST_DATABASE_URL": "postgres://localhost/b"}, ["api db:5432 -> db"]),
        (
            {"A_URL": "postgres://db/a", "B_URL": "postgres://localhost/b"},
            ["api db:5432 -> db", "api localhost:5432 -> db"],
        ),
        # nothing in the configuration means the target: its listeners tell the port
        ({}, ["api db:5432 -> db"]),
        ({"DB_HOST": "db.example.com", "DB_PORT": "5432"}, ["api db:5432 -> db"]),
        ({"DB_HOST": "192.168.1.9", "DB_PORT": "5432"}, ["api db:5432 -> db"]),
        ({"DB_HOST": "8.8.8.8", "DB_PORT": "5432"}, ["api db:5432 -> db"]),
        ({"PUBLIC_URL": "http://localhost:5432", "LISTEN_ADDR": "127.0.0.1:5432"}, ["api db:5432 -> db"]),
        ({"REDIS_URL": "redis://localhost:6379"}, ["api db:5432 -> db"]),
        ({"VITE_DB": "http://localhost:5432"}, ["api db:5432 -> db"]),
        ({"VITE_DB": "http://db:5432"}, ["api db:5432 -> db"]),
    ],
)
def test_a_typed_container(environment: dict[str, str], expected: list[str]) -> None:
    assert asked(pair(environment), "api", "db") == expected


def test_localhost_is_the_source_itself_where_it_serves_the_port() -> None:
    assert asked(pair({"DATABASE_URL": "postgres://localhost/app"}, api=(5432,)), "api", "db") == ["api db:5432 -> db"]


def test_a_typed_port_does_not_hide_the_configured_address() -> None:
    given = pair({"DATABASE_URL": "postgres://localhost/app"})
    assert asked(given, "api", "db:5432") == ["api db:5432 -> db", "api localhost:5432 -> db"]
    assert asked(pair({"DB_URL": "postgres://db/app"}), "api", "db:5432") == ["api db:5432 -> db"]


def test_the_port_on_the_host_means_the_published_container() -> None:
    db = container("db", 3, publish={15432: 5432})
    for host in ("host.docker.internal", "172.17.0.1", "10.213.0.1", "localhost"):
        given = pair({"DATABASE_URL": f"postgres://{host}:15432/app"}, target=db)
        assert asked(given, "api", "db") == [f"api {host}:15432 -> db"]
    assert asked(pair({"DB_HOST": "172.17.0.1", "DB_PORT": "5432"}), "api", "db") == ["api db:5432 -> db"]


def test_on_the_host_network_localhost_is_the_host() -> None:
    db = container("db", 3, publish={5432: 5432})
    api = container("api", 2, env={"DB_URL": "postgres://localhost/x"}, network=None, mode="host")
    given = stack(api, db, listens={"api": (5432,), "db": (5432,)})
    assert asked(given, "api", "db") == ["api localhost:5432 -> db"]


def test_a_sidecar_is_reached_at_localhost() -> None:
    app = container("app", 2)
    sidecar = container("proxy", 0, env={"UPSTREAM": "http://127.0.0.1:3000"}, network=None, mode=f"container:{app.id}")
    given = stack(app, sidecar, listens={"app": (3000,), "proxy": (3000,)})
    assert asked(given, "proxy", "app") == ["proxy 127.0.0.1:3000 -> app"]


def test_a_stopped_target_is_meant_by_what_it_exposes() -> None:
    db = container("db", 3, exposed=(5432,), image="x/postgres:15", status="exited")
    assert asked(pair({"DATABASE_URL": "postgres://localhost/app"}, target=db), "api", "db") == [
        "api localhost:5432 -> db"
    ]
    assert asked(pair({"DB_HOST": "localhost"}, target=db), "api", "db") == ["api localhost:5432 -> db"]
    assert asked(pair({}, target=db), "api", "db") == ["api db:5432 -> db"]


def test_a_target_of_which_nothing_is_known_is_looked_at_all_the_same() -> None:
    stopped = pair({}, target=container("db", 3, status="exited"))
    planned = plan(Request(source="api", target="db"), stopped)
    assert (planned.links, [c.name for c in planned.others if isinstance(c, Container)]) == ((), ["api", "db"])
    unseen = stack(container("api", 2), container("db", 3))
    wants = sockets_wanted(Request(source="api", target="db"), unseen)
    assert wants == tuple(AskSockets(container=c.id) for c in unseen.containers)
    blind = stack(*unseen.containers, listens={"api": None, "db": None})
    with pytest.raises(BadRequest, match="nothing tells on which port db"):
        asked(blind, "api", "db")
    told = container("api", 2, env={"DATABASE_URL": "postgres://localhost/x"})
    assert asked(stack(told, container("db", 3), listens={"db": None}), "api", "db") == ["api localhost:5432 -> db"]


def test_an_address_that_another_took_is_told_for_a_typed_target() -> None:
    api = container("api", 2, env={"DB_HOST": "10.213.0.4", "DB_PORT": "5432"})
    given = stack(api, container("db", 3), container("squatter", 4), listens={"db": (5432,), "squatter": ()})
    assert asked(given, "api", "db") == ["api 10.213.0.4:5432 -> db"]
    both = stack(*given.containers, listens={"db": (5432,), "squatter": (5432,)})
    assert asked(both, "api", "db") == ["api 10.213.0.4:5432 -> db"]
    assert asked(both, "api") == ["api 10.213.0.4:5432 -> squatter"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("localhost:5432", ["api localhost:5432 -> db"]),
        ("postgresql://postgres:s@db:5432/x", ["api db:5432 -> db"]),
        ("postgresql://postgres:s@postgress/x", ["api postgress:5432 -> db"]),
        ("10.213.0.3:5432", ["api 10.213.0.3:5432 -> db"]),
        ("10.213.0.77:5432", ["api 10.213.0.77:5432 -> db"]),
        ("10.213.0.77:9999", ["api 10.213.0.77:9999 -> ?"]),
        ("8.8.8.8:53/udp", ["api 8.8.8.8:53 -> ?"]),
        ("db.example.com:5432", ["api db.example.com:5432 -> ?"]),
        ("localhost:9999", ["api localhost:9999 -> ?"]),
        ("dbb", ["api dbb:5432 -> ?"]),
        ("redis", ["api redis:6379 -> ?"]),
    ],
)
def test_the_very_string_of_a_configuration(target: str, expected: list[str]) -> None:
    assert asked(pair({}), "api", target) == expected


def test_without_any_port_a_name_that_nobody_bears_is_asked_for_all_the_same() -> None:
    assert asked(pair({}), "api", "nothing-alike") == ["api nothing-alike:80 -> ?"]


def test_an_address_without_any_port_is_a_usage_error() -> None:
    for target in ("localhost", "8.8.8.8"):
        with pytest.raises(BadRequest, match="write it like"):
            asked(pair({}), "api", target)


def test_all_that_a_container_depends_on() -> None:
    environment = {
        "DATABASE_URL": "postgres://localhost/app",
        "REDIS_URL": "redis://cache",
        "MAIL": "smtp://maill:25",
        "MODEL": "llama:70",
        "BASE": "busybox:1",
        "SENTRY_DSN": "https://key@sentry.example/1",
        "HTTP_PROXY": "http://squid:3128",
        "VITE_API": "http://front:80",
    }
    containers = (
        container("api", 2, env=environment),
        container("db", 3),
        container("cache", 4),
        container("squid", 5),
        container("front", 6, network=OTHER),
    )
    listens = {"api": (), "db": (5432,), "cache": (6379,), "squid": (3128,), "front": (80,)}
    assert asked(stack(*containers, listens=listens), "api") == [
        "api localhost:5432 -> db",
        "api cache:6379 -> cache",
        "api maill:25 -> ?",
        "api squid:3128 -> squid",
    ]


def test_neighbours_are_asked_who_is_meant_by_localhost() -> None:
    api = container("api", 2, env={"DB": "postgres://localhost/x"})
    given = stack(api, container("db", 3), container("web", 4, exposed=(80,)), container("far", 5, network=OTHER))
    for target in (None, "localhost:1"):
        wants = sockets_wanted(Request(source="api", target=target), given)
        assert wants == tuple(AskSockets(container=c.id) for c in given.containers[:2])


def test_an_alias_on_the_own_network_comes_before_a_stranger_of_that_name() -> None:
    store = container("store", 3)
    place = msgspec.structs.replace(store.endpoints[0], aliases=("postgres",))
    store = msgspec.structs.replace(store, endpoints=(place,))
    given = stack(container("api", 2), container("postgres", 4, network=OTHER), store, listens={"store": (5432,)})
    assert asked(given, "api", "postgres:5432") == ["api postgres:5432 -> store"]
    near = stack(container("api", 2), container("postgres", 4), store, listens={"store": (5432,)})
    assert asked(near, "api", "postgres:5432") == ["api postgres:5432 -> postgres"]


def test_a_name_that_is_nearly_the_targets_is_meant_where_its_ports_are_unknown() -> None:
    api = container("api", 2, env={"DB": "postgres://postgress/x", "MAIL": "smtp://mailer"})
    given = stack(api, container("postgres", 3), listens={"postgres": None})
    assert asked(given, "api", "postgres") == ["api postgress:5432 -> postgres"]


def test_a_stranger_is_never_meant() -> None:
    api, db = container("api", 2), container("db", 3, network=OTHER)
    assert asked(stack(api, db, listens={"api": (), "db": (5432,)}), "api", "localhost:5432") == [
        "api localhost:5432 -> ?"
    ]


def test_a_server_on_the_host_network_is_met_at_the_host() -> None:
    server = container("server", 3, network=None, mode="host")
    given = stack(container("api", 2), server, listens={"api": (), "server": (5432,)})
    assert asked(given, "api", "host.docker.internal:5432") == ["api host.docker.internal:5432 -> server"]
    unseen = plan(Request(source="api", target="172.17.0.1:5432"), stack(*given.containers))
    assert AskSockets(container=server.id) in unseen.wants


def test_of_two_databases_the_one_that_nothing_names_is_meant_by_localhost() -> None:
    environment = {"A_URL": "postgres://db1/a", "B_URL": "postgres://localhost/b"}
    given = stack(
        container("api", 2, env=environment),
        container("db1", 3),
        container("db2", 4),
        listens={"api": (), "db1": (5432,), "db2": (5432,)},
    )
    assert asked(given, "api") == ["api db1:5432 -> db1", "api localhost:5432 -> db2"]
    two = {"A_URL": "postgres://localhost/a"}
    listens = {"api": (), "db1": (5432,), "db2": (5432,)}
    unclear = stack(container("api", 2, env=two), *given.containers[1:], listens=listens)
    assert asked(unclear, "api") == ["api localhost:5432 -> ?"]
    assert asked(unclear, None) == []
    alone = stack(unclear.containers[0], listens={"api": ()})
    assert asked(alone, None) == []
    [link] = plan(Request(source="api"), alone).links
    assert (link.address, link.port, link.certain) == ("localhost", 5432, False)
    assert asked(stack(unclear.containers[0], listens={"api": None}), "api") == ["api localhost:5432 -> ?"]


def test_a_web_address_at_localhost_may_be_for_a_browser_on_the_host() -> None:
    front = container("front", 2, env={"API_URL": "http://localhost:18080"}, publish={13000: 3000})
    api = container("api", 3, publish={18080: 8080})
    given = stack(front, api, listens={"front": (3000,), "api": (8080,)})
    assert asked(given, "front", "api") == ["front api:8080 -> api"]
    assert asked(given, "front") == []
    [wanted] = [w for w in plan(Request(source="front"), given).wants if isinstance(w, AskLogs)]
    refused = Logs(lines=(LogLine(at=1.0, text="connect ECONNREFUSED 127.0.0.1:18080: refused"),))
    told = msgspec.structs.replace(given, asked=(*given.asked, Asked(question=wanted, answer=refused)))
    assert asked(told, "front", "api") == ["front localhost:18080 -> api"]
    worker = container("worker", 4, env={"API_URL": "http://localhost:18080"})
    assert asked(stack(worker, api, listens={"worker": (), "api": (8080,)}), "worker") == [
        "worker localhost:18080 -> api"
    ]


def test_the_host_is_asked_for_whoever_serves_there() -> None:
    api = container("api", 2, env={"DB_URL": "mysql://172.17.0.1/x", "CACHE": "redis://host.docker.internal"})
    given = stack(api, listens={"api": ()})
    assert asked(given, "api") == ["api 172.17.0.1:3306 -> ?", "api host.docker.internal:6379 -> ?"]
    assert [link.certain for link in plan(Request(source="api"), given).links] == [True, True]
    assert [link.certain for link in plan(Request(), given).links] == [False, False]


def test_what_says_no_protocol_means_the_one_that_is_served() -> None:
    api = container("api", 2, env={"STATSD_HOST": "stats", "STATSD_PORT": "8125", "WEB": "http://stats:8125"})
    stats = container("stats", 3)
    udp = Sockets(listeners=(Listener(address="0.0.0.0", port=8125, protocol="udp"),))
    given = stack(api, stats)
    given = msgspec.structs.replace(given, asked=(Asked(question=AskSockets(container=stats.id), answer=udp),))
    assert [(k.port, k.protocol) for k in plan(Request(source="api"), given).links] == [(8125, "udp"), (8125, "tcp")]


def test_names_that_nobody_bears_are_meant_for_sure_by_whom_is_asked_about() -> None:
    given = pair({"A": "http://nobody:80", "DATABASE_URL": "postgres://localhost/x"})
    assert asked(given, None) == ["api nobody:80 -> ?", "api localhost:5432 -> db"]
    assert [link.certain for link in plan(Request(), given).links] == [False, True]
    assert [link.certain for link in plan(Request(source="api"), given).links] == [True, True]


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        (("docker-entrypoint.sh", "postgres"), False),
        (("docker-entrypoint.sh", "sh", "-c", "chown -R postgres /data && exec docker-entrypoint.sh postgres"), False),
        (("docker-entrypoint.sh", "sh", "-c", "while :; do pg_dump $DB_URL; sleep 60; done"), True),
        (("docker-entrypoint.sh", "psql", "-f", "/migration.sql"), True),
    ],
)
def test_the_image_of_a_database_is_a_client_too(command: tuple[str, ...], asks: bool) -> None:
    environment = {"REDIS_URL": "redis://cache:6379"}
    other = container("backup", 4, env=environment, image="postgres:15", command=command)
    other = msgspec.structs.replace(other, entry_words=1)
    given = stack(container("api", 2, env=environment), other, container("cache", 3, image="redis:7"))
    assert ("backup cache:6379 -> cache" in asked(given, None)) is asks


def test_of_the_outside_only_what_was_configured_and_fails_is_asked_for() -> None:
    api = container("api", 2, env={"MAIL": "smtp://mail.example:25", "PAY": "https://pay.example"})
    given = stack(api, listens={"api": ()})
    assert asked(given, None) == []
    texts = ("getaddrinfo ENOTFOUND mail.example", "dial tcp: lookup stray.example on 127.0.0.11:53: no such host")
    said = Logs(lines=tuple(LogLine(at=1.0, text=text) for text in texts))
    told = Asked(question=AskLogs(container=api.id), answer=said)
    complaining = msgspec.structs.replace(given, asked=(*given.asked, told))
    assert asked(complaining, None) == ["api mail.example:25 -> ?"]


def test_internal_listeners_are_not_what_a_client_wants() -> None:
    given = stack(
        container("api", 2, env={"MQ_HOST": "mq"}),
        container("mq", 3, exposed=(4369, 5672, 15692)),
        container("app", 4),
        listens={"api": (), "mq": (4369, 5672, 25672), "app": (3000,)},
    )
    assert asked(given, "api", "mq") == ["api mq:4369 -> mq", "api mq:5672 -> mq"]
    amqp = container("api", 2, env={"RABBITMQ_HOST": "mq"})
    assert asked(stack(amqp, *given.containers[1:], listens={"mq": (4369, 5672)}), "api", "mq") == ["api mq:5672 -> mq"]


def test_services_replicas_and_unknown_sources() -> None:
    web = container("shop-web-1", 4, service="web", env={"DB_HOST": "db"})
    db = container("shop-db-1", 3, service="db", exposed=(5432,))
    given = stack(web, db, listens={})
    assert asked(given, "web", "db") == ["shop-web-1 db:5432 -> shop-db-1"]
    assert asked(given, "shop/web", "shop-db-1") == ["shop-web-1 db:5432 -> shop-db-1"]
    with pytest.raises(NotFound, match="did you mean web"):
        asked(given, "webb", "db")
