"""Interfaces, routes and neighbours as /proc/PID/net tells them, recorded on kernel 6.18."""

from __future__ import annotations

import socket

import netdoctor.probes.interfaces as net
from netdoctor.answers import Interface, Route

ROUTE = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010017AC	0003	0	0	0	00000000	0	0	0
eth0	000017AC	00000000	0001	0	0	0	0000FFFF	0	0	0
eth1	0000100A	00000000	0001	0	0	0	0000FFFF	0	0	0
eth1	0000110A	00000000	0000	0	0	0	0000FFFF	0	0	0
*	0000120A	00000000	0201	0	0	0	0000FFFF	0	0	0
"""
ROUTES = (
    Route(destination="0.0.0.0/0", gateway="172.23.0.1", interface="eth0"),
    Route(destination="172.23.0.0/16", interface="eth0"),
    Route(destination="10.16.0.0/16", interface="eth1"),
)
ARP = """\
IP address       HW type     Flags       HW address            Mask     Device
172.23.0.9       0x1         0x0         00:00:00:00:00:00     *        eth0
172.23.0.5       0x1         0x2         02:42:ac:17:00:05     *        eth0
"""
FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 172.23.0.0/16 2 0 2
           |-- 172.23.0.5
              /32 host LOCAL
Local:
           |-- 172.23.0.5
              /32 host LOCAL
           |-- 10.16.3.4
              /32 host LOCAL
"""
IF_INET6 = """\
fe800000000000000042acfffe170005 c5 40 20 c0     eth0
00000000000000000000000000000001 01 80 10 80       lo
"""
DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0
  eth0:     266       3    0    0    0     0          0         0      266       3    0    0    0     0       0
"""


def test_routes() -> None:
    assert net.routes(ROUTE) == ROUTES
    assert net.routes("") == ()


def test_neighbours() -> None:
    assert net.neighbour(ARP, "172.23.0.9") == "incomplete"
    assert net.neighbour(ARP, "172.23.0.5") == "complete"
    assert net.neighbour(ARP, "172.23.0.50") == ""


def test_addresses_are_put_on_interfaces() -> None:
    local = net.local_addresses4(FIB_TRIE)
    assert local == ("127.0.0.1", "172.23.0.5", "10.16.3.4")
    assert dict(net.on_interfaces(local, ROUTES)) == {"lo": "127.0.0.1", "eth0": "172.23.0.5", "eth1": "10.16.3.4"}
    assert dict(net.addresses6(IF_INET6)) == {"eth0": "fe80::42:acff:fe17:5", "lo": "::1"}


def test_interfaces() -> None:
    names = net.names(DEV)
    assert names == ("lo", "eth0")
    assert net.flags_say_up("0x1003\n")
    assert not net.flags_say_up("0x1002")
    assert net.flags_say_up("")
    assert net.interfaces({"lo": True, "eth0": False}, [("eth0", "10.0.0.1"), ("eth0", "fd00::1")]) == (
        Interface(name="lo", up=True),
        Interface(name="eth0", up=False, addresses=("10.0.0.1", "fd00::1")),
    )


def test_asks_this_machine() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        assert ("lo", "127.0.0.1") in tuple(net.addresses4(line))
        assert net.is_up(line, "lo")
