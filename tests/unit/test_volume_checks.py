"""The checks of volumes on small stacks: what servers say of data that they cannot read, and who is left in peace."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor import registry
from netdoctor.answers import (
    Answer,
    AskChanges,
    Asked,
    AskFolder,
    AskImage,
    AskLogs,
    AskOpenFiles,
    AskVolumeUsage,
    AtWork,
    Changes,
    Folder,
    Grown,
    Image,
    LogLine,
    Logs,
    OpenFiles,
    Question,
    VolumeUsage,
)
from netdoctor.finding import Finding, Verdict
from netdoctor.model import Container, Engine, Mount, Scope, State, Subject, Volume
from netdoctor.stack import Stack

NOW = 1_795_000_000.0
ANONYMOUS = "ab" * 32
DATA = "/var/lib/postgresql/data"
CHECKS = {c.id: c for c in registry.load()}


def container(*command: str, mounts: tuple[Mount, ...] = (), **more: Any) -> Container:
    state = more.pop("state", State(status="running", started=NOW - 3600))
    return Container(
        id="c", name="db", state=state, command=command, mounts=mounts, created=NOW - 3600, **more
    )  # fmt: skip


def mount(destination: str, name: str = "pgdata", kind: str = "volume") -> Mount:
    given: Any = "" if name == ANONYMOUS else "-v"
    return Mount(kind=kind, destination=destination, name=name, container="c", given=given)


def judge(check: str, subject: Subject, asked: Container, **answers: Any) -> list[Finding]:
    questions: dict[str, Question] = {
        "changes": AskChanges(container="c"),
        "logs": AskLogs(container="c"),
        "image": AskImage(image=asked.image_id or asked.image),
    }
    told = [Asked(question=q, answer=answers[n]) for n, q in questions.items() if n in answers]  # type: ignore[arg-type]
    told += [Asked(question=q, answer=a) for q, a in answers.get("more", {}).items()]
    stack = Stack(
        engine=Engine(api="1.51"),
        taken_at=NOW,
        containers=(asked,),
        volumes=tuple(Volume(name=m.name, created=NOW - 9000) for m in asked.mounts if m.name),
        asked=tuple(told),
        scope=Scope(whole=("c",)),
    )
    return list(CHECKS[check].judge(stack, subject))


def said(text: str) -> Answer:
    return Logs(lines=(LogLine(at=NOW, text="starting"), LogLine(at=NOW, text=text)))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("postgres", "DETAIL:  The data directory was initialized by PostgreSQL version 12, which is not compatible "
                     "with this version 16.0."),
        ("mysqld", "[ERROR] [MY-013171] [InnoDB] Cannot boot server version 80036 on data directory built by version "
                   "90001. Downgrade is not supported"),
        ("mysqld", "Invalid MySQL server downgrade: Cannot downgrade from 80400 to 80036."),
        ("mariadbd", "InnoDB: Unsupported redo log format. The redo log was created with MySQL 8.0.36."),
        ("mongod", 'Wrong mongod version","attr":{"error":"UPGRADE PROBLEM: Found an invalid '
                   "featureCompatibilityVersion document"),
        ("redis-server", "Can't handle RDB format version 11"),
        ("elasticsearch", "cannot downgrade a node from version [8.13.0] to version [8.4.3]"),
    ],
)  # fmt: skip
def test_a_server_that_refuses_its_data(command: str, text: str) -> None:
    folders = {"postgres": DATA, "mongod": "/data/db", "redis-server": "/data",
               "elasticsearch": "/usr/share/elasticsearch/data"}  # fmt: skip
    place = mount(folders.get(command, "/var/lib/mysql"))
    state = State(status="exited", exit_code=1, started=NOW - 60)
    asked = container("docker-entrypoint.sh", command, mounts=(place,), state=state)
    found = judge("volume.version", place, asked, logs=said(text))
    assert [f.reason for f in found] == ["mismatch"]
    running = container("docker-entrypoint.sh", command, mounts=(place,))
    assert [f.verdict for f in judge("volume.version", place, running, logs=said(text))] == [Verdict.PASS]


@pytest.mark.parametrize(
    ("image", "older"),
    [
        ("postgres:16", "postgres:15"),
        ("postgres:16.3-alpine3.20", "postgres:15-alpine3.20"),
        ("postgres", "postgres:15"),
        ("postgres:latest", "postgres:15"),
        ("registry.example:5000/postgres", "registry.example:5000/postgres:15"),
        ("ghcr.io/x/postgres:16@sha256:00ff", "ghcr.io/x/postgres:15"),
    ],
)
def test_the_image_of_the_version_that_wrote_the_data(image: str, older: str) -> None:
    place = mount(DATA)
    state = State(status="exited", exit_code=1, started=NOW - 60)
    variables = (("PG_MAJOR", "16"), ("PGDATA", DATA))
    entry = ("docker-entrypoint.sh", "postgres")
    asked = container(*entry, mounts=(place,), state=state, image=image, environment=variables)
    wrote = Folder(exists=True, there={"PG_VERSION": 1.0}, texts={"PG_VERSION": "15"})
    question = AskFolder(container="c", path=DATA, names=("PG_VERSION",))
    [found] = judge("volume.version", place, asked, more={question: wrote})
    assert found.reason == "mismatch"
    assert found.remedy is not None
    assert any(command.endswith(f" {older} postgres") for command in found.remedy.run)


THROWN_AWAY = (
    container("docker-entrypoint.sh", "postgres", labels={"org.testcontainers": "true"}),
    container("docker-entrypoint.sh", "postgres", "-c", "fsync=off"),
    container("docker-entrypoint.sh", "postgres", labels={"com.docker.compose.oneoff": "True"}),
    container("python3", "/bin/bash", tty=True),
)


@pytest.mark.parametrize("asked", THROWN_AWAY, ids=["testcontainers", "fsync", "one-off", "shell"])
def test_what_nobody_wants_to_keep(asked: Container) -> None:
    changes = Changes(size=9_000_000, databases=("/var/lib/postgresql/data/PG_VERSION",))
    assert [f.verdict for f in judge("volume.persistent", asked, asked, changes=changes)] == [Verdict.PASS]


def test_a_client_of_the_image_keeps_nothing() -> None:
    asked = container("docker-entrypoint.sh", "psql", image="postgres:15", mounts=(mount(DATA, ANONYMOUS),))
    image = Image(volumes=(DATA,), entrypoint=("docker-entrypoint.sh",), command=("postgres",))
    assert [f.verdict for f in judge("volume.persistent", asked, asked, changes=Changes(), image=image)] == [
        Verdict.PASS
    ]


def test_a_volume_that_an_unknown_image_declares_for_data() -> None:
    image = Image(volumes=("/data", "/var/cache/x", "/tmp"), entrypoint=("/app",), command=("serve",))
    mounts = tuple(mount(path, ANONYMOUS) for path in image.volumes)
    asked = container("/app", "serve", image="our/app", mounts=mounts)
    found = judge("volume.persistent", asked, asked, changes=Changes(), image=image)
    assert [(f.verdict, f.reason, f.evidence.get("mounted_at")) for f in found] == [
        (Verdict.WARN, "anonymous", "/data")
    ]
    other = container("/app", "migrate", image="our/app", mounts=mounts)
    assert [f.verdict for f in judge("volume.persistent", other, other, changes=Changes(), image=image)] == [
        Verdict.PASS
    ]


def test_what_a_process_has_open_tells_where_the_data_is() -> None:
    mounts = (mount("/data/db", ANONYMOUS), mount("/srv/mongo"))
    asked = container("mongod", "--config", "/etc/mongod.conf", image="mongo:7", mounts=mounts)
    open_there = AtWork(pid=1, name="mongod", folder="/", writes=("/var/log/mongod.log", "/srv/mongo/WiredTiger"))
    more = {AskOpenFiles(container="c"): OpenFiles(processes=(open_there,), seen_by="netns")}
    [found] = judge("volume.persistent", asked, asked, changes=Changes(), more=more)
    assert (found.verdict, found.evidence["folder"]) == (Verdict.PASS, "/srv/mongo")


def test_a_database_that_an_unknown_program_has_open_in_a_volume_without_a_name() -> None:
    asked = container("/app", "serve", image="our/app", mounts=(mount("/x", ANONYMOUS),))
    open_there = AtWork(pid=1, name="app", folder="/", writes=("/x/app.sqlite3",))
    more = {AskOpenFiles(container="c"): OpenFiles(processes=(open_there,), seen_by="netns")}
    [found] = judge("volume.persistent", asked, asked, changes=Changes(), image=Image(command=("/app",)), more=more)
    assert (found.verdict, found.reason) == (Verdict.WARN, "anonymous")


def test_only_folders_that_are_called_like_data_are_told_of() -> None:
    asked = container("/app")
    for path, verdict in (("/srv/uploads", Verdict.WARN), ("/srv/app", Verdict.PASS), ("/var/data", Verdict.WARN)):
        changes = Changes(size=5_000_000, folders=(Grown(path=path, files=3, size=4_000_000),))
        assert [f.verdict for f in judge("volume.persistent", asked, asked, changes=changes)] == [verdict]
    little = Changes(size=5_000_000, folders=(Grown(path="/srv/uploads", files=3, size=40),))
    assert [f.verdict for f in judge("volume.persistent", asked, asked, changes=little)] == [Verdict.PASS]


def test_nobody_is_accused_of_what_could_not_be_seen() -> None:
    """A configuration file may say another folder, nothing lies in the usual one, and nobody saw the process."""
    asked = container("redis-server", "/etc/redis.conf", image="redis:7", mounts=(mount("/data", ANONYMOUS),))
    empty = {
        AskFolder(container="c", path="/data", names=("dump.rdb", "appendonlydir", "appendonly.aof")): Folder(
            exists=True
        )
    }
    found = judge("volume.persistent", asked, asked, changes=Changes(), more=empty)
    assert [f.verdict for f in found] == [Verdict.UNKNOWN]


def test_an_earlier_container_left_its_data() -> None:
    asked = container("docker-entrypoint.sh", "postgres", mounts=(mount(DATA, ANONYMOUS),))
    left = "cd" * 32
    stack = Stack(
        engine=Engine(api="1.51"), taken_at=NOW, containers=(asked,), scope=Scope(whole=("c",)),
        volumes=(Volume(name=ANONYMOUS, created=NOW - 60), Volume(name=left, created=NOW - 90000)),
        asked=(
            Asked(question=AskFolder(container="c", path=DATA, names=("PG_VERSION",)),
                  answer=Folder(exists=True, there={"PG_VERSION": NOW - 60})),
            Asked(question=AskVolumeUsage(volume=left),
                  answer=VolumeUsage(size=40_000_000, entries=("PG_VERSION", "base"))),
        ),
    )  # fmt: skip
    [found] = CHECKS["volume.persistent"].judge(stack, asked)
    assert (found.verdict, found.reason) == (Verdict.WARN, "anonymous")
    assert left in str(found.evidence["left_by_others"])


def test_an_end_of_a_link_alone_is_not_judged() -> None:
    asked = container("docker-entrypoint.sh", "postgres")
    assert list(CHECKS["volume.persistent"].judge(Stack(engine=Engine(), containers=(asked,)), asked)) == []
