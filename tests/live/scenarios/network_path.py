"""Is there a way for the packets? Scenarios of the family `network` about routes, interfaces and sizes."""

from __future__ import annotations

from ipaddress import ip_address

from tests.live.host import ROUTER
from tests.live.lab import Lab, Scenario

SEES = ("netns", "exec")
RULES = ("netns",)
MANY = "300000"
"""Bytes."""


def interface_down(lab: Lab) -> Scenario:
    """Somebody took the database's interface down; its neighbour's second interface is down, which nobody uses."""
    _servers(lab)
    lab.network("spare")
    lab.docker("network", "connect", lab.name("spare"), lab.name("well"))
    lab.enter("db", "ip", "link", "set", "eth0", "down")
    lab.enter("well", "ip", "link", "set", "eth1", "down")
    lab.times_out("api", "db", 5432)
    lab.connects("api", lab.address("well", "net"), 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "network.route/interface-down", rungs=SEES)


def no_way_back(lab: Lab) -> Scenario:
    """The database's namespace has lost its routes, so it cannot answer; a rule beside it counts others' packets."""
    _servers(lab)
    lab.host_rule("-I", "DOCKER-USER", "-i", lab.bridge("api"), "-p", "udp", "--dport", "7", "-j", "DROP")
    flood = (
        "import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"while True: s.sendto(b'', ('{lab.address('well')}', 7)); time.sleep(.005)"
    )
    lab.run("noisy", ["python3", "-c", flood], image="python:3.11", network="net")
    lab.enter("db", "ip", "route", "flush", "root", "0/0")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "network.route/no-route", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def leaves_by_another_network(lab: Lab) -> Scenario:
    """A route that a script has set sends the packets for the database by the source's second network."""
    _servers(lab)
    lab.network("back")
    lab.docker("network", "connect", lab.name("back"), lab.name("api"))
    lab.enter("api", "ip", "route", "add", f"{lab.address('db')}/32", "dev", "eth1")
    lab.enter("api", "ip", "route", "add", "198.51.100.0/24", "dev", "eth1")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "network.route/other-network", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def large_packets_lost(lab: Lab) -> Scenario:
    """The database's port of the bridge has a smaller MTU than both ends: small requests work, large ones stall.

    Its neighbour's whole network has a small MTU, which is well; and so is one that answers no echo requests.
    """
    _servers(lab, "sink")
    lab.network("small", "--opt", "com.docker.network.driver.mtu=1300")
    lab.docker("network", "connect", lab.name("small"), lab.name("api"))
    lab.run("slim", ["labsrv", "sink", "0.0.0.0", "5432", MANY], network="small")
    lab.rule("well", "-A", "INPUT", "-p", "icmp", "-j", "DROP")
    for short in ("api", "db"):  # on one machine, large segments travel as they are; on a wire they do not
        lab.enter(short, "ethtool", "-K", "eth0", "tso", "off", "gso", "off")
    lab.host("ip", "link", "set", lab.port("db"), "mtu", "1400", undo=())
    lab.connects("api", "db", 5432)
    for short, code in (("db", 1), ("well", 0), ("slim", 0)):
        assert lab.inside("api", "labsrv", "send", lab.name(short), "5432", MANY, "2").returncode == code, short
    cause = "network.mtu/larger-than-path"
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", cause, rungs=RULES, blind=("exec", "engine"))
    for short in ("well", "slim"):
        yield lab.healthy(lab.name("api"), f"{lab.name(short)}:5432")


def router_says_nothing(lab: Lab) -> Scenario:
    """The way to one server outside carries 1400 bytes, and the ICMP message that says so is dropped.

    For its neighbour it comes through; that the network's MTU is larger than this way's is a warning then.
    """
    _servers(lab)
    lost, told = "203.0.113.83", "203.0.113.84"
    for address in (lost, told):
        lab.beyond(address, "labsrv", "sink", address, "80", MANY, port=80)
        lab.host("ip", "route", "add", address, "via", ROUTER, "mtu", "1400")
    message = ("-p", "icmp", "--icmp-type", "fragmentation-needed")
    # What the host says to api quotes the packet that was too large; the rule takes those that were for `lost`.
    quoted = str(ip_address(lost).packed.hex())
    lab.host_rule("-I", "OUTPUT", *message, "-m", "u32", "--u32", f"44=0x{quoted}", "-j", "DROP")
    for address, code in ((lost, 1), (told, 0)):
        assert lab.inside("api", "labsrv", "send", address, "80", MANY, "3").returncode == code, address
    cause = "network.mtu/larger-than-path"
    yield lab.sick(lab.name("api"), f"{lost}:80", cause, rungs=RULES, blind=("exec", "engine"))
    yield lab.healthy(lab.name("api"), f"{told}:80", warns=(cause,))


def _servers(lab: Lab, mode: str = "http") -> None:
    """db and well listen on 5432, api connects to both."""
    lab.network("net")
    for short in ("db", "well"):
        lab.run(short, ["labsrv", mode, "0.0.0.0", "5432", *([MANY] if mode == "sink" else [])], network="net")
    lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    lab.connects("api", "well", 5432)
