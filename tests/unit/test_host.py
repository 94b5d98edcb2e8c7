"""The family `host` on facts made by hand: tables that a test may not fill, since they are the whole machine's."""

from __future__ import annotations

import pytest

from netdoctor import registry
from netdoctor.answers import AskConnection, Asked, AskHost, Attempt, Connection, Fill, HostFacts, Outcome
from netdoctor.engine import run
from netdoctor.finding import Finding
from netdoctor.model import Container, Endpoint, Engine, Host, Link, Network, State
from netdoctor.stack import Stack

NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",))
API = Container(
    id="a" * 64,
    name="api",
    state=State(status="running"),
    endpoints=(Endpoint(network="net", network_id="n1", address="10.213.0.2"),),
)


def judged(
    check: str,
    facts: HostFacts,
    outcome: Outcome = "connected",
    address: str = "10.213.0.3",
    networks: tuple[Network, ...] = (NET,),
) -> list[Finding]:
    link = Link(source=API.id, address=address, port=80)
    connection = Connection(seen_by="netns", attempts=(Attempt(address=address, outcome=outcome),))
    asked = (
        Asked(question=AskHost(), answer=facts),
        Asked(question=AskConnection.of(link), answer=connection),
    )
    stack = Stack(engine=Engine(), containers=(API,), networks=networks, asked=asked, links=(link,))
    return [r.finding for r in run(stack, (Host(),), (registry.load().find(check),))]


def code(findings: list[Finding]) -> str:
    return " ".join(f"{f.verdict}/{f.reason}" if f.reason else str(f.verdict) for f in findings)


@pytest.mark.parametrize(
    ("count", "outcome", "expected"),
    [
        (10, "timed-out", "pass"),
        (930, "connected", "warn/nearly-full"),
        (930, "timed-out", "warn/nearly-full"),
        (1000, "connected", "warn/full"),
        (1000, "refused", "warn/full"),  # somebody answered, so no packet was dropped
        (1000, "timed-out", "fail/full"),
    ],
)
def test_the_connection_table(count: int, outcome: Outcome, expected: str) -> None:
    facts = HostFacts(conntrack=Fill(count=count, limit=1000))
    assert code(judged("host.conntrack", facts, outcome)) == expected


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (Fill(count=1020, limit=1024, overflows=2), "fail/full"),
        (Fill(count=950, limit=1024, overflows=2), "warn/nearly-full"),
        (Fill(count=1020, limit=1024, overflows=2, exempt=900), "pass"),  # permanent entries of this namespace
        (Fill(count=1020, limit=1024), "pass"),  # three hundred containers: the kernel makes room in time
        (Fill(count=1035, limit=1024, overflows=2), "fail/full"),  # those of other namespaces' loopback do not count
    ],
)
def test_the_neighbour_table(fill: Fill, expected: str) -> None:
    assert code(judged("host.neighbours", HostFacts(neighbours={"arp_cache": fill}), "no-route")) == expected


def test_an_overlay_network_writes_neighbours_for_good() -> None:
    full = HostFacts(neighbours={"arp_cache": Fill(count=1077, limit=1024, overflows=2)})
    overlay = Network(id="n2", name="mesh", driver="overlay")
    assert code(judged("host.neighbours", full, "no-route", networks=(NET, overlay))) == "pass"


def test_ipv6_neighbours_count_where_a_network_has_ipv6() -> None:
    full = {"arp_cache": Fill(count=1, limit=1024), "ndisc_cache": Fill(count=1024, limit=1024, overflows=1)}
    assert code(judged("host.neighbours", HostFacts(neighbours=full), "no-route")) == "pass"


def test_forwarding_of_ipv6_matters_to_ipv6() -> None:
    facts = HostFacts(sysctls={"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "0"})
    assert code(judged("host.forwarding", facts, "timed-out", "2001:db8::1")) == "fail/off"
    assert code(judged("host.forwarding", facts, "timed-out", "203.0.113.1")) == "pass"
