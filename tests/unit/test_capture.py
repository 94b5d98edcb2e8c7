"""Captures come back as they went in, and a bad file is told in one sentence."""

from __future__ import annotations

import gzip
import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netdoctor.answers import (
    AskConnection,
    Asked,
    AskLogs,
    AskLookup,
    AskSockets,
    Attempt,
    Connection,
    Listener,
    LogLine,
    Logs,
    Process,
    Sockets,
    Unable,
)
from netdoctor.model import Container, Endpoint, Engine, Health, HealthRun, Mount, Network, Publication, State
from netdoctor.sources import capture
from netdoctor.sources.capture import BadCapture, load, save
from netdoctor.stack import Stack

REQUEST = {"source": "api", "target": "db:5432", "project": None}

STACK = Stack(
    engine=Engine(version="28.5.2", api="1.51", local=True),
    taken_at=1714557600.25,
    containers=(
        Container(
            id="c1",
            name="api",
            state=State(status="running", pid=7, health=Health(status="healthy", runs=(HealthRun(exit_code=0),))),
            environment=(("A", "1"), ("A", "2")),
            labels={"b": "2", "a": "1"},
            endpoints=(Endpoint(network="n", address="10.0.0.2", aliases=("api",)),),
            exposed=((80, "tcp"),),
            publications=(Publication(container_port=80),),
            mounts=(Mount(kind="volume", destination="/data"),),
        ),
    ),
    networks=(Network(id="n1", name="n", subnets=("10.0.0.0/24",)),),
    asked=(
        Asked(
            question=AskSockets(container="c1"),
            answer=Sockets(listeners=(Listener(address="::", port=80, dual=True, process=Process(pid=1, name="x")),)),
            ms=0.5,
        ),
        Asked(
            question=AskConnection(container="c1", address="db", port=5432),
            answer=Connection(attempts=(Attempt(address="10.0.0.3", outcome="refused"),), seen_by="netns"),
        ),
        Asked(question=AskLookup(container="c1", name="db"), answer=Unable(reason="no shell", would_help="root")),
        Asked(question=AskLogs(container="c1"), answer=Logs(lines=(LogLine(at=1.5, text="öl ✓"),))),
    ),
)


def write(path: Path) -> Path:
    save(path, STACK, REQUEST, "0.1.0", {"environment": 2})
    return path


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    found = load(path)
    assert found.stack == STACK
    assert (found.asked, found.netdoctor, found.cut, found.taken_at) == (
        REQUEST,
        "0.1.0",
        {"environment": 2},
        1714557600.25,
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"\x1f\x8b") is name.endswith(".gz")
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_gzip_is_told_by_its_content(tmp_path: Path) -> None:
    write(tmp_path / "a.gz").rename(tmp_path / "a.txt")
    assert load(tmp_path / "a.txt").stack == STACK


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_same_stack_same_bytes(tmp_path: Path, name: str) -> None:
    first = write(tmp_path / name).read_bytes()
    (tmp_path / name).chmod(0o644)
    time.sleep(0.01)
    assert write(tmp_path / name).read_bytes() == first
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_can_be_reviewed(tmp_path: Path) -> None:
    text = write(tmp_path / "a.json").read_text()
    assert text.startswith('{\n  "schema": "netdoctor/capture/1",\n  "netdoctor": "0.1.0",\n')
    assert text.endswith("}\n")
    assert text.index('"a": "1"') < text.index('"b": "2"')
    assert "öl ✓" in text


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BadCapture, match=r"cannot write .*a\.json: No space left on device"):
        write(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadCapture, match="No such file or directory"):
        write(tmp_path / "none/a.json")


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe)
    assert os.read(reader, 10) == b'{\n  "schem'
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


# -- bad files ------------------------------------------------------------------------------------------------------


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        found = json.loads(content)
        change(found)
        return json.dumps(found).encode()

    return edit


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b"hello", "is not JSON"),
        (lambda _: b"\xff\xfe\x00", "is not JSON"),
        (lambda _: b'{"schema": "\xff"}', "is not JSON"),
        (lambda content: content[:-9], "is cut off: it ends in the middle of the JSON"),
        (lambda content: content + b"x", "is not JSON"),
        (lambda content: gzip.compress(content)[:-9], "is cut off: the compressed data ends"),
        (lambda _: b"\x1f\x8bhello, this is no gzip", "is damaged"),
        (lambda _: b"[]", "is not a capture, or somebody has edited it: expected object, got array"),
        (lambda _: b"{}", r"it does not say its schema \(netdoctor/capture/1\)"),
        (lambda _: b'{"schema": 3}', "expected str, got int in schema"),
        (
            lambda _: b'{"schema": "netdoctor/capture/2"}',
            r"was written by a newer netdoctor \(netdoctor/capture/2\); update netdoctor$",
        ),
        (lambda _: b'{"schema": "netdoctor/report/1"}', "its schema is netdoctor/report/1, not netdoctor/capture/1"),
        (lambda _: b'{"schema": "netdoctor/capture/1"}', "object missing required field stack"),
        (
            edited(lambda c: c["stack"]["containers"][0]["state"].update(pid="7")),
            r"expected int, got str in stack\.containers\[0\]\.state\.pid",
        ),
        (edited(lambda c: c["stack"]["asked"][0]["answer"].update(type="Nobody")), "invalid value 'Nobody' in"),
        (lambda _: b'{"schema": "netdoctor/capture/1", "asked": ' + b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path: Path, spoil: Callable[[bytes], bytes], says: str) -> None:
    path = write(tmp_path / "a.json")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BadCapture, match=says) as error:
        load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert "`" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadCapture, match=r"there is no file .*none\.json$"):
        load(tmp_path / "none.json")
    with pytest.raises(BadCapture, match="Is a directory"):
        load(tmp_path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:  # the tests may run as root, whom nothing is denied
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(BadCapture, match=r"cannot read .*: Permission denied"):
        load(write(tmp_path / "a.json"))


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    started = time.monotonic()
    with pytest.raises(BadCapture, match="is too large for a capture: more than 64 MiB"):
        load(path)
    assert time.monotonic() - started < 1


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "LIMIT", 1 << 20)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b" " * (50 << 20), compresslevel=1))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BadCapture, match="too large"):
        load(path)


def test_an_older_netdoctor_reads_on_past_what_it_does_not_know(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json")
    path.write_bytes(edited(lambda c: c["stack"]["engine"].update(colour="blue"))(path.read_bytes()))
    assert load(path).stack == STACK
