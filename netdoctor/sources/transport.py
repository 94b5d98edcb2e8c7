"""How one HTTP request gets to an engine: plain HTTP where that is enough, the docker library where it is not.

Plain HTTP over the Unix socket takes a quarter of the library's time for each call and none of its 240 ms of import.
TLS and Windows' named pipes are the library's business, in library.py. ssh:// is what the docker command does: `ssh
HOST docker system dial-stdio` with the connection on its standard input and output (the library's way needs paramiko).

Errors are the system's: OSError and its kin, TimeoutError, http.client.HTTPException.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from netdoctor.sources.endpoint import EndpointAddress

Headers = Mapping[str, str]
"""Names in lower case."""


class Request(NamedTuple):
    """`path` with its query, encoded; `body` is JSON."""

    method: str
    path: str
    body: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": "application/json"}


class Reply(NamedTuple):
    status: int
    headers: Headers
    content: bytes


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Streamed(NamedTuple):
    """A reply whose content is read bit by bit; `read(n)` brings n bytes, or fewer at the end."""

    status: int
    headers: Headers
    content: Readable


class Transport(Protocol):
    """`deadline` is a time of time.monotonic(): nothing goes on after it, however slowly the engine drips."""

    def fetch(self, request: Request, deadline: float) -> Reply: ...

    def stream(self, request: Request, deadline: float) -> AbstractContextManager[Streamed]: ...

    def close(self) -> None: ...


def transport(endpoint: EndpointAddress) -> Transport:
    """The way to this endpoint. Nothing is connected yet."""
    if endpoint.tls is not None or endpoint.scheme == "npipe":
        from netdoctor.sources.library import LibraryTransport

        return LibraryTransport(endpoint)
    return PlainTransport(endpoint)


class _Socket(socket.socket):
    """A socket whose reads all end at one time; a timeout for each read would start anew with every byte."""

    deadline = 0.0

    def recv_into(self, *args: Any) -> int:
        self.hurry()
        return super().recv_into(*args)

    def hurry(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left)


class _Connection(http.client.HTTPConnection):
    """An HTTP connection over whatever the endpoint's scheme says."""

    def __init__(self, endpoint: EndpointAddress) -> None:
        parts = urlsplit(endpoint.url)
        tcp = endpoint.scheme in ("tcp", "http")
        super().__init__((parts.hostname or "localhost") if tcp else "localhost", parts.port if tcp else 80)
        self.endpoint = endpoint
        self.deadline = 0.0
        self.ssh: subprocess.Popen[bytes] | None = None
        self.ssh_says: IO[bytes] | None = None

    def connect(self) -> None:
        if self.endpoint.scheme == "ssh":
            plain = self._dial_ssh()
        elif self.endpoint.socket:
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            plain = socket.create_connection((self.host, self.port), max(0.001, self.deadline - time.monotonic()))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = _Socket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self.give(self.deadline)
        if self.endpoint.socket:
            self.sock.connect(self.endpoint.socket)

    def give(self, deadline: float) -> None:
        """All that happens on this connection from now on ends at `deadline`."""
        self.deadline = deadline
        if isinstance(self.sock, _Socket):
            self.sock.deadline = deadline
            self.sock.hurry()

    def _dial_ssh(self) -> socket.socket:
        parts = urlsplit(self.endpoint.url)
        command = ["ssh", "-T"]
        command += ["-l", parts.username] if parts.username else []
        command += ["-p", str(parts.port)] if parts.port else []
        command += ["--", parts.hostname or "", "docker"]
        command += ["--host", f"unix://{parts.path}"] if parts.path not in ("", "/") else []
        ours, theirs = socket.socketpair()
        self.ssh_says = tempfile.TemporaryFile()  # noqa: SIM115  closed by hang_up
        with theirs:
            # A session of its own: Ctrl-C is for us to handle, and ends it through close().
            self.ssh = subprocess.Popen(  # noqa: S603  the arguments of the user's own endpoint, and no shell
                [*command, "system", "dial-stdio"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self.ssh_says,
                start_new_session=True,
            )
        return ours

    def complaint(self) -> str:
        """The last line that ssh has said, "" without ssh."""
        if self.ssh_says is None:
            return ""
        self.ssh_says.seek(0)
        lines = self.ssh_says.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def hang_up(self) -> None:
        """Close for good; `close` alone is called by http.client when a reply has no length, with its body to come."""
        self.close()
        if self.ssh is not None:
            self.ssh.terminate()
            self.ssh.wait()
        if self.ssh_says is not None:
            self.ssh_says.close()


class PlainTransport:
    """HTTP over a Unix socket, TCP or ssh. Connections are kept and shared between threads, one request at a time."""

    def __init__(self, endpoint: EndpointAddress) -> None:
        self._endpoint = endpoint
        self._idle: list[_Connection] = []  # append and pop are atomic

    def fetch(self, request: Request, deadline: float) -> Reply:
        connection = self._kept()
        if connection is not None:
            try:
                return self._fetch(connection, request, deadline)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                pass  # the engine had closed the idle connection; nothing was done with the request
        return self._fetch(_Connection(self._endpoint), request, deadline)

    def _kept(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _fetch(self, connection: _Connection, request: Request, deadline: float) -> Reply:
        with _hung_up_on_error(connection):
            response = self._send(connection, request, deadline)
            content = response.read()
        if connection.sock is None:
            connection.hang_up()
        else:
            self._idle.append(connection)
        return Reply(response.status, _lower(response), content)

    @contextmanager
    def stream(self, request: Request, deadline: float) -> Iterator[Streamed]:
        # On a connection of its own, which ends with it: a stream is often left before its end.
        connection = _Connection(self._endpoint)
        with _hung_up_on_error(connection):
            response = self._send(connection, request, deadline)
            yield Streamed(response.status, _lower(response), response)
            response.close()
        connection.hang_up()

    def _send(self, connection: _Connection, request: Request, deadline: float) -> http.client.HTTPResponse:
        connection.give(deadline)
        connection.request(request.method, request.path, request.body, request.headers)
        return connection.getresponse()

    def close(self) -> None:
        while (connection := self._kept()) is not None:
            connection.hang_up()


@contextmanager
def _hung_up_on_error(connection: _Connection) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        complaint = connection.complaint()
        connection.hang_up()
        if complaint and not isinstance(error, TimeoutError):
            raise ConnectionError(f"ssh says: {complaint}") from error
        raise
    except BaseException:
        connection.hang_up()
        raise


def _lower(response: http.client.HTTPResponse) -> Headers:
    return {name.lower(): value for name, value in response.getheaders()}
