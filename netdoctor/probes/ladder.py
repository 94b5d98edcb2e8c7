"""All questions side by side: each by the first rung that can put it, each within its time, and none ever raises."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

import msgspec

from netdoctor.answers import (
    AnyAnswer,
    AnyQuestion,
    AskAttached,
    AskConnection,
    Asked,
    AskHost,
    AskImage,
    AskLogs,
    AskLookup,
    AskOtherEngines,
    AskVolumeUsage,
    Connection,
    DataQuestion,
    Lookup,
    Question,
    Trace,
    Unable,
)
from netdoctor.model import HOST
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, Engines
from netdoctor.probes.other_questions import attached, logs, other_engines
from netdoctor.stack import Stack

Progress = Callable[[int, int], None]

AT_ONCE = 32
GRACE = 2.0
"""Seconds beyond the timeout before a question counts as hung: the engine's share of a command, a busy machine."""
WIDE = 50
"""With more connections than this at once, a failure may be our own doing."""


class Rung(Protocol):
    """A way to ask. `answer` may be called from many threads, and raises CannotAsk."""

    @property
    def name(self) -> str: ...

    def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer: ...


def ask(
    stack: Stack,
    questions: Iterable[Question],
    *,
    api: EngineAPI,
    others: Engines = tuple,
    rung: str = "auto",
    timeout: float = 2.0,
    progress: Progress | None = None,
) -> tuple[Asked, ...]:
    """Ask the live stack all questions and bring the answers, in the order of the questions, each once.

    `others` finds the other engines of this user, for AskOtherEngines. `rung` is auto, netns, exec or engine;
    `timeout` is in seconds and for each question; `progress` is told how many are done, of how many. Never raises:
    what cannot be asked, hangs or crashes comes back as `Unable`.
    """
    wanted = cast("tuple[AnyQuestion, ...]", tuple(dict.fromkeys(questions)))

    def together(asked: Iterable[AnyQuestion], width: int, progress: Progress | None) -> dict[AnyQuestion, Asked]:
        rungs = _rungs(stack, api, rung)
        engine = next((r for r in rungs if r.name == "engine"), _Rung("engine", _engine, stack, api))
        return _side_by_side(
            stack,
            asked,
            lambda q, clock: _answer(stack, api, others, (rungs, engine), q, clock),
            timeout,
            width,
            progress,
        )

    asked = together(wanted, AT_ONCE, progress)
    if sum(isinstance(q, AskConnection) for q in wanted) > WIDE:
        # Quietly, once more: among that many at once one can fail for no other reason.
        asked.update(together([q for q in wanted if _failed(asked[q].answer)], AT_ONCE // 4, None))
    asked.update(_traced(stack, api, asked))
    return tuple(asked[question] for question in wanted)


def _traced(stack: Stack, api: EngineAPI, asked: Mapping[AnyQuestion, Asked]) -> dict[AnyQuestion, Asked]:
    """The connections that a rule may have stopped, with what was seen of it; by the rung that can read rules alone."""
    failed = {
        question: a.answer
        for question, a in asked.items()
        if isinstance(question, AskConnection) and isinstance(a.answer, Connection) and a.answer.works is not True
    }
    mine = {q: c for q, c in failed.items() if c.seen_by == "netns"}
    if not mine:
        return {}
    # Imported when something failed: most runs need none of it.
    from netdoctor.probes.inside import Entrances
    from netdoctor.probes.tracing import Tracer

    tracer = Tracer(stack, Entrances(stack, api))
    found: dict[AnyQuestion, Asked] = {}
    for question, connection in mine.items():
        started = time.perf_counter()
        try:
            answer = tracer.traced(question, connection)
        except CannotAsk:  # the container has gone meanwhile
            continue
        except Exception as error:
            trace = Trace(address=question.address, given_up=f"the rules could not be looked at: {error!r}")
            answer = msgspec.structs.replace(connection, trace=trace)
        ms = round(asked[question].ms + (time.perf_counter() - started) * 1000, 2)
        found[question] = Asked(question=question, answer=answer, ms=ms)
    return found


def _rungs(stack: Stack, api: EngineAPI, name: str) -> tuple[Rung, ...]:
    return tuple(_Rung(rung, make, stack, api) for rung, make in _MAKE.items() if name in ("auto", rung))


# Imported when first asked: most runs need one of them, and the other two take 8 ms.


def _netns(stack: Stack, api: EngineAPI) -> Rung:
    from netdoctor.probes.netns_rung import NetnsRung

    return NetnsRung(stack, api)


def _exec(stack: Stack, api: EngineAPI) -> Rung:
    from netdoctor.probes.exec_rung import ExecRung

    return ExecRung(stack, api)


def _engine(stack: Stack, api: EngineAPI) -> Rung:
    from netdoctor.probes.engine_rung import EngineRung

    return EngineRung(stack, api)


_MAKE = {"netns": _netns, "exec": _exec, "engine": _engine}
"""From the nearest to the container to the farthest."""


class _Rung:
    """A rung that is made when it is first asked."""

    def __init__(self, name: str, make: Callable[[Stack, EngineAPI], Rung], stack: Stack, api: EngineAPI) -> None:
        self.name = name
        self._make, self._stack, self._api = make, stack, api
        self._made: Rung | None = None
        self._lock = threading.Lock()

    def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer:
        with self._lock:
            made = self._made = self._made or self._make(self._stack, self._api)
        return made.answer(question, clock)


def _failed(answer: AnyAnswer) -> bool:
    if isinstance(answer, Connection):
        return answer.works is False
    return isinstance(answer, Unable) or (isinstance(answer, Lookup) and answer.outcome != "found")


# -- one question ---------------------------------------------------------------------------------------------------


def _answer(
    stack: Stack,
    api: EngineAPI,
    others: Engines,
    ways: tuple[tuple[Rung, ...], Rung],
    question: AnyQuestion,
    clock: Clock,
) -> AnyAnswer:
    """`ways`: the rungs that were chosen, and the one that is always there."""
    rungs, engine = ways
    refusals: list[CannotAsk] = []
    try:
        if isinstance(question, AskLogs):
            return logs(stack, api, question)
        if isinstance(question, AskOtherEngines):
            return other_engines(others, question)
        if isinstance(question, AskAttached):
            return attached(api, question)
        if isinstance(question, DataQuestion):
            # Whichever rung was chosen, the engine tells this much; no command in the container tells any better.
            rungs = (*(r for r in rungs if r.name == "netns"), engine)
        if not rungs:
            raise CannotAsk("netdoctor has no such way of asking", "choose --rung auto")
        for rung in rungs:
            try:
                answer = rung.answer(question, clock)
            except Vanished as error:
                refusals = [error]
                break
            except CannotAsk as error:
                refusals.append(error)
            else:
                return msgspec.structs.replace(answer, seen_by=rung.name)
    except CannotAsk as error:
        refusals = [error]
    except Exception as error:
        return Unable(reason=f"{_what(stack, question)} could not be asked: {type(error).__name__}: {error}")
    return _unable(refusals)


def _unable(refusals: list[CannotAsk]) -> Unable:
    # What would help the engine's API is to ask otherwise, and where others have refused before it that has been tried.
    helping = refusals[:-1] or refusals
    return Unable(
        reason="; ".join(dict.fromkeys(r.reason for r in refusals)),
        would_help=", or ".join(dict.fromkeys(r.would_help for r in helping if r.would_help)),
    )


def _what(stack: Stack, question: AnyQuestion) -> str:
    """The question's subject in a sentence."""
    if isinstance(question, AskOtherEngines):
        return "another engine"
    if isinstance(question, AskHost):
        return "the host"
    if isinstance(question, AskAttached):
        return "the network"
    if isinstance(question, AskImage):
        return f"the image {question.image[:19]}"
    if isinstance(question, AskVolumeUsage):
        return f"the volume {question.volume}"
    container = stack.container(question.container)
    name = "the host" if question.container == HOST else container.name if container else question.container[:12]
    if isinstance(question, AskConnection):
        return f"the connection from {name} to {question.address}:{question.port}/{question.protocol}"
    if isinstance(question, AskLookup):
        return f"the name {question.name} in {name}"
    return name


# -- side by side ---------------------------------------------------------------------------------------------------


def _side_by_side(
    stack: Stack,
    questions: Iterable[AnyQuestion],
    answer: Callable[[AnyQuestion, Clock], AnyAnswer],
    timeout: float,
    width: int,
    progress: Progress | None,
) -> dict[AnyQuestion, Asked]:
    """Each question in a thread of its own, `width` at a time. One that hangs is left behind: a daemon ends with us."""
    waiting = deque(questions)
    total = len(waiting)
    running: dict[AnyQuestion, Clock] = {}
    done: dict[AnyQuestion, Asked] = {}
    came: queue.SimpleQueue[Asked] = queue.SimpleQueue()

    def work(question: AnyQuestion, clock: Clock) -> None:
        started = time.perf_counter()
        found = answer(question, clock)
        came.put(Asked(question=question, answer=found, ms=round((time.perf_counter() - started) * 1000, 2)))

    while waiting or running:
        while waiting and len(running) < width:
            question = waiting.popleft()
            running[question] = Clock(timeout)
            try:
                threading.Thread(target=work, args=(question, running[question]), daemon=True).start()
            except RuntimeError as error:  # no more threads for this process
                unable = Unable(reason=f"{_what(stack, question)} could not be asked: {error}")
                came.put(Asked(question=question, answer=unable))
        late = min(running, key=lambda q: running[q].ends)
        try:
            # A clock that stands still now may run again soon, so nobody is waited for any longer than this.
            asked = came.get(timeout=min(0.5, max(0.0, running[late].left + GRACE)))
        except queue.Empty:
            if running[late].left + GRACE > 0:
                continue
            reason = f"{_what(stack, late)} did not answer within {timeout:g} s"
            asked = Asked(question=late, answer=Unable(reason=reason), ms=round((timeout + GRACE) * 1000, 2))
        if running.pop(asked.question, None) is None:
            continue  # late: it has been given up already
        done[asked.question] = asked
        if progress is not None:
            progress(len(done), total)
    return done
