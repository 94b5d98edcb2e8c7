"""How one HTTP request gets to an engine: plain HTTP where that is enough, the docker library where it is not.

Plain HTTP over the Unix socket takes a quarter of the library's time for each call and none of its 240 ms of import.
TLS and Windows' named pipes are the library's business, in library.py. ssh:// is what the docker command does: `ssh
HOST docker system dial-stdio` with the connection on its standard input and output (the library's way needs paramiko).

Errors are the system's, OSError and its kin, TimeoutError among them; and BadReply.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BufferedReader
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from netdoctor.sources import http1
from netdoctor.sources.endpoint import EndpointAddress

if TYPE_CHECKING:
    import subprocess

Headers = Mapping[str, str]
"""Names in lower case."""


class Request(msgspec.Struct, frozen=True):
    """`path` with its query, encoded; `body` is JSON."""

    method: str
    path: str
    body: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": "application/json"}


class Reply(msgspec.Struct, frozen=True):
    status: int
    headers: Headers
    content: bytes


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Streamed(msgspec.Struct, frozen=True):
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


class _Connection:
    """An HTTP connection over whatever the endpoint's scheme says, made when it is first used."""

    def __init__(self, endpoint: EndpointAddress) -> None:
        self.endpoint = endpoint
        self.sock: _Socket | None = None
        self.incoming: BufferedReader | None = None
        self.ssh: subprocess.Popen[bytes] | None = None
        self.ssh_says: IO[bytes] | None = None

    def ask(self, request: Request, deadline: float) -> tuple[http1.Head, http1.Content]:
        """Send a request and read the head of its reply. All that happens here from now on ends at `deadline`."""
        if self.sock is None:
            self._connect(deadline)
        assert self.sock is not None
        assert self.incoming is not None
        self.sock.deadline = deadline
        self.sock.hurry()
        self.sock.sendall(http1.request(request.method, request.path, self._host(), request.headers, request.body))
        head = http1.read_head(self.incoming)
        return head, http1.Content(self.incoming, head, request.method)

    def _connect(self, deadline: float) -> None:
        left = max(0.001, deadline - time.monotonic())
        if self.endpoint.scheme == "ssh":
            plain = self._dial_ssh()
        elif self.endpoint.socket:
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            parts = urlsplit(self.endpoint.url)
            plain = socket.create_connection((parts.hostname or "localhost", parts.port or 80), left)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = _Socket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        if self.endpoint.socket:
            self.sock.settimeout(left)
            self.sock.connect(self.endpoint.socket)
        self.incoming = self.sock.makefile("rb")

    def _host(self) -> str:
        if self.endpoint.scheme in ("unix", "ssh"):
            return "localhost"
        parts = urlsplit(self.endpoint.url)
        host = parts.netloc.rpartition("@")[2]
        return host if host.isascii() else f"{(parts.hostname or '').encode('idna').decode()}:{parts.port or 80}"

    def _dial_ssh(self) -> socket.socket:
        import subprocess
        import tempfile

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
        for one in (self.incoming, self.sock):
            if one is not None:
                one.close()
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
            except (BrokenPipeError, ConnectionResetError):
                pass  # the engine had closed the idle connection; nothing was done with the request
        return self._fetch(_Connection(self._endpoint), request, deadline)

    def _kept(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _fetch(self, connection: _Connection, request: Request, deadline: float) -> Reply:
        with _hung_up_on_error(connection):
            head, content = connection.ask(request, deadline)
            whole = content.whole()
        if head.keeps and content.bounded:
            self._idle.append(connection)
        else:
            connection.hang_up()
        return Reply(head.status, head.headers, whole)

    @contextmanager
    def stream(self, request: Request, deadline: float) -> Iterator[Streamed]:
        # On a connection of its own, which ends with it: a stream is often left before its end.
        connection = _Connection(self._endpoint)
        with _hung_up_on_error(connection):
            head, content = connection.ask(request, deadline)
            yield Streamed(head.status, head.headers, content)
        connection.hang_up()

    def close(self) -> None:
        while (connection := self._kept()) is not None:
            connection.hang_up()


@contextmanager
def _hung_up_on_error(connection: _Connection) -> Iterator[None]:
    try:
        yield
    except (OSError, http1.BadReply) as error:
        complaint = connection.complaint()
        connection.hang_up()
        if complaint and not isinstance(error, TimeoutError):
            raise ConnectionError(f"ssh says: {complaint}") from error
        raise
    except BaseException:
        connection.hang_up()
        raise
