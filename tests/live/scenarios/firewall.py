"""Is it allowed? Scenarios of the family `firewall`."""

from __future__ import annotations

from zlib import crc32

from tests.live.lab import Case, Lab, Scenario

RULES = ("netns",)
"""The rung that sees rules."""


def docker_user_drops(lab: Lab) -> Scenario:
    """An administrator's DROP in DOCKER-USER for one port of the network; the other port's rule is never met."""
    bridge = _servers(lab)
    lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", "tcp", "--dport", "5432", "-j", "DROP")
    lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", "tcp", "--dport", "9999", "-j", "DROP")
    lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", "icmp", "-j", "DROP")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, "firewall.allows/rule", "port.accepts/timed-out")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


def docker_user_rejects(lab: Lab) -> Scenario:
    """REJECT in DOCKER-USER refuses in the name of a server that listens; where nobody listens the rule is innocent."""
    bridge = _servers(lab)
    lab.host_rule("-I", "DOCKER-USER", "-i", bridge, "-p", "tcp", "--dport", "5432", "-j", "REJECT")
    lab.refused("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, "firewall.allows/rejected", "port.accepts/refused")
    lab.refused("api", "well", 5434)
    yield lab.sick(
        lab.name("api"), f"{lab.name('well')}:5434", "address.port/wrong-port", rungs=("netns", "exec")
    )  # fmt: skip


def other_hook(lab: Lab) -> Scenario:
    """A native table of nftables drops, which iptables-save does not show; its rule for another port is never met."""
    bridge = _servers(lab)
    lab.native_rule(f"iifname {bridge} tcp dport 9999 counter drop")
    lab.native_rule(f"iifname {bridge} tcp dport 5432 counter drop")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, "firewall.allows/rule", "port.accepts/timed-out")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


def rule_without_a_counter(lab: Lab) -> Scenario:
    """A native rule that does not count can only be suspected; what it does not concern is well."""
    bridge = _servers(lab)
    lab.native_rule(f"iifname {bridge} tcp dport 5432 drop")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield lab.sick(
        lab.name("api"), f"{lab.name('db')}:5432", "port.accepts/timed-out", rungs=("netns", "exec")
    )  # fmt: skip
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


def legacy_backend(lab: Lab) -> Scenario:
    """The rule is in the tables of iptables-legacy, beside the engine's, which are in nftables."""
    bridge = _servers(lab)
    rule = ("-I", "FORWARD", "-i", bridge, "-p", "tcp", "--dport", "5432", "-j", "DROP")
    lab.host_rule(*rule, program="iptables-legacy")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, "firewall.allows/rule", "port.accepts/timed-out")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


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


def policy_inside(lab: Lab) -> Scenario:
    """A policy of DROP in the target's own namespace, and nothing accepts; its neighbour accepts its port."""
    _servers(lab)
    lab.rule("well", "-A", "INPUT", "-p", "tcp", "--dport", "5433", "-j", "ACCEPT")
    for short in ("db", "well"):
        lab.rule(short, "-P", "INPUT", "DROP")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, "firewall.allows/policy", "port.accepts/timed-out")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


def answers_dropped(lab: Lab) -> Scenario:
    """A rule in the target's namespace drops its answers on their way out; its neighbour's is for another port."""
    _servers(lab)
    for short in ("db", "well"):
        lab.rule(short, "-A", "OUTPUT", "-p", "tcp", "--sport", "5432", "-j", "DROP")
    lab.times_out("api", "db", 5432)
    lab.connects("api", "well", 5433)
    yield _stopped(lab, "firewall.allows/rule", "port.accepts/timed-out")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5433")


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
    yield _stopped(lab, "firewall.allows/rules-missing", "port.accepts/timed-out")
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


def _servers(lab: Lab) -> str:
    """db listens on 5432, well on 5433, api is to connect to both; returns the bridge of their network."""
    bridge = f"nd{crc32(lab.slug.encode()):08x}"
    lab.network("net", "--opt", f"com.docker.network.bridge.name={bridge}")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5433"], network="net")
    lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    lab.connects("api", "well", 5433)
    return bridge


def _stopped(lab: Lab, cause: str, symptom: str) -> Case:
    """Only who may read the rules sees the cause."""
    return lab.sick(lab.name("api"), f"{lab.name('db')}:5432", cause, rungs=RULES, instead=(symptom,))
