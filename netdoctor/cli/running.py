"""A run, from the options to the diagnosis and its exit code."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdoctor.cli.ending import HEALTHY, SICK, UNCLEAR
from netdoctor.cli.writing import progress

if TYPE_CHECKING:
    from netdoctor.diagnosis import Diagnosis
    from netdoctor.examine import Begun, Examined, Source
    from netdoctor.ignoring import Ignored, Settings
    from netdoctor.registry import Registry
    from netdoctor.request import Request
    from netdoctor.sources.live import LiveSource
    from netdoctor.sources.replay import CaptureSource


def request_of(options: dict[str, Any], *, here: bool = False) -> Request:
    """What was typed. `here`: without a project, this folder's is meant, if it has one. (A capture knows no folder.)"""
    from netdoctor.request import Request, read_target

    if options["target"] is not None:
        read_target(options["target"])  # a port that is none is told before any engine is looked for
    project = None
    if here and options["project"] is None and options["capture"] is None:
        from netdoctor.compose import find_here

        project = find_here(Path(), os.environ)
    return Request(source=options["source"], target=options["target"], project=options["project"], here=project)


def the_registry() -> Registry:
    from netdoctor import registry

    loaded = registry.load()
    for complaint in loaded.complaints:
        click.echo(f"netdoctor: {complaint}", err=True)
    return loaded


def capture_source(file: str | Path) -> CaptureSource:
    from netdoctor.sources.replay import CaptureSource

    return CaptureSource(Path(file))


@contextmanager
def source_of(options: dict[str, Any]) -> Iterator[Source]:
    if options["capture"] is not None:
        if options["host"] or options["context"]:
            raise click.UsageError("--from diagnoses a file, so -H and -c have no meaning beside it.")
        yield capture_source(options["capture"])
        return
    from netdoctor.sources import open_live

    with progress() as show, open_live(
        host=options["host"], context=options["context"],
        rung=options["rung"], timeout=options["timeout"], progress=show,
    ) as live, _interruptible(live):  # fmt: skip
        live.begin()
        yield live


@contextmanager
def _interruptible(live: LiveSource) -> Iterator[None]:
    """Ctrl-C ends the asking, and what is known is told; once more, or before anything is known, it ends the run."""

    def enough(*_: object) -> None:
        if not live.interrupt():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, enough)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def unasked(examined: Examined) -> str:
    """What an interruption left out, in a sentence."""
    from netdoctor.answers import INTERRUPTED, Unable

    asked = [a.answer for a in examined.stack.asked]
    left = sum(isinstance(a, Unable) and a.reason == INTERRUPTED for a in asked)
    return f"interrupted: {left} of {len(asked)} questions were not asked any more."


def project_settings(registry: Registry) -> tuple[Settings, Ignored]:
    """What this folder's project wants to be left out, and all that is ignored."""
    from netdoctor.ignoring import Ignored, settings

    found = settings(Path(), registry.knows)
    return found, Ignored(entries=found.ignore, known=registry.knows)


def begin(request: Request, source: Source, *, all_checks: bool) -> Begun:
    from netdoctor import examine as road

    return road.begin(request, source, all_checks=all_checks)


def finish(begun: Begun, checks: Sequence[Any], complaints: Sequence[str], ignored: Ignored) -> Examined:
    from netdoctor import examine as road

    return road.finish(begun, checks, complaints, ignored)


def examine(
    request: Request,
    source: Source,
    checks: Sequence[Any],
    complaints: Sequence[str],
    ignored: Ignored | None = None,
) -> Examined:
    from netdoctor import examine as road

    return road.examine(request, source, checks, complaints, ignored)


def until_healthy(
    attempt: Callable[[], Examined], patience: float | None, fail_on: str, stopped: Callable[[], bool]
) -> Examined:
    """Try until the exit code would be 0, a cause shows up that time cannot heal, patience ends, or it is stopped."""
    started = time.monotonic()
    while True:
        examined = attempt()
        if patience is None or stopped() or exit_code(examined.diagnosis, fail_on) != SICK:
            return examined
        waited = time.monotonic() - started
        if not examined.diagnosis.time_heals:
            click.echo("netdoctor: not waiting any longer: time does not heal this.", err=True)
            return examined
        if waited >= patience:
            sick = examined.diagnosis.causes or examined.diagnosis.warnings
            click.echo(f"netdoctor: waited {waited:.0f} s for: {'; '.join(j.title for j in sick)}.", err=True)
            return examined
        again = time.monotonic() + min(1.0, patience - waited)
        while (left := again - time.monotonic()) > 0:
            if stopped():
                return examined
            time.sleep(min(0.1, left))


def exit_code(diagnosis: Diagnosis, fail_on: str) -> int:
    if fail_on != "never" and diagnosis.verdict == "sick":
        return SICK
    if fail_on == "warn" and diagnosis.warnings:
        return SICK
    return UNCLEAR if diagnosis.verdict == "unclear" else HEALTHY
