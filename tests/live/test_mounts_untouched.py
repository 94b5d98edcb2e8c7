"""A diagnosis of mounts changes nothing: no file, no folder, no access time, and nothing that the engine would make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.lab import RUNGS, Lab

OLD = 1_000_000_000.0
"""An access time so old that any access would bring it up to date, also with relatime."""


def _everything(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in (folder, *sorted(folder.rglob("*")))]


def _age(paths: list[Path]) -> None:
    for path in paths:
        os.utime(path, (OLD, path.stat().st_mtime))


def _state(paths: list[Path]) -> dict[str, tuple[float, float, float, int, int]]:
    """Times, inodes and modes of all that lies there, without a listing: that would be an access."""
    seen = {str(path): path.lstat() for path in paths}
    return {path: (s.st_atime, s.st_mtime, s.st_ctime, s.st_ino, s.st_mode) for path, s in seen.items()}


def _netdoctor(*arguments: str) -> dict[str, object]:
    argv = [sys.executable, "-m", "netdoctor", "-f", "json", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 1, 3), done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("rung", RUNGS)
def test_nothing_is_touched(lab: Lab, rung: str) -> None:
    folder, volume = lab.folder(), lab.volume("data")
    for name in ("bind/deep/file", "bind/app.conf", "stopped/file"):
        lab.folder(str(Path(name).parent))
        lab.file(name, "x")
    mounts = ["--volume", f"{folder}/bind:/data", "--volume", f"{folder}/bind/app.conf:/etc/app.conf:ro"]
    lab.run("app", options=[*mounts, "--volume", f"{volume}:/var/volume"])
    lab.run("redis", [], image="redis:7", options=["--volume", f"{lab.volume('redis')}:/data"])
    lab.run("stopped", "true", options=["--volume", f"{folder}/stopped:/data", "--volume", f"{folder}/gone:/gone"])
    lab.create("created", options=["--volume", f"{folder}/never:/never", "--volume", f"{lab.name('data')}:/new/place"])
    lab.listens("redis", 6379)
    lab.until("it to end", lambda: lab.inspect("stopped")["State"]["Status"] == "exited")
    lab.inside("app", "touch", "/var/volume/file")
    lab.inside("redis", "redis-cli", "SAVE")
    (folder / "gone").rmdir()
    told = (lab.docker("volume", "inspect", "-f", "{{.Mountpoint}}", lab.name(v)).stdout for v in ("data", "redis"))
    places = [Path(path.strip()) for path in told]
    names = ("app", "redis", "stopped", "created")
    written = [_written(lab, name) for name in names]
    paths = _everything(folder, *places)
    _age(paths)
    before = _state(paths)
    assert {times[0] for times in before.values()} == {OLD}
    for name in names:
        _netdoctor("--rung", rung, lab.name(name))
    assert _state(paths) == before
    assert not (folder / "gone").exists(), "the engine made the folder"
    assert not (folder / "never").exists(), "the engine made the folder"
    assert [_written(lab, name) for name in names] == written
    for name in ("app", "redis"):
        left = lab.docker("top", lab.name(name)).stdout.splitlines()[1:]
        assert len(left) == 1, f"processes are left in {name}: {left}"


def _written(lab: Lab, short: str) -> list[str]:
    return sorted(lab.docker("diff", lab.name(short)).stdout.splitlines())


def test_in_a_container_it_takes_no_path_for_the_host_s(lab: Lab) -> None:
    """It has the engine's socket, and not its files: what it has at a path is not what the engine mounts."""
    folder, here = lab.folder(), Path(__file__).parents[2]
    lab.run("app", options=["--volume", f"{folder}/source:/data"])
    (folder / "source").rmdir()
    packages = next(Path(sys.prefix).glob("lib/python3.*/site-packages"))
    socket = os.environ["DOCKER_HOST"].removeprefix("unix://")
    options = ["--env", "PYTHONPATH=/src:/packages", "--env", "PYTHONDONTWRITEBYTECODE=1"]
    options += ["--volume", f"{socket}:/var/run/docker.sock", "--volume", f"{here}:/src:ro"]
    options += ["--volume", f"{packages}:/packages:ro", "--tmpfs", str(folder)]
    lab.run("doctor", ["python3", "-c", ASKING, lab.name("app")], image="python:3.11", options=options)
    lab.until("it to end", lambda: lab.inspect("doctor")["State"]["Status"] == "exited", seconds=60)
    log = lab.docker("logs", lab.name("doctor"))
    assert "netdoctor sees other files than the engine" in log.stdout, log.stdout + log.stderr
    assert not (folder / "source").exists(), "the engine made the folder"


ASKING = """
import sys
from netdoctor.answers import AskMounts
from netdoctor.sources import open_live
with open_live() as source:
    stack = source.read()
    app = next(c for c in stack.containers if c.name == sys.argv[1])
    for asked in source.ask(stack, [AskMounts(container=app.id)]):
        print(getattr(asked.answer, 'reason', ''), getattr(asked.answer, 'host_unseen', ''))
"""
