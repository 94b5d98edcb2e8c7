"""Has the kernel room for more neighbours?

What is asked
    How many neighbours (ARP for IPv4, NDP for IPv6) the kernel knows, and how many it may. The tables are the whole
    machine's, all containers together: every container that talks to another one takes an entry. When a table is full,
    nobody who is not in it is found any more: `neighbour: arp_cache: neighbor table overflow!`.

Healthy
    There is room, or the table has never overflowed: the kernel clears out old entries in time. Entries that somebody
    wrote for good (an overlay network does that) and those of loopback do not count towards the limit; so a table that
    holds more than it may is full, unless there are overlay networks. IPv6 is judged only where a network has it.

Sick
    full: a table is full, and what this stack asks for gets no answer; a warning where everything asked about works.
    nearly-full: more than nine tenths, and it has overflowed before. Some hundred containers that
    all talk to each other meet the limit of 1024.

Remedy
    Higher limits: gc_thresh3 is the limit, above gc_thresh2 the kernel begins to clear out.

By hand
    ip -s neigh | wc -l
    sysctl net.ipv4.neigh.default.gc_thresh3
    cat /proc/net/stat/arp_cache                    # the first column, hexadecimal; the last one counts overflows

See also
    host.conntrack, port.accepts
    https://docs.kernel.org/networking/ip-sysctl.html
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

_FAMILIES = {"arp_cache": "ipv4", "ndisc_cache": "ipv6"}


@check(
    id="host.neighbours",
    title="the host can know more neighbours",
    reasons=(
        Reason("full", "a neighbour table is full", time_heals=True),
        Reason("nearly-full", "a neighbour table is nearly full"),
    ),
    needs=(AskHost, AskConnection, AskLookup),
    decisive=False,
)
def neighbours(stack: Stack, host: Host) -> Iterator[Finding]:
    facts = stack.host_facts()
    if isinstance(facts, Unable):
        yield unknown(facts)
        return
    judged = [name for name in facts.neighbours if name == "arp_cache" or any(n.ipv6 for n in stack.networks)]
    if not judged:
        yield passed(f"the neighbour tables of {host.name} have no limit", seen_by=facts.seen_by)
    for name in judged:
        fill, family = facts.neighbours[name], _FAMILIES[name]
        settings = [
            f"net.{family}.neigh.default.gc_thresh{n}={fill.limit * 8 // d}" for n, d in ((3, 1), (2, 2), (1, 4))
        ]
        lines = "\\n".join(settings)
        remedy = Remedy(
            says="Raise the limits.",
            run=(
                f"sudo sysctl -w {' '.join(settings)}",
                f"printf '{lines}\\n' | sudo tee /etc/sysctl.d/90-neighbours.conf",
            ),
            verify=(f"sysctl net.{family}.neigh.default.gc_thresh3", "ip -s neigh | wc -l"),
        )
        what, known = f"the neighbour table {name} of {host.name}", fill.count - fill.exempt
        for_good = known > fill.limit and any(n.driver == "overlay" for n in stack.networks)
        room = not fill.overflows or for_good
        yield from judge(stack, what, fill, remedy, facts.seen_by, has_room=room)
