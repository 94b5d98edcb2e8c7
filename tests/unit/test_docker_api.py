"""The Engine API's client against an engine that answers exactly what a test says."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import tarfile
import threading
import time
from pathlib import Path

import pytest

from netdoctor.sources.docker_api import (
    Conflict,
    EngineAPI,
    EngineError,
    Forbidden,
    NotFound,
    TimedOut,
    Unreachable,
)
from netdoctor.sources.endpoint import EndpointAddress
from netdoctor.sources.errors import in_words
from netdoctor.sources.replies import frames
from tests.unit.fake_engine import PING, FakeEngine, frame, reply, stream

# -- one request ----------------------------------------------------------------------------------------------------


def test_speaks_the_engines_version_over_one_connection(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on("GET /v1.41/info", reply({"Name": "vm"}))
    engine.on("GET /v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22x%22%5D%7D", reply([]))
    assert api.get("/info") == {"Name": "vm"}
    assert api.get("/containers/json", all=True, filters={"label": ["x"]}) == []
    assert engine.asked[0] == "GET /_ping"
    assert engine.connections == 1


def test_speaks_no_newer_version_than_it_knows(engine: FakeEngine, api: EngineAPI) -> None:
    engine.answers["GET /_ping"] = [PING.replace(b"1.41", b"1.99")]
    engine.on("GET /v1.51/info", reply({}))
    assert api.get("/info") == {}


def test_opens_a_new_connection_when_the_engine_closed_the_idle_one(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on("GET /v1.41/one", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    engine.on("GET /v1.41/two", reply({}))
    api.get("/one")
    for connection in api._transport._idle:  # type: ignore[attr-defined]
        connection.sock.shutdown(socket.SHUT_RDWR)
    assert api.get("/two") == {}
    assert engine.connections == 2


def test_threads_have_connections_of_their_own(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on("GET /v1.41/info", *[reply({"n": n}) for n in range(40)])
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.extend(api.get("/info")["n"] for _ in range(5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(40))
    assert engine.connections <= 8


# -- what goes wrong ------------------------------------------------------------------------------------------------


def test_an_engine_that_accepts_and_never_answers(engine: FakeEngine, folder: Path) -> None:
    engine.answers["GET /_ping"] = [None]
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"e\.sock did not answer within 0\.3 s"):
        EngineAPI(EndpointAddress(f"unix://{folder}/e.sock"), timeout=0.3).get("/info")
    assert 0.2 < time.monotonic() - started < 2


def test_an_engine_that_drips_ends_in_time_as_well(engine: FakeEngine, folder: Path) -> None:
    engine.drip = 0.02  # 70 bytes: 1.4 s in all, and never long between two
    started = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer within"):
        EngineAPI(EndpointAddress(f"unix://{folder}/e.sock"), timeout=0.3).get("/info")
    assert time.monotonic() - started < 1.2


def test_no_socket(folder: Path) -> None:
    with pytest.raises(Unreachable) as error:
        EngineAPI(EndpointAddress(f"unix://{folder}/none.sock")).get("/info")
    assert str(error.value) == (
        f"no Docker engine answers at unix://{folder}/none.sock: start it (systemctl start docker), "
        "or name another with -H or -c"
    )


def test_refused(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "dead.sock"))
        with pytest.raises(Unreachable, match="no Docker engine answers"):
            EngineAPI(EndpointAddress(f"unix://{folder}/dead.sock")).get("/info")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Unreachable, match=f"no Docker engine answers at {url}"):
            EngineAPI(EndpointAddress(url)).get("/info")


def test_socket_of_somebody_else(folder: Path) -> None:
    path = folder / "e.sock"
    path.touch()
    os.chown(path, -1, os.getgid())
    error = in_words(PermissionError(13, "Permission denied"), EndpointAddress(f"unix://{path}"), 10)
    assert isinstance(error, Forbidden)
    assert str(error).startswith(f"you may not use unix://{path}: ")
    assert "sudo" in str(error)


def test_name_that_nobody_knows() -> None:
    error = in_words(socket.gaierror(-2, "Name or service not known"), EndpointAddress("tcp://nowhere:2375"), 10)
    assert isinstance(error, Unreachable)
    assert str(error).startswith("the host name in tcp://nowhere:2375 is not known")


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9.2\r\n", reply("hello"), reply({}, headers="Api-Version: x\r\n")]
)
def test_something_else_answers(engine: FakeEngine, api: EngineAPI, answer: bytes) -> None:
    engine.answers["GET /_ping"] = [answer]
    with pytest.raises(Unreachable, match="is not a Docker engine"):
        api.get("/info")


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        ("404 Not Found", NotFound, "says: No such container: x"),
        ("409 Conflict", Conflict, "says: No such container: x"),
        ("403 Forbidden", Forbidden, "refuses GET /v1.41/x: No such container: x"),
        ("500 Internal Server Error", EngineError, "says: No such container: x"),
    ],
)
def test_statuses(engine: FakeEngine, api: EngineAPI, status: str, kind: type[Exception], says: str) -> None:
    engine.on("GET /v1.41/x?password=hunter2x", reply({"message": "No such container: x"}, status))
    with pytest.raises(kind) as error:
        api.get("/x", password="hunter2x")
    assert type(error.value) is kind
    assert str(error.value).endswith(says)


def test_plain_http_to_a_port_that_wants_tls(engine: FakeEngine, api: EngineAPI) -> None:
    engine.answers["GET /_ping"] = [reply(b"Client sent an HTTP request to an HTTPS server.\n", "400 Bad Request")]
    with pytest.raises(Unreachable, match="wants TLS: set DOCKER_TLS_VERIFY=1"):
        api.get("/info")


# -- commands, logs, files ------------------------------------------------------------------------------------------


def run(engine: FakeEngine, body: bytes | None, *inspects: dict[str, object]) -> None:
    engine.on("POST /v1.41/containers/c1/exec", reply({"Id": "e1"}, "201 Created"))
    engine.on("POST /v1.41/exec/e1/start", None if body is None else stream(body))
    engine.on("GET /v1.41/exec/e1/json", *(reply(one) for one in inspects))


def test_exec_splits_output_and_errors(engine: FakeEngine, api: EngineAPI) -> None:
    body = frame(1, b"out ") + frame(2, b"err") + frame(1, b"more\n") + frame(1, b"")
    run(engine, body, {"Running": True, "ExitCode": None}, {"Running": False, "ExitCode": 7})
    found = api.exec("c1", ["cat", "/proc/net/tcp"], timeout=2, user="0")
    assert (found.exit_code, found.output, found.errors) == (7, b"out more\n", b"err")
    asked = json.loads(engine.bodies[1])
    assert asked == {"AttachStdout": True, "AttachStderr": True, "Cmd": ["cat", "/proc/net/tcp"], "User": "0"}


def test_exec_that_does_not_end(engine: FakeEngine, api: EngineAPI) -> None:
    run(engine, None)
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"^sleep 60 did not end within 0\.3 s in the container$"):
        api.exec("c1", ["sleep", "60"], timeout=0.3)
    assert time.monotonic() - started < 2


def test_exec_in_a_container_that_does_not_run(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on("POST /v1.41/containers/c1/exec", reply({"message": "Container c1 is not running"}, "409 Conflict"))
    with pytest.raises(Conflict, match="is not running"):
        api.exec("c1", ["true"], timeout=1)
    # Podman 4.3.1 answers the same with another status.
    podman = "can only create exec sessions on running containers: container state improper"
    engine.on("POST /v1.41/containers/c1/exec", reply({"message": podman}, "500 Internal Server Error"))
    with pytest.raises(Conflict):
        api.exec("c1", ["true"], timeout=1)


LOGS = "GET /v1.41/containers/c1/logs?stdout=1&stderr=1&timestamps=1&tail=2"


def test_logs_in_the_order_of_both_streams(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on(LOGS, stream(frame(1, b"T1 zero\nT2 o") + frame(2, b"T3 err\n") + frame(1, b"ne\nT4 begun")))
    assert api.logs("c1", 2) == [b"T2 one", b"T4 begun"]


def test_logs_of_a_terminal_come_raw(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on(LOGS, stream(b"2024-05-01T10:00:00Z a\r\n2024-05-01T10:00:01Z b\r\n"))
    assert api.logs("c1", 2) == [b"2024-05-01T10:00:00Z a", b"2024-05-01T10:00:01Z b"]


def test_frames_that_are_cut_off() -> None:
    assert list(frames(io.BytesIO(frame(1, b"whole") + frame(2, b"half")[:10]))) == [(1, b"whole"), (2, b"ha")]
    assert list(frames(io.BytesIO(b"\1\0\0"))) == [(1, b"\1\0\0")]


def archive(name: str, content: bytes = b"", link: str = "", kind: bytes = tarfile.REGTYPE) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.linkname, entry.type = len(content), link, tarfile.SYMTYPE if link else kind
        tar.addfile(entry, io.BytesIO(content))
    return stream(written.getvalue())


def test_archive_brings_one_file_and_follows_links(engine: FakeEngine, api: EngineAPI) -> None:
    path = "GET /v1.41/containers/c1/archive?path=%2Fetc%2F"
    engine.on(path + "resolv.conf", archive("resolv.conf", link="../etc/real.conf"))
    engine.on(path + "real.conf", archive("real.conf", b"nameserver 127.0.0.11\n"))
    assert api.archive("c1", "/etc/resolv.conf") == b"nameserver 127.0.0.11\n"


@pytest.mark.parametrize("body", [archive("big", b"x" * (1 << 20 | 1)), archive("dir", kind=tarfile.DIRTYPE)])
def test_archive_refuses_what_is_no_small_file(engine: FakeEngine, api: EngineAPI, body: bytes) -> None:
    engine.on("GET /v1.41/containers/c1/archive?path=%2Fx", body)
    with pytest.raises(EngineError, match="is not a file of at most 1 MiB"):
        api.archive("c1", "/x")


def test_archive_that_is_none(engine: FakeEngine, api: EngineAPI) -> None:
    engine.on("GET /v1.41/containers/c1/archive?path=%2Fx", stream(b"no tar" * 200))
    with pytest.raises(EngineError, match="cannot be read"):
        api.archive("c1", "/x")


def test_stat(engine: FakeEngine, api: EngineAPI) -> None:
    told = base64.b64encode(b'{"name":"sh","size":12,"mode":134218239,"linkTarget":"/bin/busybox"}').decode()
    head = f"HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: {told}\r\nContent-Length: 0\r\n\r\n".encode()
    engine.on("HEAD /v1.41/containers/c1/archive?path=%2Fbin%2Fsh", head)
    found = api.stat("c1", "/bin/sh")
    assert found is not None
    assert (found.is_link, found.link_target, found.permissions, found.is_directory) == (
        True,
        "/bin/busybox",
        0o777,
        False,
    )
    engine.on("HEAD /v1.41/containers/c1/archive?path=%2Fnone", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    assert api.stat("c1", "/none") is None
