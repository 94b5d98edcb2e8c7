"""The remedies for mounts, pasted as they are written: the container works afterwards, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.asking import ask
from tests.live.lab import Lab
from tests.live.remedies import Mended, paste, remedy_of


@pytest.fixture
def lab(slug: str) -> Iterator[Lab]:
    with Mended(slug) as made:
        yield made


def _mended(lab: Lab, short: str, code: str, *, after: Callable[[str], None] = lambda _: None) -> None:
    """Find it, paste its remedy, and find nothing of the kind any more."""
    paste(remedy_of(lab, short, code), lab.folder(), after)
    found = ask(lab.healthy(lab.name(short), None), "auto").diagnosis
    assert not any(j.result.code == code for j in found.results), [j.result.finding.says for j in found.results]
    assert found.verdict == "healthy", [(j.result.code, j.result.finding.says) for j in found.results]


def _at(source: object, destination: str, mode: str = "") -> tuple[str, str]:
    return "--volume", f"{source}:{destination}" + (f":{mode}" if mode else "")


def _ended(lab: Lab, short: str) -> None:
    lab.until(f"{short} to end", lambda: lab.inspect(short)["State"]["Status"] == "exited")


def _runs(lab: Lab, short: str, *argv: str) -> str:
    done = lab.inside(short, *argv)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
    return done.stdout


NODE = "test -e /app/node_modules/express || { echo \"Error: Cannot find module 'express'\"; exit 1; }; exec sleep 3600"
SHOW = "cat /etc/app.conf && exec sleep 3600"


def test_folder_instead_of_a_file(lab: Lab) -> None:
    lab.run("app", SHOW, options=("--env", "KEPT=yes", *_at(lab.folder() / "app.conf", "/etc/app.conf")))
    _ended(lab, "app")

    def put(command: str) -> None:
        if command.startswith("rmdir"):
            lab.file("app.conf", "x=1\n")

    _mended(lab, "app", "volume.source/created-empty", after=put)
    assert _runs(lab, "app", "cat", "/etc/app.conf") == "x=1\n"
    assert _runs(lab, "app", "sh", "-c", "echo $KEPT").strip() == "yes"


def test_folder_instead_of_the_image_s_file(lab: Lab) -> None:
    lab.run("app", options=_at(lab.folder() / "passwd", "/etc/passwd"), check=False)
    _mended(lab, "app", "volume.source/created-empty")
    assert "root" in _runs(lab, "app", "cat", "/etc/passwd")


def test_replaced_file_and_folder(lab: Lab) -> None:
    lab.run("app", options=(*_at(lab.file("app.conf", "x=1\n"), "/etc/app.conf"), *_at(lab.folder("data"), "/data")))
    lab.file("new", "x=20\n")
    shutil.move(lab.folder() / "new", lab.folder() / "app.conf")
    shutil.rmtree(lab.folder("data"))
    lab.folder("data")
    lab.file("data/new", "")
    code = "volume.source/stale-file"
    assert remedy_of(lab, "app", code).run == remedy_of(lab, "app", "volume.source/replaced").run
    _mended(lab, "app", code)
    assert _runs(lab, "app", "cat", "/etc/app.conf") == "x=20\n"
    _runs(lab, "app", "ls", "/data/new")


def test_file_gone_from_the_host(lab: Lab) -> None:
    lab.run("app", SHOW, options=_at(lab.file("app.conf", "precious\n"), "/etc/app.conf"))
    (lab.folder() / "app.conf").unlink()
    _mended(lab, "app", "volume.source/missing")
    assert (lab.folder() / "app.conf").read_text() == "precious\n"


def test_folder_gone_before_the_start(lab: Lab) -> None:
    mounted = ("--mount", f"type=bind,source={lab.folder('data')},target=/data")
    lab.run("app", "sleep 3600", options=mounted)
    lab.docker("kill", lab.name("app"))
    (lab.folder() / "data").rmdir()
    assert lab.docker("start", lab.name("app"), check=False).returncode
    _mended(lab, "app", "volume.source/missing")


def test_late_disk(lab: Lab) -> None:
    lab.run("app", options=_at(lab.folder("disk"), "/data"))
    lab.host("mount", "-t", "tmpfs", "tmpfs", str(lab.folder("disk")))
    lab.file("disk/film", "")
    _mended(lab, "app", "volume.source/mounted-late")
    _runs(lab, "app", "ls", "/data/film")


def test_hidden_configuration(lab: Lab) -> None:
    lab.folder("nginx")
    lab.file("nginx/mine", "kept")
    lab.run("web", [], image="nginx:1.22", options=_at(lab.folder("nginx"), "/etc/nginx"))
    _ended(lab, "web")
    _mended(lab, "web", "volume.source/hides-content")
    lab.listens("web", 80)
    assert (lab.folder("nginx") / "mine").read_text() == "kept"


def test_hidden_modules(lab: Lab) -> None:
    image = lab.derived("app", "mkdir -p /app/node_modules/express")
    lab.folder("app")
    lab.file("app/main.js", "kept")
    lab.run("app", NODE, image=image, options=_at(lab.folder("app"), "/app"))
    _ended(lab, "app")
    _mended(lab, "app", "volume.source/hides-content")
    _runs(lab, "app", "ls", "/app/node_modules/express", "/app/main.js")


def test_folder_of_somebody_else(lab: Lab) -> None:
    lab.folder("data")
    lab.file("data/kept", "kept")
    lab.run("redis", [], image="redis:7", options=("--user", "999:999", *_at(lab.folder("data"), "/data")))
    lab.listens("redis", 6379)
    assert "ERR" in lab.inside("redis", "redis-cli", "SAVE").stdout
    _mended(lab, "redis", "volume.writable/owner-mismatch")
    lab.listens("redis", 6379)
    assert _runs(lab, "redis", "redis-cli", "SAVE").strip() == "OK"
    assert (lab.folder("data") / "kept").read_text() == "kept"


def test_new_volume_of_root_s(lab: Lab) -> None:
    volume = lab.volume("data")
    lab.run("job", "touch /data/x && exec sleep 3600", options=("--user", "1000", *_at(volume, "/data")))
    _ended(lab, "job")
    _mended(lab, "job", "volume.writable/owner-mismatch")
    _runs(lab, "job", "ls", "/data/x")


def test_volume_mounted_read_only(lab: Lab) -> None:
    volume = lab.volume("data")
    lab.run("first", [], image="redis:7", options=_at(volume, "/data"))
    lab.listens("first", 6379)
    _runs(lab, "first", "redis-cli", "SET", "kept", "1")
    lab.docker("stop", lab.name("first"))
    lab.docker("rm", lab.name("first"))
    lab.run("redis", [], image="redis:7", options=("--user", "999", *_at(volume, "/data", "ro")))
    lab.listens("redis", 6379)
    _mended(lab, "redis", "volume.writable/read-only")
    lab.listens("redis", 6379)
    assert _runs(lab, "redis", "redis-cli", "GET", "kept").strip() == "1"
    assert _runs(lab, "redis", "redis-cli", "SAVE").strip() == "OK"


@pytest.mark.parametrize("folder", ["/var/www/cache", "/tmp/cache"])
def test_read_only_root(lab: Lab, folder: str) -> None:
    lab.run("app", f"mkdir {folder} && exec sleep 3600", options=("--read-only",))
    _ended(lab, "app")
    _mended(lab, "app", "volume.writable/read-only")
    _runs(lab, "app", "ls", folder)
    assert lab.inside("app", "touch", "/etc/x").returncode != 0, "the rest is read-only still"


def test_disk_without_execution(lab: Lab) -> None:
    lab.host("mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", str(lab.folder("disk")))
    Path(lab.file("disk/start.sh", "#!/bin/sh\nexec sleep 3600\n")).chmod(0o755)
    lab.run("app", [], options=(*_at(lab.folder("disk"), "/nx"), "--entrypoint", "/nx/start.sh"), check=False)
    _mended(lab, "app", "volume.writable/no-exec")
    assert lab.inspect("app")["State"]["Running"]


def test_too_little_shared_memory(lab: Lab) -> None:
    lab.run("app", "dd if=/dev/zero of=/dev/shm/f bs=64k count=1100; rm /dev/shm/f; exec sleep 3600")
    lab.until("the complaint", lambda: "No space left" in lab.docker("logs", lab.name("app")).stderr)
    _mended(lab, "app", "volume.space/full")
    assert "536870912" in _runs(lab, "app", "stat", "-f", "-c", "%S %b", "/dev/shm") or _shm(lab) == 512 << 20


def _shm(lab: Lab) -> int:
    unit, blocks = (int(n) for n in _runs(lab, "app", "stat", "-f", "-c", "%S %b", "/dev/shm").split())
    return unit * blocks


def test_small_tmpfs(lab: Lab) -> None:
    fill = "dd if=/dev/zero of=/data/f bs=64k count=20 && exec sleep 3600"
    lab.run("app", fill, options=("--tmpfs", "/data:size=1m"))
    _ended(lab, "app")
    _mended(lab, "app", "volume.space/full")
    _runs(lab, "app", "ls", "/data/f")


def test_device_that_is_gone(lab: Lab) -> None:
    bind = ("--opt", "type=none", "--opt", "o=bind", "--opt", f"device={lab.folder()}/gone")
    lab.run("app", options=_at(lab.volume("data", *bind), "/mnt/data"), check=False)
    _mended(lab, "app", "volume.driver/mount-failed")
    _runs(lab, "app", "touch", "/mnt/data/x")


def test_share_that_hangs(lab: Lab) -> None:
    share = lab.hanging_folder("share")
    lab.run("app", options=_at(share.path, "/data"))
    share.hang()
    remedy = remedy_of(lab, "app", "volume.driver/not-answering")
    share.answer()  # its server is back: what the remedy wants first
    assert remedy.run[-1] == f"docker restart {lab.name('app')}"
    found = ask(lab.healthy(lab.name("app"), None), "auto").diagnosis
    assert found.verdict == "healthy", [(j.result.code, j.result.finding.says) for j in found.results]
    share.hang()
    for command in remedy.run[:2]:
        subprocess.run(["bash", "-c", command], cwd=lab.folder(), check=True, capture_output=True, timeout=60)
    assert "share" not in Path("/proc/self/mounts").read_text()
