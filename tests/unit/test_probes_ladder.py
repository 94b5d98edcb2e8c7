"""All questions get one answer, whatever the rungs do."""

# ruff: noqa: ARG002, ARG005  stand-ins take what they are given, and are called what they stand for

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from netdoctor.answers import (
    AnyAnswer,
    AnyQuestion,
    AskConnection,
    AskLogs,
    AskLookup,
    AskOtherEngines,
    AskSockets,
    Attempt,
    Connection,
    Logs,
    Lookup,
    OtherEngines,
    Sockets,
    Unable,
)
from netdoctor.model import Container, Engine, State
from netdoctor.probes import ask, ladder, side_by_side
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.stack import Stack

API = Container(id="a" * 64, name="api", state=State(status="running"))
STACK = Stack(engine=Engine(local=True), containers=(API,))
SOCKETS = AskSockets(container=API.id)
CONNECTION = AskConnection(container=API.id, address="db", port=5432)


class EngineError(Exception):
    pass


class NotFound(EngineError):
    pass


class FakeAPI:
    """An engine with one log, and with containers."""

    def __init__(self, lines: list[bytes] | Exception, listed: list[dict[str, Any]] | None = None) -> None:
        self.lines, self.listed = lines, listed

    def get(self, path: str, /, **query: object) -> Any:
        if self.listed is None:
            raise EngineError("refused")
        return self.listed

    def exec(self, container_id: str, argv: Any, timeout: float, user: str = "") -> Any:
        raise EngineError("no exec")

    def logs(self, container_id: str, tail: int) -> list[bytes]:
        if isinstance(self.lines, Exception):
            raise self.lines
        return self.lines

    def archive(self, container_id: str, path: str) -> bytes:
        raise NotFound(path)

    def stat(self, container_id: str, path: str) -> None:
        return None


NO_API = FakeAPI([])


class FakeRung:
    def __init__(self, name: str, act: Callable[[AnyQuestion], AnyAnswer]) -> None:
        self.name, self.act = name, act

    def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer:
        return self.act(question)


def refuse(reason: str, help: str = "") -> Callable[[AnyQuestion], AnyAnswer]:
    def act(question: AnyQuestion) -> AnyAnswer:
        raise CannotAsk(reason, help)

    return act


@pytest.fixture
def rungs(monkeypatch: pytest.MonkeyPatch) -> list[FakeRung]:
    given: list[FakeRung] = []
    monkeypatch.setattr(ladder, "_rungs", lambda stack, api, name: tuple(r for r in given if name in ("auto", r.name)))
    monkeypatch.setattr(side_by_side, "GRACE", 0.1)
    return given


def test_the_first_rung_that_can_answers(rungs: list[FakeRung]) -> None:
    rungs += [FakeRung("netns", refuse("no root")), FakeRung("exec", lambda q: Sockets(unix=("/x",)))]
    (asked,) = ask(STACK, [SOCKETS, SOCKETS], api=NO_API)
    assert asked.answer == Sockets(unix=("/x",), seen_by="exec")
    assert asked.question == SOCKETS


def test_when_none_can_one_unable_tells_all(rungs: list[FakeRung]) -> None:
    rungs += [
        FakeRung("netns", refuse("netdoctor is not root", "run it as root")),
        FakeRung("exec", refuse("the image has no shell", "run it as root")),
        FakeRung("engine", refuse("the API does not tell", "ask otherwise")),
    ]
    (asked,) = ask(STACK, [SOCKETS], api=NO_API)
    assert asked.answer == Unable(
        reason="netdoctor is not root; the image has no shell; the API does not tell", would_help="run it as root"
    )
    (asked,) = ask(STACK, [SOCKETS], api=NO_API, rung="engine")
    assert asked.answer == Unable(reason="the API does not tell", would_help="ask otherwise")
    (asked,) = ask(STACK, [SOCKETS], api=NO_API, rung="helper")
    assert isinstance(asked.answer, Unable)
    assert asked.answer.reason


def test_a_vanished_container_is_not_asked_further(rungs: list[FakeRung]) -> None:
    def gone(question: AnyQuestion) -> AnyAnswer:
        raise Vanished("api is not running")

    rungs += [FakeRung("netns", gone), FakeRung("engine", lambda q: Sockets())]
    (asked,) = ask(STACK, [SOCKETS], api=NO_API)
    assert asked.answer == Unable(reason="api is not running")


def test_a_crash_and_a_hang_are_answers(rungs: list[FakeRung]) -> None:
    released = threading.Event()

    def act(question: AnyQuestion) -> AnyAnswer:
        if isinstance(question, AskSockets):
            raise ZeroDivisionError("oops")
        released.wait(10)
        return Connection()

    rungs.append(FakeRung("netns", act))
    started = time.monotonic()
    crashed, hung = ask(STACK, [SOCKETS, CONNECTION], api=NO_API, timeout=0.2)
    assert time.monotonic() - started < 2
    released.set()
    assert crashed.answer == Unable(reason="api could not be asked: ZeroDivisionError: oops")
    assert hung.answer == Unable(reason="the connection from api to db:5432/tcp did not answer within 0.2 s")
    assert hung.ms >= 200


def test_time_in_a_queue_does_not_count(rungs: list[FakeRung]) -> None:
    class Patient(FakeRung):
        def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer:
            with clock.stopped():
                time.sleep(0.5)
            assert 0.1 < clock.left <= 0.2
            return Sockets()

    rungs.append(Patient("exec", lambda q: Sockets()))
    (asked,) = ask(STACK, [SOCKETS], api=NO_API, timeout=0.2)
    assert asked.answer == Sockets(seen_by="exec")


def test_progress_counts_to_the_end(rungs: list[FakeRung]) -> None:
    rungs.append(FakeRung("netns", lambda q: Lookup(outcome="unknown")))
    told: list[tuple[str, int, int]] = []
    questions = [AskLookup(container=API.id, name=f"n{i}") for i in range(100)]
    asked = ask(STACK, questions, api=NO_API, progress=lambda *so_far: told.append(so_far))
    assert [a.question for a in asked] == questions
    assert told == [("asking", i + 1, 100) for i in range(100)]


@pytest.mark.parametrize(("count", "times"), [(50, 1), (51, 2)])
def test_what_fails_in_a_wide_run_is_asked_once_more(rungs: list[FakeRung], count: int, times: int) -> None:
    seen: list[AnyQuestion] = []

    def act(question: AnyQuestion) -> AnyAnswer:
        seen.append(question)
        well = isinstance(question, AskConnection) and (question.port != 1007 or seen.count(question) > 1)
        return Connection(attempts=(Attempt(address="10.0.0.1", outcome="connected" if well else "timed-out"),))

    rungs.append(FakeRung("netns", act))
    questions = [AskConnection(container=API.id, address="db", port=1000 + i) for i in range(count)]
    asked = ask(STACK, questions, api=NO_API)
    assert len(seen) == count + times - 1
    answer = asked[7].answer
    assert isinstance(answer, Connection)
    assert answer.works is (times == 2)


# -- what the engines' APIs answer on every rung ----------------------------------------------------------------------


def test_logs() -> None:
    lines = [
        b"2026-11-23T23:34:09.989153123Z \x1b[32mready\x1b[0m to \x1b]0;title\x07serve\tnow\r",
        b"2026-11-23T23:34:10Z \xff broken \x00" + b"x" * 600,
        b"no time at all",
    ]
    (asked,) = ask(STACK, [AskLogs(container=API.id)], api=FakeAPI(lines), rung="exec")
    assert isinstance(asked.answer, Logs)
    first, second, third = asked.answer.lines
    assert first.at == pytest.approx(1795476849.989153)
    assert first.text == "ready to serve\tnow"
    assert second.at == 1795476850.0
    assert second.text.startswith("\N{REPLACEMENT CHARACTER} broken xxx")
    assert len(second.text) == 500
    assert (third.at, third.text) == (0.0, "no time at all")
    assert asked.answer.seen_by == "engine"


def test_logs_that_nobody_hands_out() -> None:
    (gone,) = ask(STACK, [AskLogs(container=API.id)], api=FakeAPI(NotFound("No such container")))
    assert gone.answer == Unable(reason="api has been removed since the stack was read")
    (kept,) = ask(
        STACK, [AskLogs(container=API.id)], api=FakeAPI(EngineError("the log driver does not support reading"))
    )
    assert isinstance(kept.answer, Unable)
    assert "log driver" in kept.answer.reason


def test_other_engines() -> None:
    there: list[dict[str, Any]] = [
        {"Id": "1" * 64, "Names": ["/shop-db-1"], "Labels": {"com.docker.compose.service": "DB"}},
        {"Id": "2" * 64, "Names": ["/db2"], "NetworkSettings": {"Networks": {"n": {"Aliases": ["db"]}, "m": None}}},
        {"Id": "3" * 64, "Names": ["/web"], "Labels": None, "NetworkSettings": {"Networks": {"n": {"Aliases": None}}}},
    ]
    engines = (
        ("desktop", FakeAPI([], there)),
        ("dead", FakeAPI([])),
        ("colima", FakeAPI([], [])),
    )
    (asked,) = ask(STACK, [AskOtherEngines(name="db")], api=NO_API, others=lambda: engines)
    assert asked.answer == OtherEngines(
        found=(("desktop", "shop-db-1"), ("desktop", "db2")), looked=("desktop", "colima"), seen_by="engine"
    )
    (alone,) = ask(STACK, [AskOtherEngines(name="db")], api=NO_API)
    assert alone.answer == OtherEngines(seen_by="engine")
