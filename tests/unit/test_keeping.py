"""Which software a container runs, and where that keeps its data: by its command, its environment and its image."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.commands import programs
from netdoctor.keeping import Keeps, keeps, meant_for, mounted_at
from netdoctor.model import Container, Mount, State
from netdoctor.stateful import KNOWN, database, is_data

ENTRY = "docker-entrypoint.sh"


def container(*command: str, image: str = "", environment: dict[str, str] | None = None, **more: Any) -> Container:
    variables = tuple((environment or {}).items())
    return Container(
        id="c", name="c", state=State(status="running"), command=command, image=image, environment=variables, **more
    )


def kept(*command: str, **more: Any) -> Keeps:
    found = keeps(container(*command, **more))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ((ENTRY, "postgres", "-c", "max_connections=9"), ("postgres",)),
        ((ENTRY, "-c", "max_connections=9"), ("",)),
        ((ENTRY, "psql", "-h", "postgres"), ("psql",)),
        (("/sbin/tini", "--", "/usr/local/bin/docker-entrypoint.sh", "mongod"), ("mongod",)),
        (("gosu", "redis:redis", "redis-server", "/etc/redis.conf"), ("redis-server",)),
        (("sh", "-c", "docker-entrypoint.sh postgres & exec /watch.py"), ("postgres", "watch.py")),
        (
            ("sh", "-ec", "until pg_isready -h postgres; do sleep 1; done; pg_dump db"),
            ("pg_isready", "sleep", "pg_dump"),
        ),
        (("busybox", "sh", "-c", "A=1 exec env B=2 mysqld"), ("mysqld",)),
        (("sh", "-c", "echo 'open"), ("echo",)),
        (("/init",), ()),
        ((), ()),
    ],
)
def test_programs_behind_scripts_and_shells(command: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert programs(command) == found


@pytest.mark.parametrize(
    ("asked", "software", "folder"),
    [
        (container(ENTRY, "postgres", environment={"PGDATA": "/data/pg/"}), "PostgreSQL", "/data/pg"),
        (container(ENTRY, "postgres", "-D", "/srv/pg", environment={"PGDATA": "/x"}), "PostgreSQL", "/srv/pg"),
        (container(ENTRY, "postgres", environment={"PG_MAJOR": "18"}), "PostgreSQL", "/var/lib/postgresql/18/docker"),
        (container(ENTRY, "-c", "a=b", image="postgis/postgis:16-3.4"), "PostgreSQL", "/var/lib/postgresql/data"),
        (container(ENTRY, "mysqld", "--datadir=/srv/my"), "MySQL", "/srv/my"),
        (container("sh", "-c", "exec mongod --dbpath /srv/mongo"), "MongoDB", "/srv/mongo"),
        (container("/usr/bin/docker-entrypoint.sh", "minio", "server", "/export"), "MinIO", "/export"),
        (container("/opt/bitnami/scripts/redis/entrypoint.sh", "/opt/bitnami/scripts/redis/run.sh", "redis-server"),
         "Redis", "/bitnami/redis"),
        (container("/bin/prometheus", "--storage.tsdb.path=/tsdb"), "Prometheus", "/tsdb"),
        (container("/entrypoint.sh", "influxd", environment={"INFLUXDB_VERSION": "1.8.10"}), "InfluxDB",
         "/var/lib/influxdb"),
        (container("/init", image="lscr.io/linuxserver/sonarr:latest"), "a linuxserver.io application", "/config"),
        (container("/run.sh", image="grafana/grafana:11@sha256:00"), "Grafana", "/var/lib/grafana"),
    ],
)  # fmt: skip
def test_where_the_data_lies(asked: Container, software: str, folder: str) -> None:
    found = keeps(asked)
    assert found is not None
    assert (found.software.name, found.folder) == (software, folder)


@pytest.mark.parametrize(
    "nobody",
    [
        container("nginx", image="nginx:1.27"),
        container(ENTRY, "redis-server", "--save", "", "--appendonly", "no", image="redis:7"),
        container("sh", "-c", "redis-server --save '' --appendonly no", image="redis:7"),
        container(ENTRY, "redis-server", "--maxmemory-policy", "allkeys-lru", image="redis:7"),
        container("vault", "server", "-dev"),
        container("/postgres_exporter", image="prometheuscommunity/postgres-exporter"),
        container("tini", "--", "node", image="mongo-express"),
    ],
)
def test_who_keeps_nothing(nobody: Container) -> None:
    assert keeps(nobody) is None


def test_the_command_speaks_louder_than_the_image() -> None:
    assert kept(ENTRY, "postgres", image="postgres:15").serves
    assert not kept(ENTRY, "psql", image="postgres:15").serves
    assert not kept("sleep", "infinity", image="postgres:15").serves
    assert kept(ENTRY, "redis-server", "--save", "60", "1", image="redis").serves


def test_a_configuration_file_may_say_something_else() -> None:
    assert kept(ENTRY, "redis-server", image="redis:7").sure
    assert not kept(ENTRY, "redis-server", "/etc/redis.conf", image="redis:7").sure
    assert not kept("mongod", "--config", "/etc/mongod.conf", image="mongo").sure
    assert not kept("postgres", image="our/own").sure, "nobody knows where an image of somebody's own keeps it"


def mount(destination: str, given: str = "-v", kind: str = "volume", writable: bool = True) -> Mount:
    return Mount(
        kind=kind, destination=destination, name=destination, given=given, writable=writable  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_innermost_mount_counts() -> None:
    asked = container(mounts=(mount("/data"), mount("/data/db"), mount("/database")))
    found = mounted_at(asked, "/data/db/x")
    assert found is not None
    assert found.destination == "/data/db"
    assert mounted_at(asked, "/datax") is None


@pytest.mark.parametrize(
    ("beside", "meant"),
    [
        (mount("/var/lib/postgresql"), True),
        (mount("/var/lib/postgres"), True),
        (mount("/data", kind="bind"), True),
        (mount("/var/lib/postgresql", given=""), False),
        (mount("/backups"), False),
        (mount("/docker-entrypoint-initdb.d", kind="bind"), False),
        (mount("/etc/postgresql/postgresql.conf", kind="bind"), False),
        (mount("/var/run/postgresql"), False),
        (mount("/var/lib/postgresql/wal_archive"), False),
        (mount("/data", writable=False), False),
    ],
)
def test_the_mount_that_was_meant(beside: Mount, meant: bool) -> None:
    asked = container(ENTRY, "postgres", mounts=(beside, mount("/var/lib/postgresql/data", given="")))
    found = keeps(asked)
    assert found is not None
    assert (meant_for(asked, found) is beside) == meant


@pytest.mark.parametrize(
    "path",
    ["/srv/app.sqlite3", "/data/pg/PG_VERSION", "/dump.rdb", "/usr/src/app/data.db", "/var/lib/grafana/grafana.db"],
)
def test_database_files(path: str) -> None:
    assert database(path)


@pytest.mark.parametrize(
    "path",
    [
        "/tmp/x.sqlite",
        "/var/cache/pages.db",
        "/root/.cache/trivy/trivy.db",
        "/var/lib/dpkg/status.db",
        "/etc/aliases.db",
        "/usr/local/lib/python3/site-packages/x/test.db",
        "/srv/node_modules/x/x.sqlite",
        "/var/log/audit.db",
        "/srv/picture.png",
    ],
)
def test_files_that_nobody_misses(path: str) -> None:
    assert not database(path)


def test_what_is_no_data() -> None:
    for path in ("/run/x.pid", "/srv/x.log", "/proc/1/x", "/var/lib/apt/lists/x", "/home/me/.bash_history"):
        assert not is_data(path)


def test_every_entry_names_its_source() -> None:
    for software in KNOWN:
        assert software.folder.startswith("/")
        assert software.source.startswith("https://"), software.name
        assert software.programs or software.images
