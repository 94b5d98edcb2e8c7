"""Socket tables as the kernel prints them: recorded in containers of engine 20.10, kernel 6.18, x86-64."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest
from msgspec.structs import replace

from netdoctor.answers import Listener, Peer, Process, Sockets
from netdoctor.probes.sock_diag import NETLINK_SOCK_DIAG, dump, find_tcp
from netdoctor.probes.tables import ESTABLISHED, LISTEN, Row, rows, sockets, unix_paths

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = (
    HEAD
    + """\
   0: 00000000:0057 00000000:0000 0A 00000000:00000002 00:00000000 00000000 65532        0 135033 1 0000000012bdb2bc 100
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 133897 1 0000000004d97f40 100
   2: 0100007F:0052 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 135036 1 0000000077a97df5 100
   3: 0B00007F:A91D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 134961 1 00000000e0353cef 100
   4: 020014AC:9C40 0B0014AC:1538 01 00000000:00000000 00:00000000 00000000     0        0 140000 1 0000000000000000 20
   5: 020014AC:1F90 030014AC:C001 01 00000000:00000000 00:00000000 00000000     0        0 140001 1 0000000000000000 20
   6: 020014AC:9C41 090014AC:1538 02 00000001:00000000 01:00000064 00000001     0        0 140002 2 0000000000000000 100
   7: 0100007F:9C42 0100007F:0052 01 00000000:00000000 00:00000000 00000000     0        0 140003 1 0000000000000000 20
   8: 020014AC:9C43 0B0014AC:1538 06 00000000:00000000 03:00000100 00000000     0        0 0 3 0000000000000000
"""
)
TCP6 = (
    HEAD
    + """\
   0: 00000000000000000000000000000000:0054 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 135030 1 000000007de84275 100 0 0 10 0
   1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 135029 1 00000000ccdf2606 100 0 0 10 0
   2: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 135028 1 000000006055827f 100 0 0 10 0
   3: 0000000000000000FFFF0000020014AC:9C50 0000000000000000FFFF00000B0014AC:18EB 08 00000000:00000001 00:00000000 00000000     0        0 150000 1 0000000000000000 20 4 0 10 -1
"""  # noqa: E501  as the kernel prints it
)
UDP = (
    HEAD
    + """\
 4371: 00000000:0055 00000000:0000 07 00000000:00000300 00:00000000 00000000 65532        0 135031 2 00000000af16cc38 0
10927: 0B00007F:99F1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 134960 2 00000000af9f0af0 0
10930: 020014AC:AC01 0B0014AC:0035 01 00000000:00000000 00:00000000 00000000     0        0 134970 2 00000000af9f0af0 0
"""
)
UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 40001 /var/run/postgresql/.s.PGSQL.5432
0000000000000000: 00000003 00000000 00000000 0001 03 40002 /var/run/postgresql/.s.PGSQL.5432
0000000000000000: 00000002 00000000 00010000 0001 01 40003 @abstract
0000000000000000: 00000002 00000000 00010000 0001 01 40004 /tmp/with a blank.sock
0000000000000000: 00000002 00000000 00000000 0002 01 40005
"""


def answer(table: tuple[Row, ...], settled: Mapping[int, bool | None] | None = None) -> Sockets:
    return sockets(table, owners=lambda _: {}, serves_ipv4=lambda _: settled or {})


def listener(found: Sockets, port: int, address: str | None = None) -> Listener:
    (one,) = (x for x in found.listeners if x.port == port and address in (None, x.address))
    return one


def test_reads_hexadecimal_addresses() -> None:
    table = tuple(rows(TCP, "tcp"))
    assert len(table) == 9
    assert table[0] == Row("tcp", LISTEN, "0.0.0.0", 87, "0.0.0.0", 0, waiting=2, inode=135033)
    assert (table[4].remote, table[4].remote_port, table[4].state) == ("172.20.0.11", 5432, ESTABLISHED)
    assert [(r.address, r.port) for r in rows(TCP6, "tcp")] == [
        ("::", 84), ("::", 8080), ("::1", 81), ("::ffff:172.20.0.2", 40016),
    ]  # fmt: skip


def test_leaves_out_the_engines_resolver_and_connected_udp() -> None:
    found = answer((*rows(TCP, "tcp"), *rows(UDP, "udp")))
    assert [(x.protocol, x.port) for x in found.listeners] == [("tcp", 82), ("tcp", 87), ("tcp", 8080), ("udp", 85)]
    assert listener(found, 87).waiting == 2
    assert listener(found, 85).waiting == 0, "of a UDP socket the kernel counts bytes"


def test_peers_are_where_the_processes_connect_to() -> None:
    found = answer((*rows(TCP, "tcp"), *rows(TCP6, "tcp")))
    assert found.peers == (
        Peer(address="172.20.0.11", port=5432, state="established"),
        Peer(address="172.20.0.9", port=5432, state="syn-sent"),
        Peer(address="172.20.0.11", port=6379, state="close-wait"),
    )


@pytest.mark.parametrize(
    ("settled", "dual"), [({84: True}, True), ({84: False}, False), ({84: None}, None), ({}, None)]
)
def test_dual_is_settled_by_a_connect(settled: Mapping[int, bool | None], dual: bool | None) -> None:
    asked: list[tuple[int, ...]] = []

    def settle(ports: tuple[int, ...]) -> Mapping[int, bool | None]:
        asked.append(ports)
        return settled

    found = sockets((*rows(TCP, "tcp"), *rows(TCP6, "tcp")), owners=lambda _: {}, serves_ipv4=settle)
    assert asked == [(84,)], "8080 has a listener of its own for IPv4, ::1 is one address"
    assert listener(found, 84).dual is dual
    assert listener(found, 8080, "::").dual is False
    assert listener(found, 81).dual is False
    assert listener(found, 82).dual is None


def test_v6only_that_was_seen_needs_no_connect() -> None:
    both = Row("tcp", LISTEN, "::", 83, "::", 0, only_v6=False)
    only = Row("udp", 7, "::", 84, "::", 0, only_v6=True)
    found = sockets((both, only), owners=lambda _: {}, serves_ipv4=lambda ports: pytest.fail(f"{ports} is known"))
    assert (listener(found, 83).dual, listener(found, 84).dual) == (True, False)


def test_workers_on_one_port_are_one_listener() -> None:
    one = Row("tcp", LISTEN, "0.0.0.0", 80, "0.0.0.0", 0, waiting=0, backlog=511, inode=1)
    found = sockets(
        (one, replace(one, inode=2, waiting=7), replace(one, inode=3, waiting=1)),
        owners=lambda inodes: {i: Process(pid=i, name="nginx") for i in inodes},
        serves_ipv4=lambda _: {},
    )
    assert found.listeners == (
        Listener(address="0.0.0.0", port=80, process=Process(pid=2, name="nginx"), waiting=7, backlog=511),
    )


def test_unix_sockets_that_listen() -> None:
    assert unix_paths(UNIX) == ("/var/run/postgresql/.s.PGSQL.5432", "/tmp/with a blank.sock")


# -- sock_diag, on sockets of this process ----------------------------------------------------------------------------


@pytest.fixture
def netlink() -> Iterator[socket.socket]:
    with socket.socket(getattr(socket, "AF_NETLINK", 16), socket.SOCK_RAW, NETLINK_SOCK_DIAG) as line:
        line.settimeout(2)
        yield line


def test_sock_diag_tells_backlog_waiting_and_v6only(netlink: socket.socket) -> None:
    with ExitStack() as opened:
        four = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=3))
        dual = opened.enter_context(
            socket.create_server(("::", 0), family=socket.AF_INET6, backlog=5, dualstack_ipv6=True)
        )
        only = opened.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        client = opened.enter_context(socket.create_connection(four.getsockname()))
        seen = {
            r.port: r for family in (socket.AF_INET, socket.AF_INET6) for r in dump(netlink, family, "tcp", 1 << LISTEN)
        }
        row = seen[four.getsockname()[1]]
        assert (row.address, row.backlog, row.waiting, row.only_v6) == ("127.0.0.1", 3, 1, None)
        row = seen[dual.getsockname()[1]]
        assert (row.address, row.backlog, row.only_v6) == ("::", 5, False)
        assert seen[only.getsockname()[1]].only_v6 is True
        waiting = find_tcp(netlink, four.getsockname(), client.getsockname())
        assert waiting is not None
        assert (waiting.state, waiting.inode) == (ESTABLISHED, 0), "nobody has accepted it"
        accepted, _ = four.accept()
        opened.enter_context(accepted)
        taken = find_tcp(netlink, four.getsockname(), client.getsockname())
        assert taken is not None
        assert taken.inode


def test_sock_diag_finds_nothing_where_nothing_is(netlink: socket.socket) -> None:
    assert find_tcp(netlink, ("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    with pytest.raises(OSError, match=r"Invalid argument|No such file"):
        dump(netlink, 99, "tcp", 1 << LISTEN)
