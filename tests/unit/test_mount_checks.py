"""The checks of mounts on small stacks: what the lab's kernel cannot show, and who is left in peace."""

from __future__ import annotations

from typing import Any

import pytest

from checks.volume._sources import like_a_file
from netdoctor import registry
from netdoctor.answers import (
    Answer,
    Asked,
    AskLogs,
    AskMounts,
    AskProcesses,
    Credentials,
    LogLine,
    Logs,
    Mounted,
    MountPoint,
    Mounts,
    Place,
    Processes,
    Question,
    Space,
    Unable,
)
from netdoctor.finding import Finding, Verdict
from netdoctor.model import Container, Engine, Health, Mount, Scope, State, Subject, Volume
from netdoctor.stack import Stack

NOW = 1_795_000_000.0
STARTED = NOW - 3600
CHECKS = {c.id: c for c in registry.load()}
ENDED = State(status="exited", exit_code=1, started=STARTED, finished=STARTED + 9)
RUNNING = State(status="running", started=STARTED, pid=7)
ROOM = Space(size=10 << 30, free=9 << 30, available=9 << 30, inodes=1000, inodes_free=900)
SHM = Mounted(path="/dev/shm", device="0:9", filesystem="tmpfs")
EXT4 = Mounted(path="/data", device="254:0", filesystem="ext4", root="/srv/data", source="/dev/vda")
ALL = (1 << 41) - 1
"""Every capability."""


def bind(destination: str = "/data", source: str = "/srv/data", **more: Any) -> Mount:
    return Mount(kind="bind", destination=destination, source=source, container="c", given="-v", **more)


def folder(owner: int = 0, mode: int = 0o755, **more: Any) -> Place:
    given = {"kind": "directory", "group": owner, "device": 1, "inode": 5, "links": 2, "acl": (), **more}
    return Place(owner=owner, mode=mode, **given)


def stack_of(
    mount: Mount, point: MountPoint | None, said: tuple[str, ...] = (), *, state: State = RUNNING,
    who: Processes | None = None, engine: Engine | None = None, unseen: str = "", volumes: tuple[Volume, ...] = (),
    at: float = STARTED + 5, shm: bool = True, **more: Any,
) -> Stack:  # fmt: skip
    container = Container(id="c", name="app", state=state, mounts=(mount,), created=NOW - 7200, **more)
    others = (MountPoint(path="/dev/shm", space=ROOM, mounted=SHM),) if shm else ()
    table = (point.mounted,) if point is not None and point.mounted is not None else ()
    asked: list[tuple[Question, Answer]] = [
        (AskLogs(container="c"), Logs(lines=tuple(LogLine(at=at, text=t) for t in said)))
    ]
    if point is not None:
        told = Mounts(points=(point, *others), table=table, host_unseen=unseen, seen_by="netns")
        asked.append((AskMounts(container="c"), told))
    if who is not None:
        asked.append((AskProcesses(container="c"), who))
    return Stack(
        engine=engine or Engine(local=True),
        taken_at=NOW,
        containers=(container,),
        volumes=volumes,
        asked=tuple(Asked(question=q, answer=a) for q, a in asked),  # type: ignore[arg-type]
        scope=Scope(whole=("c",)),
    )


def judge(check: str, stack: Stack) -> Finding:
    container = stack.containers[0]
    subject: Subject = container if check in ("volume.writable", "volume.space") else container.mounts[0]
    found = [*CHECKS[check].judge(stack, subject)]
    assert found, f"{check} says nothing"
    return found[0]


def says(check: str, stack: Stack) -> str:
    """`fail read-only`, `pass`."""
    found = judge(check, stack)
    return f"{found.verdict} {found.reason or ''}".strip()


# -- permission -----------------------------------------------------------------------------------------------------


DENIED = ("OSError: [Errno 13] Permission denied: '/data/x'",)
NOT_OF_FILES = (
    "listen tcp :80: bind: permission denied",
    "error: /proc/1/oom_score_adj: Permission denied",
    "[Warning] mariadbd: io_uring_queue_init() failed with EPERM: sysctl kernel.io_uring_disabled has the value 2",
    "mbind: Operation not permitted",
    "the bucket photos: Access is denied.",
)
SEEN = MountPoint(path="/data", mounted=EXT4, inside=folder(), outside=folder(), space=ROOM)


def root(**more: Any) -> Processes:
    return Processes(processes=(Credentials(pid=7, name="app", user=0, capabilities=ALL),), **more)


def user(number: int) -> Processes:
    return Processes(processes=(Credentials(pid=7, name="app", user=number, group=number, capabilities=0),))


@pytest.mark.parametrize(
    ("who", "engine", "mount", "expected"),
    [
        (user(1000), Engine(local=True), bind(), "fail owner-mismatch"),
        (root(), Engine(local=True, security=("selinux",)), bind(), "fail labelled"),
        (root(label="shop-profile (enforce)"), Engine(local=True), bind(), "fail labelled"),
        (root(label="docker-default (enforce)"), Engine(local=True), bind(), "fail labelled"),
        (user(0), Engine(local=True, security=("selinux",)), bind(), "fail labelled"),
        (user(0), Engine(local=True, security=("selinux",)), bind(relabelled=True), "warn owner-mismatch"),
    ],
)
def test_who_is_denied_and_why(who: Processes, engine: Engine, mount: Mount, expected: str) -> None:
    assert says("volume.writable", stack_of(mount, SEEN, DENIED, who=who, engine=engine)) == expected


def test_what_is_denied_in_a_read_only_mount_is_reading() -> None:
    key = Place(kind="file", owner=0, group=0, mode=0o600, device=1, inode=5, links=1, acl=())
    point = MountPoint(path="/data", mounted=EXT4, inside=key, outside=key, space=ROOM)
    frozen = bind(writable=False)
    found = judge("volume.writable", stack_of(frozen, point, DENIED, who=user(1000)))
    assert "app (1000:1000) in app may not read /data, which belongs to 0:0 (mode 600)" in found.says
    assert says("volume.writable", stack_of(frozen, SEEN, DENIED, who=user(1000))) == "warn owner-mismatch"
    sqlite = ("attempt to write a readonly database",)
    assert says("volume.writable", stack_of(frozen, SEEN, sqlite, who=user(1000))) == "fail read-only"
    assert says("volume.writable", stack_of(bind(), SEEN, sqlite, who=user(1000))) == "fail owner-mismatch"
    unopened = ("unable to open database file",)
    mine = MountPoint(path="/data", mounted=EXT4, inside=folder(1000), outside=folder(1000), space=ROOM)
    assert says("volume.writable", stack_of(bind(), mine, unopened, who=user(1000))) == "pass", "it may not be there"


def test_root_without_capabilities_that_does_not_run() -> None:
    theirs = MountPoint(path="/data", outside=folder(1000))
    found = judge("volume.writable", stack_of(bind(), theirs, DENIED, state=ENDED, no_override=True))
    assert found.remedy is not None
    assert found.remedy.run[0] == "chown -R 0:0 /srv/data"


def test_selinux_gets_the_label_of_containers() -> None:
    found = judge(
        "volume.writable", stack_of(bind(), SEEN, DENIED, who=root(), engine=Engine(local=True, security=("selinux",)))
    )
    assert found.remedy is not None
    assert found.remedy.run[0] == "chcon -R -t container_file_t /srv/data"


def test_a_server_that_squashes_root_decides_for_itself() -> None:
    nfs = Mounted(path="/data", device="0:50", filesystem="nfs4", source="server:/export")
    point = MountPoint(path="/data", mounted=nfs, inside=folder(65534), outside=folder(65534), space=ROOM)
    said = ("chown: changing ownership of '/data': Operation not permitted",)
    found = judge("volume.writable", stack_of(bind(), point, said, who=root(), state=ENDED))
    assert (found.verdict, found.reason) == (Verdict.FAIL, "owner-mismatch")
    assert found.remedy is not None
    assert "no_root_squash" in found.remedy.says
    assert says("volume.writable", stack_of(bind(), point, who=user(1000))) == "pass"


def test_the_host_s_numbers_where_users_are_remapped() -> None:
    maps = {"user_map": ((0, 100000, 65536),), "group_map": ((0, 100000, 65536),)}
    who = Processes(processes=(Credentials(pid=7, name="app", user=999, group=999, capabilities=0),), **maps)  # type: ignore[arg-type]
    found = judge("volume.writable", stack_of(bind(), SEEN, DENIED, who=who))
    assert found.remedy is not None
    assert found.remedy.run[0] == "chown -R 100999:100999 /srv/data"


def test_what_was_mended_or_said_before_is_left_in_peace() -> None:
    mended = MountPoint(path="/data", mounted=EXT4, inside=folder(1000, changed=STARTED + 60), outside=folder(1000))
    assert says("volume.writable", stack_of(bind(), mended, DENIED, who=user(1000))) == "pass"
    before = stack_of(bind(), SEEN, DENIED, who=user(1000), at=STARTED - 60)
    assert says("volume.writable", before) == "pass"
    assert says("volume.writable", stack_of(bind(), SEEN, NOT_OF_FILES, who=user(1000))) == "pass"
    assert says("volume.writable", stack_of(bind(), SEEN, who=user(1000))) == "pass", "it only reads"


# -- sources --------------------------------------------------------------------------------------------------------


def file(inode: int, **more: Any) -> Place:
    return Place(
        kind="file",
        owner=0,
        group=0,
        mode=0o644,
        device=1,
        inode=inode,
        links=1,
        **{"size": 3, "modified": 1.5, **more},
    )


@pytest.mark.parametrize(
    ("destination", "new", "expected"),
    [
        ("/etc/app.conf", file(6, modified=2.5), "fail stale-file"),
        ("/etc/app.conf", file(6, size=4), "fail stale-file"),
        ("/etc/app.conf", file(6), "pass"),  # a copy with the same times: cp -p, git checkout of the same
        ("/etc/localtime", file(6, size=4), "pass"),  # the host's packages make it anew
        ("/var/run/docker.sock", Place(kind="socket", device=1, inode=6, size=0), "fail stale-file"),
    ],
)
def test_another_file_on_the_host(destination: str, new: Place, expected: str) -> None:
    mounted = Mounted(path=destination, device="254:0", filesystem="ext4", root="/srv/x")
    old = Place(kind=new.kind, device=1, inode=5, size=3, modified=1.5) if new.kind == "socket" else file(5)
    point = MountPoint(path=destination, mounted=mounted, inside=old, outside=new)
    assert says("volume.source", stack_of(bind(destination, "/srv/x"), point)) == expected


def test_engines_elsewhere_and_paths_of_virtual_machines() -> None:
    reason = "the engine's host is another machine"
    deleted = Mounted(path="/data", device="254:0", filesystem="ext4", root="/srv/data//deleted")
    alive = MountPoint(path="/data", mounted=EXT4, inside=folder())
    assert says("volume.source", stack_of(bind(), alive, engine=Engine(), unseen=reason)) == "pass"
    gone = MountPoint(path="/data", mounted=deleted, inside=folder())
    assert says("volume.source", stack_of(bind(), gone, engine=Engine(), unseen=reason)) == "fail replaced"
    desktop = Engine(desktop=True)
    for source in ("/host_mnt/Users/me/data", "/run/desktop/mnt/host/c/data"):
        shared = Mounted(path="/data", device="0:60", filesystem="virtiofs", root="/Users/me/data")
        point = MountPoint(path="/data", mounted=shared, inside=folder(501))
        stack = stack_of(bind(source=source), point, engine=desktop, unseen="the engine runs in a virtual machine")
        assert says("volume.source", stack) == "pass"
        assert says("volume.writable", stack_of(bind(source=source), point, who=user(1000), engine=desktop)) == "pass"


def made(modified: float, **more: Any) -> MountPoint:
    place = folder(modified=modified, changed=modified, empty=True, **more)
    return MountPoint(path="/etc/app.conf", mounted=None, inside=None, outside=place)


def test_whether_the_engine_made_the_folder() -> None:
    conf, created = bind("/etc/app.conf", "/srv/app.conf"), NOW - 7200
    assert says("volume.source", stack_of(conf, made(created + 1), state=ENDED)) == "fail created-empty"
    assert says("volume.source", stack_of(conf, made(STARTED - 1), state=ENDED)) == "fail created-empty", "at a restart"
    assert says("volume.source", stack_of(conf, made(created - 1), state=ENDED)) == "pass", "older than the container"
    assert says("volume.source", stack_of(conf, made(created + 1, mode=0o700), state=ENDED)) == "pass"
    data = MountPoint(path="/data", outside=folder(modified=created + 1, empty=True))
    assert says("volume.source", stack_of(bind(), data, state=ENDED)) == "pass", "data that is still to come"
    elsewhere = stack_of(conf, made(created + 1), state=ENDED, engine=Engine())
    assert "another machine" in judge("volume.source", elsewhere).says


@pytest.mark.parametrize("path", ["/etc/app.conf", "/app/.env", "/etc/caddy/Caddyfile", "/certs/tls.pem", "/a/b.yml"])
def test_files_by_their_names(path: str) -> None:
    assert like_a_file(path)


@pytest.mark.parametrize("path", ["/etc/nginx/conf.d", "/srv/example.com", "/data", "/var/lib/app.db", "/opt/node.js"])
def test_folders_by_their_names(path: str) -> None:
    assert not like_a_file(path)


# -- room -----------------------------------------------------------------------------------------------------------


def filled(available: int, *, size: int = 10 << 30, inodes_free: int = 900, **mounted: Any) -> MountPoint:
    room = Space(size=size, free=available, available=available, inodes=1000, inodes_free=inodes_free)
    kernel = Mounted(**{"path": "/data", "device": "254:0", "filesystem": "ext4", **mounted})
    return MountPoint(path="/data", mounted=kernel, inside=folder(), space=room)


NO_PATH = ("OSError: [Errno 28] No space left on device",)
NO_ROOM = ("write /data/wal: no space left on device",)


@pytest.mark.parametrize(
    ("point", "said", "state", "expected"),
    [
        (filled(0), (), RUNNING, "fail full"),
        (filled(1 << 30), NO_ROOM, RUNNING, "pass"),  # it was mended, or somebody removed something
        (filled(9 << 30), NO_ROOM, RUNNING, "pass"),
        (filled(100 << 20), NO_ROOM, RUNNING, "fail full"),
        (filled(9 << 30), NO_ROOM, ENDED, "fail full"),  # what it had written is gone with it
        (filled(400 << 20), (), RUNNING, "warn nearly-full"),
        (filled(20 << 30, size=1 << 40), (), RUNNING, "pass"),  # a fiftieth, and twenty gigabytes
        (filled(9 << 30, inodes_free=0), (), RUNNING, "fail no-inodes"),
        (filled(9 << 30, inodes_free=1), (), RUNNING, "warn nearly-full"),
        (filled(0, filesystem="tmpfs"), (), RUNNING, "warn full"),
        (filled(0, filesystem="tmpfs"), NO_ROOM, RUNNING, "fail full"),
        (filled(0, filesystem="tmpfs"), NO_PATH, RUNNING, "fail full"),  # what is full is what is meant
        (filled(9 << 30), NO_PATH, RUNNING, "pass"),
        (filled(0, writable=False), (), RUNNING, "pass"),
        (filled(0, filesystem_writable=False, filesystem="iso9660"), (), RUNNING, "pass"),
        (filled(0, size=0, filesystem="fuse.sshfs"), (), RUNNING, "pass"),  # it does not tell its size
    ],
)  # fmt: skip
def test_how_full_is_full(point: MountPoint, said: tuple[str, ...], state: State, expected: str) -> None:
    assert says("volume.space", stack_of(bind(), point, said, state=state)) == expected


def test_small_shared_memory_is_found_by_the_log() -> None:
    said = ('ERROR: could not resize shared memory segment "/PostgreSQL.1" to 8388608 bytes: No space left on device',)
    assert says("volume.space", stack_of(bind(), SEEN, said, at=NOW - 60)) == "fail full"
    assert (
        says("volume.space", stack_of(bind(), SEEN, said, at=NOW - 86400, state=State(status="running", started=1.0)))
        == "warn full"
    )
    assert says("volume.space", stack_of(bind(), SEEN, shm=False)) == "unknown"


def test_what_could_not_be_asked_is_unknown() -> None:
    stack = stack_of(bind(), None)
    for check in ("volume.source", "volume.space", "volume.writable", "volume.driver"):
        assert judge(check, stack).verdict is Verdict.UNKNOWN
    assert isinstance(stack.mounts(stack.containers[0]), Unable)


# -- drivers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"type": "nfs", "o": "addr=10.0.0.7,nfsvers=4", "device": ":/x"}, "connection refused", "10.0.0.7 refuses"),
        ({"type": "nfs", "o": "addr=10.0.0.7", "device": ":/x"}, "no such file or directory", ":/x does not exist"),
        ({"type": "nfs", "o": "addr=nas", "device": ":/x"}, "permission denied", "nas does not let this host in"),
        ({"type": "cifs", "o": "username=u", "device": "//nas/share"}, "host is down", "nas is down"),
        ({"type": "nfs", "o": "addr=nas", "device": ":/x"}, "no such device", "does not know the file system nfs"),
        ({"type": "none", "o": "bind", "device": "/srv/gone"}, "no such file or directory", "/srv/gone does not exist"),
        ({"type": "ext4", "device": "/dev/sdz1"}, "invalid argument", "the options are not what ext4 wants"),
    ],
)  # fmt: skip
def test_mount_errors_in_words(options: dict[str, str], error: str, expected: str) -> None:
    place = "/var/lib/docker/volumes/pgdata/_data"
    whole = f"error while mounting volume '{place}': failed to mount local volume: mount x:{place}, data: y: {error}"
    mount = Mount(kind="volume", name="pgdata", source=place, destination="/data", container="c", given="-v")
    state = State(status="created", error=whole)
    found = judge(
        "volume.driver", stack_of(mount, None, state=state, volumes=(Volume(name="pgdata", options=options),))
    )
    assert (found.verdict, found.reason) == (Verdict.FAIL, "mount-failed")
    assert expected in found.says
    assert found.remedy is not None
    assert found.remedy.run


def test_another_mount_s_error_is_not_this_one_s() -> None:
    mount = Mount(
        kind="volume", name="logs", source="/var/lib/docker/volumes/logs/_data", destination="/logs", container="c"
    )
    error = "error while mounting volume '/var/lib/docker/volumes/pgdata/_data': failed to mount local volume: x"
    state = State(status="created", error=error)
    stack = stack_of(mount, None, state=state, volumes=(Volume(name="logs", options={"type": "nfs"}),))
    assert says("volume.driver", stack) == "unknown"


def test_a_dead_file_system_hangs_nobody() -> None:
    for place, text in (
        (Place(kind="hung"), "does not answer"),
        (Place(kind="unseen", error="Stale file handle"), "Stale"),
    ):
        point = MountPoint(path="/data", mounted=EXT4, inside=place, outside=place)
        found = judge("volume.driver", stack_of(bind(), point))
        assert (found.verdict, found.reason) == (Verdict.FAIL, "not-answering")
        assert text in found.says
        assert not found.explains, "it runs, and serves who asks"
    sick = State(status="running", started=STARTED, health=Health(status="unhealthy"))
    point = MountPoint(path="/data", mounted=EXT4, inside=Place(kind="hung"))
    assert judge("volume.driver", stack_of(bind(), point, state=sick)).explains
