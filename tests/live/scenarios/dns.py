"""Does the name mean the container? Scenarios of the family `dns`."""

from __future__ import annotations

from tests.live.lab import Lab, Scenario

SEES = ("netns", "exec")
"""The rungs that ask the container's own resolver; the engine's API knows names, and no name servers."""


def mistyped_name(lab: Lab) -> Scenario:
    """DB_URL has a letter too few, and the name of the image is no name either; the other source writes it right. A
    third has ended over its wrong name, and says so in its log."""
    lab.network("net")
    lab.run("store", ["labsrv", "http", "0.0.0.0", "5432"], network="net", options=["--network-alias", "postgres"])
    lab.run("cache", ["labsrv", "http", "0.0.0.0", "6379"], network="net", image="redis:7")
    lab.run("api", network="net", options=["-e", "DB_URL=http://postgre:5432", "-e", "CACHE_URL=http://redis:6379"])
    lab.run("job", network="net", options=["-e", "DB_URL=http://postgres:5432"])
    ends = "echo 'Error: getaddrinfo ENOTFOUND postgre' >&2; exit 1"
    lab.run("gone", ends, network="net", options=["-e", "DB_URL=http://postgre:5432"])
    lab.docker("wait", lab.name("gone"))
    lab.connects("job", "store", 5432)
    lab.connects("job", "cache", 6379)
    assert lab.means("job", "postgres")
    assert lab.means("api", "postgre") == lab.means("api", "redis") == []
    yield lab.sick(lab.name("api"), "postgre", "dns.resolves/unknown-name")
    yield lab.sick(lab.name("api"), None, "dns.resolves/unknown-name")
    yield lab.sick(lab.name("gone"), None, "dns.resolves/unknown-name")
    yield lab.healthy(lab.name("job"), "postgres:5432")
    yield lab.healthy(lab.name("job"), None)


def nobody_of_that_name(lab: Lab) -> Scenario:
    """A name that is like no other; and the name of Compose v1 for a container of Compose v2."""
    lab.network("default")
    lab.service("", "db", ["labsrv", "http", "0.0.0.0", "5432"], network="default")
    lab.service("", "api", network="default")
    lab.connects("api-1", "db-1", 5432)
    old = f"{lab.slug}_db_1"
    assert lab.means("api-1", "xylophone") == lab.means("api-1", old) == []
    yield lab.sick(f"{lab.slug}/api", "xylophone:5433", "dns.resolves/unknown-name")
    yield lab.sick(f"{lab.slug}/api", f"{old}:5432", "dns.resolves/unknown-name")
    yield lab.healthy(f"{lab.slug}/api", "db:5432")


def alias_lost_by_hand(lab: Lab) -> Scenario:
    """A Compose service was connected to a network by hand, without its alias; on its own network it has it."""
    lab.network("default")
    lab.network("shared")
    lab.service("", "db", ["labsrv", "http", "0.0.0.0", "5432"], network="default")
    lab.docker("network", "connect", lab.name("shared"), lab.name("db-1"))
    lab.run("api", network="shared")
    lab.run("job", network="default")
    lab.connects("job", lab.address("db-1", "default"), 5432)
    assert lab.means("job", "db")
    assert lab.means("api", "db") == []
    yield lab.sick(lab.name("api"), "db:5432", "dns.resolves/unknown-name")
    yield lab.healthy(lab.name("job"), "db:5432")
    yield lab.healthy(lab.name("api"), f"{lab.name('db-1')}:5432")


def unknown_name_and_silent_upstream(lab: Lab) -> Scenario:
    """The upstream does not answer: so the engine's resolver is silent about an unknown name, and knows its own."""
    lab.network("net")
    lab.run("dns", ["labsrv", "dns", "0.0.0.0", "53", "silent"], network="net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net", options=["--dns", lab.address("dns")])
    lab.connects("api", "db", 5432)
    wrong = lab.name("database")
    lab.silent("api", wrong)
    yield lab.sick(lab.name("api"), f"{wrong}:5432", "dns.resolves/unknown-name", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")


def unknown_name_and_ndots(lab: Lab) -> Scenario:
    """With ndots set, the engine's resolver answers an unknown name with no error and no address."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net", options=["--dns-opt", "ndots:5"])
    lab.connects("api", "db", 5432)
    assert lab.means("api", "databank") == []
    yield lab.sick(lab.name("api"), "databank:5432", "dns.resolves/unknown-name")
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")


def resolver_of_its_own(lab: Lab) -> Scenario:
    """A resolv.conf was mounted over: one source asks a server that knows no containers, one has no server at all."""
    lab.network("net")
    lab.run("dns", ["labsrv", "dns", "0.0.0.0", "53", "nxdomain"], network="net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    other = lab.file("other.conf", f"nameserver {lab.address('dns')}\n")
    empty = lab.file("empty.conf", "# nothing here\n")
    lab.run("api", network="net", options=["-v", f"{other}:/etc/resolv.conf:ro"])
    lab.run("job", network="net", options=["-v", f"{empty}:/etc/resolv.conf:ro"])
    lab.run("well", network="net", options=["--dns", lab.address("dns"), "--dns-opt", "ndots:0"])
    lab.connects("api", "db", 5432)
    assert lab.means("api", lab.name("db")) == []
    lab.silent("job", lab.name("db"))
    assert lab.means("well", lab.name("db"))
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "dns.resolves/unknown-name", rungs=("netns",))
    yield lab.sick(lab.name("job"), f"{lab.name('db')}:5432", "dns.resolves/no-server", rungs=("netns",))
    yield lab.healthy(lab.name("well"), f"{lab.name('db')}:5432")


def name_server_fails(lab: Lab) -> Scenario:
    """Upstreams that say SERVFAIL and REFUSED to a name outside; names of containers resolve as ever."""
    lab.network("net")
    for mode in ("servfail", "refused"):
        lab.run(mode, ["labsrv", "dns", "0.0.0.0", "53", mode], network="net")
        lab.run(f"asks-{mode}", network="net", options=["--dns", lab.address(mode)])
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.connects("asks-servfail", "db", 5432)
    for mode in ("servfail", "refused"):
        done = lab.inside(f"asks-{mode}", "timeout", "1", "nslookup", "db.corp.example")
        assert mode.upper() in done.stdout or "SERVFAIL" in done.stdout, done.stdout  # newer engines say that for both
        asked = lab.name(f"asks-{mode}")
        yield lab.sick(asked, "http://db.corp.example:5432", "dns.resolves/server-failed", rungs=("netns",))
    yield lab.healthy(lab.name("asks-servfail"), f"{lab.name('db')}:5432")


def name_server_silent(lab: Lab) -> Scenario:
    """The answers of one source's resolver are dropped; another asks for a name outside, and its upstream is silent."""
    lab.network("net")
    lab.run("dns", ["labsrv", "dns", "0.0.0.0", "53", "silent"], network="net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.run("job", network="net", options=["--dns", lab.address("dns")])
    lab.connects("api", "db", 5432)
    lab.rule("api", "-A", "INPUT", "-p", "udp", "-s", "127.0.0.11", "-j", "DROP")
    lab.silent("api", lab.name("db"))
    lab.silent("job", "db.corp.example")
    assert lab.means("job", lab.name("db"))
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "dns.resolves/server-silent", rungs=("netns",))
    yield lab.sick(lab.name("job"), "http://db.corp.example:5432", "dns.upstream/server-silent", rungs=("netns",))
    yield lab.healthy(lab.name("job"), f"{lab.name('db')}:5432")


def resolver_flushed(lab: Lab) -> Scenario:
    """The rules that lead to the engine's resolver were flushed in one namespace; its neighbour has them."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.run("well", network="net")
    lab.connects("api", "db", 5432)
    lab.rule("api", "-t", "nat", "-F")
    lab.silent("api", lab.name("db"))
    assert lab.means("well", lab.name("db"))
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "dns.resolves/no-server", rungs=("netns",))
    yield lab.healthy(lab.name("well"), f"{lab.name('db')}:5432")


def another_project_answers(lab: Lab) -> Scenario:
    """Two projects on one network, each with a `db`: one's own is stopped, and the other's answers; then it is back."""
    lab.network("shared")
    serve = ["labsrv", "http", "0.0.0.0", "5432"]
    told = ["-e", "DB_URL=http://db:5432"]
    lab.service("shop", "db", serve, network="shared")
    lab.service("shop", "api", network="shared", options=told)
    lab.service("blog", "db", serve, network="shared")
    lab.docker("kill", lab.name("shop-db-1"))
    lab.connects("shop-api-1", "blog-db-1", 5432)
    assert lab.means("shop-api-1", "db") == [lab.address("blog-db-1")]
    yield lab.sick(lab.name("shop-api-1"), None, "dns.answer/wrong-container")
    lab.docker("rm", "-f", lab.name("blog-db-1"))
    lab.docker("start", lab.name("shop-db-1"))
    lab.connects("shop-api-1", "shop-db-1", 5432)
    yield lab.healthy(lab.name("shop-api-1"), None)


def name_of_two_networks(lab: Lab) -> Scenario:
    """A source on two networks gets the first one's bearer of a name; the container of that name is on the other."""
    lab.network("a")
    lab.network("b")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="b")
    alias = ["--network-alias", lab.name("db")]
    lab.run("other", ["labsrv", "http", "0.0.0.0", "6379"], network="a", options=alias)
    lab.run("api", network="a")
    lab.docker("network", "connect", lab.name("b"), lab.name("api"))
    lab.run("job", network="b")
    lab.connects("job", "db", 5432)
    assert lab.means("api", lab.name("db")) == [lab.address("other")]
    lab.refused("api", lab.address("other"), 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "dns.answer/wrong-container", rungs=SEES)
    yield lab.healthy(lab.name("job"), f"{lab.name('db')}:5432")


def one_name_for_two(lab: Lab) -> Scenario:
    """Two projects' `db` on one network: the name is both in turns. One refuses, and then both serve."""
    lab.network("shared")
    lab.service("shop", "db", ["labsrv", "http", "0.0.0.0", "5432"], network="shared")
    lab.service("blog", "db", ["labsrv", "http", "0.0.0.0", "3306"], network="shared")
    lab.run("api", network="shared")
    lab.connects("api", "shop-db-1", 5432)
    lab.refused("api", "blog-db-1", 5432)
    assert len(lab.means("api", "db")) == 2
    found = "dns.answer/several-containers"
    yield lab.sick(lab.name("api"), "http://db:5432", found, rungs=SEES)
    lab.docker("exec", "--detach", lab.name("blog-db-1"), "labsrv", "http", "0.0.0.0", "5432")
    lab.connects("api", "blog-db-1", 5432)
    yield lab.healthy(lab.name("api"), "http://db:5432", warns=(found,))


def replicas(lab: Lab) -> Scenario:
    """Two replicas of one Compose service, and two workers that share an alias: several addresses, as intended."""
    lab.network("net")
    serve = ["labsrv", "http", "0.0.0.0", "8000"]
    lab.service("shop", "web", serve, network="net")
    labels = {"project": lab.name("shop"), "service": "web", "container-number": "2", "oneoff": "False"}
    options = [word for key, value in labels.items() for word in ("--label", f"com.docker.compose.{key}={value}")]
    lab.run("shop-web-2", serve, network="net", options=[*options, "--network-alias", "web"])
    for short in ("worker-1", "worker-2"):
        lab.run(short, serve, network="net", options=["--network-alias", "worker"])
    lab.service("shop", "front", network="net", options=["-e", "WEB_URL=http://web:8000"])
    for short in ("shop-web-1", "shop-web-2", "worker-1", "worker-2"):
        lab.connects("shop-front-1", short, 8000)
    assert len(lab.means("shop-front-1", "web")) == len(lab.means("shop-front-1", "worker")) == 2
    yield lab.healthy(lab.name("shop-front-1"), "worker:8000")
    yield lab.healthy(lab.name("shop-front-1"), None)
    lab.run("worker-3", ["labsrv", "http", "127.0.0.1", "8000"], network="net", options=["--network-alias", "worker"])
    lab.listens("worker-3", 8000)
    lab.refused("shop-front-1", "worker-3", 8000)
    yield lab.healthy(lab.name("shop-front-1"), "worker:8000", warns=("dns.answer/several-containers",))


def hosts_file_overrides(lab: Lab) -> Scenario:
    """An entry of extra_hosts leads to another container; another source's own host name is the name it asks for."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("old", ["labsrv", "http", "0.0.0.0", "80"], network="net")
    db = lab.name("db")
    lab.run("api", network="net", options=["--add-host", f"{db}:{lab.address('old')}"])
    lab.run("job", network="net", options=["--hostname", db])
    lab.run("well", network="net", options=["--add-host", f"{db}:{lab.address('db')}"])
    lab.connects("well", "db", 5432)
    assert lab.means("api", db) == [lab.address("old")]
    assert lab.means("job", db) == [lab.address("job")]
    lab.refused("api", "old", 5432)
    yield lab.sick(lab.name("api"), f"{db}:5432", "dns.answer/hosts-file", rungs=SEES)
    yield lab.sick(lab.name("job"), f"{db}:5432", "dns.answer/hosts-file", rungs=SEES)
    yield lab.healthy(lab.name("well"), f"{db}:5432")


def answered_from_outside(lab: Lab) -> Scenario:
    """A server outside answers whatever it is asked: wrongly for a misspelt name, rightly for a name with dots."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("dns", ["labsrv", "dns", "0.0.0.0", "53", "A=127.0.0.9"], network="net")
    outside = ["--dns", lab.address("dns"), "--dns-search", "corp.example"]
    lab.run("api", network="net", options=outside)
    lab.run("job", ["labsrv", "http", "127.0.0.9", "9"], network="net", options=outside)
    lab.connects("api", "db", 5432)
    lab.connects("job", "127.0.0.9", 9)
    wrong = lab.name("bd")
    assert lab.means("api", wrong) == lab.means("job", "db.example.com") == ["127.0.0.9"]
    lab.refused("api", "127.0.0.9", 5432)
    yield lab.sick(lab.name("api"), f"{wrong}:5432", "dns.answer/outside-address", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")
    yield lab.healthy(lab.name("job"), "http://db.example.com:9")


def address_out_of_reach(lab: Lab) -> Scenario:
    """Entries of extra_hosts: the target's address on a network that the source is not on, and its IPv6 address."""
    lab.network("net")
    lab.network("back", "--ipv6", "--subnet", "fd00:6d1:2::/64")
    lab.run("db", ["labsrv", "http", "::*", "5432"], network="net")
    lab.docker("network", "connect", lab.name("back"), lab.name("db"))
    db = lab.name("db")
    back, back6 = lab.address("db", "back"), lab.address6("db", "back")
    lab.run("api", network="net", options=["--add-host", f"{db}:{back}"])
    lab.run("job", network="net", options=["--add-host", f"{db}:{back6}"])
    lab.run("well", network="net")
    lab.connects("well", lab.address("db", "net"), 5432)
    assert lab.means("api", db) == [back]
    assert lab.means("job", db) == [back6]
    lab.times_out("api", back, 5432)
    lab.times_out("job", back6, 5432)
    yield lab.sick(lab.name("api"), f"{db}:5432", "dns.answer/unreachable-address", rungs=SEES)
    yield lab.sick(lab.name("job"), f"{db}:5432", "dns.answer/unreachable-address", rungs=SEES)
    yield lab.healthy(lab.name("well"), f"{db}:5432")


def wrong_name_and_loopback(lab: Lab) -> Scenario:
    """Two faults: a name that nobody bears, and a server that listens on 127.0.0.1 alone. The neighbour has neither."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "6379"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432)
    lab.refused("api", "db", 5432)
    lab.connects("api", "well", 6379)
    assert lab.means("api", "database") == []
    faults = ("dns.resolves/unknown-name", "port.interface/loopback-only")
    yield lab.sick(lab.name("api"), "database:5432", faults, rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:6379")
