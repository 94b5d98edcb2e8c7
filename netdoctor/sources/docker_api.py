"""The Engine API over HTTP: only what reads. https://docs.docker.com/reference/api/engine/

Every failure is an EngineError whose text is one sentence for the user, with what to do about it.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from netdoctor.sources.endpoint import EndpointAddress
from netdoctor.sources.errors import (
    Conflict,
    EngineError,
    Forbidden,
    NotFound,
    TimedOut,
    Unreachable,
    in_words,
)
from netdoctor.sources.http1 import BadReply
from netdoctor.sources.replies import ExecResult, PathStat, archived, complaint, frames, log_lines, path_stat
from netdoctor.sources.transport import Headers, Reply, Request, Streamed, Transport, transport

NEWEST_API = "1.51"
"""The newest version whose answers netdoctor has been tried with; a newer engine is asked to speak this one."""

__all__ = [
    "Conflict",
    "EngineAPI",
    "EngineError",
    "ExecResult",
    "Forbidden",
    "NotFound",
    "PathStat",
    "TimedOut",
    "Unreachable",
]


class EngineAPI:
    """An engine's API. Can be used from many threads; each call ends within `timeout` seconds."""

    def __init__(self, endpoint: EndpointAddress, timeout: float = 10.0) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._lock = Lock()
        self._speaks = ""
        with self._in_words(timeout):
            self._transport: Transport = transport(endpoint)

    def __enter__(self) -> EngineAPI:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def ping(self) -> str:
        """The version of the API that is spoken with this engine, such as "1.41"; the engine is asked once.

        `/_ping` tells it in a header, in 0.4 ms; `/version` takes 10, since the engine runs two programs for it.
        """
        with self._lock:
            if not self._speaks:
                newest = self._fetch(Request("GET", "/_ping"), self.timeout).headers.get("api-version", "")
                if not _numbers(newest):
                    raise Unreachable(f"what answers at {self.endpoint.shown} is not a Docker engine")
                self._speaks = min(newest, NEWEST_API, key=_numbers)
            return self._speaks

    def get(self, path: str, /, **query: object) -> Any:
        """The decoded JSON of a GET. True becomes 1, a mapping or list (`filters`) JSON."""
        return _json(self._fetch(Request("GET", self._path(path, query)), self.timeout), self.endpoint.shown)

    def head(self, path: str, /, **query: object) -> Headers:
        """The headers of a HEAD, names in lower case."""
        return self._fetch(Request("HEAD", self._path(path, query)), self.timeout).headers

    def exec(self, container_id: str, argv: Sequence[str], timeout: float, user: str = "") -> ExecResult:
        """Run a command without terminal and input. Raises TimedOut after `timeout` seconds.

        Have the command end by itself too (`timeout 2 ...` where the image has it). Output beyond 4 MiB is dropped.
        """
        wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv), "User": user}
        deadline = time.monotonic() + timeout
        try:
            path = f"/containers/{quote(container_id, safe='')}/exec"
            made = self._fetch(Request("POST", self._path(path), msgspec.json.encode(wanted)), timeout)
            exec_id = _json(made, self.endpoint.shown)["Id"]
            start = Request("POST", self._path(f"/exec/{exec_id}/start"), b'{"Detach":false,"Tty":false}')
            written = {1: bytearray(), 2: bytearray()}
            with self._stream(start, deadline) as reply:
                for number, part in frames(reply.content):
                    written[2 if number == 2 else 1] += part
            return ExecResult(self._exit_code(exec_id, deadline), bytes(written[1]), bytes(written[2]))
        except Unreachable as error:
            if time.monotonic() < deadline:
                raise
            raise TimedOut(f"{' '.join(argv[:3])} did not end within {timeout:g} s in the container") from error

    def _exit_code(self, exec_id: str, deadline: float) -> int:
        # The stream can end a moment before the engine has noted the end of the process.
        asked = Request("GET", self._path(f"/exec/{exec_id}/json"))
        while (left := deadline - time.monotonic()) > 0:
            seen = _json(self._fetch(asked, left), self.endpoint.shown)
            if not seen.get("Running") and seen.get("ExitCode") is not None:
                return int(seen["ExitCode"])
            time.sleep(0.01)
        raise Unreachable("the engine did not tell the command's exit code in time")

    def logs(self, container_id: str, tail: int) -> list[bytes]:
        """The last `tail` lines of both streams, each led by its time: `2024-05-01T10:00:00.123456789Z text`."""
        path = self._path(
            f"/containers/{quote(container_id, safe='')}/logs",
            {"stdout": True, "stderr": True, "timestamps": True, "tail": tail},
        )
        with self._stream(Request("GET", path), time.monotonic() + self.timeout) as reply:
            return log_lines(reply.content)[-tail:]

    def archive(self, container_id: str, path: str) -> bytes:
        """The content of one regular file of a container, running or not; symbolic links are followed.

        Raises NotFound, and EngineError for anything but a file of at most 1 MiB.
        """
        for _ in range(8):
            url = self._path(f"/containers/{quote(container_id, safe='')}/archive", {"path": path})
            with self._stream(Request("GET", url), time.monotonic() + self.timeout) as reply:
                found = archived(reply.content)
            if found.content is not None:
                return found.content
            if not found.link:
                raise EngineError(f"{path} in the container is not a file of at most 1 MiB")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.link))
        raise EngineError(f"{path} in the container is a symbolic link that leads in a circle")

    def stat(self, container_id: str, path: str) -> PathStat | None:
        """What lies at a path of a container, running or not; a symbolic link itself. None where nothing does."""
        try:
            headers = self.head(f"/containers/{quote(container_id, safe='')}/archive", path=path)
        except NotFound:
            return None
        try:
            return path_stat(headers["x-docker-container-path-stat"])
        except (KeyError, ValueError) as error:
            raise EngineError(f"the engine did not say what {path} in the container is") from error

    # -- one request ------------------------------------------------------------------------------------------------

    def _path(self, path: str, query: Mapping[str, object] | None = None) -> str:
        given = {name: _query_value(value) for name, value in (query or {}).items()}
        return f"/v{self.ping()}{path}" + (f"?{urlencode(given)}" if given else "")

    def _fetch(self, request: Request, timeout: float) -> Reply:
        with self._in_words(timeout):
            reply = self._transport.fetch(request, time.monotonic() + timeout)
        self._judge(request, reply.status, reply.content)
        return reply

    @contextmanager
    def _stream(self, request: Request, deadline: float) -> Iterator[Streamed]:
        with self._in_words(self.timeout), self._transport.stream(request, deadline) as reply:
            if reply.status >= 400:
                self._judge(request, reply.status, reply.content.read(1 << 16))
            yield reply

    def _judge(self, request: Request, status: int, content: bytes) -> None:
        if status < 400:
            return
        at, what = self.endpoint.shown, f"{request.method} {request.path.partition('?')[0]}"
        says = complaint(content) or f"{_phrase(status)} ({what})"
        if status in (401, 403):
            raise Forbidden(f"the engine at {at} refuses {what}: {says}")
        if "HTTP request to an HTTPS server" in says:
            raise Unreachable(
                f"{at} wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use a context that has it"
            )
        kind = {404: NotFound, 409: Conflict}.get(status, EngineError)
        if "container state improper" in says:  # Podman 4 answers 500
            kind = Conflict
        raise kind(f"the engine at {at} says: {says}")

    @contextmanager
    def _in_words(self, timeout: float) -> Iterator[None]:
        try:
            yield
        except (OSError, BadReply) as error:
            raise in_words(error, self.endpoint, timeout) from error


# -- what comes back ------------------------------------------------------------------------------------------------


def _json(reply: Reply, at: str) -> Any:
    try:
        return msgspec.json.decode(reply.content)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreachable(f"what answers at {at} is not a Docker engine: it does not speak JSON") from error


def _phrase(status: int) -> str:
    """404 in words, as any server would say it."""
    from http import HTTPStatus

    return HTTPStatus(status).phrase if status in list(HTTPStatus) else str(status)


def _numbers(version: str) -> tuple[int, ...]:
    """(1, 41) for "1.41", () for what is no version."""
    parts = version.split(".")
    return tuple(int(p) for p in parts) if all(p.isdigit() for p in parts) else ()


def _query_value(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
