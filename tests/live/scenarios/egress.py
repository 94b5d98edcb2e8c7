"""Targets outside of the stack: scenarios of network.way-out and dns.upstream, and of what others say there."""

from __future__ import annotations

from tests.live import outside
from tests.live.lab import Lab, Scenario

WEB = f"http://{outside.NAME}:8080"
LITERAL = f"{outside.ADDRESS}:5432"
SERVERS = ("http", outside.ADDRESS, "8080", "--", "http", outside.ADDRESS, "5432")
DEAD = "192.0.2.99"
"""An address of the host's own LAN that nobody has."""

SILENT = "203.0.113.99"
"""An address outside to which the router drops everything."""

SEES = ("netns", "exec")
"""The rungs that ask the container's own resolver; the engine's API tells nothing of names outside."""

UNTRANSLATED = ("--opt", "com.docker.network.bridge.enable_ip_masquerade=false")
ROUTED = (*UNTRANSLATED, "--opt", "com.docker.network.bridge.gateway_mode_ipv4=routed")
"""Engines from 28 on drop what comes for a container from outside its network, unless they are told this; others know
nothing of it.
"""


def _gets(lab: Lab, short: str, host: str, port: int) -> bool:
    """Whether a server outside answers the container, asked with a command of its image."""
    return lab.inside(short, "labsrv", "get", host, str(port), "1").returncode == 0


# -- network.way-out ----------------------------------------------------------------------------------------------


def sealed_off(lab: Lab) -> Scenario:
    """All networks of api are internal, and it asks for a server outside; `both` is on another network as well."""
    lab.network("net", "--internal")
    lab.network("out")
    api = lab.run("api", network="net")
    both = lab.run("both", network="net")
    lab.docker("network", "connect", lab.name("out"), both)
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    with outside.serving(*SERVERS):
        lab.connects("api", "db", 5432)
        assert not _gets(lab, "api", outside.ADDRESS, 5432)
        assert _gets(lab, "both", outside.NAME, 8080)
        yield lab.sick(api, LITERAL, "network.way-out/internal-only")
        yield lab.sick(api, WEB, "network.way-out/internal-only", rungs=SEES)
        yield lab.healthy(api, f"{lab.name('db')}:5432")
        yield lab.healthy(both, WEB)


def first_network_leads_nowhere(lab: Lab) -> Scenario:
    """Of two networks, the one that comes first has no translation of addresses: so it is for api, not for job."""
    lab.network("a", *UNTRANSLATED)
    lab.network("b")
    lab.network("c", *UNTRANSLATED)
    api = lab.run("api", network="b")
    lab.docker("network", "connect", lab.name("a"), api)
    job = lab.run("job", network="b")
    lab.docker("network", "connect", lab.name("c"), job)
    with outside.serving(*SERVERS):
        assert not _gets(lab, "api", outside.ADDRESS, 5432)
        assert _gets(lab, "job", outside.ADDRESS, 5432)
        yield lab.sick(api, LITERAL, "network.way-out/wrong-gateway", rungs=SEES)
        yield lab.sick(api, WEB, "network.way-out/wrong-gateway", rungs=("netns",))
        yield lab.healthy(job, LITERAL)


def no_default_route(lab: Lab) -> Scenario:
    """Something in the network of api took the default route away, as VPN clients do; its neighbour has it."""
    lab.network("net")
    api = lab.run("api", network="net")
    well = lab.run("well", network="net")
    lab.enter("api", "ip", "route", "del", "default")
    with outside.serving(*SERVERS):
        assert not _gets(lab, "api", outside.ADDRESS, 5432)
        assert _gets(lab, "well", outside.ADDRESS, 5432)
        yield lab.sick(api, LITERAL, "network.way-out/wrong-gateway", rungs=SEES)
        yield lab.healthy(well, LITERAL)


def not_translated(lab: Lab) -> Scenario:
    """The network of api does not translate addresses. Nor does its neighbour's, to which there is a way back."""
    lab.network("net", *UNTRANSLATED)
    lab.network("routed", *ROUTED)
    api = lab.run("api", network="net")
    well = lab.run("well", network="routed")
    with outside.serving(*SERVERS), outside.knowing(lab.subnet("routed")):
        assert not _gets(lab, "api", outside.ADDRESS, 5432)
        assert _gets(lab, "well", outside.ADDRESS, 5432)
        yield lab.sick(api, LITERAL, "network.way-out/not-masqueraded", rungs=SEES)
        yield lab.healthy(well, LITERAL)


# -- dns.upstream -------------------------------------------------------------------------------------------------


def upstream_is_dead(lab: Lab) -> Scenario:
    """The server of --dns is dead: names outside fail, and those of containers resolve, which may be all there is."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    api = lab.run("api", network="net", options=["--dns", DEAD])
    well = lab.run("well", network="net", options=["--dns", outside.ROUTER])
    with outside.serving(*SERVERS):
        assert lab.means("api", lab.name("db"))
        lab.silent("api", outside.NAME)
        assert _gets(lab, "well", outside.NAME, 8080)
        yield lab.sick(api, WEB, "dns.upstream/server-silent", rungs=("netns",))
        yield lab.healthy(api, f"{lab.name('db')}:5432")
        yield lab.healthy(well, WEB)


def first_upstream_is_dead(lab: Lab) -> Scenario:
    """On the default bridge the first of two servers is dead and the second is not: it works, seconds later."""
    plain = lab.run("plain", network="bridge", options=["--dns", DEAD, "--dns", outside.ROUTER])
    well = lab.run("well", network="bridge", options=["--dns", outside.ROUTER, "--dns", DEAD])
    with outside.serving(*SERVERS):
        assert lab.means("plain", outside.NAME) == lab.means("well", outside.NAME) == [outside.ADDRESS]
        yield lab.healthy(plain, WEB, warns=("dns.upstream/server-silent",))
        yield lab.healthy(well, WEB)


def resolver_of_the_host_copied(lab: Lab) -> Scenario:
    """The host's 127.0.0.53 was copied into containers, where it is nobody; one runs a resolver there itself."""
    plain = lab.run("plain", network="bridge", options=["--dns", "127.0.0.53"])
    answer = f"A={outside.ADDRESS}"
    well = lab.run(
        "well", ["labsrv", "dns", "127.0.0.53", "53", answer], network="bridge", options=["--dns", "127.0.0.53"]
    )
    with outside.serving(*SERVERS):
        assert lab.means("plain", outside.NAME) == []
        assert _gets(lab, "well", outside.NAME, 8080)
        yield lab.sick(plain, WEB, "dns.upstream/loopback-server", rungs=("netns",))
        yield lab.healthy(well, WEB)


def resolver_flushed_and_a_name_outside(lab: Lab) -> Scenario:
    """The rules that lead to the engine's resolver were flushed in the network of api; the server behind it is well."""
    lab.network("net")
    api = lab.run("api", network="net", options=["--dns", outside.ROUTER])
    lab.rule("api", "-t", "nat", "-F")
    lab.silent("api", outside.NAME)
    yield lab.sick(api, WEB, "dns.resolves/no-server", rungs=("netns",))


# -- port.accepts -------------------------------------------------------------------------------------------------


def nobody_out_there(lab: Lab) -> Scenario:
    """A server outside is down, an address is nobody's, and a name does not exist: no fault of the stack's."""
    lab.network("net")
    api = lab.run("api", network="net", options=["--dns", outside.ROUTER])
    lab.run("db", network="net", options=["--network-alias", "db.corp.local"])
    with outside.serving(*SERVERS), outside.dropping(SILENT):
        assert _gets(lab, "api", outside.ADDRESS, 5432)
        lab.refused("api", outside.ADDRESS, 5433)
        lab.times_out("api", SILENT, 5432)
        assert lab.means("api", "db.corp.example") == []
        yield lab.sick(api, f"{outside.ADDRESS}:5433", "port.accepts/refused", rungs=SEES)
        yield lab.sick(api, f"{SILENT}:5432", "port.accepts/timed-out", rungs=SEES)
        yield lab.sick(api, "db.corp.example:5432", "dns.resolves/unknown-name", rungs=SEES)
        yield lab.healthy(api, LITERAL)


# -- address.proxy ------------------------------------------------------------------------------------------------


def out_by_a_proxy(lab: Lab) -> Scenario:
    """api has no way out itself: its proxy, on another network too, has; lost has a proxy that has none either."""
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
    bare = lab.run("bare", network="out", options=["-e", "HTTP_PROXY=http://127.0.0.1:3128"])
    spared = lab.run(
        "spared", network="out", options=["-e", "HTTP_PROXY=http://127.0.0.1:3128", "-e", f"NO_PROXY={outside.NAME}"]
    )
    with outside.serving(*SERVERS):
        lab.connects("api", "proxy", 3128)
        assert _gets(lab, "proxy", outside.NAME, 8080)
        assert not _gets(lab, "sealed", outside.NAME, 8080)
        assert _gets(lab, "spared", outside.NAME, 8080)
        lab.refused("bare", "127.0.0.1", 3128)
        yield lab.healthy(api, WEB)
        yield lab.sick(lost, WEB, "network.way-out/internal-only", rungs=SEES)
        yield lab.sick(bare, WEB, "address.host/localhost", rungs=SEES)
        yield lab.healthy(spared, WEB)
