"""Names as glibc resolves them: files, order of the search list, and what comes of each server's behaviour."""

# ruff: noqa: ARG005  stand-ins take what they are given, and are called what they stand for

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import ClassVar

import pytest

from netdoctor.answers import Lookup
from netdoctor.probes import looking_up
from netdoctor.probes.looking_up import literal, look_up
from netdoctor.probes.resolver_files import ResolvConf, hosts_addresses, is_name, names_to_ask, read_resolv_conf

HOSTS = """\
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
172.23.0.2	263d643d1d84   # the container itself
10.1.2.3 Special special.example
10.1.2.4 other special
garbage special
"""


@pytest.mark.parametrize(
    ("text", "conf"),
    [
        ("", ResolvConf()),
        ("nameserver 127.0.0.11\noptions ndots:0\n", ResolvConf(("127.0.0.11",), (), 0)),
        ("search corp.test lan.test.\nnameserver 10.0.0.1\n", ResolvConf(("10.0.0.1",), ("corp.test", "lan.test"), 1)),
        ("domain a.test\nsearch b.test c.test\n", ResolvConf((), ("b.test", "c.test"), 1)),
        ("search b.test\ndomain a.test x.test\n", ResolvConf((), ("a.test",), 1)),
        ("search .\n", ResolvConf()),
        ("".join(f"nameserver 10.0.0.{n}\n" for n in range(1, 6)), ResolvConf(("10.0.0.1", "10.0.0.2", "10.0.0.3"))),
        ("nameserver fe80::1%eth0\nnameserver nonsense\nnameserver\n", ResolvConf(("fe80::1%eth0",))),
        ("options edns0 ndots:99 trust-ad\n", ResolvConf(ndots=15)),
        ("options ndots:x\n# search no.test\n; nameserver 1.1.1.1\n", ResolvConf()),
    ],
)
def test_resolv_conf(text: str, conf: ResolvConf) -> None:
    assert read_resolv_conf(text) == conf


def test_hosts_file() -> None:
    assert hosts_addresses(HOSTS, "LOCALHOST") == ("127.0.0.1", "::1")
    assert hosts_addresses(HOSTS, "special") == ("10.1.2.3", "10.1.2.4")
    assert hosts_addresses(HOSTS, "itself") == ()
    assert hosts_addresses(HOSTS, "special.") == ()


@pytest.mark.parametrize(
    ("name", "ndots", "asked"),
    [
        ("db", 1, ["db.a.test", "db.b.test", "db"]),
        ("db", 0, ["db", "db.a.test", "db.b.test"]),
        ("db.net", 1, ["db.net", "db.net.a.test", "db.net.b.test"]),
        ("db.net", 2, ["db.net.a.test", "db.net.b.test", "db.net"]),
        ("db.", 5, ["db"]),
    ],
)
def test_order_of_names(name: str, ndots: int, asked: list[str]) -> None:
    assert list(names_to_ask(name, ("a.test", "b.test"), ndots)) == asked


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("10", "0.0.0.10"),
        ("db", ""),
        ("cafe", ""),
        ("1.2.3.4.5", ""),
        ("", ""),
    ],
)
def test_literal_addresses(text: str, address: str) -> None:
    assert literal(text) == address


@pytest.mark.parametrize(
    ("text", "valid"), [("my_db", True), ("a..b", False), ("", False), ("x" * 64, False), ("a.", True)]
)
def test_names_that_can_be_asked_for(text: str, valid: bool) -> None:
    assert is_name(text) is valid


# -- servers on loopback ----------------------------------------------------------------------------------------------

Reply = Callable[[str, str], bytes | None]
"""What a server does about a name and a kind: None is silence, else response code and addresses."""


class Redirected(socket.socket):
    """A socket to which the servers' addresses, port 53, mean the servers of this test."""

    ports: ClassVar[dict[str, int]] = {}

    def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
        host, port = address
        super().connect(("127.0.0.1", self.ports.get(host, 1) if port == 53 else port))


@pytest.fixture
def serve() -> Iterator[Callable[[str, Reply], None]]:
    lines: list[socket.socket] = []
    Redirected.ports = {}

    def start(address: str, reply: Reply) -> None:
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.bind(("127.0.0.1", 0))
        Redirected.ports[address] = line.getsockname()[1]
        lines.append(line)
        threading.Thread(target=answer, args=(line, reply), daemon=True).start()

    yield start
    for line in lines:
        line.close()


def answer(line: socket.socket, reply: Reply) -> None:
    while True:
        try:
            query, peer = line.recvfrom(512)
        except OSError:
            return
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        kind = {1: "A", 28: "AAAA"}[struct.unpack_from("!H", query, at + 1)[0]]
        body = reply(".".join(labels), kind)
        if body is not None:
            code, addresses = body[0], body[1:]
            size = 4 if kind == "A" else 16
            count = len(addresses) // size
            records = b"".join(
                b"\xc0\x0c" + struct.pack("!HHIH", 1 if kind == "A" else 28, 1, 60, size) + addresses[i * size :][:size]
                for i in range(count)
            )
            head = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, count, 0, 0)
            with suppress(OSError):  # the test may be over
                line.sendto(head + query[12 : at + 5] + records, peer)


def nxdomain(name: str, kind: str) -> bytes:
    return b"\3"


def empty(name: str, kind: str) -> bytes:
    return b"\0"


def servfail(name: str, kind: str) -> bytes:
    return b"\2"


def silent(name: str, kind: str) -> None:
    return None


def only_a(name: str, kind: str) -> bytes | None:
    """Engine 20.10 without a reachable upstream: no reply at all about AAAA."""
    return b"\0\x0a\x01\x02\x03" if kind == "A" else None


def knows(*names: str) -> Reply:
    return lambda name, kind: (b"\0" + (b"\x0a\x01\x02\x03" if kind == "A" else b"")) if name in names else b"\3"


def resolve(name: str, conf: ResolvConf, seconds: float = 0.6) -> Lookup:
    return look_up(name, HOSTS, conf, lambda family, kind: Redirected(family, kind), time.monotonic() + seconds)


@pytest.mark.parametrize(
    ("reply", "outcome", "rcode"),
    [
        (nxdomain, "unknown", ""),
        (empty, "empty", ""),
        (servfail, "failed", "SERVFAIL"),
        (lambda name, kind: b"\5", "failed", "REFUSED"),
        (silent, "silent", ""),
        (lambda name, kind: b"\0" if kind == "AAAA" else None, "silent", ""),
        (knows("db"), "found", ""),
    ],
)
def test_outcomes(serve: Callable[[str, Reply], None], reply: Reply, outcome: str, rcode: str) -> None:
    serve("10.0.0.1", reply)
    lookup = resolve("db", ResolvConf(("10.0.0.1",)))
    assert (lookup.outcome, lookup.rcode, lookup.server, lookup.asked) == (outcome, rcode, "10.0.0.1", "db")
    assert lookup.addresses == (("10.1.2.3",) if outcome == "found" else ())


def test_an_answer_does_not_wait_for_a_silent_twin(serve: Callable[[str, Reply], None]) -> None:
    serve("10.0.0.1", only_a)
    started = time.monotonic()
    assert resolve("db", ResolvConf(("10.0.0.1",)), 5).addresses == ("10.1.2.3",)
    assert time.monotonic() - started < 1


def test_a_lost_query_is_sent_again(serve: Callable[[str, Reply], None]) -> None:
    seen: list[str] = []

    def forgetful(name: str, kind: str) -> bytes | None:
        seen.append(kind)
        return b"\3" if len(seen) > 2 else None

    serve("10.0.0.1", forgetful)
    assert resolve("db", ResolvConf(("10.0.0.1",)), 2).outcome == "unknown"


@pytest.mark.parametrize("first", [silent, servfail])
def test_the_next_server_is_asked(serve: Callable[[str, Reply], None], first: Reply) -> None:
    serve("10.0.0.1", first)
    serve("10.0.0.2", knows("db"))
    lookup = resolve("db", ResolvConf(("10.0.0.1", "10.0.0.2")))
    assert (lookup.outcome, lookup.server) == ("found", "10.0.0.2")


def test_no_server() -> None:
    Redirected.ports = {}
    assert resolve("db", ResolvConf()).outcome == "no-server"
    refused = resolve("db", ResolvConf(("127.0.0.53",)))  # port 1 on loopback: nobody listens
    assert (refused.outcome, refused.server) == ("no-server", "127.0.0.53")


def test_search_list(serve: Callable[[str, Reply], None]) -> None:
    serve("10.0.0.1", knows("db.b.test"))
    conf = ResolvConf(("10.0.0.1",), ("a.test", "b.test"), 1)
    found = resolve("db", conf)
    assert (found.outcome, found.asked) == ("found", "db.b.test")
    lost = resolve("cache", conf)
    assert (lost.outcome, lost.asked, lost.search, lost.ndots) == ("unknown", "cache", ("a.test", "b.test"), 1)


def test_an_empty_answer_along_the_search_list_counts(serve: Callable[[str, Reply], None]) -> None:
    serve("10.0.0.1", lambda name, kind: b"\0" if name == "db.a.test" else b"\3")
    lookup = resolve("db", ResolvConf(("10.0.0.1",), ("a.test",), 1))
    assert (lookup.outcome, lookup.asked) == ("empty", "db.a.test")


def test_hosts_file_goes_before_the_servers() -> None:
    lookup = resolve("Special", ResolvConf(("10.0.0.1",)))
    assert (lookup.outcome, lookup.source, lookup.addresses) == ("found", "hosts", ("10.1.2.3", "10.1.2.4"))
    assert resolve("x.localhost", ResolvConf()).addresses == ("127.0.0.1",)
    assert resolve("a..b", ResolvConf()).outcome == "unknown"


@pytest.mark.parametrize("prefers", [True, False])
def test_ipv6_goes_first_where_it_can(monkeypatch: pytest.MonkeyPatch, prefers: bool) -> None:
    monkeypatch.setattr(looking_up, "_prefers_ipv6", lambda address, open_socket: prefers)
    expected = ("::1", "127.0.0.1") if prefers else ("127.0.0.1", "::1")
    assert resolve("localhost", ResolvConf()).addresses == expected
