"""Ways out of the stack: what is outside, by which proxy, which name servers stand behind, whose subnet it is."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor import registry
from netdoctor.answers import (
    Answer,
    AskConnection,
    Asked,
    AskHost,
    AskLookup,
    AskNamespace,
    AskUpstream,
    Attempt,
    Connection,
    HostFacts,
    HostInterface,
    HostRoute,
    Lookup,
    NameServer,
    Namespace,
    Question,
    Route,
    Upstream,
)
from netdoctor.engine import run
from netdoctor.finding import Finding
from netdoctor.links import asked_for
from netdoctor.model import HOST, Container, Endpoint, Engine, Link, Network, State, Subject
from netdoctor.places import leads_outside, means_host
from netdoctor.probes.resolver_files import external_servers
from netdoctor.probes.upstream import behind
from netdoctor.proxies import excepting, on_the_way_out
from netdoctor.request import read_target
from netdoctor.stack import Stack

NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))
LAN = Network(id="n2", name="lan", driver="macvlan", subnets=("192.0.2.0/24",), gateways=("192.0.2.1",))
RUNNING = State(status="running", started=10.0)


def container(name: str, address: str = "10.213.0.3", network: Network = NET, **fields: Any) -> Container:
    endpoint = Endpoint(network=network.name, network_id=network.id, address=address, gateway=network.gateways[0])
    fields = {"endpoints": (endpoint,), "network_mode": network.name} | fields
    return Container(id=name[0] * 64, name=name, state=RUNNING, **fields)


def stack(*containers: Container, version: str = "20.10.24", **fields: Any) -> Stack:
    return Stack(engine=Engine(version=version), containers=containers, networks=(NET, LAN), **fields)


def judged(check: str, subject: Subject, here: Stack, answers: dict[Question, Answer]) -> list[Finding]:
    asked = tuple(Asked(question=q, answer=a) for q, a in answers.items())  # type: ignore[arg-type]
    links = (subject,) if isinstance(subject, Link) else here.links
    whole = Stack(
        engine=here.engine, containers=here.containers, networks=here.networks, asked=asked, links=links, taken_at=99.0
    )
    return [r.finding for r in run(whole, (subject,), (registry.load().find(check),))]


# -- what is outside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("db.example.com", True),
        ("203.0.113.80", True),
        ("192.0.2.7", True),  # the LAN's, which a macvlan has for its own
        ("10.213.0.9", False),  # of a network here, whoever has it
        ("10.213.0.1", False),  # the host
        ("db", False),
        ("db.local", False),  # a container's host name
        ("cache.net", False),  # NAME.NETWORK, mistyped or not
        ("localhost", False),
        ("host.docker.internal", False),
    ],
)
def test_leads_outside(address: str, outside: bool) -> None:
    api, db = container("api"), container("db", "10.213.0.4", host_name="db.local")
    assert leads_outside(stack(api, db), api, address) is outside


def test_the_gateway_of_a_macvlan_is_not_the_host() -> None:
    api = container("api", "192.0.2.128", LAN)
    assert not means_host(stack(api), api, "192.0.2.1")
    assert means_host(stack(container("web")), container("web"), "10.213.0.1")


# -- proxies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("no_proxy", "address", "covers"),
    [
        ("", "db.example.com", False),
        ("example.com", "db.example.com", True),
        (".example.com", "example.com", True),  # as curl reads it
        ("*", "db.example.com", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "db.example.com", False),
        ("db.example.com:5432", "db.example.com", True),
    ],
)
def test_no_proxy(no_proxy: str, address: str, covers: bool) -> None:
    api = container("api", environment=(("NO_PROXY", no_proxy),))
    assert bool(excepting(api, address, 5432)) is covers


def test_only_http_goes_by_a_proxy() -> None:
    api = container("api", environment=(("https_proxy", "http://proxy:3128"),))
    found = on_the_way_out(api, "https", "example.com", 443)
    assert found is not None
    assert (found.host, found.port) == ("proxy", 3128)
    assert on_the_way_out(api, "", "example.com", 443) == found
    assert on_the_way_out(api, "http", "example.com", 80) is None
    assert on_the_way_out(api, "", "db.example.com", 5432) is None


def test_the_links_of_a_target_behind_a_proxy() -> None:
    """The proxy is asked, and the proxy asks: whether api itself has a way out, or a name for it, plays no part."""
    api = container("api", environment=(("HTTP_PROXY", "http://proxy:3128"),))
    proxy = container("proxy", "10.213.0.4")
    links = tuple(asked_for(stack(api, proxy), api, read_target("http://example.com")[0], (api, proxy)))
    assert [(k.source, k.address, k.port, k.target) for k in links] == [
        (api.id, "proxy", 3128, proxy.id),
        (proxy.id, "example.com", 80, ""),
    ]


# -- name servers -------------------------------------------------------------------------------------------------

COMMENT = "nameserver 127.0.0.11\noptions ndots:0\n\n# ExtServers: [192.0.2.53 host(127.0.0.53) fe80::1%eth0]\n"


def test_servers_behind_the_engines_resolver() -> None:
    assert external_servers(COMMENT) == (("192.0.2.53", False), ("127.0.0.53", True), ("fe80::1", False))
    assert external_servers("nameserver 1.1.1.1\n# ExtServers: none\n") == ()
    plain, own = container("api"), container("api", dns=("1.1.1.1",))
    silent = "nameserver 127.0.0.11\n"
    assert behind(plain, COMMENT, ("192.0.2.1",))[0] == "resolv.conf"
    assert behind(own, silent, ("192.0.2.1",)) == ("--dns", (("1.1.1.1", False),))
    # The host's loopback server is the host's: engines ask it from there.
    assert behind(plain, silent, ("127.0.0.1", "192.0.2.1")) == ("host", (("127.0.0.1", True), ("192.0.2.1", False)))
    assert behind(plain, "nameserver 127.0.0.1\n", ()) == ("resolv.conf", (("127.0.0.1", False),))


def test_a_container_older_than_the_hosts_servers() -> None:
    api = container("api")
    link = Link(source=api.id, address="db.example.com", port=5432)
    dead, new = NameServer(address="192.0.2.53", outcome="silent"), NameServer(address="192.0.2.1", outcome="found")
    lookup = Lookup(outcome="silent", servers=("127.0.0.11",), server="127.0.0.11")
    answers: dict[Question, Answer] = {
        AskLookup(container=api.id, name=link.address): lookup,
        AskUpstream(container=api.id, name=link.address): Upstream(servers=(dead,), host_servers=(new,)),
    }
    (found,) = judged("dns.upstream", link, stack(api), answers)
    assert found.reason == "server-silent"
    assert found.remedy is not None
    assert found.remedy.run == ("docker restart api",)


def test_without_root_the_own_name_tells_a_dead_server_from_a_dead_resolver() -> None:
    api = container("api")
    link = Link(source=api.id, address="db.example.com", port=5432)
    silent = Lookup(outcome="silent", servers=("127.0.0.11",), server="127.0.0.11")
    answers: dict[Question, Answer] = {AskLookup(container=api.id, name=link.address): silent}
    (found,) = judged("dns.upstream", link, stack(api), answers)
    assert found.verdict == "unknown"
    own = Lookup(outcome="found", source="dns", addresses=("10.213.0.3",), servers=("127.0.0.11",))
    (found,) = judged("dns.upstream", link, stack(api), answers | {AskLookup(container=api.id, name="api"): own})
    assert (found.verdict, found.reason) == ("fail", "server-silent")


# -- the way out --------------------------------------------------------------------------------------------------

DEAD = Attempt(address="203.0.113.80", outcome="timed-out", gateway="incomplete")
ROUTES = (Route(destination="0.0.0.0/0", gateway="10.213.0.1", interface="eth0"),)


def way_out(attempt: Attempt, host: Attempt, network: Network = NET, version: str = "20.10.24") -> Finding:
    api = container("api", network=network)
    here = Stack(engine=Engine(version=version), containers=(api,), networks=(network, LAN))
    link = Link(source=api.id, address="203.0.113.80", port=5432)
    question = AskConnection.of(link)
    answers: dict[Question, Answer] = {
        question: Connection(attempts=(attempt,)),
        AskConnection(container=HOST, address=link.address, port=link.port): Connection(attempts=(host,)),
        AskNamespace(container=api.id): Namespace(inode=1, routes=ROUTES),
    }
    (found,) = judged("network.way-out", link, here, answers)
    return found


def test_the_host_fares_alike_so_the_network_is_not_to_blame() -> None:
    """A network without translation is a suspicion only as long as the host itself gets an answer."""
    bare = Network(
        id="n1", name="net", driver="bridge", subnets=NET.subnets, gateways=NET.gateways,
        options={"com.docker.network.bridge.enable_ip_masquerade": "false"},
    )  # fmt: skip
    lost = Attempt(address="203.0.113.80", outcome="timed-out")
    there = Attempt(address="203.0.113.80", outcome="connected", after="open")
    assert way_out(lost, there, bare).reason == "not-masqueraded"
    assert way_out(lost, lost, bare).verdict == "pass"
    assert way_out(lost, there).verdict == "pass"


def test_a_gateway_that_nobody_has() -> None:
    found = way_out(DEAD, DEAD)
    assert found.reason == "wrong-gateway"
    assert "10.213.0.1" in found.says


def test_the_narrowest_route_is_taken() -> None:
    narrow = Route(destination="203.0.113.0/24", gateway="10.213.0.7", interface="eth0")
    assert Namespace(routes=(*ROUTES, narrow)).route_to("203.0.113.80") == narrow
    assert Namespace(routes=(narrow,)).route_to("198.51.100.1") is None


# -- subnets ------------------------------------------------------------------------------------------------------


def subnet(*routes: HostRoute, works: bool = False) -> list[Finding]:
    """network.subnet of a network that a VPN's machine lies in, for whom api asks."""
    api = container("api")
    link = Link(source=api.id, address="10.213.0.77", port=5432)
    attempt = Attempt(
        address=link.address, outcome="connected" if works else "timed-out", after="open" if works else ""
    )
    own = HostRoute(destination="10.213.0.0/24", interface="br-n1")
    facts = HostFacts(interfaces=(HostInterface(name="br-n1", index=2),), routes=(own, *routes))
    answers: dict[Question, Answer] = {AskConnection.of(link): Connection(attempts=(attempt,)), AskHost(): facts}
    return judged("network.subnet", NET, stack(api, links=(link,)), answers)


@pytest.mark.parametrize(
    ("route", "verdict"),
    [
        (HostRoute(destination="10.0.0.0/8", gateway="192.0.2.1", interface="tun0"), "fail"),
        (HostRoute(destination="10.213.0.64/26", interface="wg0"), "fail"),
        (HostRoute(destination="0.0.0.0/0", gateway="192.0.2.1", interface="eth0"), "pass"),
        (HostRoute(destination="0.0.0.0/1", interface="tun0"), "pass"),  # a VPN's default route
        (HostRoute(destination="10.213.0.64/26", interface="wg0", down=True), "pass"),
        (HostRoute(destination="10.213.0.64/26", kind="blackhole"), "pass"),
    ],
)
def test_overlaps(route: HostRoute, verdict: str) -> None:
    (found,) = subnet(route)
    assert found.verdict == verdict


def test_a_wider_route_takes_nothing_from_a_network_that_works() -> None:
    (found,) = subnet(HostRoute(destination="10.0.0.0/8", interface="tun0"), works=True)
    assert found.verdict == "pass"
    (found,) = subnet(HostRoute(destination="10.213.0.64/26", interface="wg0"), works=True)
    assert found.verdict == "warn"
