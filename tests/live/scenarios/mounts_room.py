"""Mounts without room. Scenarios of `volume.space`."""

from __future__ import annotations

from tests.live.lab import Lab, Scenario
from tests.live.mounting import DATA, POSTGRES, at, cannot, ended, says


def no_room_left(lab: Lab) -> Scenario:
    """A full disk, a full tmpfs, one without inodes, too little /dev/shm; beside them one with room, one read-only."""
    fill = "dd if=/dev/zero of=/data/f bs=64k"
    full, inodes, nearly, roomy = (
        lab.disk_volume(s, inodes=16 * (s == "inodes")) for s in ("full", "inodes", "nearly", "roomy")
    )
    lab.run("disk", f"{fill} 2>/dev/null; sleep 3600", options=at(full, "/data"))
    lab.run("reader", options=at(full, "/data", "ro"))
    lab.run("memory", f"{fill}; sleep 3600", options=at(lab.memory_volume("memory"), "/data"))
    lab.run("quiet", f"{fill} 2>/dev/null; sleep 3600", options=("--tmpfs", "/data:size=1m"))
    lab.run("inodes", "for i in $(seq 20); do touch /data/$i; done; sleep 3600", options=at(inodes, "/data"))
    lab.run("nearly", "dd if=/dev/zero of=/data/f bs=64k count=98 2>/dev/null; sleep 3600", options=at(nearly, "/data"))
    lab.run("shm", "dd if=/dev/zero of=/dev/shm/f bs=64k; rm /dev/shm/f; sleep 3600")
    lab.run("roomy", options=at(roomy, "/data"))
    lab.run("nameless", "cat /dev/zero > /data/f; sleep 3600", options=("--tmpfs", "/data:size=1m"))
    for short in ("memory", "inodes", "shm", "nameless"):
        says(lab, short, "No space left on device")
    lab.until("the files to be there", lambda: not lab.inside("disk", "pidof", "dd").stdout.strip())
    lab.until("the files to be there", lambda: not lab.inside("nearly", "pidof", "dd").stdout.strip())
    lab.until("the files to be there", lambda: not lab.inside("quiet", "pidof", "dd").stdout.strip())
    cannot(lab, "disk", "sh", "-c", "dd if=/dev/zero of=/data/g bs=64k count=1")
    cannot(lab, "quiet", "sh", "-c", "dd if=/dev/zero of=/data/g bs=64k count=1")
    cannot(lab, "inodes", "touch", "/data/more")
    yield lab.sick(lab.name("disk"), None, "volume.space/full", rungs=("netns", "exec"))
    yield lab.sick(lab.name("memory"), None, "volume.space/full", rungs=("netns", "exec"))
    yield lab.sick(lab.name("inodes"), None, "volume.space/no-inodes", rungs=("netns", "exec"))
    yield lab.sick(lab.name("shm"), None, "volume.space/full", rungs=("netns", "exec"))
    yield lab.sick(lab.name("nameless"), None, "volume.space/full", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("nearly"), None, warns=("volume.space/nearly-full",))
    yield lab.healthy(lab.name("quiet"), None, warns=("volume.space/full",))
    yield lab.healthy(lab.name("reader"), None)
    yield lab.healthy(lab.name("roomy"), None)


def database_without_room(lab: Lab) -> Scenario:
    """A real PostgreSQL whose disk runs full while it writes: it ends, and api has lost it; beside it one with room."""
    lab.network("net")
    lab.run("api", network="net")
    for short, room in (("db", 72), ("well", 160)):
        volume = lab.disk_volume(short, mebibytes=room)
        path = (*POSTGRES, "--env", f"PGDATA={DATA}/pg", *at(volume, DATA))
        lab.run(short, [], image="postgres:15", network="net", options=path)
    ready = ("pg_isready", "-q", "-h", "127.0.0.1")
    for short in ("db", "well"):
        lab.until(f"{short} to be ready", lambda: not lab.inside(short, *ready).returncode, seconds=60)  # noqa: B023
    rows = "CREATE TABLE t AS SELECT repeat(md5(i::text), 60) AS x FROM generate_series(1, 30000) AS i"
    done = lab.inside("db", "psql", "-U", "postgres", "-c", rows, timeout=60)
    assert done.returncode != 0, done.stdout
    says(lab, "db", "No space left on device")
    ended(lab, "db")
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "volume.space/full")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")
