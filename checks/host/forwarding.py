"""Does the host pass on the packets of containers?

What is asked
    Whether the host's kernel forwards: net.ipv4.ip_forward, and the setting of the very interfaces that the packets
    come in by, the network's bridge and the one that leads out. What stays on one bridge needs none of it, nor does
    docker-proxy, by which the host reaches its own published ports.

Healthy
    It forwards. Where it does not, and nothing of this stack has to leave its bridge or be reached from outside, all is
    well too.

Sick
    off: a link out of the stack gets no answer, and forwarding is off. A hardening guide, a cloud agent or
    systemd-networkd switched it off after the engine had switched it on. A warning where no link failed for it, and
    ports are published that nobody outside of the host can reach. Or net.bridge.bridge-nf-call-iptables is off, and a
    container asks for the published port of a neighbour: the answers pass the host's rules by, and come back astray.

Remedy
    Switch it on, now and in /etc/sysctl.d, for the next start of the machine.

By hand
    sysctl net.ipv4.ip_forward
    sysctl -a --pattern 'net.ipv4.conf.*.forwarding'
    docker info | grep -i -e forwarding -e bridge-nf

See also
    firewall.allows, network.way-out, port.accepts
    https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-on-a-router
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskHost,
    AskUpstream,
    Finding,
    Host,
    HostFacts,
    Reason,
    Remedy,
    Stack,
    Unable,
    check,
    fail,
    passed,
    unknown,
    warn,
)

from .._bridges import interface
from ._bridged import short_cut
from ._ways import bridges, failing, is_forwarded, open_publications


@check(
    id="host.forwarding",
    title="the host forwards packets",
    reasons=(Reason("off", "the kernel does not forward packets"),),
    needs=(AskHost, AskConnection, AskUpstream),
    decisive=False,
)
def forwarding(stack: Stack, host: Host) -> Iterator[Finding]:
    facts = stack.host_facts()
    if isinstance(facts, Unable):
        yield unknown(facts)
        return
    six = any(":" in attempt.address for _, attempt in failing(stack))
    off = tuple(_off(stack, facts, "ipv4")) + (tuple(_off(stack, facts, "ipv6")) if six else ())
    if not off:
        yield short_cut(stack, facts) or passed(f"{host.name} forwards packets", seen_by=facts.seen_by)
        return
    remedy = _switch_on(off)
    says = f"{host.name} does not forward packets ({', '.join(f'{name} is 0' for name in off)})"
    lost = [
        k
        for k, a in failing(stack)
        if is_forwarded(stack, facts, stack.source(k), a.address) and _is_why(off, a.address)
    ]
    ports = sorted({p.host_port for p in open_publications(stack)})
    if lost:
        names = ", ".join(stack.name(link) for link in lost)
        yield fail("off", f"{says}, so nothing comes of {names}", remedy=remedy, seen_by=facts.seen_by, off=list(off))
    elif ports:
        shown = ", ".join(map(str, ports[:5]))
        says = f"{says}, so nobody outside reaches the published ports ({shown})"
        yield warn("off", says, remedy=remedy, seen_by=facts.seen_by, off=list(off))
    else:
        yield passed(f"{says}, and nothing of this stack needs it", seen_by=facts.seen_by, off=list(off))


def _off(stack: Stack, facts: HostFacts, family: str) -> Iterator[str]:
    """The settings that are 0 and matter: the one for all, else those of single interfaces that packets come in by."""
    whole = "net.ipv4.ip_forward" if family == "ipv4" else "net.ipv6.conf.all.forwarding"
    if facts.sysctls.get(whole) == "0":
        yield whole
        return
    used = dict.fromkeys(interface(n) for c in stack.containers if c.state.running for n in bridges(stack, c))
    nowhere = ("0.0.0.0/0", "::/0")
    ways_out = dict.fromkeys(r.interface for r in facts.routes if r.destination in nowhere and r.interface)
    for name in (*used, *ways_out):
        setting = f"net.{family}.conf.{name}.forwarding"
        if facts.sysctls.get(setting) == "0":
            yield setting


def _is_why(off: tuple[str, ...], address: str) -> bool:
    family = "net.ipv6." if ":" in address else "net.ipv4."
    return any(name.startswith(family) for name in off)


def _switch_on(off: tuple[str, ...]) -> Remedy:
    settings = [f"{name}=1" for name in off]
    lines = "\\n".join(settings)
    return Remedy(
        says="Switch it on, and for the next start of the machine as well; see what had switched it off.",
        run=(
            f"sudo sysctl -w {' '.join(settings)}",
            f"printf '{lines}\\n' | sudo tee /etc/sysctl.d/99-forwarding.conf",
            f"grep -rn '{off[0].rpartition('.')[2]}' /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d",
        ),
        verify=(f"sysctl {' '.join(off)}",),
    )
