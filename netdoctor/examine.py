"""One run, one way: a request and a source of stacks in, a diagnosis out. Live, replay and tests all pass here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from netdoctor.answers import AnyQuestion, Asked
from netdoctor.check import Check
from netdoctor.diagnosis import Diagnosis, diagnose
from netdoctor.engine import run
from netdoctor.ignoring import Ignored
from netdoctor.model import Link
from netdoctor.named import project_here
from netdoctor.plan import Plan, plan
from netdoctor.questions import connections, questions
from netdoctor.redact import Redactor
from netdoctor.request import Request
from netdoctor.stack import Stack


class Source(Protocol):
    """Where a stack comes from: a live engine, or a capture."""

    @property
    def captured(self) -> float | None:
        """When the stack was captured (seconds since the epoch), None for a live engine."""

    @property
    def interrupted(self) -> bool:
        """Whether somebody has had enough, so that what was not asked by now is not asked any more."""

    def read(self) -> Stack:
        """The stack without answers, or with those that the capture holds."""

    def foresee(self, stack: Stack, questions: Iterable[AnyQuestion]) -> None:
        """These will be asked next, among others: begin, if that is worth it."""

    def ask(self, stack: Stack, questions: Iterable[AnyQuestion]) -> tuple[Asked, ...]:
        """Put the questions; a capture can answer none that it does not hold already."""


class Examined(msgspec.Struct, frozen=True):
    """A diagnosis with all that it rests on, redacted. `cut` counts what redaction took out, by kind of place."""

    stack: Stack
    plan: Plan
    diagnosis: Diagnosis
    cut: Mapping[str, int]


class Begun(msgspec.Struct, frozen=True):
    """A run up to where the checks are needed: the stack is read, and it is known which links there are."""

    request: Request
    source: Source
    stack: Stack
    plan: Plan
    redactor: Redactor
    started: float
    """time.perf_counter()"""


def examine(
    request: Request,
    source: Source,
    checks: Iterable[Check],
    complaints: Iterable[str] = (),
    ignored: Ignored | None = None,
) -> Examined:
    """Read, ask, redact, judge. Raises what the source raises when it cannot be read, and BadRequest."""
    return finish(begin(request, source), checks, complaints, ignored)


def begin(request: Request, source: Source, *, all_checks: bool = False) -> Begun:
    """The first half of `examine`. Where no check will be left out, the links may be tried from now on."""
    started = time.perf_counter()
    # One redactor for all: what the configuration betrays is cut in the log lines that the questions bring later.
    redactor = Redactor()
    stack = redactor.stack(source.read())
    typed = _redacted(request, redactor)
    first = plan(typed, stack)
    stack = _asked(stack, source, first.wants, redactor)
    final = plan(typed, stack)
    stack = msgspec.structs.replace(stack, scope=final.scope)
    if all_checks:
        source.foresee(stack, connections(stack, (s for s in final.subjects if isinstance(s, Link))))
    return Begun(_settled(typed, stack), source, stack, final, redactor, started)


def finish(
    begun: Begun, checks: Iterable[Check], complaints: Iterable[str] = (), ignored: Ignored | None = None
) -> Examined:
    """The second half of `examine`."""
    checks = tuple(checks)
    source, redactor, final, started = begun.source, begun.redactor, begun.plan, begun.started
    stack = _asked(begun.stack, source, (*final.wants, *questions(begun.stack, final.subjects, checks)), redactor)
    stack = msgspec.structs.replace(stack, links=final.meant)
    diagnosis = diagnose(
        begun.request,
        stack,
        final.links,
        run(stack, final.subjects, checks),
        captured=source.captured,
        elapsed_ms=(time.perf_counter() - started) * 1000,
        complaints=complaints,
        ignored=ignored,
    )
    return Examined(stack, final, diagnosis, dict(redactor.cut))


def _redacted(request: Request, redactor: Redactor) -> Request:
    """What was typed, without its password: it is shown in every report."""
    return request if request.target is None else msgspec.structs.replace(request, target=redactor.text(request.target))


def _settled(request: Request, stack: Stack) -> Request:
    """What was typed, with the project that is meant where only the folder tells it."""
    project = request.project if request.source is not None else project_here(stack, request)
    return msgspec.structs.replace(request, project=project, here=None)


def _asked(stack: Stack, source: Source, wanted: Iterable[AnyQuestion], redactor: Redactor) -> Stack:
    known = {a.question for a in stack.asked}
    new = tuple(dict.fromkeys(q for q in wanted if q not in known))
    if not new:
        return stack
    return redactor.answered(stack, source.ask(stack, new))
