"""The host's facts, read from this machine's own namespace (which needs no right) and from recorded texts."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from netdoctor.answers import Fill
from netdoctor.probes.engine_options import _option
from netdoctor.probes.host_facts import _conntrack
from netdoctor.probes.host_routes import interfaces, neighbours, routes, rules
from netdoctor.probes.route_netlink import NETLINK_ROUTE, attributes, number, text

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="rtnetlink is Linux's")


def _netlink() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)


@needs_linux
def test_the_loopback_interface_is_as_everywhere() -> None:
    with _netlink() as line:
        lo = next(i for i in interfaces(line) if i.name == "lo")
    assert (lo.index, lo.kind, lo.master, lo.peer) == (1, "", "", 0)
    assert "127.0.0.1/8" in lo.addresses
    assert lo.mtu == int(Path("/sys/class/net/lo/mtu").read_text())


@needs_linux
def test_the_routes_are_those_of_proc() -> None:
    with _netlink() as line:
        names = {i.index: i.name for i in interfaces(line)}
        told = routes(line, names)
    table = [row.split() for row in Path(f"/proc/{os.getpid()}/net/route").read_text().splitlines()[1:]]
    usable = sorted(row[0] for row in table if not int(row[3], 16) & 0x200)
    assert sorted(r.interface for r in told if ":" not in r.destination and r.table == 254 and r.interface) == usable


@needs_linux
def test_rules_without_the_kernels_own() -> None:
    with _netlink() as line:
        assert not {0, 32766, 32767} & {r.priority for r in rules(line) if r.action == "lookup" and not r.source}
        assert {f.limit > 0 for f in neighbours(line).values()} == {True}


def test_attributes_end_where_they_are_cut_off() -> None:
    data = bytes.fromhex("0700 0300 6c6f00 00".replace(" ", "")) + bytes.fromhex("08000480 dc050000".replace(" ", ""))
    told = attributes(data + b"\x03\x00")
    assert text(told[3]) == "lo"
    assert number(told[4]) == 1500  # the flag for nested attributes is no part of the type


def test_conntrack_counts_what_all_processors_refused() -> None:
    stat = "entries clashres found drop early_drop\n00000010 0 0 0000000a 0\n00000010 0 0 00000001 0\n"
    sysctls = {"net.netfilter.nf_conntrack_count": "16", "net.netfilter.nf_conntrack_max": "262144"}
    assert _conntrack(sysctls, stat) == Fill(count=16, limit=262144, overflows=11)
    assert _conntrack({}, stat) is None


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["dockerd", "--iptables=false", "-H", "fd://"], "false"),
        (["dockerd", "--iptables", "-H", "fd://"], "true"),
        (["dockerd", "-H", "fd://"], ""),
        (["dockerd", "--ip6tables=false"], ""),
    ],
)
def test_what_the_daemon_was_told(words: list[str], value: str) -> None:
    assert _option(words, "--iptables") == value
