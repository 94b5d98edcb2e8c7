"""Layers, folders, open files and volumes, read from folders that the test makes and from answers of an engine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from netdoctor.answers import AskFolder
from netdoctor.model import Container, Mount, State, Volume
from netdoctor.probes import archives, layers, volume_sizes
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.files_inside import look_into, read_inside
from netdoctor.probes.open_files import open_files
from netdoctor.sources.errors import NotFound
from netdoctor.sources.replies import PathStat


class FakeAPI:
    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def get(self, path: str, /, **_: object) -> Any:
        self.asked.append(path)
        return self.answers[path.rpartition("/")[2]]

    def exec(self, *_: object, **__: object) -> Any:
        raise AssertionError("nothing is run")

    def logs(self, *_: object, **__: object) -> list[bytes]:
        raise AssertionError("no log is read")

    def archive(self, _: str, path: str) -> bytes:
        found: bytes = self.answers[path]
        return found

    def stat(self, _: str, path: str) -> PathStat | None:
        if path == "/gone":
            raise NotFound("no such container")
        content = self.answers.get(path)
        if content is None:
            return None
        mode = 1 << 31 if content == b"" else 0
        return PathStat(name=path, size=len(content), mode=mode, mtime="2026-11-25T10:00:00Z")


def container(*mounts: Mount, created: float = 0.0) -> Container:
    return Container(id="c", name="db", state=State(status="running"), created=created, mounts=mounts)


def test_the_layer_from_its_folder(tmp_path: Path) -> None:
    made = time.time() - 100
    for path, size in (
        ("srv/app/data/big", 5000), ("srv/app/data/more/small", 10), ("srv/pg/PG_VERSION", 3),
        ("var/log/app.log", 9000), ("tmp/work.sqlite", 900), ("stub", 0), ("opt/old", 700),
    ):  # fmt: skip
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    os.utime(tmp_path / "opt/old", (made - 50, made - 50))  # moved into the layer by a chown, with its old time
    api = FakeAPI(json={"GraphDriver": {"Data": {"UpperDir": str(tmp_path)}}})
    asked = container(Mount(kind="bind", destination="/stub"), created=made)
    found = layers.in_folder(asked, api, 0, Clock(5))
    assert (found.size, found.databases) == (15613, ("/srv/pg/PG_VERSION",))
    sums = {f.path: (f.files, f.size) for f in found.folders}
    assert sums["/srv"] == (3, 5013)
    assert sums["/srv/app/data"] == (2, 5010)
    assert not {"/var/log", "/tmp", "/opt"} & sums.keys()


def test_the_layer_from_the_engine(tmp_path: Path) -> None:
    changes = [
        {"Path": "/run", "Kind": 0}, {"Path": "/run/db.pid", "Kind": 1}, {"Path": "/srv", "Kind": 1},
        {"Path": "/srv/app.sqlite3", "Kind": 1}, {"Path": "/srv/old.sqlite3", "Kind": 2}, {"Path": "/mnt", "Kind": 1},
        {"Path": "/mnt/x", "Kind": 1},
    ]  # fmt: skip
    api = FakeAPI(json={"SizeRw": 9000}, changes=changes)
    found = layers.by_api(container(Mount(kind="volume", destination="/mnt/x")), api)
    assert found.databases == ("/srv/app.sqlite3",)
    assert [(f.path, f.files) for f in found.folders] == [("/srv", 1)]


def test_a_layer_that_holds_next_to_nothing_is_not_compared() -> None:
    api = FakeAPI(json={"SizeRw": 60})
    assert layers.by_api(container(), api).size == 60
    assert api.asked == ["/containers/c/json"]


def test_a_layer_without_a_folder_is_left_to_the_engine() -> None:
    with pytest.raises(CannotAsk):
        layers.in_folder(container(), FakeAPI(json={"GraphDriver": {"Data": None}}), 0, Clock(5))


def test_a_folder_with_what_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("15\n")
    (tmp_path / "pg" / "config").write_text("a secret")
    (tmp_path / "link").symlink_to("/pg")
    found = look_into(str(tmp_path), "/link", {"PG_VERSION": 100, "config": 0, "none": 100})
    assert found is not None
    assert {name: text for name, (_, text) in found.items()} == {"PG_VERSION": "15", "config": ""}
    assert look_into(str(tmp_path), "/nowhere", {"x": 1}) is None
    assert look_into(str(tmp_path), "/pg/config", {"x": 1}) is None


def test_reading_changes_no_access_time(tmp_path: Path) -> None:
    file = tmp_path / "PG_VERSION"
    file.write_text("15\n")
    os.utime(file, (1000, 2000))  # older than the last change: `relatime` would set it
    assert look_into(str(tmp_path), "/", {"PG_VERSION": 100}) is not None
    assert read_inside(os.getpid(), str(file)) == "15\n"
    assert file.stat().st_atime == 1000


def test_a_folder_by_the_archive() -> None:
    answers = {"/data": b"", "/data/PG_VERSION": b"15\n", "/data/base": b""}
    question = AskFolder(container="c", path="/data", names=("PG_VERSION", "base", "none"))
    found = archives.folder(FakeAPI(**answers), container(), question)
    assert found.exists
    assert found.texts == {"PG_VERSION": "15"}
    assert found.there == {"PG_VERSION": 1795600800.0, "base": 1795600800.0}
    absent = archives.folder(FakeAPI(), container(), AskFolder(container="c", path="/data", names=("x",)))
    assert not absent.exists


def test_open_files_of_this_process(tmp_path: Path) -> None:
    with (tmp_path / "written").open("w"), (tmp_path / "written").open(), (tmp_path / "gone").open("w"):
        (tmp_path / "gone").unlink()
        mine = open_files(os.getpid()).processes[0]
    assert mine.pid == os.getpid()
    assert mine.folder == str(Path.cwd())
    assert str(tmp_path / "written") in mine.writes
    assert not any("gone" in path for path in mine.writes)


def test_a_volume_is_counted(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one").write_bytes(b"x" * 100)
    (tmp_path / "two").write_bytes(b"x" * 10)
    (tmp_path / "again").hardlink_to(tmp_path / "two")
    found = volume_sizes.counted(Volume(name="v", mountpoint=str(tmp_path)), Clock(5))
    assert (found.size, found.at_least, found.entries) == (110, False, ("again", "sub", "two"))
    assert volume_sizes.counted(Volume(name="v", mountpoint=str(tmp_path)), Clock(-1)).at_least


def test_a_volume_on_a_server_is_not_touched(tmp_path: Path) -> None:
    with pytest.raises(CannotAsk):
        volume_sizes.counted(Volume(name="v", mountpoint=str(tmp_path), options={"type": "nfs"}), Clock(5))


def test_sizes_that_the_engine_did_not_count_are_not_told() -> None:
    told = [{"Name": "a", "UsageData": {"Size": 5}}, {"Name": "b", "UsageData": {"Size": -1}}, {"Name": "c"}]
    assert {name: u.size for name, u in volume_sizes.told(FakeAPI(df={"Volumes": told})).items()} == {"a": 5}
