"""Mounts that are not what was meant, may not be written to, have no room, do not answer, hide each other."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

from tests.live.lab import Lab, Scenario

POSTGRES = ("--env", "POSTGRES_PASSWORD=for-the-test")
DATA = "/var/lib/postgresql/data"
NODE = "test -e /app/node_modules/express || { echo \"Error: Cannot find module 'express'\"; exit 1; }; sleep 3600"


def _at(source: object, destination: str, mode: str = "") -> tuple[str, str]:
    """`-v`, which makes a source that is missing."""
    return "--volume", f"{source}:{destination}" + (f":{mode}" if mode else "")


def _ended(lab: Lab, *shorts: str) -> None:
    def ended() -> bool:
        return all(lab.inspect(short)["State"]["Status"] == "exited" for short in shorts)

    lab.until(f"{' and '.join(shorts)} to end", ended)


def _says(lab: Lab, short: str, text: str) -> None:
    """Wait until the container's log has the text."""

    def said() -> bool:
        log = lab.docker("logs", lab.name(short))
        return text in log.stdout + log.stderr

    lab.until(f"{short} to say {text!r}", said)


def _cannot(lab: Lab, short: str, *argv: str) -> None:
    assert lab.inside(short, *argv).returncode != 0, f"{short}: {' '.join(argv)} worked"


def _can(lab: Lab, short: str, *argv: str) -> None:
    done = lab.inside(short, *argv)
    assert done.returncode == 0, f"{short}: {done.stdout}{done.stderr}"


# -- volume.source --------------------------------------------------------------------------------------------------


def paths_that_did_not_exist(lab: Lab) -> Scenario:
    """Docker made an empty folder where a file, or a full one, was meant; one is to be filled, one is a drop box."""
    folder = lab.folder()
    lab.folder("drop")
    lab.run("file", "cat /etc/app.conf", options=_at(folder / "app.conf", "/etc/app.conf"))
    lab.run("onto", options=_at(folder / "passwd", "/etc/passwd"), check=False)
    lab.run("missed", "cat /cfg/settings.txt", options=_at(folder / "settings", "/cfg"))
    lab.run("certificates", options=_at(folder / "certs", "/certs", "ro"))
    lab.run("fresh", options=_at(folder / "data", "/data"))
    lab.run("drop", "ls /drop; sleep 3600", options=_at(folder / "drop", "/drop"))
    lab.run(
        "conf", "cat /etc/app.conf; sleep 3600", options=_at(lab.file("there.conf", "x=1\n"), "/etc/app.conf", "ro")
    )
    _ended(lab, "file", "missed")
    _says(lab, "file", "Is a directory")
    _says(lab, "missed", "No such file")
    assert "not a directory" in lab.inspect("onto")["State"]["Error"]
    _cannot(lab, "certificates", "sh", "-c", "cat /certs/*")
    yield lab.sick(lab.name("file"), None, "volume.source/created-empty")
    yield lab.sick(lab.name("onto"), None, "volume.source/created-empty")
    yield lab.sick(lab.name("missed"), None, "volume.source/created-empty")
    yield lab.healthy(lab.name("certificates"), None, warns=("volume.source/created-empty",))
    for short in ("fresh", "drop", "conf"):
        yield lab.healthy(lab.name(short), None)


def folder_where_a_file_is_wanted(lab: Lab) -> Scenario:
    """A folder on a file, a file on a folder, a folder that a program takes for its file; files and masks are well."""
    lab.network("net")
    lab.file("there.conf", "x=1\n")
    text = lab.file("text", "root:x:0:0:root:/root:/bin/sh\n")
    folder = lab.folder()
    lab.run("api", network="net")
    lab.run("onto", network="net", options=_at(folder, "/etc/passwd"), check=False)
    lab.run("under", network="net", options=_at(text, "/etc"), check=False)
    lab.run("program", "cat /etc/app.conf", network="net", options=_at(folder, "/etc/app.conf"))
    masks = (
        *_at("/dev/null", "/etc/group"),
        *_at(text, "/etc/passwd", "ro"),
        *_at("/etc/localtime", "/etc/localtime", "ro"),
    )
    lab.run("well", network="net", options=masks)
    _ended(lab, "program")
    _says(lab, "program", "Is a directory")
    for short in ("onto", "under"):
        assert "not a directory" in lab.inspect(short)["State"]["Error"]
    lab.does_not_resolve("api", lab.name("onto"))
    yield lab.sick(lab.name("api"), f"{lab.name('onto')}:5432", "volume.source/wrong-kind")
    yield lab.sick(lab.name("under"), None, "volume.source/wrong-kind")
    yield lab.sick(lab.name("program"), None, "volume.source/wrong-kind")
    yield lab.healthy(lab.name("well"), None)


def replaced_on_the_host(lab: Lab) -> Scenario:
    """A file and folders that another took the place of while the container ran; one file was written to in place."""
    folder, new = lab.folder(), lab.file("new.conf", "x=20\n")
    for name in ("file.conf", "place.conf", "gone.conf"):
        lab.file(name, "x=1\n")
    for name in ("deleted", "renamed", "removed"):
        (lab.folder(name) / "old").touch()
    for short in ("file", "place", "gone"):
        lab.run(short, options=_at(folder / f"{short}.conf", "/etc/app.conf"))
    for short in ("deleted", "renamed", "removed"):
        lab.run(short, options=_at(folder / short, "/data"))
    shutil.move(new, folder / "file.conf")  # as an editor does it
    (folder / "place.conf").write_text("x=22\n")
    (folder / "gone.conf").unlink()
    shutil.rmtree(folder / "deleted")
    (folder / "renamed").rename(folder / "renamed.old")
    shutil.rmtree(folder / "removed")
    for name in ("deleted", "renamed"):
        (lab.folder(name) / "new").touch()
    assert lab.inside("file", "cat", "/etc/app.conf").stdout == "x=1\n"
    assert lab.inside("place", "cat", "/etc/app.conf").stdout == "x=22\n"
    for short in ("deleted", "renamed"):
        _cannot(lab, short, "ls", "/data/new")
    yield lab.sick(lab.name("file"), None, "volume.source/stale-file", rungs=("netns", "exec"))
    yield lab.sick(lab.name("deleted"), None, "volume.source/replaced", rungs=("netns", "exec"))
    yield lab.sick(lab.name("renamed"), None, "volume.source/replaced", rungs=("netns", "exec"))
    yield lab.sick(lab.name("gone"), None, "volume.source/missing")
    yield lab.sick(lab.name("removed"), None, "volume.source/missing")
    yield lab.healthy(lab.name("place"), None)
    assert not (folder / "removed").exists(), "the diagnosis had the engine make the folder"


def gone_before_the_start(lab: Lab) -> Scenario:
    """Stopped containers whose folder is gone: one is to run again and cannot, one has done its work long ago."""
    for short in ("data", "job", "volume", "well"):
        lab.folder(short)
    folder = lab.folder()
    gone = lab.volume("volume")
    lab.run("data", "exit 3", options=("--mount", f"type=bind,source={folder}/data,target=/data"))
    lab.run("job", "true", options=_at(folder / "job", "/data"))
    lab.run("volume", options=_at(gone, "/data"))
    lab.run("well", "exit 0", options=_at(folder / "well", "/data"))
    _ended(lab, "data", "job", "well")
    lab.docker("stop", "--time", "0", lab.name("volume"))
    place = Path(lab.docker("volume", "inspect", "--format", "{{.Mountpoint}}", gone).stdout.strip())
    for path in (folder / "data", folder / "job", place):
        path.rmdir()
    for short in ("data", "volume"):
        assert lab.docker("start", lab.name(short), check=False).returncode != 0
    yield lab.sick(lab.name("data"), None, "volume.source/missing")
    yield lab.sick(lab.name("volume"), None, "volume.source/missing")
    yield lab.healthy(lab.name("job"), None, warns=("volume.source/missing",))
    yield lab.healthy(lab.name("well"), None)
    place.mkdir()
    assert not (folder / "job").exists(), "the diagnosis had the engine make the folder"


def disk_that_came_late(lab: Lab) -> Scenario:
    """The host mounts a disk after the container was started, at its folder or below; beside one that started later."""
    for name in ("disk", "media/films", "plain"):
        lab.folder(name)
    folder = lab.folder()
    lab.run("early", options=_at(folder / "disk", "/data"))
    lab.run("above", options=_at(folder / "media", "/media"))
    lab.run("slave", options=_at(folder / "plain", "/data"))
    image = folder / "films.ext4"
    with image.open("wb") as file:
        file.truncate(4 << 20)
    lab.host("mkfs.ext4", "-q", str(image), undo=())
    lab.host("mount", "-t", "tmpfs", "tmpfs", str(folder / "disk"))
    lab.host("mount", "-o", "loop", str(image), str(folder / "media/films"))
    (folder / "disk/film").touch()
    lab.run("late", options=_at(folder / "disk", "/data"))
    _can(lab, "late", "ls", "/data/film")
    _cannot(lab, "early", "ls", "/data/film")
    _cannot(lab, "above", "ls", "/media/films/lost+found")
    yield lab.sick(lab.name("early"), None, "volume.source/mounted-late", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("above"), None, warns=("volume.source/mounted-late",))
    for short in ("late", "slave"):
        yield lab.healthy(lab.name(short), None)


def image_content_that_is_hidden(lab: Lab) -> Scenario:
    """Mounts over what the image has: nginx without its configuration, a command that is gone; and healthy ones."""
    for name in ("empty", "html", "app", "pg", "redis"):
        lab.folder(name)
    lab.folder("one")
    for name in ("app/main.js", "one/mime.types"):
        lab.file(name, "")
    folder = lab.folder()
    lab.run("nginx", [], image="nginx:1.22", options=_at(folder / "empty", "/etc/nginx"))
    lab.run("partly", [], image="nginx:1.22", options=_at(folder / "one", "/etc/nginx"))
    lab.run("command", ["/app/run.sh"], options=_at(folder / "app", "/app"), check=False)
    image = lab.derived("node", "mkdir -p /app/node_modules/express && touch /app/main.js")
    lab.run("node", NODE, image=image, options=_at(folder / "app", "/app"))
    lab.run("modules", NODE, image=image, options=(*_at(folder / "app", "/app"), "--volume", "/app/node_modules"))
    lab.run("page", [], image="nginx:1.22", options=_at(folder / "html", "/var/www"))
    lab.run("db", [], image="postgres:15", options=(*POSTGRES, *_at(folder / "pg", DATA)))
    lab.run("redis", [], image="redis:7", options=_at(folder / "redis", "/data"))
    _ended(lab, "nginx", "partly", "node")
    _says(lab, "node", "Cannot find module")
    _can(lab, "modules", "ls", "/app/node_modules/express", "/app/main.js")
    _says(lab, "nginx", '"/etc/nginx/nginx.conf" failed (2: No such file')
    assert "no such file" in lab.inspect("command")["State"]["Error"]
    lab.listens("db", 5432)
    lab.listens("redis", 6379)
    for short in ("nginx", "partly", "command", "node"):
        yield lab.sick(lab.name(short), None, "volume.source/hides-content")
    yield lab.healthy(lab.name("page"), None, warns=("volume.source/hides-content",))
    for short in ("modules", "db", "redis"):
        yield lab.healthy(lab.name(short), None)


# -- volume.writable ------------------------------------------------------------------------------------------------


def folders_of_somebody_else(lab: Lab) -> Scenario:
    """Who may not write: Redis in its data folder, PostgreSQL's entry point, a job, root without capabilities."""
    for name in ("redis", "pg", "job", "capless", "early"):
        lab.folder(name)
    folder = lab.folder()
    os.chown(folder / "capless", 1000, 1000)
    lab.run("redis", [], image="redis:7", options=("--user", "999:999", *_at(folder / "redis", "/data")))
    lab.run("db", [], image="postgres:15", options=("--user", "999", *POSTGRES, *_at(folder / "pg", DATA)))
    lab.run("job", "touch /data/x", options=("--user", "1000", *_at(folder / "job", "/data")))
    lab.run("capless", "touch /data/x", options=("--cap-drop", "ALL", *_at(folder / "capless", "/data")))
    lab.run("fresh", options=("--user", "1000", *_at(lab.volume("fresh"), "/data")))
    lab.listens("redis", 6379)
    _ended(lab, "db", "job", "capless")
    _cannot(lab, "redis", "touch", "/data/x")
    _cannot(lab, "fresh", "touch", "/data/x")
    for short in ("job", "capless"):
        _says(lab, short, "Permission denied")
    for short in ("redis", "db", "job", "capless"):
        yield lab.sick(lab.name(short), None, "volume.writable/owner-mismatch")
    yield lab.healthy(lab.name("fresh"), None, warns=("volume.writable/owner-mismatch",))


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
    lab.run("root", options=_at(folder / "root", "/data"))
    lab.run("open", options=(*user, *_at(folder / "open", "/data")))
    lab.run("group", options=(*user, "--group-add", "4242", *_at(folder / "group", "/data")))
    lab.run("acl", options=(*user, *_at(folder / "acl", "/data")))
    lab.run("reader", options=(*user, *_at(folder / "read", "/data")))
    engine = os.environ["DOCKER_HOST"].removeprefix("unix://")
    lab.run("socket", options=(*user, *_at(engine, "/var/run/docker.sock")))
    lab.run("redis", [], image="redis:7", options=_at(lab.volume("redis"), "/data"))
    lab.run("db", [], image="postgres:15", options=(*POSTGRES, *_at(folder / "pg", DATA)))
    lab.listens("redis", 6379)
    lab.listens("db", 5432)
    for short in ("root", "open", "group", "acl"):
        _can(lab, short, "touch", "/data/x")
    for short in ("root", "open", "group", "acl", "reader", "socket", "redis", "db"):
        yield lab.healthy(lab.name(short), None)


def mounted_read_only(lab: Lab) -> Scenario:
    """A data folder with :ro, a job that writes there, a read-only root, a disk that was remounted; others are well."""
    folder = lab.folder()
    for name in ("disk", "job"):
        lab.folder(name)
    lab.host("mount", "-t", "tmpfs", "tmpfs", str(folder / "disk"))
    lab.run("redis", [], image="redis:7", options=("--user", "999", *_at(lab.volume("redis"), "/data", "ro")))
    lab.run("job", "touch /data/x", options=_at(folder / "job", "/data", "ro"))
    lab.run("root", "mkdir /var/www/cache && sleep 3600", options=("--read-only",))
    lab.run(
        "disk",
        "while test ! -e /tmp/go; do sleep 0.1; done; touch /data/x; sleep 3600",
        options=_at(folder / "disk", "/data"),
    )
    lab.run("idle", options=_at(folder / "disk", "/data"))
    conf = _at(lab.file("app.conf", "x=1\n"), "/etc/app.conf", "ro")
    lab.run(
        "well", "cat /etc/app.conf && touch /tmp/x && sleep 3600", options=("--read-only", "--tmpfs", "/tmp", *conf)
    )
    lab.host("mount", "-o", "remount,ro", str(folder / "disk"), undo=())
    _can(lab, "disk", "touch", "/tmp/go")
    lab.listens("redis", 6379)
    _ended(lab, "job", "root")
    for short in ("job", "root", "disk"):
        _says(lab, short, "Read-only file system")
    _cannot(lab, "redis", "touch", "/data/x")
    _cannot(lab, "idle", "touch", "/data/x")
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
    lab.run("db", [], options=(*_at(folder / "noexec", "/nx"), "--entrypoint", "/nx/start.sh"), check=False)
    lab.run("shell", ["sh", "/nx/start.sh"], options=_at(folder / "noexec", "/nx"))
    lab.run("well", [], options=(*_at(folder, "/ok"), "--entrypoint", "/ok/start.sh"))
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
        options = ("--security-opt", "seccomp=unconfined", *_at(lab.folder(short), "/data"))
        lab.run(short, ["python3", "-c", program], image="python:3.11", options=options)
    _says(lab, "db", "[Errno 13] Permission denied: '/data/x'")
    lab.until("the file", lambda: (lab.folder("well") / "y").exists())
    yield lab.sick(lab.name("db"), None, "volume.writable/labelled", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("well"), None)


# -- volume.space ---------------------------------------------------------------------------------------------------


def no_room_left(lab: Lab) -> Scenario:
    """A full disk, a full tmpfs, one without inodes, too little /dev/shm; beside them one with room, one read-only."""
    fill = "dd if=/dev/zero of=/data/f bs=64k"
    full, inodes, nearly, roomy = (
        lab.disk_volume(s, inodes=16 * (s == "inodes")) for s in ("full", "inodes", "nearly", "roomy")
    )
    lab.run("disk", f"{fill} 2>/dev/null; sleep 3600", options=_at(full, "/data"))
    lab.run("reader", options=_at(full, "/data", "ro"))
    lab.run("memory", f"{fill}; sleep 3600", options=_at(lab.memory_volume("memory"), "/data"))
    lab.run("quiet", f"{fill} 2>/dev/null; sleep 3600", options=("--tmpfs", "/data:size=1m"))
    lab.run("inodes", "for i in $(seq 20); do touch /data/$i; done; sleep 3600", options=_at(inodes, "/data"))
    lab.run(
        "nearly", "dd if=/dev/zero of=/data/f bs=64k count=98 2>/dev/null; sleep 3600", options=_at(nearly, "/data")
    )
    lab.run("shm", "dd if=/dev/zero of=/dev/shm/f bs=64k; rm /dev/shm/f; sleep 3600")
    lab.run("roomy", options=_at(roomy, "/data"))
    for short in ("memory", "inodes", "shm"):
        _says(lab, short, "No space left on device")
    lab.until("the files to be there", lambda: not lab.inside("disk", "pidof", "dd").stdout.strip())
    lab.until("the files to be there", lambda: not lab.inside("nearly", "pidof", "dd").stdout.strip())
    lab.until("the files to be there", lambda: not lab.inside("quiet", "pidof", "dd").stdout.strip())
    _cannot(lab, "disk", "sh", "-c", "dd if=/dev/zero of=/data/g bs=64k count=1")
    _cannot(lab, "quiet", "sh", "-c", "dd if=/dev/zero of=/data/g bs=64k count=1")
    _cannot(lab, "inodes", "touch", "/data/more")
    yield lab.sick(lab.name("disk"), None, "volume.space/full", rungs=("netns", "exec"))
    yield lab.sick(lab.name("memory"), None, "volume.space/full", rungs=("netns", "exec"))
    yield lab.sick(lab.name("inodes"), None, "volume.space/no-inodes", rungs=("netns", "exec"))
    yield lab.sick(lab.name("shm"), None, "volume.space/full", rungs=("netns", "exec"))
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
        path = (*POSTGRES, "--env", f"PGDATA={DATA}/pg", *_at(volume, DATA))
        lab.run(short, [], image="postgres:15", network="net", options=path)
    ready = ("pg_isready", "-q", "-h", "127.0.0.1")
    for short in ("db", "well"):
        lab.until(f"{short} to be ready", lambda: not lab.inside(short, *ready).returncode, seconds=60)  # noqa: B023
    rows = "CREATE TABLE t AS SELECT repeat(md5(i::text), 60) AS x FROM generate_series(1, 30000) AS i"
    done = lab.inside("db", "psql", "-U", "postgres", "-c", rows, timeout=60)
    assert done.returncode != 0, done.stdout
    _says(lab, "db", "No space left on device")
    _ended(lab, "db")
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "volume.space/full")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


# -- volume.driver --------------------------------------------------------------------------------------------------


def volumes_that_cannot_be_mounted(lab: Lab) -> Scenario:
    """NFS and CIFS that the kernel does not know, a device that is gone, propagation that is not allowed; one works."""
    lab.network("net")
    lab.run("api", network="net")
    folder = lab.folder()
    lab.folder("there")
    nfs = lab.volume("nfs", "--opt", "type=nfs", "--opt", "device=:/export", "--opt", "o=addr=127.0.0.1,nfsvers=4")
    secret = "o=addr=127.0.0.1,username=u,password=for-the-test-1"
    cifs = lab.volume("cifs", "--opt", "type=cifs", "--opt", "device=//127.0.0.1/share", "--opt", secret)
    bind = ("--opt", "type=none", "--opt", "o=bind", "--opt")
    gone = lab.volume("gone", *bind, f"device={folder}/gone")
    well = lab.volume("well", *bind, f"device={folder}/there")
    for short, volume in (("nfs", nfs), ("cifs", cifs), ("gone", gone), ("well", well)):
        lab.run(short, network="net", options=_at(volume, "/mnt/data"), check=short == "well")
    lab.run("shared", options=_at(folder / "there", "/data", "rshared"), check=False)
    for short in ("nfs", "cifs", "gone"):
        assert "failed to mount local volume" in lab.inspect(short)["State"]["Error"]
    lab.does_not_resolve("api", lab.name("nfs"))
    _can(lab, "well", "touch", "/mnt/data/x")
    yield lab.sick(lab.name("api"), f"{lab.name('nfs')}:5432", "volume.driver/mount-failed")
    yield lab.sick(lab.name("cifs"), None, "volume.driver/mount-failed")
    yield lab.sick(lab.name("gone"), None, "volume.driver/mount-failed")
    if "shared" in lab.inspect("shared")["State"]["Error"]:
        yield lab.sick(lab.name("shared"), None, "volume.driver/mount-failed")
    yield lab.healthy(lab.name("well"), None)


def file_systems_that_do_not_answer(lab: Lab) -> Scenario:
    """A share whose server hangs, and one whose process is gone; nobody waits for them, and the third one answers."""
    shares = {short: lab.hanging_folder(short) for short in ("hung", "dead", "well")}
    for short, share in shares.items():
        lab.run(short, options=_at(share.path, "/data"))
        _can(lab, short, "cat", "/data/data")
    shares["hung"].hang()
    os.kill(shares["dead"].pid, 9)
    assert lab.inside("hung", "timeout", "1", "stat", "/data").returncode != 0
    lab.until("the share to be dead", lambda: "not connected" in lab.inside("dead", "stat", "/data").stderr)
    yield lab.sick(lab.name("hung"), None, "volume.driver/not-answering", rungs=("netns", "exec"))
    yield lab.sick(lab.name("dead"), None, "volume.driver/not-answering")
    yield lab.healthy(lab.name("well"), None)
    assert len(lab.docker("top", lab.name("hung")).stdout.splitlines()) == 2, "a command is left in the container"


# -- volume.nested --------------------------------------------------------------------------------------------------


def mounts_that_hide_each_other(lab: Lab) -> Scenario:
    """A path that is a link to another's, an empty volume over a full folder; node_modules and others are as meant."""
    for name in ("one", "two", "app/upload", "app/node_modules"):
        lab.folder(name)
    for name in ("one/first", "two/second", "app/upload/picture", "app/node_modules/express"):
        lab.file(name, "x")
    folder = lab.folder()
    linked = (*_at(folder / "one", "/var/run/app"), *_at(folder / "two", "/run/app"))
    covered = (*_at(folder / "app", "/app"), *_at(lab.volume("upload"), "/app/upload"))
    modules = (*_at(folder / "app", "/app"), "--volume", "/app/node_modules")
    beside = (*_at(folder / "one", "/data/one"), *_at(folder / "two", "/data/two"))
    lab.run("linked", image="debian:12", options=linked)
    lab.run("covered", options=covered)
    lab.run("modules", options=modules)
    lab.run("beside", options=beside)
    _cannot(lab, "covered", "ls", "/app/upload/picture")
    seen = [lab.inside("linked", "ls", f"/run/app/{name}").returncode == 0 for name in ("first", "second")]
    assert seen.count(True) == 1, seen
    yield lab.healthy(lab.name("linked"), None, warns=("volume.nested/hidden",))
    yield lab.healthy(lab.name("covered"), None, warns=("volume.nested/hidden",))
    yield lab.healthy(lab.name("modules"), None)
    yield lab.healthy(lab.name("beside"), None)
