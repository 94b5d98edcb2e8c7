"""The lab itself: what it lends a scenario works, and is taken back, also after a killed run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import host
from tests.live.lab import Lab
from tests.live.undo import difference, left_behind

SERVER = ["labsrv", "http", "0.0.0.0", "8080"]


def test_host_and_outside(lab: Lab) -> None:
    lab.network("net")
    lab.run("web", SERVER, network="net", options=["--publish", "18080:8080"])
    lab.run("api", network="net")
    lab.connects("api", "web", 8080)
    lab.outside_server("labsrv", "http", host.OUTSIDE, "80", port=80)
    lab.host_server("labsrv", "http", "0.0.0.0", "9000", port=9000)
    for name, port in ((host.OUTSIDE_NAME, "80"), (host.HOST, "9000")):
        assert "OK" in lab.inside("api", "labsrv", "get", name, port).stdout
    for address in (host.HOST, host.HOST6):
        assert "OK" in lab.outside("labsrv", "get", address, "18080")
    lab.host("iptables", "-I", "DOCKER-USER", "1", "-p", "tcp", "--dport", "8080", "-j", "DROP")
    lab.times_out("api", "web", 8080)
    lab.host("iptables", "-F", "DOCKER-USER")
    lab.connects("api", "web", 8080)
    lab.sysctl("net.ipv4.ip_forward", "0")
    lab.host("nft", "add", "table", "inet", "mine")
    lab.host("ip", "route", "add", "10.55.0.0/16", "via", host.ROUTER)
    lab.host("ip", "link", "add", "vpn0", "type", "veth", "peer", "name", "vpn1", "netns", lab.outside_namespace())
    assert difference()
    lab.remove()
    assert difference() == ""
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == "1\n"


def test_flushed_rules_come_back(lab: Lab) -> None:
    lab.network("net")
    lab.run("web", SERVER, network="net", options=["--publish", "18080:8080"])
    for table in ("filter", "nat"):
        lab.host("iptables", "-t", table, "-F")
        lab.host("iptables", "-t", table, "-X")
    lab.remove()
    assert difference() == ""


def test_overlay(lab: Lab) -> None:
    lab.swarm()
    lab.network("net", "--driver", "overlay", "--attachable")
    lab.run("web", SERVER, network="net")
    lab.run("api", network="net")
    lab.connects("api", lab.address("web", "net"), 8080)
    lab.remove()
    assert difference() == ""


def test_disks(lab: Lab) -> None:
    small, few = lab.memory_volume("small", size="64k"), lab.disk_volume("few", inodes=16)
    share = lab.hanging_folder("share")
    lab.run("app", options=["-v", f"{small}:/small", "-v", f"{few}:/few", "-v", f"{share.path}:/share"])
    for fill in ("labsrv hold /small/file 100000", "for i in $(seq 20); do echo > /few/$i || exit 1; done"):
        filled = lab.inside("app", "sh", "-c", fill)
        assert filled.returncode, fill
        assert "No space left on device" in filled.stderr
    assert lab.inside("app", "cat", "/share/data").stdout == "data\n"
    share.hang()
    with pytest.raises(subprocess.TimeoutExpired):
        lab.inside("app", "cat", "/share/data", timeout=0.5)
    lab.remove()
    assert str(lab.folder()) not in Path("/proc/mounts").read_text()


def test_a_killed_run() -> None:
    program = (
        "import os; from tests.live.lab import Lab; lab = Lab('killed'); lab.remove(); lab.network('net');"
        "lab.host('iptables', '-I', 'INPUT', '-j', 'ACCEPT'); lab.sysctl('net.ipv4.ip_forward', '0');"
        "lab.host_server('labsrv', 'http', '0.0.0.0', '9000', port=9000); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert left_behind() == ["killed"]
    assert difference()
    Lab("killed").remove()
    assert left_behind() == []
    assert difference() == ""
