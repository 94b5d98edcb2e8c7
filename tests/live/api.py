"""The engine's HTTP API, for what the lab asks again and again: a docker command costs 50 ms of CPU, a request 1 ms.

Nothing of netdoctor is used here: what the lab proves must not rest on what it is to prove.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode


class Refused(Exception):
    """The engine answered with an error: its status and what it said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


class _Line(HTTPConnection):
    """A connection to the engine's Unix socket."""

    def connect(self) -> None:
        path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
        self.wire = socket.socket(socket.AF_UNIX)  # `sock` is given away to the answer
        self.wire.settimeout(self.timeout)
        self.wire.connect(path)
        self.sock = self.wire


def ask(method: str, *path: str, query: dict[str, str] | None = None, body: object = None) -> Any:
    """One request; returns what its JSON says, None for nothing."""
    line, answer = _request(method, path, query or {}, body, 60)
    try:
        said = answer.read()
        return json.loads(said) if said.strip() else None
    finally:
        line.close()


def run_inside(container: str, argv: tuple[str, ...], timeout: float) -> subprocess.CompletedProcess[str]:
    """What `docker exec CONTAINER ARGV...` does."""
    end = time.monotonic() + timeout
    try:
        wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": argv}
        made = ask("POST", "containers", container, "exec", body=wanted)["Id"]
        line, answer = _request("POST", ("exec", made, "start"), {}, {"Detach": False, "Tty": False}, timeout)
        said = b""
        with answer:
            while piece := answer.read1(65536):
                said += piece
                line.wire.settimeout(max(0.001, end - time.monotonic()))
        code = ask("GET", "exec", made, "json")["ExitCode"]
    except TimeoutError:
        raise subprocess.TimeoutExpired(["docker", "exec", container, *argv], timeout) from None
    except Refused as refusal:
        return subprocess.CompletedProcess(argv, 1, "", refusal.said)
    out, err = _streams(said)
    return subprocess.CompletedProcess(argv, code, out, err)


def _streams(said: bytes) -> tuple[str, str]:
    """Standard output and error out of the frames of an attached exec; what is no frame is the engine's complaint."""
    streams = {1: b"", 2: b""}
    while said:
        stream, size = said[0], int.from_bytes(said[4:8], "big")
        if stream not in streams or said[1:4] != b"\0\0\0":
            streams[2] += said
            break
        streams[stream] += said[8 : 8 + size]
        said = said[8 + size :]
    return streams[1].decode("utf-8", "replace"), streams[2].decode("utf-8", "replace")


def _request(
    method: str, path: tuple[str, ...], query: dict[str, str], body: object, timeout: float
) -> tuple[_Line, HTTPResponse]:
    line = _Line("engine", timeout=timeout)
    where = "/" + "/".join(quote(part, safe="") for part in path) + (f"?{urlencode(query)}" if query else "")
    text = None if body is None else json.dumps(body)
    line.request(method, where, text, {"Content-Type": "application/json"} if text else {})
    answer = line.getresponse()
    if answer.status >= 400:
        said = answer.read()
        line.close()
        raise Refused(answer.status, str(json.loads(said).get("message", "")) if said.startswith(b"{") else str(said))
    return line, answer
