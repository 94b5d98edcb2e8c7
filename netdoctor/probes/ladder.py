"""All questions side by side: each by the first rung that can put it, each within its time, and none ever raises."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, cast

from msgspec.structs import replace

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
    StorageQuestion,
    Trace,
    Unable,
)
from netdoctor.mentions import is_address
from netdoctor.model import HOST
from netdoctor.probes.about_host import is_about_host
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, Engines
from netdoctor.probes.other_questions import attached, logs, other_engines
from netdoctor.probes.side_by_side import Progress, SideBySide
from netdoctor.stack import Stack

AT_ONCE = 32
"""Questions that may have just begun; and all that may be under way, where each may be a command in a container."""
MANY, GENTLY, QUIETLY = 100, 8, 4
"""Of more questions than MANY, GENTLY at once: more threads stand in each other's way. QUIETLY what failed."""
MOST = 64
"""Questions under way on the rung netns, where those that wait for an answer cost a sleeping thread."""
WIDE = 50
"""With more connections than this in one run, a failure may be our own doing."""


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
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Asked, ...]:
    """Ask the live stack all questions and bring the answers, in the order of the questions, each once.

    `others` finds the other engines of this user, for AskOtherEngines. `rung` is auto, netns, exec or engine;
    `timeout` is in seconds and for each question; `progress` is told how far it is; once `stopped`, nothing more is
    begun, and the rest comes back as INTERRUPTED. Never raises: what cannot be asked, hangs or crashes comes back as
    `Unable`.
    """
    wanted = cast("tuple[AnyQuestion, ...]", tuple(dict.fromkeys(questions)))
    wide = sum(isinstance(q, AskConnection) for q in wanted) > WIDE
    most = MOST if rung in ("auto", "netns") and hasattr(os, "geteuid") and os.geteuid() == 0 else AT_ONCE
    width = AT_ONCE if len(wanted) <= MANY else GENTLY
    asked: dict[AnyQuestion, Asked] = {}

    def together(some: Sequence[AnyQuestion], width: int, phase: str, of: int) -> None:
        rungs = _rungs(stack, api, rung)
        engine = next((r for r in rungs if r.name == "engine"), _Rung("engine", _engine, stack, api))
        before, counted = len(asked) if phase == "asking" else 0, itertools.count(1)
        side_by_side = SideBySide(
            lambda q, clock: _answer(stack, api, others, (rungs, engine), q, clock),
            lambda q: _what(stack, q),
            timeout,
            width=width,
            most=most,
            at_home=most == MOST,
        )
        told = (lambda: progress(phase, before + next(counted), of)) if progress is not None else (lambda: None)
        asked.update(side_by_side.ask(some, stopped, told))

    spared = _spared(wanted) if wide else {}
    together([q for q in wanted if q not in spared], width, "asking", len(wanted))
    asked.update((q, found) for q, named in spared.items() if (found := _by_name(q, asked[named])) is not None)
    together([q for q in wanted if q not in asked], width, "asking", len(wanted))
    if wide and not stopped():
        # Quietly, once more: among that many at once one can fail for no other reason.
        again = [q for q in wanted if _failed(asked[q].answer)]
        together(again, QUIETLY, "asking again", len(again))
    if not stopped():
        asked.update(_traced(stack, api, asked))
    return tuple(asked[question] for question in wanted)


def _spared(wanted: Iterable[AnyQuestion]) -> dict[AnyQuestion, AnyQuestion]:
    """Connections to literal addresses that the same connection by a name may answer as well, with that one."""
    connections = [q for q in wanted if isinstance(q, AskConnection)]
    by_name = {replace(q, address=""): q for q in connections if not is_address(q.address)}
    pairs = ((q, by_name.get(replace(q, address=""))) for q in connections if is_address(q.address))
    return {q: named for q, named in pairs if named is not None}


def _by_name(question: AnyQuestion, named: Asked) -> Asked | None:
    """The answer to a connection by address, out of that by name: what came of connecting to this very address."""
    found = named.answer
    if not isinstance(question, AskConnection) or not isinstance(found, Connection) or not found.works:
        return None
    attempt = found.last
    if attempt is None or attempt.address != question.address:
        return None
    return Asked(question=question, answer=replace(found, attempts=(attempt,)), ms=0.0)


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
            answer = replace(connection, trace=trace)
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
        if isinstance(question, StorageQuestion) and all(r.name != engine.name for r in rungs):
            rungs = (*rungs, engine)  # for a container that does not run, or has no shell
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
                if is_about_host(question):  # what netns does not see of the host, the others have no way to
                    break
            else:
                return replace(answer, seen_by=rung.name)
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
