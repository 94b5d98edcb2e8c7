"""Answers that take the short way over a bridge, past the host's rules: what br_netfilter is for."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import Finding, HostFacts, Link, Remedy, Stack, fail, through

from ._ways import bridges, failing

SETTING = "net.bridge.bridge-nf-call-iptables"
_MODULE = "/etc/modules-load.d/br_netfilter.conf"


def short_cut(stack: Stack, facts: HostFacts) -> Finding | None:
    """A link to a published port of a neighbour on the same bridge, whose answers are not translated back.

    The host's rules send the packets on to the neighbour, and what it answers goes over the bridge alone, with its own
    address for sender, which nobody has asked. Engines with docker-proxy let that have such packets instead.
    """
    if facts.sysctls.get(SETTING) == "1":
        return None
    lost = list(_lost(stack))
    if not lost:
        return None
    told = "is 0" if SETTING in facts.sysctls else "is not there, since br_netfilter is not loaded"
    names = ", ".join(stack.name(link) for link in lost)
    says = (
        f"packets on a bridge pass the host's rules by ({SETTING} {told}), so the answers of {names} come back astray"
    )
    remedy = Remedy(
        says="Let bridged packets pass the rules, and after the next start of the machine as well.",
        run=(
            "sudo modprobe br_netfilter",
            f"sudo sysctl -w {SETTING}=1",
            f"echo br_netfilter | sudo tee {_MODULE}",
            f"echo {SETTING}=1 | sudo tee /etc/sysctl.d/99-bridge.conf",
        ),
        verify=(f"sysctl {SETTING}",),
    )
    return fail("off", says, remedy=remedy, seen_by=facts.seen_by, off=[SETTING])


def _lost(stack: Stack) -> Iterator[Link]:
    for link, attempt in failing(stack):
        source, target = stack.source(link), stack.target(link)
        if target is None or attempt.outcome != "timed-out" or attempt.address in target.addresses:
            continue
        shared = {e.network_id for e in stack.shared_networks(source, target)}
        if through(stack, link) and shared & {n.id for n in bridges(stack, source)}:
            yield link
