"""Targets outside of the stack: scenarios of network.way-out and dns.upstream, and of what others say there."""

from __future__ import annotations

from zlib import crc32

from tests.live.host import HOST, OUTSIDE, OUTSIDE_NAME, ROUTER
from tests.live.lab import Lab, Scenario, engines_differ

SERVER = ["labsrv", "http", "0.0.0.0", "5432"]
DEAD = "192.0.2.99"
"""An address of the host's own LAN that nobody has."""

SEES = ("netns", "exec")
"""The rungs that ask the container's own resolver; the engine's API tells nothing of names outside."""

UNTRANSLATED = ("--opt", "com.docker.network.bridge.enable_ip_masquerade=false")
ROUTED = (*UNTRANSLATED, "--opt", "com.docker.network.bridge.gateway_mode_ipv4=routed")
"""Engines from 28 on drop what comes for a container from outside its network, unless they are told this; others know
nothing of it.
"""


def _world(lab: Lab) -> tuple[str, str]:
    """Start a server in the internet; the target as an address, and as a URL. Scenarios run side by side."""
    port = 20000 + crc32(lab.slug.encode()) % 10000
    lab.outside_server("labsrv", "http", OUTSIDE, str(port), port=port)
    return f"{OUTSIDE}:{port}", f"http://{OUTSIDE_NAME}:{port}"


def _gets(lab: Lab, short: str, target: str) -> bool:
    """Whether a server outside answers the container, asked with a command of its image."""
    host, _, port = target.removeprefix("http://").partition(":")
    return lab.inside(short, "labsrv", "get", host, port, "1").returncode == 0


# -- network.way-out ----------------------------------------------------------------------------------------------


@engines_differ
def sealed_off(lab: Lab) -> Scenario:
    """All networks of api are internal, and it asks for a server outside; `both` is on another network as well."""
    literal, web = _world(lab)
    lab.network("net", "--internal")
    lab.network("out")
    api = lab.run("api", network="net")
    both = lab.run("both", network="net")
    lab.docker("network", "connect", lab.name("out"), both)
    lab.run("db", SERVER, network="net")
    lab.connects("api", "db", 5432)
    assert not _gets(lab, "api", literal)
    assert _gets(lab, "both", web)
    yield lab.sick(api, literal, "network.way-out/internal-only")
    yield lab.sick(api, web, "network.way-out/internal-only", rungs=SEES)
    yield lab.healthy(api, f"{lab.name('db')}:5432")
    yield lab.healthy(both, web)


@engines_differ
def first_network_leads_nowhere(lab: Lab) -> Scenario:
    """Of two networks, the one that comes first has no translation of addresses: so it is for api, not for job."""
    literal, web = _world(lab)
    lab.network("a", *UNTRANSLATED)
    lab.network("b")
    lab.network("c", *UNTRANSLATED)
    api = lab.run("api", network="b")
    lab.docker("network", "connect", lab.name("a"), api)
    job = lab.run("job", network="b")
    lab.docker("network", "connect", lab.name("c"), job)
    assert not _gets(lab, "api", literal)
    assert _gets(lab, "job", literal)
    yield lab.sick(api, literal, "network.way-out/wrong-gateway", rungs=SEES)
    yield lab.sick(api, web, "network.way-out/wrong-gateway", rungs=("netns",))
    yield lab.healthy(job, literal)


def no_default_route(lab: Lab) -> Scenario:
    """Something in the network of api took the default route away, as VPN clients do; its neighbour has it."""
    literal, _ = _world(lab)
    lab.network("net")
    api = lab.run("api", network="net")
    well = lab.run("well", network="net")
    lab.enter("api", "ip", "route", "del", "default")
    assert not _gets(lab, "api", literal)
    assert _gets(lab, "well", literal)
    yield lab.sick(api, literal, "network.way-out/wrong-gateway", rungs=SEES)
    yield lab.healthy(well, literal)


def not_translated(lab: Lab) -> Scenario:
    """The network of api does not translate addresses. Nor does its neighbour's, to which there is a way back."""
    literal, _ = _world(lab)
    lab.network("net", *UNTRANSLATED)
    lab.network("routed", *ROUTED)
    api = lab.run("api", network="net")
    well = lab.run("well", network="routed")
    lab.outside("ip", "route", "add", lab.subnet("routed"), "via", HOST)
    assert not _gets(lab, "api", literal)
    assert _gets(lab, "well", literal)
    yield lab.sick(api, literal, "network.way-out/not-masqueraded", rungs=SEES)
    yield lab.healthy(well, literal)


# -- dns.upstream -------------------------------------------------------------------------------------------------


@engines_differ
def upstream_is_dead(lab: Lab) -> Scenario:
    """The server of --dns is dead, or a rule drops the questions: names outside fail, those of containers resolve."""
    _, web = _world(lab)
    lab.network("net")
    lab.run("db", SERVER, network="net")
    api = lab.run("api", network="net", options=["--dns", DEAD])
    well = lab.run("well", network="net")
    cut = lab.run("cut", network="net", options=["--dns", ROUTER])
    lab.host_rule("-I", "DOCKER-USER", "-s", lab.address("cut"), "-p", "udp", "--dport", "53", "-j", "DROP")
    assert lab.means("api", lab.name("db"))
    lab.silent("api", OUTSIDE_NAME)
    lab.silent("cut", OUTSIDE_NAME)
    assert _gets(lab, "well", web)
    yield lab.sick(api, web, "dns.upstream/server-silent", rungs=("netns",))
    yield lab.sick(cut, web, "dns.upstream/server-silent", rungs=("netns",))
    yield lab.healthy(api, f"{lab.name('db')}:5432")
    yield lab.healthy(well, web)


def first_upstream_is_dead(lab: Lab) -> Scenario:
    """On the default bridge the first of two servers is dead and the second is not: it works, seconds later."""
    _, web = _world(lab)
    plain = lab.run("plain", network="bridge", options=["--dns", DEAD, "--dns", ROUTER])
    well = lab.run("well", network="bridge", options=["--dns", ROUTER, "--dns", DEAD])
    assert lab.means("plain", OUTSIDE_NAME) == lab.means("well", OUTSIDE_NAME) == [OUTSIDE]
    yield lab.healthy(plain, web, warns=("dns.upstream/server-silent",))
    yield lab.healthy(well, web)


def resolver_of_the_host_copied(lab: Lab) -> Scenario:
    """The host's 127.0.0.53 was copied into containers, where it is nobody; one runs a resolver there itself."""
    _, web = _world(lab)
    copied = ["--dns", "127.0.0.53"]
    plain = lab.run("plain", network="bridge", options=copied)
    well = lab.run("well", ["labsrv", "dns", "127.0.0.53", "53", f"A={OUTSIDE}"], network="bridge", options=copied)
    assert lab.means("plain", OUTSIDE_NAME) == []
    assert _gets(lab, "well", web)
    yield lab.sick(plain, web, "dns.upstream/loopback-server", rungs=("netns",))
    yield lab.healthy(well, web)


def resolver_flushed_and_a_name_outside(lab: Lab) -> Scenario:
    """The rules that lead to the engine's resolver were flushed in the network of api; the server behind it is well."""
    lab.network("net")
    api = lab.run("api", network="net")
    well = lab.run("well", ["labsrv", "http", "127.0.0.1", "80"], network="net")
    lab.rule("api", "-t", "nat", "-F")
    lab.silent("api", OUTSIDE_NAME)
    assert lab.means("well", OUTSIDE_NAME) == [OUTSIDE]
    yield lab.sick(api, f"http://{OUTSIDE_NAME}", "dns.resolves/no-server", rungs=("netns",))
    yield lab.healthy(well, "http://localhost")


# -- port.accepts -------------------------------------------------------------------------------------------------


def nobody_out_there(lab: Lab) -> Scenario:
    """A server outside is down, another's answers are dropped, and a name does not exist: no fault of the stack's."""
    literal, _ = _world(lab)
    lab.network("net")
    api = lab.run("api", network="net")
    lab.run("db", network="net", options=["--network-alias", "db.corp.local"])
    silent = "203.0.113.99"
    lab.outside("ip", "route", "add", "blackhole", silent)
    assert _gets(lab, "api", literal)
    lab.refused("api", OUTSIDE, 7)
    lab.times_out("api", silent, 5432)
    assert lab.means("api", "db.corp.example") == []
    yield lab.sick(api, f"{OUTSIDE}:7", "port.accepts/refused", rungs=SEES)
    yield lab.sick(api, f"{silent}:5432", "port.accepts/timed-out", rungs=SEES)
    yield lab.sick(api, "db.corp.example:5432", "dns.resolves/unknown-name", rungs=SEES)
    yield lab.healthy(api, literal)


# -- address.proxy ------------------------------------------------------------------------------------------------


def out_by_a_proxy(lab: Lab) -> Scenario:
    """api has no way out itself: its proxy, on another network too, has; lost has a proxy that has none either."""
    _, web = _world(lab)
    lab.network("net", "--internal")
    lab.network("out")
    serve = ["labsrv", "http", "0.0.0.0", "3128"]
    for short in ("proxy", "sealed"):
        lab.run(short, serve, network="net", options=["--network-alias", f"{short}.{lab.slug}"])
    lab.docker("network", "connect", lab.name("out"), lab.name("proxy"))
    api, lost = (
        lab.run(short, network="net", options=["-e", f"http_proxy=http://{through}.{lab.slug}:3128"])
        for short, through in (("api", "proxy"), ("lost", "sealed"))
    )
    none = ["-e", "HTTP_PROXY=http://127.0.0.1:3128"]
    bare = lab.run("bare", network="out", options=none)
    spared = lab.run("spared", network="out", options=[*none, "-e", f"NO_PROXY={OUTSIDE_NAME}"])
    lab.connects("api", "proxy", 3128)
    assert _gets(lab, "proxy", web)
    assert not _gets(lab, "sealed", web)
    assert _gets(lab, "spared", web)
    lab.refused("bare", "127.0.0.1", 3128)
    yield lab.healthy(api, web)
    yield lab.sick(lost, web, "network.way-out/internal-only", rungs=SEES)
    yield lab.sick(bare, web, "address.host/localhost", rungs=SEES)
    yield lab.healthy(spared, web)
