"""Where reports go: files and standard output, and the line that says how far a run is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdoctor.cli.ending import USAGE, end

Pairs = list[tuple[str, str | None]]
"""Formats, each with its file, None for standard output."""

_SEEN = 0.05
"""Seconds that a number is to be seen."""

Render = Callable[[Any, "Options"], str]

if TYPE_CHECKING:
    from netdoctor.report import Options
    from netdoctor.sources.live import Progress


def checked(pairs: Pairs, formats: Mapping[str, Render]) -> Pairs:
    """Complain about formats and files before anything is asked, so that no run is lost."""
    for name, file in pairs:
        if name not in formats:
            raise click.UsageError(f"there is no format {name!r}: choose {', '.join(sorted(formats))}.")
        if file is not None and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
            raise click.UsageError(f"{file} cannot be written: name a file in a folder that exists.")
    if sum(file is None for _, file in pairs) > 1:
        raise click.UsageError("two reports on standard output would run into each other: give each -f its -o FILE.")
    return pairs


def write(outputs: Pairs, what: object, verbose: bool, quiet: bool, formats: Mapping[str, Render]) -> None:
    """Write `what` in each of the formats asked for, to its file or to standard output."""
    from netdoctor.report import Options

    for name, file in outputs:
        terminal = file is None and sys.stdout.isatty()
        encoding = ("utf-8" if file else sys.stdout.encoding or "ascii").lower()
        options = Options(
            verbose=verbose,
            quiet=quiet,
            width=_width() if terminal else 80,
            colour=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
            unicode=encoding.replace("-", "") == "utf8",
        )
        text = formats[name](what, options)
        if not text.endswith("\n"):
            text += "\n"
        if file is None:
            print_out(text)
            continue
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            print_out(text)  # the report is not lost
            end(f"{file} cannot be written ({error.strerror}); the report is on standard output instead.", USAGE)


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def print_out(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `netdoctor | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress() -> Iterator[Progress | None]:
    """One line on standard error that says how far the run is, on a terminal only, and gone at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    shown, at = "", 0.0

    def show(phase: str, done: int, total: int) -> None:
        nonlocal shown, at
        now = time.monotonic()
        if phase == shown and done < total and now - at < _SEEN:
            return
        shown, at = phase, now
        sys.stderr.write(f"\r\x1b[K{phase} {done}/{total}" if done < total else "\r\x1b[K")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
