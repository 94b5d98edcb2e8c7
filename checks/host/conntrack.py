"""Has the kernel room for more connections?

What is asked
    How many connections the host's kernel tracks (nf_conntrack_count) and how many it may (nf_conntrack_max). Every
    connection of a container is tracked, because of the engine's NAT rules. When the table is full, the first packet of
    every new connection is dropped, whoever's it is; those that exist go on.

Healthy
    There is room. A busy machine that tracks tens of thousands is well.

Sick
    full: the table is full, and what this stack asks for gets no answer. The kernel says `nf_conntrack: table full,
    dropping packet` in its log. A warning where everything asked about still works.
    nearly-full: more than nine tenths.

Remedy
    A higher limit (each entry takes about 320 bytes); and see whose connections they are.

By hand
    sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max
    sudo dmesg | grep conntrack
    sudo awk '{ print $3 }' /proc/net/nf_conntrack | sort | uniq -c | sort -rn | head

See also
    host.neighbours, port.accepts
    https://docs.kernel.org/networking/nf_conntrack-sysctl.html
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskHost,
    AskLookup,
    Finding,
    Host,
    Reason,
    Remedy,
    Stack,
    Unable,
    check,
    passed,
    unknown,
)

from ._tables import judge


@check(
    id="host.conntrack",
    title="the host can track more connections",
    reasons=(
        Reason("full", "the connection tracking table is full", time_heals=True),
        Reason("nearly-full", "the connection tracking table is nearly full"),
    ),
    needs=(AskHost, AskConnection, AskLookup),
    decisive=False,
)
def conntrack(stack: Stack, host: Host) -> Iterator[Finding]:
    facts = stack.host_facts()
    if isinstance(facts, Unable):
        yield unknown(facts)
    elif facts.conntrack is None:
        yield passed(f"{host.name} tracks no connections", seen_by=facts.seen_by)
    else:
        limit = facts.conntrack.limit * 2
        setting = f"net.netfilter.nf_conntrack_max={limit}"
        remedy = Remedy(
            says="Raise the limit, and see in the table whose connections they are.",
            run=(f"sudo sysctl -w {setting}", f"echo {setting} | sudo tee /etc/sysctl.d/90-conntrack.conf"),
            verify=("sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",),
        )
        yield from judge(stack, f"the connection tracking table of {host.name}", facts.conntrack, remedy, facts.seen_by)
