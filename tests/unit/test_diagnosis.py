"""Causes and symptoms, on small checks made for the purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from netdoctor.answers import AskConnection, Asked, Attempt, Connection
from netdoctor.check import BadCheck, Check, Reason, check
from netdoctor.diagnosis import Diagnosis, diagnose
from netdoctor.engine import run
from netdoctor.finding import Finding, Remedy, Verdict, fail, passed, unknown, warn
from netdoctor.model import HOST, Container, Engine, Health, Link, Publication, State
from netdoctor.request import Request
from netdoctor.stack import Stack

API = Container(id="a" * 64, name="api", state=State(status="running"))
DB = Container(id="d" * 64, name="db", state=State(status="running"))
LINK = Link(source=API.id, address="db", port=5432, target=DB.id)


def stack(*attempts: Attempt) -> Stack:
    answer = Connection(seen_by="netns", attempts=attempts)
    asked = (Asked(question=AskConnection.of(LINK), answer=answer),) if attempts else ()
    return Stack(engine=Engine(), containers=(API, DB), asked=asked, links=(LINK,))


def link_check(id: str, finding: Finding, after: tuple[str, ...] = (), hop: str = "accepts", **flags: Any) -> Check:
    @check(
        id=id, title="{target} answers {source}", reasons=(Reason("bad", "it is bad", **flags),), after=after, hop=hop
    )
    def judge(stack: Stack, link: Link) -> Iterator[Finding]:
        yield finding

    return judge


def container_check(id: str, finding: Finding, only: Container, **flags: Any) -> Check:
    @check(id=id, title="{name} runs", reasons=(Reason("bad", "it is bad", **flags),), hop="listener")
    def judge(stack: Stack, container: Container) -> Iterator[Finding]:
        yield finding if container.id == only.id else passed("well")

    return judge


def diagnosed(*checks: Check, given: Stack | None = None) -> Diagnosis:
    given = stack() if given is None else given
    return diagnose(Request(source="api", target="db"), given, (LINK,), run(given, (API, DB, LINK), checks))


def codes(diagnosis: Diagnosis) -> list[str]:
    return [j.result.code for j in diagnosis.causes]


BAD = fail("bad", "it is bad")


def test_a_failure_after_another_on_the_same_link_is_a_symptom() -> None:
    diagnosis = diagnosed(link_check("a.one", BAD), link_check("b.two", BAD, after=("a",)))
    assert codes(diagnosis) == ["a.one/bad"]
    assert [j.because_of for j in diagnosis.results if j.result.check.id == "b.two"] == [("a.one/bad",)]


def test_causes_are_followed_all_the_way() -> None:
    diagnosis = diagnosed(
        link_check("a.one", BAD),
        link_check("b.two", passed("well"), after=("a.one",)),
        link_check("c.three", BAD, after=("b.two",)),
    )
    assert codes(diagnosis) == ["a.one/bad"]


def test_independent_faults_are_both_named_in_the_order_of_the_path() -> None:
    diagnosis = diagnosed(link_check("z.first", BAD, hop="name"), link_check("a.second", BAD, hop="interface"))
    assert codes(diagnosis) == ["z.first/bad", "a.second/bad"]


def test_a_stopped_target_explains_its_links_and_a_stopped_source_does_not() -> None:
    accepts = link_check("p.accepts", BAD, after=("c.running",))
    assert codes(diagnosed(container_check("c.running", BAD, DB), accepts)) == ["c.running/bad"]
    assert codes(diagnosed(container_check("c.running", BAD, API), accepts)) == ["c.running/bad", "p.accepts/bad"]


def test_an_application_that_gives_up_without_its_database_is_a_symptom() -> None:
    crash = container_check("c.running", BAD, API, follows_links=True)
    diagnosis = diagnosed(crash, link_check("n.shared", BAD))
    assert codes(diagnosis) == ["n.shared/bad"]
    assert codes(diagnosed(crash)) == ["c.running/bad"]


def test_unknown_is_decisive_only_where_nothing_worked() -> None:
    blind = link_check("p.listening", unknown("no shell"))
    assert diagnosed(blind).verdict == "unclear"
    worked = stack(Attempt(address="172.18.0.2", outcome="connected", after="open"))
    assert diagnosed(blind, given=worked).verdict == "healthy"
    assert diagnosed(blind, link_check("a.one", BAD)).verdict == "sick"


def test_a_warning_is_no_cause() -> None:
    diagnosis = diagnosed(link_check("a.one", warn("bad", "hm")))
    assert diagnosis.verdict == "healthy"
    assert [j.result.code for j in diagnosis.warnings] == ["a.one/bad"]


def test_a_broken_check_is_an_unknown_and_ends_nothing() -> None:
    @check(id="x.breaks", title="t", reasons=(Reason("bad", "b"),))
    def breaks(stack: Stack, link: Link) -> Iterator[Finding]:
        yield passed("so far")
        raise RuntimeError("oh")

    verdicts = {r.finding.verdict: r.finding.says for r in run(stack(), (LINK,), (breaks, link_check("a.one", BAD)))}
    assert "RuntimeError: oh" in verdicts[Verdict.UNKNOWN]
    assert Verdict.FAIL in verdicts


def test_an_undocumented_reason_is_not_believed() -> None:
    [result] = run(stack(), (LINK,), (link_check("a.one", fail("invented", "boo")),))
    assert result.finding.verdict is Verdict.UNKNOWN


def test_waiting_makes_sense_only_when_time_heals_every_cause() -> None:
    healing, lasting = link_check("a.one", BAD, time_heals=True), link_check("b.two", BAD)
    assert diagnosed(healing).time_heals
    assert not diagnosed(healing, lasting).time_heals


def test_the_path_shows_where_it_breaks() -> None:
    name, interface = (
        link_check("d.name", passed("db is 172.18.0.2"), hop="name"),
        link_check("p.if", BAD, hop="interface"),
    )
    accepts = link_check("p.accepts", BAD, after=("p.if",), hop="accepts")
    hops = {h.hop: h for h in diagnosed(name, interface, accepts).links[0].path}
    assert hops["name"].verdict is Verdict.PASS
    assert hops["interface"].broken_here
    assert hops["accepts"].verdict is Verdict.FAIL
    assert not hops["accepts"].broken_here


@pytest.mark.parametrize(
    "card",
    [
        {"id": "NoFamily", "title": "t", "reasons": (Reason("bad", "b"),)},
        {"id": "a.one", "title": "t", "reasons": ()},
        {"id": "a.one", "title": "t", "reasons": (Reason("Bad Slug", "b"),)},
        {"id": "a.one", "title": "t", "reasons": (Reason("bad", "b"),), "hop": "nowhere"},
    ],
)
def test_a_bad_card_is_refused_by_name(card: dict[str, Any]) -> None:
    def judge(stack: Stack, link: Link) -> Iterator[Finding]:
        yield passed("well")

    with pytest.raises(BadCheck):
        check(**card)(judge)


def test_a_check_must_say_what_it_judges() -> None:
    def judge(stack: Stack, thing: str) -> Iterator[Finding]:
        yield passed("well")

    with pytest.raises(BadCheck, match=r"a\.one should judge"):
        check(id="a.one", title="t", reasons=(Reason("bad", "b"),))(judge)


# -- publications ---------------------------------------------------------------------------------------------------

PUBLISHED = Publication(container_port=5432, host_port=15432, container=DB.id)


def publication_check(id: str, after: tuple[str, ...] = (), reason: str = "bad", hop: str = "listener") -> Check:
    @check(id=id, title="{port}", reasons=(Reason("bad", "bad"), Reason("worse", "worse")), after=after, hop=hop)
    def judge(stack: Stack, publication: Publication) -> Iterator[Finding]:
        yield fail(reason, "it is bad")

    return judge


def published(source: str, address: str, port: int, *checks: Check) -> Diagnosis:
    """What comes of one link, to the database whose port is published, or by the publication."""
    database = msgspec.structs.replace(DB, publications=(PUBLISHED,), published=(PUBLISHED,))
    link = Link(source=source, address=address, port=port, target=DB.id)
    given = Stack(engine=Engine(), containers=(API, database), links=(link,))
    results = run(given, (API, database, PUBLISHED, link), checks)
    return diagnose(Request(source="api", target="db"), given, (link,), results)


def test_what_a_links_listener_lacks_its_publication_lacks_too() -> None:
    checks = (link_check("p.one", BAD, hop="listener"), publication_check("q.two", after=("p.one",)))
    for address, port in (("host.docker.internal", 15432), ("db", 5432)):
        assert codes(published(API.id, address, port, *checks)) == ["p.one/bad"]
    assert codes(published(API.id, "db", 5433, *checks)) == ["p.one/bad", "q.two/bad"]


def test_a_publication_explains_the_links_that_go_through_it() -> None:
    checks = (publication_check("p.one"), link_check("q.two", BAD, after=("p",)))
    assert codes(published(HOST, "localhost", 15432, *checks)) == ["p.one/bad"]
    assert codes(published(API.id, "db", 5432, *checks)) == ["p.one/bad", "q.two/bad"]


def test_one_reason_of_a_check_can_come_before_another() -> None:
    after = link_check("q.two", BAD, after=("p.one/worse",))
    assert codes(published(HOST, "localhost", 15432, publication_check("p.one", reason="worse"), after)) == [
        "p.one/worse"
    ]
    both = published(HOST, "localhost", 15432, publication_check("p.one"), after)
    assert sorted(codes(both)) == ["p.one/bad", "q.two/bad"]


def test_the_root_of_a_symptom_can_be_known_to_another_subject() -> None:
    stopped = container_check("b.runs", BAD, DB)
    stopped = msgspec.structs.replace(stopped, after=("a.port",))
    checks = (publication_check("a.port"), stopped, link_check("c.name", BAD, after=("b.runs",)))
    diagnosis = published(API.id, "db", 5432, *checks)
    assert codes(diagnosis) == ["a.port/bad"]
    name = next(j for j in diagnosis.results if j.result.check.id == "c.name")
    assert name.because_of == ("a.port/bad on db: 15432 -> 5432/tcp",)


def test_what_one_remedy_mends_is_one_cause() -> None:
    @check(id="a.one", title="{name} is well", reasons=(Reason("bad", "it is bad"),))
    def one(stack: Stack, container: Container) -> Iterator[Finding]:
        remedy = Remedy(says="Do it", run=("docker do it",), verify=(f"netdoctor {container.name}",))
        yield fail("bad", f"{container.name} is bad", remedy=remedy)

    @check(id="b.two", title="{name} is well", reasons=(Reason("bad", "it is bad"),))
    def two(stack: Stack, container: Container) -> Iterator[Finding]:
        yield fail("bad", f"{container.name} is bad", remedy=Remedy(says="Look at it"))

    diagnosis = diagnosed(one, two)
    assert codes(diagnosis) == ["a.one/bad", "b.two/bad", "b.two/bad"]
    assert [j.name for j in diagnosis.shown_by(diagnosis.causes[0])] == ["api", "db"]


def test_what_may_not_be_wanted_follows_from_the_same_of_what_is() -> None:
    guessed = msgspec.structs.replace(LINK, source=DB.id, target=DB.id, certain=False)
    given = msgspec.structs.replace(stack(), links=(LINK, guessed))
    results = run(given, (LINK, guessed), (link_check("p.one", BAD),))
    diagnosis = diagnose(Request(), given, (LINK, guessed), results)
    assert [(j.result.finding.verdict, j.because_of) for j in diagnosis.results] == [
        (Verdict.FAIL, ()),
        (Verdict.WARN, ("p.one/bad on api -> db:5432/tcp",)),
    ]


@pytest.mark.parametrize(
    ("condition", "status", "health", "waits"),
    [
        ("service_healthy", "running", "starting", True),
        ("service_healthy", "running", "healthy", False),
        ("service_started", "running", "unhealthy", False),
        ("service_started", "created", "", True),
        ("service_completed_successfully", "exited", "", False),
        ("service_completed_successfully", "running", "", True),
    ],
)
def test_what_compose_waits_for_explains_why_it_never_started(
    condition: str, status: str, health: str, waits: bool
) -> None:
    project = {"com.docker.compose.project": "shop"}
    labels = {
        "api": {**project, "com.docker.compose.depends_on": f"db:{condition}:false"},
        "db": {**project, "com.docker.compose.service": "db"},
    }
    states = {
        "api": State(status="created"),
        "db": State(status=status, health=Health(status=health) if health else None),
    }
    api, db = (msgspec.structs.replace(c, labels=labels[c.name], state=states[c.name]) for c in (API, DB))
    given = Stack(engine=Engine(), containers=(api, db))
    checks = (container_check("a.down", BAD, db), container_check("a.waits", BAD, api, follows_services=True))
    diagnosis = diagnose(Request(), given, (), run(given, (api, db), checks))
    assert codes(diagnosis) == (["a.down/bad"] if waits else ["a.down/bad", "a.waits/bad"])
