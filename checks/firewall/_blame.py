"""Whose rule it is that stopped the packets: the engine's own, for which reason, or somebody else's."""

from __future__ import annotations

import re

from netdoctor.api import HOST, Link, Network, Rule, Stack, Trace, lazily

from .._bridges import interface

_BOTH = lazily(r"-A \S+ -i (?P<bridge>\S+) -o (?P=bridge) -j DROP")
_OTHERS = lazily(r"-A \S+ (?:-d \S+ )?! -[is] \S+ (?:-o \S+ )?-j DROP")
_OUT_OF = lazily(r"-A \S+ ! -d \S+ -i \S+ -j DROP")
_ISOLATION = (
    "DOCKER-ISOLATION-STAGE-1",
    "DOCKER-ISOLATION-STAGE-2",
    "DOCKER-INTERNAL",
    "NETAVARK_ISOLATION",
    "CNI-ISOLATION",
)
_ENGINE_CHAINS = ("DOCKER", "DOCKER-FORWARD")


def reason(stack: Stack, link: Link, trace: Trace, rule: Rule) -> str:
    """The reason's slug."""
    if is_isolation(rule):
        return "bridges-isolated"
    if _BOTH.fullmatch(rule.text) and rule.chain in ("FORWARD", "DOCKER-FORWARD") and closed_networks(stack, link):
        return "inter-container-off"
    if rule.is_policy:
        return "rules-missing" if rule.place == HOST and rules_missing(stack, link, trace) else "policy"
    return "rejected" if rule.verdict == "reject" else "rule"


def drops_answers(stack: Stack, link: Link, trace: Trace, rule: Rule) -> bool:
    """Whether it is not the packets that the rule stops, but what comes back."""
    at_source = rule.place == stack.source(link).id
    if "INPUT" in rule.chain.upper():
        return at_source
    if "OUTPUT" in rule.chain.upper():
        return not at_source
    return rule.place == HOST and bool(trace.arrived)


def is_isolation(rule: Rule) -> bool:
    """Whether it is one of the rules by which the engine keeps its bridges apart.

    To 27 they are in DOCKER-ISOLATION-STAGE-*; since 28 there is one for each container in raw PREROUTING,
    `-d 172.19.0.2/32 ! -i br-... -j DROP`, and one for each bridge in DOCKER, `! -i br-... -o br-... -j DROP`.
    """
    if rule.place != HOST:
        return False
    if rule.chain.startswith(_ISOLATION):
        return True
    engines = rule.chain in _ENGINE_CHAINS or (rule.table, rule.chain) == ("raw", "PREROUTING")
    return engines and bool(_OTHERS.fullmatch(rule.text) or _OUT_OF.fullmatch(rule.text))


def closed_networks(stack: Stack, link: Link) -> tuple[Network, ...]:
    """The networks of both that were made with enable_icc=false.

    https://docs.docker.com/engine/network/drivers/bridge/#options
    """
    target = stack.target(link)
    if target is None:
        return ()
    shared = [stack.network(e.network_id) for e in stack.shared_networks(stack.source(link), target)]
    return tuple(n for n in shared if n is not None and is_closed(n))


def is_closed(network: Network) -> bool:
    return network.options.get("com.docker.network.bridge.enable_icc", "").lower() == "false"


def rules_missing(stack: Stack, link: Link, trace: Trace) -> bool:
    """Whether rules are gone that this engine writes, and without which the source's packets get nowhere.

    An engine with the nftables backend, a rootless one and one with `"iptables": false` has none here, and is well.
    """
    engine = stack.engine
    if engine.name != "docker" or engine.rootless or engine.firewall.startswith("nftables"):
        return False
    if not trace.engine_writes_rules:
        return False
    mine = [n for e in stack.endpoints(stack.source(link)) if (n := stack.network(e.network_id)) is not None]
    # What is on an overlay leaves by docker_gwbridge; a machine of the LAN (macvlan) does not pass by the host at all.
    overlay = any(n.driver == "overlay" for n in mine)
    bridges = [interface(n) for n in mine if n.driver == "bridge"] + (["docker_gwbridge"] if overlay else [])
    if not bridges:
        return False
    if not any(chain.startswith("DOCKER") for chain in trace.chains):
        return True
    if any("-j DOCKER-FORWARD" in rule for rule in trace.forward):
        return False
    return not any(re.search(rf"-[io] {re.escape(b)}\b", rule) for rule in trace.forward for b in bridges)
