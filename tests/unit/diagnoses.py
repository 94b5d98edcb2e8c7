"""Diagnoses for the tests of the reports: made by `diagnose` from results on small checks, without an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.answers import Answer, AskConnection, Asked, Attempt, Connection, Unable
from netdoctor.check import Check, Reason
from netdoctor.diagnosis import Diagnosis, diagnose
from netdoctor.engine import Result
from netdoctor.finding import Finding, Remedy, fail, passed, skip, unknown, warn
from netdoctor.model import Container, Engine, Link, State, Subject
from netdoctor.request import Request
from netdoctor.stack import Stack

ENGINE = Engine(name="docker", version="28.5.2", api="1.51", host_name="ci-7")
TAKEN = 1795471800.0  # 2026-11-23 22:10 UTC
RUN_AS_ROOT = Unable(
    reason="netdoctor is not root on the engine's host", would_help="run it with sudo, or give it --helper IMAGE"
)


def container(name: str) -> Container:
    return Container(id=(name * 64)[:64], name=name, state=State(status="running"))


API, POSTGRES, REDIS = container("api"), container("postgres"), container("redis")


def link(source: Container, target: Container, port: int, address: str = "", known_from: str = "") -> Link:
    known_from = known_from or f"environment {target.name.upper()}_URL of {source.name}"
    return Link(source=source.id, address=address or target.name, port=port, target=target.id, known_from=known_from)


LINK = link(API, POSTGRES, 5432, known_from="environment DATABASE_URL of api")


def _never(stack: Stack, subject: Subject) -> Iterator[Finding]:
    raise AssertionError("these results are ready made")


def card(
    id: str,
    title: str,
    reasons: Iterable[str],
    hop: str,
    after: tuple[str, ...] = (),
    subject: type[Container] | type[Link] = Link,
) -> Check:
    return Check(
        id=id,
        title=title,
        subject=subject,
        judge=_never,
        reasons=tuple(Reason(r, r) for r in reasons),
        hop=hop,
        after=after,
    )


RUNNING = card("container.running", "{name} is running", ["exited"], "listener", subject=Container)
SHARED = card(
    "network.shared", "{source} and {target} share a network", ["no-common-network"], "network", ("container.running",)
)
RESOLVES = card(
    "dns.resolves",
    "{source} resolves the name {address}",
    ["unknown-name"],
    "name",
    ("network.shared", "container.running"),
)
INTERFACE = card("port.interface", "{target} listens where {source} connects", ["loopback-only"], "interface")
LISTENING = card(
    "port.listening", "{target} listens on {port}", ["nothing-listens"], "listener", ("container.running",)
)
ACCEPTS = card(
    "port.accepts",
    "{target} accepts {source}'s connection",
    ["refused", "timed-out"],
    "accepts",
    ("port.interface", "port.listening", "network", "dns", "container.running"),
)
EXPOSURE = card("publish.exposure", "nothing private is open to the world", ["open"], "accepts", subject=Container)
PROXY = card("address.proxy", "no proxy stands between {source} and {target}", ["not-excluded"], "route")

CONNECTED = Connection(attempts=(Attempt(address="172.18.0.2", outcome="connected", ms=0.42),), seen_by="netns")
REFUSED = Connection(attempts=(Attempt(address="172.18.0.2", outcome="refused"),), seen_by="netns")


def diagnosis(
    answers: dict[Link, Answer],
    results: Iterable[tuple[Check, Subject, Finding]],
    *,
    containers: tuple[Container, ...] = (API, POSTGRES, REDIS),
    request: Request | None = None,
    captured: float | None = None,
) -> Diagnosis:
    stack = Stack(
        engine=ENGINE,
        taken_at=TAKEN,
        containers=containers,
        links=tuple(answers),
        asked=tuple(Asked(question=AskConnection.of(q), answer=a) for q, a in answers.items()),  # type: ignore[arg-type]
    )
    return diagnose(
        request or Request(source="api", target="postgres"),
        stack,
        tuple(answers),
        [Result(check, subject, finding, ms=0.25) for check, subject, finding in results],
        captured=captured,
        elapsed_ms=212.4,
    )


LOOPBACK = fail(
    "loopback-only",
    "postgres (process `postgres`) listens on 127.0.0.1:5432 only, so no other container can connect",
    remedy=Remedy(
        says="have postgres listen on all addresses: `listen_addresses = '*'` in postgresql.conf",
        run=(
            "docker exec postgres psql -U postgres -c \"ALTER SYSTEM SET listen_addresses = '*'\"",
            "docker restart postgres",
        ),
        verify=("netdoctor api postgres:5432",),
    ),
    seen_by="netns",
    listeners=[{"address": "127.0.0.1:5432", "protocol": "tcp", "process": "postgres", "pid": 1}],
    reached=["172.18.0.2"],
)
_REFUSED = fail("refused", "postgres:5432 (172.18.0.2) refused the connection", seen_by="netns", outcome="refused")
_UP = passed("it has been running for 3 hours", status="running", restarts=0)
_NAMED = passed("postgres is 172.18.0.2", seen_by="netns", addresses=["172.18.0.2"])
_SHARED = passed("both are on app-net", networks=["app-net"])
_LISTENS = passed("postgres (process `postgres`) listens on 0.0.0.0:5432", seen_by="netns")


def loopback(captured: float | None = None) -> Diagnosis:
    """The sick pair: postgres listens on its own loopback only."""
    return diagnosis(
        {LINK: REFUSED},
        [
            (RUNNING, API, _UP),
            (RUNNING, POSTGRES, _UP),
            (SHARED, LINK, _SHARED),
            (RESOLVES, LINK, _NAMED),
            (INTERFACE, LINK, LOOPBACK),
            (LISTENING, LINK, passed("postgres listens on 127.0.0.1:5432", seen_by="netns")),
            (ACCEPTS, LINK, _REFUSED),
        ],
        captured=captured,
    )


def two_causes() -> Diagnosis:
    """Two independent faults on two links of one source, and a link that works."""
    cache = link(API, REDIS, 6379, known_from="environment CACHE_URL of api")
    audit = link(API, container("audit"), 8080)
    return diagnosis(
        {LINK: REFUSED, cache: CONNECTED, audit: Connection(resolved=False)},
        [
            (RESOLVES, LINK, _NAMED),
            (SHARED, LINK, _SHARED),
            (INTERFACE, LINK, LOOPBACK),
            (ACCEPTS, LINK, _REFUSED),
            (SHARED, cache, _SHARED),
            (ACCEPTS, cache, passed("redis:6379 accepted the connection")),
            (
                SHARED,
                audit,
                fail(
                    "no-common-network",
                    "api is on app-net and audit on ops-net, so they cannot reach each other",
                    remedy=Remedy(
                        says="put both on one network",
                        run=("docker compose -p shop up -d api",),
                        compose=(
                            "services:\n  api:\n    networks: [app-net, ops-net]\n\n"
                            "networks:\n  ops-net:\n    external: true\n"
                        ),
                        verify=("netdoctor api audit:8080",),
                    ),
                    source_networks=["app-net"],
                    target_networks=["ops-net"],
                ),
            ),
            (RESOLVES, audit, fail("unknown-name", "nobody on the networks of api is called audit")),
            (ACCEPTS, audit, fail("timed-out", "audit:8080 has no address to connect to")),
        ],
        containers=(API, POSTGRES, REDIS, container("audit")),
        request=Request(source="api"),
    )


def healthy() -> Diagnosis:
    return diagnosis(
        {LINK: CONNECTED},
        [
            (RUNNING, API, _UP),
            (RUNNING, POSTGRES, _UP),
            (SHARED, LINK, _SHARED),
            (RESOLVES, LINK, _NAMED),
            (INTERFACE, LINK, _LISTENS),
            (LISTENING, LINK, _LISTENS),
            (ACCEPTS, LINK, passed("postgres:5432 accepted the connection", seen_by="netns")),
        ],
    )


def unclear() -> Diagnosis:
    """Nobody could look into the containers."""
    return diagnosis(
        {LINK: RUN_AS_ROOT},
        [
            (RUNNING, API, _UP),
            (RUNNING, POSTGRES, _UP),
            (SHARED, LINK, _SHARED),
            (RESOLVES, LINK, unknown(RUN_AS_ROOT)),
            (INTERFACE, LINK, unknown(RUN_AS_ROOT)),
            (LISTENING, LINK, unknown(RUN_AS_ROOT)),
            (ACCEPTS, LINK, unknown(RUN_AS_ROOT)),
        ],
    )


def whole_stack() -> Diagnosis:
    """One stopped database breaks three links; a fourth link works."""
    sources = (API, container("worker"), container("scheduler"))
    links = [link(s, POSTGRES, 5432) for s in sources]
    cache = link(API, REDIS, 6379)
    results: list[tuple[Check, Subject, Finding]] = [
        (RUNNING, c, passed(f"{c.name} has been running for 3 hours")) for c in (*sources, REDIS)
    ]
    results.append(
        (
            RUNNING,
            POSTGRES,
            fail(
                "exited",
                "postgres is not running: it ended 4 minutes ago with code 1 (an error of its own)",
                remedy=Remedy(
                    says="Read why it ended, mend that, and start it.",
                    run=("docker logs --tail 50 postgres", "docker start postgres"),
                    verify=("docker inspect --format '{{.State.Status}} {{.State.Error}}' postgres",),
                ),
                status="exited",
                exit_code=1,
                last_lines=[
                    'LOG:  could not open file "/etc/postgresql/postgresql.conf": No such file or directory',
                    "FATAL:  configuration file contains errors",
                ],
            ),
        )
    )
    for one in links:
        results += [
            (SHARED, one, _SHARED),
            (RESOLVES, one, fail("unknown-name", "nobody who runs is called postgres")),
            (LISTENING, one, skip("postgres is not running, so it listens nowhere")),
            (ACCEPTS, one, fail("timed-out", "postgres:5432 has no address to connect to")),
        ]
    results += [(SHARED, cache, _SHARED), (ACCEPTS, cache, passed("redis:6379 accepted the connection"))]
    return diagnosis(
        {**dict.fromkeys(links, Connection(resolved=False)), cache: CONNECTED},
        results,
        containers=(*sources, POSTGRES, REDIS),
        request=Request(),
    )


def warnings() -> Diagnosis:
    """A link that works, and what will hurt one day."""
    return diagnosis(
        {LINK: CONNECTED},
        [
            (ACCEPTS, LINK, passed("postgres:5432 accepted the connection")),
            (
                EXPOSURE,
                POSTGRES,
                warn(
                    "open",
                    "postgres is published on 0.0.0.0:5432: whoever reaches this host can try passwords",
                    remedy=Remedy(
                        says="publish it on 127.0.0.1, or not at all: containers need no -p to reach each other",
                        compose='services:\n  postgres:\n    ports: ["127.0.0.1:5432:5432"]',
                    ),
                    published="0.0.0.0:5432",
                ),
            ),
            (PROXY, LINK, warn("not-excluded", "HTTP_PROXY is set and NO_PROXY does not name postgres")),
            (RESOLVES, LINK, unknown(RUN_AS_ROOT)),
        ],
    )


EVIL = (
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m \x1b[2J\x9b1;31m[bold]x[/bold] \u202egnp.exe\x00\x08\r\nFAKE\tok \udcff \u200b"
)


def hostile() -> Diagnosis:
    """What containers say, written by somebody who wants to be obeyed."""
    evil = Container(id="e" * 64, name=EVIL, state=State(status="running"))
    bad = Link(source=API.id, address=EVIL, port=80, target=evil.id, known_from=EVIL)
    remedy = Remedy(says=EVIL, run=(EVIL,), compose=EVIL, verify=(EVIL,))
    return diagnosis(
        {bad: REFUSED},
        [
            (RESOLVES, bad, warn("unknown-name", EVIL, remedy=remedy, **{EVIL: EVIL})),
            (
                INTERFACE,
                bad,
                fail("loopback-only", EVIL, remedy=remedy, seen_by=EVIL, lines=[EVIL, {EVIL: EVIL}, None]),
            ),
            (ACCEPTS, bad, fail("refused", EVIL)),
            (LISTENING, bad, unknown(EVIL)),
            (SHARED, bad, skip(EVIL)),
        ],
        containers=(API, evil),
        request=Request(source="api", target="evil"),
    )


CASES = {
    "loopback": loopback,
    "two-causes": two_causes,
    "healthy": healthy,
    "unclear": unclear,
    "whole-stack": whole_stack,
    "warnings": warnings,
}


def long_names() -> Diagnosis:
    """All seven hops, between names as Compose makes them."""
    api, db = container("shop-backend-payments-api-1"), container("shop-backend-payments-database-1")
    one = link(api, db, 5432, address="db", known_from=f"environment PAYMENTS_DATABASE_URL of {api.name}")
    hops = ("name", "route", "network", "firewall", "interface", "listener", "accepts")
    cards = {hop: card(f"hops.{hop}", "{target} has a good " + hop, ["bad"], hop) for hop in hops}
    findings = {hop: passed(f"{hop} is well") for hop in hops}
    findings["firewall"] = unknown(RUN_AS_ROOT)
    findings["interface"] = fail("bad", "it listens on 127.0.0.1:5432 only", socket="127.0.0.1:5432")
    findings["accepts"] = fail("bad", "refused")
    return diagnosis({one: REFUSED}, [(cards[h], one, findings[h]) for h in hops], containers=(api, db))
