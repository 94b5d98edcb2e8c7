"""The remedies for data in the wrong place, pasted as they are written: every row is there afterwards, in a volume."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.finding import Remedy
from tests.live.asking import ask
from tests.live.lab import Lab
from tests.live.remedies import Mended, paste, remedy_of

POSTGRES = ("--env", "POSTGRES_PASSWORD=for-the-test")
DATA = "/var/lib/postgresql/data"
ROWS = 1000


@pytest.fixture
def lab(slug: str) -> Iterator[Lab]:
    with Mended(slug) as made:
        yield made


def ready(lab: Lab, short: str) -> None:
    answers = ("pg_isready", "-q", "-h", "127.0.0.1")
    lab.until(f"{short} to answer", lambda: lab.inside(short, *answers).returncode == 0, seconds=60)


def sql(lab: Lab, short: str, text: str) -> str:
    done = lab.inside(short, "psql", "-U", "postgres", "-Atc", text)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def filled(lab: Lab, short: str, options: tuple[str, ...], image: str = "postgres:15") -> None:
    lab.run(short, [], image=image, options=options)
    ready(lab, short)
    sql(lab, short, f"CREATE TABLE kept AS SELECT generate_series(1, {ROWS}) AS x")


def survives(lab: Lab, short: str, code: str) -> None:
    """The rows are there, in a volume with a name, and netdoctor finds nothing any more."""
    ready(lab, short)
    assert sql(lab, short, "SELECT count(*) FROM kept") == str(ROWS)
    assert sql(lab, short, "INSERT INTO kept VALUES (0) RETURNING x").startswith("0")
    found = ask(lab.healthy(lab.name(short), None), "auto").diagnosis
    assert code not in {j.result.code for j in found.results if j.result.finding.reason}
    folder = sql(lab, short, "SHOW data_directory")
    mounts = [m for m in lab.inspect(short)["Mounts"] if f"{folder}/".startswith(f"{m['Destination']}/")]
    assert mounts, f"nothing is mounted at {folder}"
    assert not re.fullmatch("[0-9a-f]{64}", mounts[0]["Name"]), mounts


CASES = {
    "layer": ("volume.persistent/in-the-container", ("--env", "PGDATA=/srv/pg")),
    "layer-of-a-passing-one": ("volume.persistent/in-the-container", ("--env", "PGDATA=/srv/pg", "--rm")),
    "anonymous": ("volume.persistent/anonymous", ()),
    "passing": ("volume.persistent/removed-with-container", ("--rm",)),
    "memory": ("volume.persistent/in-memory", ("--tmpfs", DATA, "--restart", "unless-stopped")),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_move_to_a_volume(lab: Lab, tmp_path: Path, case: str) -> None:
    code, options = CASES[case]
    filled(lab, "db", (*POSTGRES, *options))
    paste(remedy_of(lab, "db", code), tmp_path)
    survives(lab, "db", code)
    old = lab.inspect("db-old")["State"]["Status"] if "--rm" not in options else "exited"
    assert old == "exited"


@pytest.mark.parametrize("there", ["empty", "in-use"])
def test_rows_move_to_the_volume_that_was_meant_or_to_a_new_one(lab: Lab, tmp_path: Path, there: str) -> None:
    """An empty volume is the one meant; one that holds something else is left alone."""
    volume = lab.volume("pgdata")
    if there == "in-use":
        lab.docker(
            "run", "--rm", "--volume", f"{volume}:/x", "netdoctor-test/busybox:1", "sh", "-c", "echo 1 > /x/mine"
        )
    filled(lab, "db", (*POSTGRES, "--volume", f"{volume}:/var/lib/postgresql"))
    remedy = remedy_of(lab, "db", "volume.persistent/wrong-path")
    paste(remedy, tmp_path)
    survives(lab, "db", "volume.persistent/wrong-path")
    names = {m["Name"] for m in lab.inspect("db")["Mounts"]}
    assert (volume in names) == (there == "empty")
    if there == "in-use":
        look = lab.docker("run", "--rm", "--volume", f"{volume}:/x", "netdoctor-test/busybox:1", "ls", "-A", "/x")
        assert "mine" in look.stdout


@pytest.mark.parametrize("where", ["anonymous", "layer"])
def test_rows_move_to_the_volume_of_a_compose_file(lab: Lab, tmp_path: Path, where: str) -> None:
    """What Compose itself does is done for it here: stop, and make the service anew from the lines of the remedy."""
    folder = {"anonymous": DATA, "layer": "/srv/pg"}[where]
    options = (*POSTGRES, "--env", f"PGDATA={folder}")
    lab.service("", "db", [], image="postgres:15", options=options)
    ready(lab, "db-1")
    sql(lab, "db-1", f"CREATE TABLE kept AS SELECT generate_series(1, {ROWS}) AS x")
    code = "volume.persistent/anonymous" if where == "anonymous" else "volume.persistent/in-the-container"
    remedy = remedy_of(lab, "db-1", code)
    lines = re.fullmatch(
        rf"services:\n  db:\n    volumes:\n      - (?P<key>\S+):{folder}\nvolumes:\n  (?P=key):", remedy.compose or ""
    )
    assert lines, remedy.compose
    first, *copied, last = remedy.run
    assert first == f"docker compose -p {lab.slug} stop db"
    assert last == f"docker compose -p {lab.slug} up -d db"
    lab.docker("stop", lab.name("db-1"))
    paste(Remedy(says="", run=tuple(copied)), tmp_path)
    lab.docker("rm", "--force", "--volumes", lab.name("db-1"))
    volume = f"{lab.slug}_{lines['key']}"
    assert lab.docker("volume", "inspect", "--format", '{{index .Labels "com.docker.compose.volume"}}', volume).stdout
    lab.service("", "db", [], image="postgres:15", options=(*options, "--volume", f"{volume}:{folder}"))
    survives(lab, "db-1", code)


def test_redis_moves_to_a_volume(lab: Lab, tmp_path: Path) -> None:
    lab.run("cache", [], image="redis:7")
    lab.listens("cache", 6379)
    script = f"for i in $(seq {ROWS}); do echo SET key:$i $i; done | redis-cli > /dev/null"
    assert lab.inside("cache", "sh", "-c", script).returncode == 0
    paste(remedy_of(lab, "cache", "volume.persistent/anonymous"), tmp_path)
    lab.listens("cache", 6379)
    size = ("redis-cli", "DBSIZE")
    lab.until("redis to have loaded", lambda: lab.inside("cache", *size).stdout.strip() == str(ROWS))


def test_mariadb_moves_to_a_volume(lab: Lab, tmp_path: Path) -> None:
    lab.run(
        "db", ["mariadbd", "--datadir=/srv/maria"], image="mariadb:10.11", options=["--env", "MARIADB_ROOT_PASSWORD=x"]
    )
    lab.listens("db", 3306, seconds=60)
    client = ("mariadb", "-uroot", "-px", "-Ne")
    fill = f"CREATE DATABASE shop; USE shop; CREATE TABLE kept AS SELECT seq AS x FROM seq_1_to_{ROWS}"
    assert lab.inside("db", *client, fill).returncode == 0
    paste(remedy_of(lab, "db", "volume.persistent/in-the-container"), tmp_path)
    lab.listens("db", 3306, seconds=60)
    assert lab.inside("db", *client, "SELECT count(*) FROM shop.kept").stdout.strip() == str(ROWS)


def test_a_changed_password_is_told_to_the_server(lab: Lab, tmp_path: Path) -> None:
    """Including one that a shell and SQL would both like to read."""
    password = 'it\'s "new" $HOME'
    lab.network("net")
    options = ("--volume", f"{lab.volume('data')}:{DATA}", "--network", lab.name("net"))
    filled(lab, "db", ("--env", "POSTGRES_PASSWORD=the-first-one", *options))
    lab.docker("rm", "--force", "--volumes", lab.name("db"))
    lab.run("db", [], image="postgres:15", options=("--env", f"POSTGRES_PASSWORD={password}", *options))
    ready(lab, "db")
    asks = ("psql", "-h", lab.name("db"), "-U", "postgres", "-Atc", "SELECT count(*) FROM kept")
    lab.run("api", "sleep 3600", image="postgres:15", network="net", options=("--env", f"PGPASSWORD={password}"))
    assert "authentication failed" in lab.inside("api", *asks).stderr
    paste(remedy_of(lab, "db", "volume.identity/already-initialised"), tmp_path)
    assert lab.inside("api", *asks).stdout.strip() == str(ROWS)


def test_the_volume_under_the_old_name_comes_back(lab: Lab, tmp_path: Path) -> None:
    filled(lab, "before", (*POSTGRES, "--volume", f"{lab.volume('pgdata')}:{DATA}"))
    lab.docker("rm", "--force", "--volumes", lab.name("before"))
    lab.until("the clock to move on", lambda: _old(lab, lab.name("pgdata")))
    lab.run("db", [], image="postgres:15", options=(*POSTGRES, "--volume", f"{lab.volume('pgdta')}:{DATA}"))
    ready(lab, "db")
    paste(remedy_of(lab, "db", "volume.identity/look-alike"), tmp_path)
    ready(lab, "db")
    assert sql(lab, "db", "SELECT count(*) FROM kept") == str(ROWS)


def test_data_of_another_version_is_read_by_that_version(lab: Lab, tmp_path: Path) -> None:
    """A folder of 15 under an image of 18 in the old place: the remedy runs 15 again."""
    filled(lab, "before", (*POSTGRES, "--volume", f"{lab.volume('pgdata')}:{DATA}"))
    lab.docker("rm", "--force", "--volumes", lab.name("before"))
    lab.run("db", [], image="postgres:18", options=(*POSTGRES, "--volume", f"{lab.name('pgdata')}:{DATA}"))
    lab.until("it to refuse", lambda: lab.inspect("db")["State"]["Status"] == "exited")
    paste(remedy_of(lab, "db", "volume.persistent/wrong-path"), tmp_path)
    ready(lab, "db")
    assert sql(lab, "db", "SELECT count(*) FROM kept") == str(ROWS)


def _old(lab: Lab, volume: str) -> bool:
    from tests.live.scenarios.volumes import age

    return age(lab, volume) > 2
