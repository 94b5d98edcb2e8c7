"""Secrets planted in every place are cut, and what a diagnosis needs is not."""

from __future__ import annotations

import time

import msgspec
from msgspec.structs import replace

from netdoctor.answers import (
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
    Process,
    Sockets,
    Unable,
)
from netdoctor.model import Container, Endpoint, Engine, Health, HealthRun, Network, State
from netdoctor.redact import Redactor, redact
from netdoctor.stack import Stack


def container(name: str = "api", **fields: object) -> Container:
    given = {"id": name, "name": name, "state": State(status="running"), **fields}
    return Container(**given)  # type: ignore[arg-type]


def stack(*containers: Container, **fields: object) -> Stack:
    return Stack(engine=Engine(), containers=containers, **fields)  # type: ignore[arg-type]


# -- the same secret elsewhere --------------------------------------------------------------------------------------


def test_the_same_secret_has_the_same_token_everywhere() -> None:
    found, cut = redact(
        stack(
            container("db", environment=(("POSTGRES_PASSWORD", "p@ss w0rd"),), command=("run", "p@ss w0rd")),
            container(
                "api",
                environment=(
                    ("DATABASE_URL", "postgres://app:p%40ss%20w0rd@db:5432/x"),
                    ("OTHER_PASSWORD", "different"),
                    ("HINT", "it is p@ss w0rd!"),
                    ("FORM", "a=p%40ss+w0rd"),
                ),
            ),
        )
    )
    assert found.containers[0].environment == (("POSTGRES_PASSWORD", "<secret-1>"),)
    assert found.containers[0].command == ("run", "<secret-1>")
    assert [value for _, value in found.containers[1].environment] == [
        "postgres://app:<secret-1>@db:5432/x",
        "<secret-2>",
        "it is <secret-1>!",
        "a=<secret-1>",
    ]
    assert cut == {"environment": 5, "command": 1}


def test_a_secret_that_only_the_last_log_line_betrays_is_cut_before() -> None:
    asked = Asked(question=AskLogs(container="a"), answer=Logs(lines=(LogLine(at=1.0, text="password=hunter2x"),)))
    found, _ = redact(stack(container(environment=(("NOTE", "try hunter2x"),)), asked=(asked,)))
    assert found.containers[0].environment == (("NOTE", "try <secret-1>"),)


def test_names_are_never_cut() -> None:
    endpoint = Endpoint(network="shopnet1", aliases=("backend7",))
    shop = container(
        "orders12",
        image="registry.example/orders12:1.2",
        endpoints=(endpoint,),
        environment=(
            ("A_PASSWORD", "orders12"),
            ("B_PASSWORD", "backend7"),
            ("C_PASSWORD", "shopnet1"),
            ("D_PASSWORD", "postgres"),
            ("E_PASSWORD", "hunter2x"),
            ("F_PASSWORD", "warehouse"),
            ("DB_HOST", "hunter2x.example.com"),
            ("URL", "http://orders12:80/backend7 shopnet1 postgres"),
            ("MAIL", "http://hunter2x.example.com:25 hunter2x"),
            ("STOCK", "http://warehouse:80 http://warehouse.example/ warehouse"),
        ),
        labels={
            "com.docker.compose.service": "hunter2x",
            "com.docker.compose.depends_on": "secret:service_started:true",
        },
    )
    found, _ = redact(stack(shop))
    one = found.containers[0]
    assert [value for _, value in one.environment] == [
        *[f"<secret-{n}>" for n in range(1, 7)],
        "hunter2x.example.com",
        "http://orders12:80/backend7 shopnet1 postgres",
        "http://hunter2x.example.com:25 hunter2x",
        "http://warehouse:80 http://warehouse.example/ warehouse",
    ]
    assert one.labels == shop.labels
    assert (one.name, one.image, one.endpoints) == (shop.name, shop.image, shop.endpoints)


def test_a_name_that_holds_a_secret_stays_whole() -> None:
    found, _ = redact(
        stack(
            container("deploy1x-db", environment=(("PASSWORD", "deploy1x"), ("X", "deploy1x@deploy1x-db:80 deploy1x"))),
        )
    )
    assert found.containers[0].environment[1] == ("X", "<secret-1>@deploy1x-db:80 <secret-1>")


# -- every place ----------------------------------------------------------------------------------------------------

PLACES = "env url label cmd test run err img log opt why try git"
PLANTED = {place: f"S3cret-{place}-x" for place in PLACES.split()}


def sick_stack() -> Stack:
    p = PLANTED
    health = Health(
        status="unhealthy",
        test=("CMD-SHELL", f"redis-cli -a {p['test']} ping"),
        runs=(HealthRun(exit_code=1, output=f"auth failed, password={p['run']} and {p['env']}"),),
    )
    one = container(
        state=State(status="exited", error=f"mount: username=u,password={p['err']}: no such device", health=health),
        image=f"me:{p['img']}@registry.example:5000/shop/api:1.2@sha256:0123",
        command=("serve", "--api-key", p["cmd"]),
        environment=(("DB_PASSWORD", p["env"]), ("DATABASE_URL", f"postgres://u:{p['url']}@db:5432/x")),
        labels={
            "com.example.token": p["label"],
            "com.docker.compose.project": "shop",
            "com.docker.compose.project.config_files": f"https://me:{p['git']}@git.example/x.git",
        },
    )
    answers = (
        (
            AskLogs(container="api"),
            Logs(lines=(LogLine(at=1.0, text=f"token={p['log']}"), LogLine(at=2.0, text=p["env"]))),
        ),
        (AskLookup(container="api", name="db"), Unable(reason=f"exec said password={p['why']}", would_help=p["env"])),
        (
            AskConnection(container="api", address="db", port=5432),
            Connection(attempts=(Attempt(address="10.0.0.2", outcome="error", text=f"bad secret={p['try']}"),)),
        ),
        (
            AskSockets(container="api"),
            Sockets(listeners=(Listener(address="::", port=80, process=Process(pid=1, name=f"pw={p['env']}")),)),
        ),
    )
    return stack(
        one,
        networks=(Network(id="n", name="n", options={"api.token": p["opt"], "com.docker.network.mtu": "1400"}),),
        asked=tuple(Asked(question=q, answer=a) for q, a in answers),
    )


def test_no_place_keeps_a_secret() -> None:
    found, cut = redact(sick_stack())
    text = msgspec.json.encode(found).decode()
    assert [place for place, secret in PLANTED.items() if secret in text] == []
    for kept in (
        "10.0.0.2",
        "db:5432",
        "registry.example:5000/shop/api:1.2@sha256:0123",
        "git.example",
        "username=u",
        "1400",
    ):
        assert kept in text
    assert cut == {
        "environment": 2,
        "labels": 2,
        "command": 1,
        "health check": 2,
        "error": 1,
        "image": 1,
        "logs": 2,
        "answers": 3,
        "processes": 1,
        "network options": 1,
    }


def test_twice_changes_nothing() -> None:
    once, _ = redact(sick_stack())
    twice, cut = redact(once)
    assert twice == once
    assert cut == {}
    assert redact(sick_stack())[0] == once


def test_secrets_that_come_later_get_new_numbers() -> None:
    once, _ = redact(stack(container(environment=(("A_PASSWORD", "hunter2x"),))))
    more = replace(once, containers=(*once.containers, container("db", environment=(("B_PASSWORD", "hunter3x"),))))
    assert redact(more)[0].containers[1].environment == (("B_PASSWORD", "<secret-2>"),)


def test_answers_that_are_added_later_are_cut_by_what_was_known_before() -> None:
    redactor = Redactor()
    first = redactor.stack(stack(container(environment=(("PASSWORD", "hunter2x"),))))
    asked = Asked(question=AskLogs(container="api"), answer=Logs(lines=(LogLine(at=1.0, text="got hunter2x"),)))
    second = redactor.stack(replace(first, asked=(asked,)))
    assert second.asked[0].answer == Logs(lines=(LogLine(at=1.0, text="got <secret-1>"),))
    assert redactor.cut == {"environment": 1, "logs": 1}


def test_any_other_text() -> None:
    redactor = Redactor()
    assert redactor.text("postgresql://postgres:secret@postgres:5432/myapp") == (
        "postgresql://postgres:<secret-1>@postgres:5432/myapp"
    )
    redactor.stack(stack(container(environment=(("PASSWORD", "hunter2x"),))))
    assert redactor.text("KeyError: 'hunter2x'") == "KeyError: '<secret-2>'"
    assert redactor.text("no container api; nearest: app, apis") == "no container api; nearest: app, apis"


def test_a_long_line_takes_no_longer_than_it_must() -> None:
    for text in ("a-" * 50_000, "password=" * 5_000, "mysql " * 5_000, "x@y:" * 10_000, 'token":"' * 5_000):
        started = time.monotonic()
        Redactor().text(text)
        assert time.monotonic() - started < 2
