"""Is it allowed? Scenarios of the family `firewall`."""

from __future__ import annotations

from zlib import crc32

from tests.live.lab import Case, Lab, Scenario, engines_differ

RULES = ("netns",)
"""The rung that sees rules."""

SEES = ("netns", "exec")


def docker_user(lab: Lab) -> Scenario:
    """An administrator's DROP and REJECT in DOCKER-USER, each for one port; rules for other ports are never met.

    Where nobody listens, the REJECT for that port is innocent.
    """
    bridge = _servers(lab, 5431, 5432)
    for what in (
        ("tcp", "--dport", "5431", "-j", "DROP"),
        ("tcp", "--dport", "9999", "-j", "DROP"),
        ("icmp", "-j", "DROP"),
    ):
        lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", *what)
    for port in (5432, 5434):
        lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", "tcp", "--dport", str(port), "-j", "REJECT")
    lab.times_out("api", "db", 5431)
    for port in (5432, 5434):
        lab.refused("api", "db", port)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, 5431, "firewall.allows/rule", "port.accepts/timed-out")
    yield _stopped(lab, 5432, "firewall.allows/rejected", "port.accepts/refused")
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5434", "address.port/wrong-port", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


def other_backends(lab: Lab) -> Scenario:
    """Rules beside the engine's: in a native table of nftables, in the tables of iptables-legacy, and one that has no
    counter, so that it can only be suspected. Another port is well.
    """
    bridge = _servers(lab, 5431, 5432, 5434)
    lab.native_rule(f"iifname {bridge} tcp dport 9999 counter drop")
    lab.native_rule(f"iifname {bridge} tcp dport 5431 counter drop")
    lab.native_rule(f"iifname {bridge} tcp dport 5434 drop")
    legacy = ("-I", "FORWARD", "-i", bridge, "-p", "tcp", "--dport", "5432", "-j", "DROP")
    lab.host_rule(*legacy, program="iptables-legacy")
    for port in (5431, 5432, 5434):
        lab.times_out("api", "db", port)
    lab.connects("api", "well", 5433)
    for port in (5431, 5432):
        yield _stopped(lab, port, "firewall.allows/rule", "port.accepts/timed-out")
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5434", "port.accepts/timed-out", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


def inside_the_target(lab: Lab) -> Scenario:
    """Rules in the target's own namespace: DROP, REJECT, what firewalld answers, a DROP for its answers, and a policy.

    Its neighbour drops ICMP and another port, and its policy is DROP as well, but it accepts its own port.
    """
    _servers(lab, 5431, 5432, 5434, 5435)
    lab.run("shut", ["labsrv", "http", "0.0.0.0", "5431"], network="net")
    lab.connects("api", "shut", 5431)
    for port, verdict in (
        (5431, ["DROP"]),
        (5432, ["REJECT"]),
        (5434, ["REJECT", "--reject-with", "icmp-host-prohibited"]),
    ):
        lab.rule("db", "-A", "INPUT", "-p", "tcp", "--dport", str(port), "-j", *verdict)
    lab.rule("db", "-A", "OUTPUT", "-p", "tcp", "--sport", "5435", "-j", "DROP")
    lab.rule("well", "-A", "INPUT", "-p", "tcp", "--dport", "5433", "-j", "ACCEPT")
    lab.rule("well", "-A", "INPUT", "-p", "tcp", "--dport", "5434", "-j", "DROP")
    for short in ("shut", "well"):
        lab.rule(short, "-P", "INPUT", "DROP")
    for short, port in (("db", 5431), ("db", 5435), ("shut", 5431)):
        lab.times_out("api", short, port)
    lab.refused("api", "db", 5432)
    said = lab.inside("api", "nc", "-w", "2", lab.address("db"), "5434", "-e", "true").stderr
    assert "No route to host" in said, said
    lab.connects("api", "well", 5433)
    yield _stopped(lab, 5431, "firewall.allows/rule", "port.accepts/timed-out")
    yield _stopped(lab, 5432, "firewall.allows/rejected", "port.accepts/refused")
    yield _stopped(lab, 5434, "firewall.allows/rejected", "port.accepts/unreachable")
    yield _stopped(lab, 5435, "firewall.allows/rule", "port.accepts/timed-out")
    yield _stopped(lab, 5431, "firewall.allows/policy", "port.accepts/timed-out", "shut")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


@engines_differ
def inter_container_off(lab: Lab) -> Scenario:
    """A network with enable_icc=false: the name resolves, and nothing goes through. Two that share another are well."""
    lab.network("closed", "--opt", "com.docker.network.bridge.enable_icc=false")
    lab.network("open")
    for short in ("db", "well"):
        lab.run(short, ["labsrv", "http", "0.0.0.0", "5432"], network="closed" if short == "db" else "open")
    lab.run("api", network="closed")
    lab.docker("network", "connect", lab.name("open"), lab.name("api"))
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "firewall.allows/inter-container-off")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


@engines_differ
def address_of_another_network(lab: Lab) -> Scenario:
    """The database's address on a network that the source is not on; by name it goes, and from the host as well."""
    lab.network("net")
    lab.network("back")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.docker("network", "connect", lab.name("back"), lab.name("db"))
    lab.run("api", network="net")
    lab.run("tool", network="host")
    there = lab.address("db", "back")
    lab.times_out("api", there, 5432)
    lab.connects("tool", there, 5432)
    warns = ("address.host/fixed-address",)
    yield lab.sick(lab.name("api"), f"{there}:5432", "firewall.allows/bridges-isolated", warns=warns)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")
    yield lab.healthy(lab.name("tool"), f"{there}:5432", warns=warns)


def datagrams_dropped(lab: Lab) -> Scenario:
    """A rule drops the datagrams for one port. Who sees no rules sees silence, and its well neighbour is silent too."""
    bridge = _servers(lab)
    for short, port in (("echo", "7"), ("quiet", "53")):
        mode = ["udp", "0.0.0.0", port] if short == "echo" else ["dns", "0.0.0.0", port, "silent"]
        lab.run(short, ["labsrv", *mode], network="net")
        lab.listens(short, int(port), file="udp")
    assert lab.inside("api", "labsrv", "ask", lab.name("echo"), "7", "2").returncode == 0
    lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", "udp", "--dport", "7", "-j", "DROP")
    assert lab.inside("api", "labsrv", "ask", lab.name("echo"), "7", "1").returncode == 1
    cause = "firewall.allows/rule"
    yield lab.sick(lab.name("api"), f"{lab.name('echo')}:7/udp", cause, rungs=RULES, blind=("exec", "engine"))
    yield lab.healthy(lab.name("api"), f"{lab.name('quiet')}:53/udp")


@engines_differ
def flushed(lab: Lab) -> Scenario:
    """Somebody flushed FORWARD, and its policy drops; from the host, which forwards nothing to itself, all is well.

    Then all rules are flushed, policies too: on the bridge it goes again, and nothing comes back from outside.
    """
    _servers(lab)
    outside = "203.0.113.85"
    lab.beyond(outside, "labsrv", "http", outside, "80", port=80)
    lab.run("tool", network="host")
    lab.connects("api", outside, 80)
    lab.host_chains()
    lab.host("iptables", "-F", "FORWARD")
    lab.times_out("api", "db", 5432)
    address = lab.address("well")
    lab.connects("tool", address, 5433)
    yield _stopped(lab, 5432, "firewall.allows/rules-missing", "port.accepts/timed-out")
    yield lab.healthy(lab.name("tool"), f"{address}:5433", warns=("address.host/fixed-address",))
    lab.host("nft", "flush", "ruleset", undo=())
    lab.connects("api", "db", 5432)
    lab.times_out("api", outside, 80)
    cause, symptom = "firewall.allows/rules-missing", "port.accepts/timed-out"
    yield lab.sick(lab.name("api"), f"{outside}:80", cause, rungs=RULES, instead=(symptom,))
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")


def host_shut_off(lab: Lab) -> Scenario:
    """The host's INPUT chain drops what comes from the network to a service of the host; its other port is open."""
    bridge = _servers(lab)
    for port in ("18471", "18472"):
        lab.run(f"host{port[-1]}", ["labsrv", "http", "0.0.0.0", port], network="host")
    lab.host_rule("-I", "INPUT", "-i", bridge, "-p", "tcp", "--dport", "18471", "-j", "DROP")
    gateway = lab.inspect("api")["NetworkSettings"]["Networks"][lab.name("net")]["Gateway"]
    lab.times_out("api", gateway, 18471)
    lab.connects("api", gateway, 18472)
    cause, symptom = "firewall.allows/rule", "port.accepts/timed-out"
    yield lab.sick(lab.name("api"), f"{gateway}:18471", cause, rungs=RULES, instead=(symptom,))
    yield lab.healthy(lab.name("api"), f"{gateway}:18472")


def _servers(lab: Lab, *ports: int) -> str:
    """db listens on the ports, well on 5433, api is to connect to both; returns the bridge of their network."""
    bridge = f"nd{crc32(lab.slug.encode()):08x}"
    lab.network("net", "--opt", f"com.docker.network.bridge.name={bridge}")
    servers = " -- ".join(f"http 0.0.0.0 {port}" for port in ports or (5432,))
    lab.run("db", ["labsrv", *servers.split()], network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5433"], network="net")
    lab.run("api", network="net")
    for port in ports or (5432,):
        lab.connects("api", "db", port)
    lab.connects("api", "well", 5433)
    return bridge


def _stopped(lab: Lab, port: int, cause: str, symptom: str, target: str = "db") -> Case:
    """Only who may read the rules sees the cause."""
    return lab.sick(lab.name("api"), f"{lab.name(target)}:{port}", cause, rungs=RULES, instead=(symptom,))
