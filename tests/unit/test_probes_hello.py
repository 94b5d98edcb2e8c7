"""Known schemes get a harmless hello, unknown ones none; first bytes tell the protocol."""

from __future__ import annotations

import pytest

from netdoctor.probes.hello import heard, hello, turned_away


@pytest.mark.parametrize("scheme", ["", "mysql", "amqp", "mongodb", "kafka", "smtp", "ssh", "tcp", "elasticsearch"])
def test_says_nothing_on_other_schemes(scheme: str) -> None:
    assert hello(scheme, "db") == b""


def test_says_hello() -> None:
    assert hello("postgresql+asyncpg", "db") == b"\0\0\0\x08\x04\xd2\x16\x2f"
    assert hello("redis", "db") == b"PING\r\n"
    assert hello("http", "web").startswith(b"HEAD / HTTP/1.0\r\nHost: web\r\n")
    client_hello = hello("https", "web")
    assert client_hello[:2] == b"\x16\x03"
    assert b"web" in client_hello
    assert hello("https", "10.0.0.1")[:2] == b"\x16\x03"
    assert hello("https", "bad..name")[:2] in (b"", b"\x16\x03")


@pytest.mark.parametrize(
    ("said", "scheme", "protocol"),
    [
        (b"", "http", ""),
        (b"HTTP/1.1 301 Moved", "http", "http"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "http", "tls"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTPS", "http", "http"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "http", "tls"),
        (b"\x16\x03\x03\x00\x7a\x02", "https", "tls"),
        (b"S", "postgres", "postgres"),
        (b"N", "postgresql", "postgres"),
        (b"E\0\0\0\x8aSFATAL", "postgres", "postgres"),
        (b"N", "http", "other"),
        (b"HTTP/1.1 400 Bad Request", "postgres", "http"),
        (b"J\0\0\0\n8.0.36\0", "mysql", "mysql"),
        (b"E\0\0\0\xff\x69\x04Host is blocked", "mysql", "mysql"),
        (b"+PONG\r\n", "redis", "redis"),
        (b"-NOAUTH Authentication required.\r\n", "redis", "redis"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "", "ssh"),
        (b"220 mail.example ESMTP Postfix\r\n", "", "smtp"),
        (b"220 (vsFTPd 3.0.3)\r\n", "", "ftp"),
        (b"AMQP\0\0\x09\x01", "", "amqp"),
        (b'INFO {"server_id"', "", "other"),
    ],
)
def test_hears(said: bytes, scheme: str, protocol: str) -> None:
    assert heard(said, scheme) == protocol


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"-DENIED Redis is running in protected mode because protected mode is enabled and", "protected-mode"),
        (b"G\0\0\0\xff\x6a\x04Host '10.0.0.3' is not allowed to connect to this MariaDB server", "host-not-allowed"),
        (b"G\0\0\0\xff\x69\x04Host '10.0.0.3' is blocked because of many connection errors", "host-blocked"),
        (b"\x17\0\0\0\xff\x10\x04Too many connections", "too-many-connections"),
        (b"\x17\0\0\0\xff\x15\x04Access denied", ""),
        (b"-NOAUTH Authentication required.", ""),
        (b"Z\0\0\0\x0a8.0.36\0", ""),
        (b"", ""),
    ],
)
def test_who_is_turned_away(said: bytes, kind: str) -> None:
    assert turned_away(said) == kind
