"""Will the data survive? Scenarios of the family `volume`, with real databases: what is lost was there before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from tests.live.lab import PREFIX, Lab, Scenario

POSTGRES = ("--env", "POSTGRES_PASSWORD=for-the-test")
DATA = "/var/lib/postgresql/data"


def data_in_the_container(lab: Lab) -> Scenario:
    """PGDATA leads into the container's layer, running and stopped; beside it the same with a volume there."""
    options = (*POSTGRES, "--env", "PGDATA=/srv/pg")
    well = (*options, "--volume", f"{lab.volume('well')}:/srv/pg")
    _servers(lab, db=options, well=well)
    _sql(lab, "db", "CREATE TABLE kept AS SELECT 1 AS x")
    lab.docker("rm", "--force", "--volumes", lab.name("db"))
    _servers(lab, db=options)
    assert "does not exist" in _sql(lab, "db", "SELECT x FROM kept")
    assert (
        "PG_VERSION"
        in lab.docker("run", "--rm", "--volume", f"{lab.name('well')}:/x", f"{PREFIX}busybox:1", "ls", "/x").stdout
    )
    yield lab.sick(lab.name("db"), None, "volume.persistent/in-the-container")
    yield lab.healthy(lab.name("well"), None)
    lab.docker("stop", lab.name("db"), lab.name("well"))
    yield lab.sick(lab.name("db"), None, "volume.persistent/in-the-container")
    yield lab.healthy(lab.name("well"), None)


def volume_beside_the_data(lab: Lab) -> Scenario:
    """A volume one level off, and one at the usual place while PGDATA is elsewhere; a third is right."""
    off = (*POSTGRES, "--volume", f"{lab.volume('off')}:/var/lib/postgresql")
    moved = (*POSTGRES, "--env", "PGDATA=/srv/pg", "--volume", f"{lab.volume('moved')}:{DATA}")
    below = (*POSTGRES, "--env", f"PGDATA={DATA}/pg", "--volume", f"{lab.volume('below')}:{DATA}")
    _servers(lab, off=off, moved=moved, below=below)
    held = "for v in /off /moved /below; do find $v -type f | wc -l; done"
    volumes = [word for v in ("off", "moved", "below") for word in ("--volume", f"{lab.name(v)}:/{v}:ro")]
    lab.run("look", options=volumes)
    files = lab.inside("look", "sh", "-c", held).stdout.split()
    assert files[:2] == ["0", "0"], "the volumes beside the data hold files"
    assert int(files[2]) > 100, "the volume at the data holds none"
    yield lab.sick(lab.name("off"), None, "volume.persistent/wrong-path")
    yield lab.sick(lab.name("moved"), None, "volume.persistent/wrong-path")
    yield lab.healthy(lab.name("below"), None)


def postgres_18_at_the_old_place(lab: Lab) -> Scenario:
    """The layout of PostgreSQL 18 with a volume where 17 wanted it, empty and filled: it refuses to start."""
    new, old, right = lab.volume("new"), lab.volume("old"), lab.volume("right")
    _servers(lab, writer=(*POSTGRES, "--volume", f"{old}:{DATA}"))
    lab.docker("rm", "--force", "--volumes", lab.name("writer"))
    lab.run("db", [], image="postgres:18", options=(*POSTGRES, "--volume", f"{new}:{DATA}"))
    lab.run("moved", [], image="postgres:18", options=(*POSTGRES, "--volume", f"{old}:{DATA}"))
    lab.run("well", [], image="postgres:18", options=(*POSTGRES, "--volume", f"{right}:/var/lib/postgresql"))
    _ready(lab, "well")
    for short in ("db", "moved"):
        lab.until(f"{short} to refuse", partial(_has_ended, lab, short))
        assert "unused mount/volume" in lab.docker("logs", lab.name(short)).stderr
        yield lab.sick(lab.name(short), None, "volume.persistent/wrong-path")
    yield lab.healthy(lab.name("well"), None)


def volumes_without_a_name(lab: Lab) -> Scenario:
    """PostgreSQL, MariaDB and Redis as their images start them; beside them clients, caches, and one with a name."""
    root = ("--env", "MARIADB_ROOT_PASSWORD=for-the-test")
    lab.run("db", [], image="postgres:15", options=POSTGRES)
    lab.run("maria", [], image="mariadb:10.11", options=root)
    lab.run("redis", [], image="redis:7")
    lab.run("cache", ["redis-server", "--save", "", "--appendonly", "no"], image="redis:7")
    evicts = ("redis-server", "--maxmemory", "9mb", "--maxmemory-policy", "allkeys-lru")
    lab.run("evicts", evicts, image="redis:7")
    told = lab.file("redis.conf", 'save ""\nappendonly no\n')
    passing = ("--restart", "always", "--tmpfs", "/data", "--volume", f"{told}:/etc/redis.conf:ro")
    lab.run("told", ["redis-server", "/etc/redis.conf"], image="redis:7", options=passing)
    lab.run("client", "while :; do pg_isready -q -h postgres; sleep 1; done", image="postgres:15")
    lab.run("scratch", "sleep 3600", options=("--volume", "/var/cache/app", "--volume", "/srv/app/node_modules"))
    lab.run("kept", [], image="redis:7", options=("--volume", f"{lab.volume('kept')}:/data"))
    lab.listens("redis", 6379)
    lab.listens("kept", 6379)
    for short in ("redis", "kept"):
        lab.inside(short, "redis-cli", "SET", "kept", "1")
        lab.inside(short, "redis-cli", "SAVE")
    for short, options in (("redis", ()), ("kept", ("--volume", f"{lab.name('kept')}:/data"))):
        lab.docker("rm", "--force", "--volumes", lab.name(short))
        lab.run(short, [], image="redis:7", options=options)
        lab.listens(short, 6379)
    assert lab.inside("redis", "redis-cli", "GET", "kept").stdout.strip() == ""
    assert lab.inside("kept", "redis-cli", "GET", "kept").stdout.strip() == "1"
    _ready(lab, "db")
    lab.listens("maria", 3306, seconds=60)
    for short in ("db", "maria", "redis"):
        yield lab.healthy(lab.name(short), None, warns=("volume.persistent/anonymous",))
    assert lab.inside("told", "redis-cli", "CONFIG", "GET", "save").stdout.split() == ["save"]
    for short in ("cache", "evicts", "told", "client", "scratch", "kept"):
        yield lab.healthy(lab.name(short), None)


def volume_goes_with_the_container(lab: Lab) -> Scenario:
    """`docker run --rm` with an anonymous volume, which is gone when it stops; beside it one with a named volume."""
    passing = (*POSTGRES, "--rm")
    _servers(lab, db=passing, gone=passing, well=(*passing, "--volume", f"{lab.volume('well')}:{DATA}"))
    volume = lab.inspect("gone")["Mounts"][0]["Name"]
    lab.docker("stop", lab.name("gone"))
    lab.until("the volume to be gone", lambda: lab.docker("volume", "inspect", volume, check=False).returncode != 0)
    yield lab.sick(lab.name("db"), None, "volume.persistent/removed-with-container")
    yield lab.healthy(lab.name("well"), None)


def database_in_memory(lab: Lab) -> Scenario:
    """A tmpfs at the data folder of a server that is to come back by itself; tests and what is tried out want that."""
    memory = (*POSTGRES, "--tmpfs", DATA)
    lab.run("tested", ["postgres", "-c", "fsync=off"], image="postgres:15", options=memory)
    _servers(lab, db=(*memory, "--restart", "unless-stopped"), tried=memory)
    _ready(lab, "tested")
    _sql(lab, "db", "CREATE TABLE kept AS SELECT 1 AS x")
    lab.docker("restart", lab.name("db"))
    _ready(lab, "db")
    assert "does not exist" in _sql(lab, "db", "SELECT x FROM kept")
    yield lab.sick(lab.name("db"), None, "volume.persistent/in-memory")
    yield lab.healthy(lab.name("tried"), None, warns=("volume.persistent/in-memory",))
    yield lab.healthy(lab.name("tested"), None)


def files_in_the_layer(lab: Lab) -> Scenario:
    """An SQLite database and uploads in the layer; beside them one on a volume, with logs and caches in the layer."""
    write = "import sqlite3,sys,time; c=sqlite3.connect(sys.argv[1]); c.execute('CREATE TABLE kept(x)'); c.commit()"
    sessions = "/srv/shop/storage/framework/sessions"
    noise = (
        f"mkdir -p /var/log /var/cache/app /tmp/x /root/.config/tool {sessions}; for f in /var/log/app.log"
        f" /var/cache/app/pages.db /tmp/x/work.sqlite /root/.config/tool/history.db {sessions}/1;"
        " do dd if=/dev/zero of=$f bs=1M count=2 2>/dev/null; done"
    )
    volume = ("--volume", f"{lab.volume('well')}:/srv/app")
    for short, options in (("app", ()), ("well", volume)):
        script = f'{noise}; mkdir -p /srv/app; python3 -c "{write}" /srv/app/app.sqlite3; sleep 3600'
        lab.run(short, ["sh", "-c", script], image="python:3.11", options=options)
    uploads = "/srv/www/html/wp-content/uploads"
    lab.run("web", f"mkdir -p {uploads}; dd if=/dev/zero of={uploads}/picture bs=1M count=3 2>/dev/null; sleep 3600")
    for short, path in (
        ("app", "/srv/app/app.sqlite3"),
        ("well", "/srv/app/app.sqlite3"),
        ("web", f"{uploads}/picture"),
    ):
        lab.until(f"{path} in {short}", partial(_is_filled, lab, short, path))
    assert "A /srv/app/app.sqlite3" in lab.docker("diff", lab.name("app")).stdout
    yield lab.sick(lab.name("app"), None, "volume.persistent/in-the-container")
    yield lab.healthy(lab.name("well"), None)
    yield lab.healthy(lab.name("web"), None, warns=("volume.persistent/in-the-container",))


def two_databases_on_one_volume(lab: Lab) -> Scenario:
    """Three PostgreSQL write to one data folder, the third by a link to it; beside them two with folders of their own,
    a reader, and a backup."""
    bad, good = f"{lab.volume('bad')}:{DATA}", f"{lab.volume('good')}:{DATA}"
    one, two = ((*POSTGRES, "--env", f"PGDATA={DATA}/{n}", "--volume", good) for n in (1, 2))
    _servers(lab, db=(*POSTGRES, "--volume", bad), own1=one, own2=two)
    _servers(lab, db2=(*POSTGRES, "--volume", bad))
    place = lab.docker("volume", "inspect", "--format", "{{.Mountpoint}}", lab.name("bad")).stdout.strip()
    (lab.folder() / "link").symlink_to(place)
    _servers(lab, db3=(*POSTGRES, "--volume", f"{lab.folder()}/link:{DATA}"))
    lab.run("reader", options=("--volume", f"{lab.name('good')}:/look:ro"))
    lab.run("backup", "while :; do pg_isready -q -h db; sleep 1; done", image="postgres:15", options=("--volume", good))
    files = [lab.inside(s, "stat", "-c", "%d:%i", f"{DATA}/base").stdout for s in ("db", "db2", "db3")]
    assert files[0], "no folder"
    assert {*files} == {files[0]}, "not the same folder"
    _sql(lab, "db", "CREATE TABLE kept AS SELECT 1 AS x")
    assert "does not exist" in _sql(lab, "db2", "SELECT x FROM kept")
    yield lab.sick(lab.name("db"), None, "volume.shared/two-databases")
    yield lab.sick(lab.name("db2"), None, "volume.shared/two-databases")
    yield lab.sick(lab.name("db3"), None, "volume.shared/two-databases", rungs=("netns", "exec"))
    for short in ("own1", "own2", "reader", "backup"):
        yield lab.healthy(lab.name(short), None)


def readers_that_may_not_read(lab: Lab) -> Scenario:
    """Two users share a volume, and one writes for itself alone; beside them one that lets others read, and root."""
    for short, mask in (("closed", "077"), ("open", "022")):
        volume = ("--volume", f"{lab.volume(short)}:/srv/shared")
        _fill(lab, lab.name(short), "chmod 1777 /fill")
        write = f"umask {mask}; for n in 1 2 3; do echo something > /srv/shared/$n; done; sleep 3600"
        lab.run(f"{short}-writer", write, options=(*volume, "--user", "1000:1000"))
        lab.run(f"{short}-reader", options=(*volume, "--user", "2000:2000"))
        lab.run(f"{short}-root", options=volume)
        lab.until("it to be written", partial(_is_filled, lab, f"{short}-writer", "/srv/shared/3"))
    assert "Permission denied" in lab.inside("closed-reader", "cat", "/srv/shared/1").stderr
    assert lab.inside("open-reader", "cat", "/srv/shared/1").returncode == 0
    yield lab.healthy(lab.name("closed-writer"), None, warns=("volume.shared/owners-differ",))
    yield lab.healthy(lab.name("open-writer"), None)
    yield lab.healthy(lab.name("closed-root"), None)


def second_server_finds_the_lock(lab: Lab) -> Scenario:
    """Two MariaDB on one folder of the host, the second waits for the lock; beside them a stopped one with the same."""
    bind = ("--env", "MARIADB_ROOT_PASSWORD=for-the-test", "--volume", f"{lab.volume('bad')}:/var/lib/mysql")
    own = ("--env", "MARIADB_ROOT_PASSWORD=for-the-test", "--volume", f"{lab.volume('good')}:/var/lib/mysql")
    lab.run("db", [], image="mariadb:10.11", options=bind)
    lab.run("well", [], image="mariadb:10.11", options=own)
    lab.create("spare", [], image="mariadb:10.11", options=own)
    lab.listens("db", 3306, seconds=60)
    lab.listens("well", 3306, seconds=60)
    lab.run("db2", [], image="mariadb:10.11", options=bind)
    lab.until(
        "the second to find the lock", lambda: "lock aria control file" in lab.docker("logs", lab.name("db2")).stderr
    )
    yield lab.sick(lab.name("db2"), None, "volume.shared/two-databases")
    yield lab.healthy(lab.name("well"), None)


def volume_under_another_name(lab: Lab) -> Scenario:
    """A project renamed and a name mistyped: fresh volumes beside the filled ones; and fresh ones that are right."""
    old = lab.volume("old_pgdata", *_compose(lab, "old", "pgdata"))
    _servers(lab, before=(*POSTGRES, "--volume", f"{old}:{DATA}"))
    _sql(lab, "before", "CREATE TABLE kept AS SELECT 1 AS x")
    lab.docker("rm", "--force", "--volumes", lab.name("before"))
    for short in ("pictures", "shelf1"):
        _fill(lab, lab.volume(short), "echo something > /fill/file")
    used = lab.volume("used-data")
    lab.run("user", "echo something > /fill/file; sleep 3600", options=("--volume", f"{used}:/fill"))
    lab.until("two seconds to pass", lambda: age(lab, used) > 2)

    new = lab.volume("new_pgdata", *_compose(lab, "new", "pgdata"))
    lab.service("new", "db", [], image="postgres:15", options=(*POSTGRES, "--volume", f"{new}:{DATA}"))
    _ready(lab, "new-db-1")
    for short, volume in (("typo", "picturse"), ("numbered", "shelf2"), ("other", "use-data"), ("first", "letters")):
        lab.run(short, options=("--volume", f"{lab.volume(volume)}:/data"))
    assert "does not exist" in _sql(lab, "new-db-1", "SELECT x FROM kept")
    assert lab.inside("typo", "ls", "/data").stdout == ""
    for short in ("new-db-1", "typo"):
        yield lab.healthy(lab.name(short), None, warns=("volume.identity/look-alike",))
    for short in ("numbered", "other", "first"):
        yield lab.healthy(lab.name(short), None)


def password_changed_afterwards(lab: Lab) -> Scenario:
    """POSTGRES_PASSWORD was changed when the volume was filled already; beside it a client that has a wrong one."""
    lab.network("net")
    net, volume = ("--network", lab.name("net")), ("--volume", f"{lab.volume('bad')}:{DATA}")
    good = ("--volume", f"{lab.volume('good')}:{DATA}")
    first, right = ("--env", "POSTGRES_PASSWORD=the-first-one"), ("--env", "POSTGRES_PASSWORD=rightly-so")
    _servers(lab, before=(*first, *volume), well=(*right, *net, *good))
    lab.docker("rm", "--force", "--volumes", lab.name("before"))
    _servers(lab, db=("--env", "POSTGRES_PASSWORD=the-second-one", *net, *volume))
    for short, server, password in (("api", "db", "the-second-one"), ("other", "well", "quite-wrong")):
        url = f"postgresql://postgres:{password}@{lab.name(server)}/postgres"
        asks = 'while :; do psql "$DATABASE_URL" -c "SELECT 1"; sleep 1; done'
        lab.run(short, asks, image="postgres:15", network="net", options=("--env", f"DATABASE_URL={url}"))
        lab.until(f"{server} to refuse {short}", partial(_says, lab, server, "authentication failed"))
    yield lab.healthy(lab.name("db"), None, warns=("volume.identity/already-initialised",))
    yield lab.healthy(lab.name("well"), None)


def data_of_another_version(lab: Lab) -> Scenario:
    """The data folder says that PostgreSQL 14 wrote it, and 15 does not start; beside it 15 with data of 15."""
    volume = ("--volume", f"{lab.volume('bad')}:{DATA}")
    _servers(lab, before=(*POSTGRES, *volume))
    lab.docker("rm", "--force", "--volumes", lab.name("before"))
    _fill(lab, lab.name("bad"), "echo 14 > /fill/PG_VERSION")
    lab.run("db", [], image="postgres:15", options=(*POSTGRES, *volume, "--restart", "on-failure:2"))
    _servers(lab, well=(*POSTGRES, "--volume", f"{lab.volume('good')}:{DATA}"))
    lab.until("db to give up", partial(_has_ended, lab, "db"))
    assert "not compatible with this version" in lab.docker("logs", lab.name("db")).stderr
    yield lab.sick(lab.name("db"), None, "volume.version/mismatch")
    yield lab.healthy(lab.name("well"), None)


def options_of_an_existing_volume(lab: Lab) -> Scenario:
    """The mount asks for a tmpfs and the volume exists as an ordinary one; beside it one that was made as asked."""
    tmpfs = ("type=tmpfs", "device=tmpfs", "o=size=8m")
    lab.volume("plain")
    lab.volume("made", *(word for option in tmpfs for word in ("--opt", option)))
    wanted = "".join(f",volume-opt={option}" for option in tmpfs)
    for short, volume in (("app", "plain"), ("well", "made")):
        lab.run(short, options=("--mount", f"type=volume,src={lab.name(volume)},dst=/data{wanted}"))
    mounts = {s: lab.inside(s, "cat", "/proc/mounts").stdout for s in ("app", "well")}
    assert "tmpfs /data tmpfs" in mounts["well"]
    assert "tmpfs /data" not in mounts["app"]
    yield lab.healthy(lab.name("app"), None, warns=("volume.version/options-ignored",))
    yield lab.healthy(lab.name("well"), None)


def volume_of_nobody(lab: Lab) -> Scenario:
    """A Compose project with a filled volume that none of its containers has any more; another one has an empty one."""
    for project, words in (("shop", "echo something > /fill/file"), ("tidy", "true")):
        left = lab.volume(f"{project}_left", *_compose(lab, project, "left"))
        kept = lab.volume(f"{project}_kept", *_compose(lab, project, "kept"))
        _fill(lab, left, words)
        lab.service(project, "app", options=("--volume", f"{kept}:/data"))
    yield lab.whole("shop", warns=("volume.orphans/dangling",))
    yield lab.whole("tidy")


# -- what they share --------------------------------------------------------------------------------------------------


def _servers(lab: Lab, **options: Sequence[str]) -> None:
    """PostgreSQL that answer, by their short names with the options of docker run; they start side by side."""
    for short, words in options.items():
        lab.run(short, [], image="postgres:15", options=words)
    for short in options:
        _ready(lab, short)


def _fill(lab: Lab, volume: str, script: str) -> None:
    """Have a container write into a volume, and be gone."""
    lab.docker("run", "--rm", *lab.labels, "--volume", f"{volume}:/fill", f"{PREFIX}busybox:1", "sh", "-c", script)


def _has_ended(lab: Lab, short: str) -> bool:
    return bool(lab.inspect(short)["State"]["Status"] == "exited")


def _is_filled(lab: Lab, short: str, path: str) -> bool:
    return lab.inside(short, "test", "-s", path).returncode == 0


def _says(lab: Lab, short: str, text: str) -> bool:
    return text in lab.docker("logs", lab.name(short)).stderr


def _ready(lab: Lab, short: str) -> None:
    lab.listens(short, 5432, seconds=60)
    ready = ("pg_isready", "-q", "-h", "127.0.0.1")
    lab.until(f"{short} to answer", lambda: lab.inside(short, *ready).returncode == 0)


def _sql(lab: Lab, short: str, sql: str) -> str:
    done = lab.inside(short, "psql", "-U", "postgres", "-Atc", sql)
    return (done.stdout + done.stderr).strip()


def _compose(lab: Lab, project: str, volume: str) -> tuple[str, ...]:
    """The labels that Compose gives a volume."""
    labels = {"project": lab.name(project), "volume": volume}
    return tuple(word for key, value in labels.items() for word in ("--label", f"com.docker.compose.{key}={value}"))


def age(lab: Lab, volume: str) -> float:
    """Seconds since a volume was made, by the engine's clock."""
    made = lab.docker("volume", "inspect", "--format", "{{.CreatedAt}}", volume).stdout.strip()
    now = datetime.fromisoformat(lab.docker("info", "--format", "{{.SystemTime}}").stdout.strip())
    return (now - datetime.fromisoformat(made)).total_seconds()
