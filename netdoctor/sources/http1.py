"""HTTP/1.1 as a client of an engine needs it: one request written, one reply read. RFC 9112.

The standard library's http.client does the same, and is not used since it brings the packages email and ssl: 22 ms of a
run of 200. For every reply it also calls a parser that was made for letters: 45 ms for 300 containers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

LONGEST_LINE = 1 << 16
MOST_HEADERS = 200
PART = 1 << 18
"""Bytes that are read at once."""

_CUT_OFF = "the engine hung up in the middle of its answer"


class BadReply(Exception):
    """What came is not HTTP."""


class Incoming(Protocol):
    """A buffered stream of bytes, as socket.makefile("rb") makes it."""

    def readline(self, limit: int, /) -> bytes: ...

    def read(self, size: int, /) -> bytes: ...

    def read1(self, size: int, /) -> bytes: ...


class Head(msgspec.Struct, frozen=True):
    """Status and headers, names in lower case; `keeps`: whether the connection can be used again after the content."""

    status: int
    headers: Mapping[str, str]
    keeps: bool


def request(method: str, target: str, host: str, headers: Mapping[str, str], content: bytes | None) -> bytes:
    """A whole request. `target` is an encoded path with its query; none of the parts may hold a line end."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if content is not None:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + (content or b"")


def read_head(incoming: Incoming) -> Head:
    """The head of the final reply; interim ones (1xx) are passed over. Raises BadReply and OSError."""
    while True:
        line = incoming.readline(LONGEST_LINE)
        if not line:
            # As a rule an idle connection that the engine had closed; nothing was done with the request.
            raise ConnectionResetError("the engine hung up before it answered")
        version, _, rest = line.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise BadReply("the reply does not begin like HTTP")
        status, headers = int(rest[:3]), _read_headers(incoming)
        if status >= 200 or status == 101:
            keeps = version != b"HTTP/1.0" and "close" not in headers.get("connection", "").lower()
            return Head(status, headers, keeps)


def _read_headers(incoming: Incoming) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        line = incoming.readline(LONGEST_LINE)
        if line in (b"\r\n", b"\n"):
            return found
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not line.endswith(b"\n"):
            raise BadReply("a header of the reply is cut off, or too long")
        found[name.strip().lower()] = value.strip()
    raise BadReply(f"the reply has more than {MOST_HEADERS} headers")


class Content:
    """The content of a reply, to be read once. Reading raises BadReply and OSError."""

    def __init__(self, incoming: Incoming, head: Head, method: str) -> None:
        self.bounded = True
        """Whether it ends before the connection does."""
        self._begun = b""
        # Where it ends: RFC 9112, 6.3.
        length = head.headers.get("content-length", "")
        coding = head.headers.get("transfer-encoding", "")
        if method == "HEAD" or head.status in (204, 304):
            self._parts: Iterator[bytes] = iter(())
        elif coding.lower().endswith("chunked"):
            self._parts = _chunks(incoming)
        elif length and not coding:
            self._parts = _exactly(incoming, _number(length, 10))
        else:
            self.bounded = False
            self._parts = iter(lambda: incoming.read1(PART), b"")

    def whole(self) -> bytes:
        return self._begun + b"".join(self._parts)

    def read(self, size: int, /) -> bytes:
        """`size` bytes, or fewer at the end."""
        parts, left = [self._begun], size - len(self._begun)
        while left > 0 and (part := next(self._parts, b"")):
            parts.append(part)
            left -= len(part)
        found = b"".join(parts)
        self._begun = found[size:]
        return found[:size]


def _exactly(incoming: Incoming, size: int) -> Iterator[bytes]:
    while size:
        part = incoming.read(min(size, PART))
        if not part:
            raise ConnectionAbortedError(_CUT_OFF)
        size -= len(part)
        yield part


def _chunks(incoming: Incoming) -> Iterator[bytes]:
    """RFC 9112, 7.1."""
    while size := _number(_line(incoming).partition(b";")[0], 16):
        yield from _exactly(incoming, size)
        _line(incoming)
    while _line(incoming).strip():  # trailers, which nobody asked for
        pass


def _line(incoming: Incoming) -> bytes:
    line = incoming.readline(LONGEST_LINE)
    if not line:
        raise ConnectionAbortedError(_CUT_OFF)
    return line


def _number(text: str | bytes, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise BadReply("a length in the reply is no number")
    return number
