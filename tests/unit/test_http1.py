"""Replies of an engine, told apart as http.client tells them, byte for byte."""

from __future__ import annotations

import io
from http.client import HTTPResponse
from typing import cast

import pytest

from netdoctor.sources.http1 import BadReply, Content, Incoming, read_head, request

LENGTH = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
REPLIES = [
    LENGTH,
    LENGTH + b"HTTP/1.1 404 the next reply",
    LENGTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    LENGTH.replace(b"HTTP/1.1", b"HTTP/1.0"),
    LENGTH.replace(b"\r\n", b"\n"),
    b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH,
    CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"3;why=not\r\nhel\r\nA\r\nlo hello!\n\r\n0\r\nTrailer: x\r\n\r\n",
    CHUNKED + b"0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
]


class _Wire:
    """What http.client takes for a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, mode: str) -> io.BytesIO:
        assert mode == "rb"
        return io.BytesIO(self._content)


def incoming(wire: bytes) -> Incoming:
    return cast("Incoming", io.BytesIO(wire))


@pytest.mark.parametrize("wire", REPLIES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_reply_is_read_as_http_client_reads_it(wire: bytes, method: str) -> None:
    known = HTTPResponse(_Wire(wire), method=method)  # type: ignore[arg-type]
    known.begin()
    stream = incoming(wire)
    head = read_head(stream)
    content = Content(stream, head, method)
    assert head.status == known.status
    assert head.headers == {name.lower(): value for name, value in known.getheaders()}
    assert content.bounded == (known.chunked or known.length is not None)
    assert (head.keeps and content.bounded) == (not known.will_close)
    assert content.whole() == known.read()


@pytest.mark.parametrize("wire", REPLIES)
@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_piece_by_piece_comes_the_same(wire: bytes, size: int) -> None:
    stream = incoming(wire)
    content = Content(stream, head := read_head(stream), "GET")
    pieces = list(iter(lambda: content.read(size), b""))
    assert all(len(piece) == size for piece in pieces[:-1])
    again = incoming(wire)
    read_head(again)
    assert b"".join(pieces) == Content(again, head, "GET").whole()


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
        CHUNKED + b"five\r\nhello\r\n",
    ],
)
def test_what_is_not_http(wire: bytes) -> None:
    stream = incoming(wire)
    with pytest.raises(BadReply):
        Content(stream, read_head(stream), "GET").whole()


@pytest.mark.parametrize("wire", [LENGTH[:-1], CHUNKED + b"5\r\nhel", CHUNKED + b"5\r\nhello\r\n"])
def test_a_reply_that_is_cut_off_is_no_reply(wire: bytes) -> None:
    stream = incoming(wire)
    with pytest.raises(ConnectionAbortedError):
        Content(stream, read_head(stream), "GET").whole()


def test_a_connection_that_was_closed_before_the_reply_can_be_told_from_one_that_broke() -> None:
    with pytest.raises(ConnectionResetError):
        read_head(incoming(b""))


def test_a_request() -> None:
    assert request("GET", "/_ping", "localhost", {}, None) == (
        b"GET /_ping HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n"
    )
    written = request("POST", "/x?y=1", "far:2375", {"Content-Type": "application/json"}, b"{}")
    assert written.endswith(b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
