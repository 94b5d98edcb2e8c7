"""What the kernel, the commands of an image and the engine say of mounts and processes, as values."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import threading
from pathlib import Path
from typing import cast

import pytest

from netdoctor.answers import Credentials, Place
from netdoctor.model import Container, Engine, Mount, State
from netdoctor.probes import child_process, mount_table
from netdoctor.probes.child_process import Look, Looking
from netdoctor.probes.clock import Clock
from netdoctor.probes.credentials import inside, read_map, read_status
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.exec_mounts import read_places, without_ours
from netdoctor.probes.host_side import HostSide, around
from netdoctor.probes.seen_places import access_list, place_of_api, seen
from netdoctor.stack import Stack

TABLE = r"""
2232 2465 0:457 / / rw,relatime master:77 - overlay overlay rw,lowerdir=/d/l/B:/d/l/A,upperdir=/d/u,workdir=/d/w
2599 2232 254:0 /srv/my\040data//deleted /data ro,noexec,relatime - ext4 /dev/vda rw,discard
2600 2232 0:50 / /nfs rw,relatime shared:7 - nfs4 server:/export ro,addr=10.0.0.7
2601 2232 0:51 / /dev/shm rw,nosuid shared:1 - tmpfs shm rw,size=65536k
2602 2232 0:52 / /proc rw - proc proc rw
2603 2232 254:0 /d/containers/x/hosts /etc/hosts rw - ext4 /dev/vda rw
"""


def test_mountinfo() -> None:
    table = mount_table.read(TABLE)
    data = next(m for m in table if m.path == "/data")
    assert (data.root, data.deleted, data.writable, data.executable) == ("/srv/my data//deleted", True, False, False)
    nfs = next(m for m in table if m.path == "/nfs")
    assert (nfs.filesystem, nfs.writable, nfs.filesystem_writable, nfs.shared) == ("nfs4", True, False, True)
    assert nfs.options == "addr=10.0.0.7"
    assert [m.path for m in mount_table.of_interest(table, ["/data"])] == ["/", "/data", "/nfs", "/dev/shm"]
    assert mount_table.layers(TABLE) == ("/d/l/B", "/d/l/A")


def test_which_mount_a_path_is_on() -> None:
    table = mount_table.read(TABLE)
    assert mount_table.covering(table, "/nfs/a/b") is table[2]
    assert mount_table.covering(table, "/nfsx") is table[0]
    assert mount_table.can_hang(table[2])
    assert not mount_table.can_hang(table[0])


STATUS = "Name:\tpostgres\nPPid:\t1\nPid:\t77\nUid:\t999\t999\t999\t999\nGid:\t999\t999\t999\t998\n\
Groups:\t101 998 \nCapEff:\t0000000000000002\n"


def test_credentials() -> None:
    assert read_status(STATUS) == Credentials(
        pid=77, name="postgres", parent=1, user=999, group=998, groups=(101, 998), capabilities=2
    )
    remapped = read_map("         0     100000      65536\n")
    seen_from_the_host = read_status(STATUS.replace("999", "100999"), remapped, remapped)
    assert seen_from_the_host is not None
    assert (seen_from_the_host.user, seen_from_the_host.group) == (999, 65534)
    assert read_map("0 0 4294967295\n") == ()
    assert (inside(100999, remapped), inside(1000, remapped), inside(-1, remapped)) == (999, 65534, -1)
    assert read_status("cat: /proc/7/status: No such file\n") is None


def test_processes_of_the_asking_command_are_left_out() -> None:
    found = [
        Credentials(pid=1, name="server"),
        Credentials(pid=7, name="worker", parent=1),
        Credentials(pid=20, name="sh"),
        Credentials(pid=21, name="cat", parent=20),
    ]
    assert [p.name for p in without_ours(found)] == ["server", "worker"]


def test_access_lists() -> None:
    entries = [(0x01, 7, 0xFFFFFFFF), (0x02, 6, 100999), (0x04, 5, 0xFFFFFFFF), (0x10, 5, 0xFFFFFFFF), (0x20, 0, 0)]
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)
    assert access_list(raw, ((0, 100000, 65536),)) == (
        "user::rwx",
        "user:999:rw-",
        "group::r-x",
        "mask::r-x",
        "other::---",
    )
    assert access_list(b"") == ()


def test_what_the_api_says_of_a_path() -> None:
    assert place_of_api(1 << 31 | 1 << 20 | 0o777, 40) == Place(kind="directory", mode=0o1777, size=40)
    assert place_of_api(1 << 24 | 0o660, 0).kind == "socket"
    assert place_of_api(1 << 26 | 1 << 21 | 0o666, 0).kind == "character-device"


SAID = """\
found 41ed 999 999 65024 2941383 3 4096 1700000000 1700000001 /data
stat: can't stat '/gone': No such file or directory
stat: cannot statx '/private/x': Permission denied
room 4096 100 50 40 1000 900 /data
found 81a4 0 0 65024 7 1 3 1700000000 1700000001 /etc/a file
"""


def test_what_stat_says() -> None:
    found = read_places(SAID, ["/data", "/gone", "/private/x", "/etc/a file", "/nfs"], slow=["/nfs"])
    data = found["/data"]
    assert (data.place.kind, data.place.mode, data.place.owner, data.place.empty) == ("directory", 0o755, 999, False)
    assert data.space is not None
    assert (data.space.size, data.space.available, data.space.inodes_free) == (409600, 163840, 900)
    assert found["/gone"].place == Place(kind="missing")
    assert found["/private/x"].place == Place(kind="unseen", error="Permission denied")
    assert found["/etc/a file"].place.kind == "file"
    assert found["/nfs"].place.kind == "hung"


# -- looks at files -----------------------------------------------------------------------------------------------


def _look(path: Path | str, looking: Looking | None = None, filesystem: str = "") -> Place:
    told = (looking or Looking()).at([Look("path", os.getpid(), str(path), filesystem=filesystem)], Clock(5))
    return seen(told[0]).place


def test_looking_leaves_access_times_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for one in (tmp_path / "full", tmp_path / "empty", tmp_path / "full" / "file"):
        os.utime(one, (0, one.stat().st_mtime))  # so old that relatime would bring it up to date
    assert _look(tmp_path / "full").empty is False
    assert _look(tmp_path / "empty").empty is True
    assert _look(tmp_path / "full" / "file").kind == "file"
    assert _look(tmp_path / "none").kind == "missing"
    assert _look(tmp_path / "full" / "file" / "x").kind == "missing"
    for one in (tmp_path / "full", tmp_path / "empty", tmp_path / "full" / "file"):
        assert one.stat().st_atime == 0


def test_links_are_followed_in_the_root_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "real" / "file").write_text("x")
    (tmp_path / "link").symlink_to("real/../real")
    (tmp_path / "circle").symlink_to("circle")
    told = Looking().at([Look("path", os.getpid(), f"{tmp_path}/link/file")], Clock(5))
    found = seen(told[0])
    assert (found.place.kind, found.real) == ("file", f"{tmp_path}/real/file")
    assert [p.mode for p in found.closed][-1] == 0o700
    assert _look(tmp_path / "circle").kind == "unseen"


def test_a_file_system_that_hangs_costs_its_patience_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(child_process, "PATIENCE", 0.2)
    looking = Looking()
    assert _look(tmp_path, looking, "0:99").kind == "directory"
    begin, children = looking._begin, []

    def stopped() -> subprocess.Popen[bytes]:
        children.append(begin())
        os.kill(children[-1].pid, signal.SIGSTOP)
        return children[-1]

    assert looking._child is not None
    os.kill(looking._child.pid, signal.SIGSTOP)
    assert _look(tmp_path, looking, "0:99").kind == "directory", "a busy machine: the second child answers"
    os.kill(looking._child.pid, signal.SIGSTOP)
    monkeypatch.setattr(looking, "_begin", stopped)
    assert _look(tmp_path, looking, "0:99").kind == "hung"
    assert [c.returncode for c in children] == [-signal.SIGKILL]
    monkeypatch.setattr(looking, "_begin", begin)
    assert _look(tmp_path, looking, "0:99").kind == "hung", "it is not asked again"
    assert _look(tmp_path, looking).kind == "directory", "another file system is, by a new child"


def test_what_an_image_has_under_its_layers(tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    (lower / "app" / "node_modules").mkdir(parents=True)
    (lower / "app" / "server.js").write_text("x")
    (lower / "data").mkdir()
    (lower / "var").mkdir()
    (lower / "var" / "run").symlink_to("/run")
    (lower / "run" / "app").mkdir(parents=True)
    (upper / "app").mkdir(parents=True)
    os.mknod(upper / "app" / "server.js", 0o600 | 0o020000, 0)  # gone since

    def has(path: str) -> Place:
        told = Looking().at([Look("layers", os.getpid(), path, (str(upper), str(lower)))], Clock(5))
        return seen(told[0]).place

    assert has("/app").empty is False
    assert has("/app/node_modules").empty is True
    assert has("/app/server.js").kind == "missing"
    assert has("/data/").empty is True
    assert has("/var/run/app").kind == "directory"
    assert has("/etc/nginx.conf").kind == "missing"


def test_many_threads_look_at_once(tmp_path: Path) -> None:
    looking, found = Looking(), list[str]()
    threads = [threading.Thread(target=lambda: found.append(_look(tmp_path, looking).kind)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["directory"] * 20


def test_the_mount_around_another() -> None:
    app = Mount(kind="bind", source="/srv/app", destination="/app")
    deep = Mount(kind="volume", source="/v", destination="/app/a/node_modules")
    other = Mount(kind="bind", source="/x", destination="/application")
    one = Container(id="c", name="c", state=State(status="running"), mounts=(app, deep, other))
    assert around(one, deep) is app
    assert around(one, other) is None


def test_the_host_is_seen_though_the_container_that_showed_it_has_ended(tmp_path: Path) -> None:
    side = HostSide(Stack(engine=Engine(local=True)), cast("EngineAPI", None))
    with subprocess.Popen(["true"]) as ended:
        pass
    side.__dict__["_starter"] = ended.pid  # whoever started it, and the root by which the host was looked at
    assert side.at((str(tmp_path),), Clock(5))[str(tmp_path)].place.kind == "directory"
