"""Mounts that may not be written to, or not be read. Scenarios of `volume.writable`."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from tests.live.lab import Lab, Scenario
from tests.live.mounting import DATA, POSTGRES, at, can, cannot, ended, says


def folders_of_somebody_else(lab: Lab) -> Scenario:
    """Redis in its data folder, PostgreSQL's entry point, a job, root without rights; one can't read a key."""
    for name in ("redis", "pg", "job", "capless", "early"):
        lab.folder(name)
    folder = lab.folder()
    os.chown(folder / "capless", 1000, 1000)
    lab.run("redis", [], image="redis:7", options=("--user", "999:999", *at(folder / "redis", "/data")))
    lab.run("db", [], image="postgres:15", options=("--user", "999", *POSTGRES, *at(folder / "pg", DATA)))
    lab.run("job", "touch /data/x", options=("--user", "1000", *at(folder / "job", "/data")))
    lab.run("capless", "touch /data/x", options=("--cap-drop", "ALL", *at(folder / "capless", "/data")))
    lab.run("fresh", options=("--user", "1000", *at(lab.volume("fresh"), "/data")))
    Path(lab.file("key.pem", "x")).chmod(0o600)
    lab.run("key", "cat /etc/key.pem", options=("--user", "1000", *at(folder / "key.pem", "/etc/key.pem", "ro")))
    lab.listens("redis", 6379)
    ended(lab, "db", "job", "capless", "key")
    cannot(lab, "redis", "touch", "/data/x")
    cannot(lab, "fresh", "touch", "/data/x")
    for short in ("job", "capless", "key"):
        says(lab, short, "Permission denied")
    for short in ("redis", "db", "job", "capless", "key"):
        yield lab.sick(lab.name(short), None, "volume.writable/owner-mismatch")
    yield lab.healthy(lab.name("fresh"), None, warns=("volume.writable/owner-mismatch",))


# What the programs of real applications do, and what they say of it.
_TRIES = """
import sqlite3, sys, time
def upload(): open('uploads/picture', 'w')
def count(): sqlite3.connect('/data/app.db').execute('CREATE TABLE hits(x)')
while True:
    try:
        {'upload': upload, 'count': count}[sys.argv[1]]()
    except Exception as error:
        print('ERROR', error, flush=True)
    time.sleep(1)
"""


def errors_without_a_path(lab: Lab) -> Scenario:
    """A relative path, SQLite that names none, in folders of root's and a read-only one; an error of a browser's."""
    for name in ("uploads", "app", "frozen", "own", "static", "loop", "checked"):
        lab.folder(name)
    folder, script = lab.folder(), ("python3", "-c", _TRIES)
    os.chown(folder / "own", 1000, 1000)
    user = ("--user", "1000")
    where = {
        "upload": ("--workdir", "/srv", *user, *at(folder / "uploads", "/srv/uploads")),
        "count": (*user, *at(folder / "app", "/data")),
        "frozen": ("--env", "DATABASE_URL=sqlite:////data/app.db", *at(folder / "frozen", "/data", "ro")),
        "own": (*user, *at(folder / "own", "/data")),
    }
    for short, options in where.items():
        what = "upload" if short == "upload" else "count"
        lab.run(short, (*script, what), image="python:3.11", options=options)
    line = "echo '192.0.2.9 GET /static/secret 403 permission denied'; sleep 3600"
    lab.run("web", line, options=(*user, *at(folder / "static", "/static", "ro")))
    lab.network("net")
    lab.run("api", network="net")
    looping = ("--restart", "always", *user, *at(folder / "loop", "/data"))
    lab.run("loop", "touch /data/x && labsrv http 0.0.0.0 80", network="net", options=looping)
    check = ("--health-cmd", "touch /data/alive", "--health-interval", "1s", "--health-retries", "1")
    lab.run("checked", options=(*user, *check, *at(folder / "checked", "/data")))
    says(lab, "upload", "Permission denied: 'uploads/picture'")
    for short in ("count", "frozen"):
        says(lab, short, "unable to open database file")
    for short, path in (("upload", "/srv/uploads/x"), ("count", "/data/x"), ("frozen", "/data/x")):
        cannot(lab, short, "touch", path)
    lab.until("the file", lambda: (folder / "own/app.db").exists())
    lab.until("some starts", lambda: lab.inspect("loop")["RestartCount"] >= 3)
    for short in ("upload", "count"):
        yield lab.sick(lab.name(short), None, "volume.writable/owner-mismatch")
    yield lab.sick(lab.name("frozen"), None, "volume.writable/read-only")
    yield lab.sick(lab.name("api"), f"{lab.name('loop')}:80", "volume.writable/owner-mismatch")
    lab.until("the check to fail", lambda: lab.inspect("checked")["State"]["Health"]["Status"] == "unhealthy")
    yield lab.sick(lab.name("checked"), None, "volume.writable/owner-mismatch", warns=("container.healthy/unhealthy",))
    for short in ("own", "web"):
        yield lab.healthy(lab.name(short), None)


def folders_of_somebody_else_that_serve(lab: Lab) -> Scenario:
    """Other owners, and the process may write all the same: as root, by mode, group, ACL, or as the user it becomes."""
    for name in ("root", "open", "group", "acl", "pg", "read"):
        lab.folder(name)
    folder = lab.folder()
    os.chown(folder / "root", 1000, 1000)
    (folder / "root").chmod(0o700)
    (folder / "open").chmod(0o777)
    os.chown(folder / "group", 0, 4242)
    (folder / "group").chmod(0o775)
    # user::rwx user:1000:rwx group::r-x mask::rwx other::r-x, as setfacl -m u:1000:rwx writes it
    rules = ((0x01, 7, -1), (0x02, 7, 1000), (0x04, 5, -1), (0x10, 7, -1), (0x20, 5, -1))
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *rule) for rule in rules)
    os.setxattr(folder / "acl", "system.posix_acl_access", raw)
    user = ("--user", "1000")
    lab.run("root", options=at(folder / "root", "/data"))
    lab.run("open", options=(*user, *at(folder / "open", "/data")))
    lab.run("group", options=(*user, "--group-add", "4242", *at(folder / "group", "/data")))
    lab.run("acl", options=(*user, *at(folder / "acl", "/data")))
    lab.run("reader", options=(*user, *at(folder / "read", "/data")))
    engine = os.environ["DOCKER_HOST"].removeprefix("unix://")
    lab.run("socket", options=(*user, *at(engine, "/var/run/docker.sock")))
    lab.run("redis", [], image="redis:7", options=at(lab.volume("redis"), "/data"))
    lab.run("db", [], image="postgres:15", options=(*POSTGRES, *at(folder / "pg", DATA)))
    lab.listens("redis", 6379)
    lab.listens("db", 5432)
    for short in ("root", "open", "group", "acl"):
        can(lab, short, "touch", "/data/x")
    ready = ("pg_isready", "-q", "-h", "127.0.0.1")
    lab.until("the server to be ready", lambda: not lab.inside("db", *ready).returncode, seconds=60)
    can(lab, "db", "psql", "-U", "postgres", "-c", "CREATE ROLE nobody LOGIN")
    cannot(lab, "db", "psql", "-U", "nobody", "-d", "postgres", "-c", "CREATE DATABASE x")
    says(lab, "db", "permission denied to create database")  # which has nothing to do with files
    for short in ("root", "open", "group", "acl", "reader", "socket", "redis", "db"):
        yield lab.healthy(lab.name(short), None)


def mounted_read_only(lab: Lab) -> Scenario:
    """A data folder with :ro, a job that writes there, a read-only root, a disk that was remounted; others are well."""
    folder = lab.folder()
    for name in ("disk", "job"):
        lab.folder(name)
    lab.host("mount", "-t", "tmpfs", "tmpfs", str(folder / "disk"))
    lab.run("redis", [], image="redis:7", options=("--user", "999", *at(lab.volume("redis"), "/data", "ro")))
    lab.run("job", "touch /data/x", options=at(folder / "job", "/data", "ro"))
    lab.run("root", "mkdir /var/www/cache && sleep 3600", options=("--read-only",))
    lab.run(
        "disk",
        "while test ! -e /tmp/go; do sleep 0.1; done; touch /data/x; sleep 3600",
        options=at(folder / "disk", "/data"),
    )
    lab.run("idle", options=at(folder / "disk", "/data"))
    conf = at(lab.file("app.conf", "x=1\n"), "/etc/app.conf", "ro")
    lab.run(
        "well", "cat /etc/app.conf && touch /tmp/x && sleep 3600", options=("--read-only", "--tmpfs", "/tmp", *conf)
    )
    lab.host("mount", "-o", "remount,ro", str(folder / "disk"), undo=())
    can(lab, "disk", "touch", "/tmp/go")
    lab.listens("redis", 6379)
    ended(lab, "job", "root")
    for short in ("job", "root", "disk"):
        says(lab, short, "Read-only file system")
    cannot(lab, "redis", "touch", "/data/x")
    cannot(lab, "idle", "touch", "/data/x")
    for short in ("redis", "job", "root"):
        yield lab.sick(lab.name(short), None, "volume.writable/read-only")
    yield lab.sick(lab.name("disk"), None, "volume.writable/read-only", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("idle"), None, warns=("volume.writable/read-only",))
    yield lab.healthy(lab.name("well"), None)


def programs_on_a_disk_without_execution(lab: Lab) -> Scenario:
    """The start script lies on a file system that is mounted noexec; beside it the same script elsewhere."""
    folder, script = lab.folder(), "#!/bin/sh\nexec sleep 3600\n"
    lab.folder("noexec")
    lab.host("mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", str(folder / "noexec"))
    for name in ("noexec/start.sh", "start.sh"):
        Path(lab.file(name, script)).chmod(0o755)
    lab.run("db", [], options=(*at(folder / "noexec", "/nx"), "--entrypoint", "/nx/start.sh"), check=False)
    lab.run("shell", ["sh", "/nx/start.sh"], options=at(folder / "noexec", "/nx"))
    lab.run("well", [], options=(*at(folder, "/ok"), "--entrypoint", "/ok/start.sh"))
    assert "permission denied" in lab.inspect("db")["State"]["Error"]
    yield lab.sick(lab.name("db"), None, "volume.writable/no-exec")
    yield lab.healthy(lab.name("shell"), None)
    yield lab.healthy(lab.name("well"), None)


# Landlock, landlock(7): from here on the process may not write below /data, whoever it is. The numbers are x86_64's and
# arm64's alike.
_LANDLOCK = """
import ctypes, os, struct, time
call = ctypes.CDLL(None, use_errno=True).syscall
WRITE_FILE, MAKE_REG = 1 << 1, 1 << 8
rules = ctypes.create_string_buffer(struct.pack('Q', WRITE_FILE | MAKE_REG))
ruleset = call(444, rules, 8, 0)
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
assert ruleset >= 0 and call(446, ruleset, 0) == 0, os.strerror(ctypes.get_errno())
try:
    open('/data/x', 'w')
except OSError as error:
    print(error, flush=True)
time.sleep(3600)
"""


def denied_by_the_kernel(lab: Lab) -> Scenario:
    """Root with all rights is denied by a security module (Landlock, which needs no set-up); its neighbour is not."""
    for short, program in (("db", _LANDLOCK), ("well", "open('/data/y', 'w'); import time; time.sleep(3600)")):
        options = ("--security-opt", "seccomp=unconfined", *at(lab.folder(short), "/data"))
        lab.run(short, ["python3", "-c", program], image="python:3.11", options=options)
    says(lab, "db", "[Errno 13] Permission denied: '/data/x'")
    lab.until("the file", lambda: (lab.folder("well") / "y").exists())
    yield lab.sick(lab.name("db"), None, "volume.writable/labelled", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("well"), None)
