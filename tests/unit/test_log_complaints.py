"""What a log complains of: which file a line is about, which mount, and what has nothing to do with files."""

from __future__ import annotations

from typing import Any

import pytest

from checks.volume._complaints import Complaint, complaints
from netdoctor.answers import Asked, AskLogs, LogLine, Logs
from netdoctor.model import Container, Engine, Health, HealthRun, Mount, State
from netdoctor.stack import Stack

NOW = 1_795_000_000.0
DATA = Mount(kind="bind", destination="/data", source="/srv/data", container="c", given="-v")
CERTS = Mount(kind="bind", destination="/certs", source="/srv/certs", container="c", given="-v")


def said(*lines: str, at: float = NOW - 5, mounts: tuple[Mount, ...] = (DATA,), **more: Any) -> tuple[Complaint, ...]:
    state = more.pop("state", State(status="running", started=NOW - 60))
    container = Container(id="c", name="app", state=state, created=NOW - 600, mounts=mounts, **more)
    logs = Logs(lines=tuple(LogLine(at=at, text=text) for text in lines))
    asked = (Asked(question=AskLogs(container="c"), answer=logs),)
    return complaints(Stack(engine=Engine(), taken_at=NOW, containers=(container,), asked=asked), container)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('open() "/data/mime.types" failed (2: No such file or directory) in /data/nginx.conf:26', "/data/mime.types"),
        ("EACCES: permission denied, mkdir '/data/uploads'", "/data/uploads"),
        ("touch: /data/x: Permission denied", "/data/x"),
        ("dial unix /data/docker.sock: connect: permission denied", "/data/docker.sock"),
        ("permission denied while trying to connect to unix:///data/docker.sock.", "/data/docker.sock"),
        ("java.io.FileNotFoundException: /data/a.log (Permission denied)", "/data/a.log"),
        ("java.nio.file.AccessDeniedException: /data/lock", "/data/lock"),
        ("System.UnauthorizedAccessException: Access to the path '/data/k.xml' is denied.", "/data/k.xml"),
        ("cat: read error: Is a directory", ""),
    ],
)
def test_what_a_line_is_about(line: str, path: str) -> None:
    assert [c.path for c in said(line)] == [path]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("[Errno 13] Permission denied: 'data/x'", "/data/x"),
        ("Error: EACCES: permission denied, open './data/1.png'", "/data/1.png"),
        ("panic: mkdir data/db: permission denied", "/data/db"),
        ("sh: can't create data/x: Read-only file system", "/data/x"),
        ("could not open the file 'lib/x': permission denied", ""),  # of the container itself
        ("cannot write text/html: permission denied", ""),
    ],
)
def test_paths_from_the_working_directory_on(line: str, path: str) -> None:
    assert [c.path for c in said(line)] == [path]
    beside = Mount(kind="volume", destination="/srv/app/data", name="data", container="c", given="-v")
    assert [c.path for c in said(line, mounts=(beside,), folder="/srv/app")] == [f"/srv/app{path}" if path else ""]


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.9 GET /data/secret 403 permission denied",
        '"GET https://shop.example/data/x HTTP/1.1" 403 access is denied',
        "ERROR:  permission denied for table orders",
        'ERROR:  permission denied to create extension "hstore"',
        "User: arn:aws:iam::1:user/x AccessDeniedException: not authorized to perform s3:PutObject",
    ],
)
def test_what_has_nothing_to_do_with_files(line: str) -> None:
    assert said(line) == ()


def test_a_web_server_s_own_complaint_counts() -> None:
    line = 'open() "/data/a.html" failed (13: Permission denied), request: "GET /certs/a.html HTTP/1.1"'
    assert [c.path for c in said(line, mounts=(CERTS, DATA))] == ["/data/a.html"]


@pytest.mark.parametrize(
    ("environment", "mounts", "mount"),
    [
        ({}, (DATA,), DATA),
        ({}, (DATA, CERTS), None),  # nobody knows which of them
        ({"DATABASE_URL": "sqlite:////data/app.db"}, (DATA, CERTS), DATA),
        ({"DATABASE_URL": "sqlite:///data/app.db"}, (DATA, CERTS), DATA),
        ({"DB_FILE": "data/app.sqlite3"}, (DATA, CERTS), DATA),
        ({"DATABASE_URL": "postgresql://db/app"}, (DATA, CERTS), None),
    ],
)
def test_where_sqlite_has_its_file(environment: dict[str, str], mounts: tuple[Mount, ...], mount: Mount | None) -> None:
    lines = ("OperationalError: unable to open database file", "attempt to write a readonly database")
    found = said(*lines, mounts=mounts, environment=tuple(environment.items()))
    assert [(c.kind, c.mount) for c in found] == [("not-opened", mount), ("not-written", mount)]


def test_a_health_check_that_fails_now_complains_as_well() -> None:
    run = HealthRun(exit_code=1, output="touch: /data/alive: Permission denied\n", ended=NOW - 1)
    for status, told in (("unhealthy", ["health check"]), ("healthy", [])):
        state = State(status="running", started=NOW - 60, health=Health(status=status, runs=(run,)))
        assert [c.told for c in said(state=state)] == told


def test_the_last_life_counts_and_an_earlier_one_of_what_crashes_in_a_loop() -> None:
    line = "touch: /data/x: Permission denied"
    assert said(line, at=NOW - 90) == ()
    loop = State(status="running", started=NOW - 1, finished=NOW - 8, restart_count=7)
    assert said(line, at=NOW - 9, state=loop)
    steady = State(status="running", started=NOW - 500, finished=NOW - 508, restart_count=7)
    assert said(line, at=NOW - 509, state=steady) == ()
