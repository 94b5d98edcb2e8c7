"""Is the host fit for it? Scenarios of the family `host`."""

from __future__ import annotations

import re
import sys

from tests.live.lab import Lab, Scenario, alone

RULES = ("netns",)
BEYOND = "203.0.113.81"


def forwarding_off(lab: Lab) -> Scenario:
    """net.ipv4.ip_forward is 0: nothing leaves the bridge, and on the bridge all is well."""
    _servers(lab)
    lab.connects("api", BEYOND, 80)
    lab.sysctl("net.ipv4.ip_forward", "0")
    lab.times_out("api", BEYOND, 80)
    lab.connects("api", "db", 5432)
    cause, symptom = "host.forwarding/off", "port.accepts/timed-out"
    yield lab.sick(lab.name("api"), f"{BEYOND}:80", cause, rungs=RULES, instead=(symptom,))
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")
    lab.run("web", ["labsrv", "http", "0.0.0.0", "80"], network="net", options=["--publish", "18473:80"])
    lab.connects("api", "web", 80)
    yield lab.healthy(lab.name("api"), f"{lab.name('web')}:80", warns=("host.forwarding/off",))


def bridge_does_not_forward(lab: Lab) -> Scenario:
    """Forwarding is on for all, and off for the very bridge; asked from the host, all is well."""
    _servers(lab)
    lab.connects("api", BEYOND, 80)
    lab.run("tool", network="host")
    lab.sysctl(f"net.ipv4.conf.{lab.bridge('api')}.forwarding", "0")
    lab.times_out("api", BEYOND, 80)
    lab.connects("tool", BEYOND, 80)
    cause, symptom = "host.forwarding/off", "port.accepts/timed-out"
    yield lab.sick(lab.name("api"), f"{BEYOND}:80", cause, rungs=RULES, instead=(symptom,))
    yield lab.healthy(lab.name("tool"), f"{BEYOND}:80")


def _servers(lab: Lab) -> None:
    """db is on the network of api, and another server beyond the host's router."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.beyond(BEYOND, "labsrv", "http", BEYOND, "80", port=80)
    lab.connects("api", "db", 5432)


def answers_pass_the_rules_by(lab: Lab) -> Scenario:
    """bridge-nf-call-iptables is 0, and a neighbour is asked for by its published port; its name and address are well.

    The rule is the one that the engine writes where it has no docker-proxy.
    """
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net", options=["--publish", "18474:5432"])
    lab.run("api", network="net")
    gateway = lab.inspect("api")["NetworkSettings"]["Networks"][lab.name("net")]["Gateway"]
    to = ("-j", "DNAT", "--to-destination", f"{lab.address('db')}:5432")
    lab.host_rule("-t", "nat", "-I", "PREROUTING", "-i", lab.bridge("api"), "-p", "tcp", "--dport", "18474", *to)
    lab.connects("api", gateway, 18474)
    lab.sysctl("net.bridge.bridge-nf-call-iptables", "0")
    lab.times_out("api", gateway, 18474)
    lab.connects("api", "db", 5432)
    cause, symptom = "host.forwarding/off", "port.accepts/timed-out"
    yield lab.sick(lab.name("api"), f"{gateway}:18474", cause, rungs=RULES, instead=(symptom,))
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")


def connection_table_fills_up(lab: Lab) -> Scenario:
    """The connection tracking table is nearly full, then full, and what the stack needs still works: warnings."""
    _servers(lab)
    lab.sysctl("net.netfilter.nf_conntrack_udp_timeout", "300")
    lab.host("conntrack", "-F", undo=("conntrack", "-F"))
    for share, reason in ((0.95, "nearly-full"), (1.0, "full")):
        _track(lab, share)
        lab.connects("api", "db", 5432)
        yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432", warns=(f"host.conntrack/{reason}",))


_FLOOD = """
import socket, sys
table = "/proc/sys/net/netfilter/nf_conntrack_"
limit = int(open(table + "max").read())
while (left := round(limit * float(sys.argv[1])) - int(open(table + "count").read())) > 0:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("0.0.0.0", 0))
        for port in range(1, min(left, 60000) + 1):
            try:
                line.sendto(b"", (sys.argv[2], port))
            except OSError:
                pass
"""


def _track(lab: Lab, share: float) -> None:
    """Datagrams to nobody until the host tracks this share of the connections that it may."""
    assert lab.process(sys.executable, "-c", _FLOOD, str(share), "203.0.113.99").wait(90) == 0


NEIGHBOURS = "198.18.0.0/15"
"""For benchmarks (RFC 2544): nobody's on any network."""


@alone
def neighbour_table_fills_up(lab: Lab) -> Scenario:
    """The machine's neighbour table is full: an error for whoever is not in it, a warning for others."""
    _servers(lab)
    lab.run("late", network="net")
    lab.sysctl("net.ipv4.neigh.eth0.base_reachable_time_ms", "600000")
    lab.host("true", undo=("ip", "neigh", "flush", "to", NEIGHBOURS))
    cause, symptom = "host.neighbours/full", "port.accepts/timed-out"
    filling = lab.process(sys.executable, "-c", _FILL, _neighbours(lab, 1.1))
    lab.until("the table to be full", lambda: _known(lab)[0] >= _known(lab)[1])
    lab.fails("late", "db", 5432)
    lab.connects("api", "db", 5432)
    yield lab.sick(lab.name("late"), f"{lab.name('db')}:5432", cause, rungs=RULES, instead=(symptom,))
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432", warns=(cause,))
    filling.kill()
    filling.wait()
    lab.host("ip", "neigh", "flush", "to", NEIGHBOURS, undo=())
    lab.host("ip", "-batch", _neighbours(lab, 0.93), undo=())
    lab.connects("late", "db", 5432)
    yield lab.healthy(lab.name("late"), f"{lab.name('db')}:5432", warns=("host.neighbours/nearly-full",))


_FILL = """
import subprocess, sys, time
while True:  # whatever the kernel clears out meanwhile
    subprocess.run(["ip", "-force", "-batch", sys.argv[1]], capture_output=True)
    time.sleep(0.05)
"""


def _known(lab: Lab) -> tuple[int, int]:
    """How many neighbours the machine knows, and may know."""
    table = lab.host("ip", "-s", "ntable", "show", "name", "arp_cache", undo=())
    known, most = (int(re.findall(rf"{name} (\d+)", table)[0]) for name in ("entries", "thresh3"))
    return known, most


def _neighbours(lab: Lab, share: float) -> str:
    """Commands for neighbours that nobody has, so many that the machine knows this share of those that it may.

    They are said to have just been reached: the kernel clears out no others when it runs short.
    """
    known, most = _known(lab)
    return lab.file(
        "neighbours",
        "".join(
            f"neigh replace 198.18.{n >> 8}.{n & 255} lladdr 02:00:00:00:00:01 nud reachable dev eth0\n"
            for n in range(1, round(most * share) - known + 1)
        ),
    )
