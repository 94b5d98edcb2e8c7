"""A child that looks at files for us (file_facts.py), and is killed where a file system does not answer it.

stat(2) on a network file system whose server is gone never returns, and no thread can be taken back from it.
"""

from __future__ import annotations

import marshal
import select
import sys
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import subprocess

from netdoctor.probes.clock import Clock

PATIENCE = 0.7
"""Seconds that a file system has for one answer. It is asked twice, by two children: a machine can be busy."""

_STARTING = 5.0
"""Seconds that Python may take to start: a tenth of a second where nobody else is at work."""

Facts = dict[str, Any]


class Look(NamedTuple):
    """What is asked of file_facts.py. `filesystem` names a file system that can hang, "" for any other: once it has
    hung, it is not asked again."""

    what: str
    pid: int
    path: str
    layers: tuple[str, ...] = ()
    filesystem: str = ""


class Looking:
    """One run's looks at files, by one child at a time; from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._hung: set[str] = set()

    def at(self, looks: Iterable[Look], clock: Clock) -> list[Facts]:
        """What each path has, in their order. What a file system that can hang did not answer for has the kind `hung`;
        what else there is no answer for, `unseen`.
        """
        return [self._one(look, clock) for look in looks]

    def _one(self, look: Look, clock: Clock) -> Facts:
        with clock.stopped():  # the others' looks, and the start of a child, are not the question's time
            self._lock.acquire()
        try:
            return self._in_turn(look, clock)
        finally:
            self._lock.release()

    def _in_turn(self, look: Look, clock: Clock) -> Facts:
        if look.filesystem in self._hung:
            return {"place": {"kind": "hung"}}
        for _ in range(2):
            if clock.left <= 0:
                return _unseen("there was no time left to look")
            try:
                return self._ask(look, clock)
            except TimeoutError:
                self._end()
            except (OSError, ValueError, EOFError) as error:
                self._end()
                return _unseen(f"the process that looks ended ({error})")
        if not look.filesystem:
            return _unseen("it did not answer in time")
        self._hung.add(look.filesystem)
        return {"place": {"kind": "hung"}}

    def _ask(self, look: Look, clock: Clock) -> Facts:
        asked = marshal.dumps((look.what, look.pid, look.path, list(look.layers)))
        with clock.stopped():
            child = self._child or self._begin()
        requests, replies = _pipes(child)
        requests.write(len(asked).to_bytes(4, "little") + asked)
        ends = time.monotonic() + PATIENCE
        size = int.from_bytes(_read(replies, 4, ends), "little")
        told: Facts = marshal.loads(_read(replies, size, ends))  # noqa: S302  from a program of ours
        return told

    def _begin(self) -> subprocess.Popen[bytes]:
        self._child = _start()
        weakref.finalize(self, _end, self._child)
        _read(_pipes(self._child)[1], 1, time.monotonic() + _STARTING)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _end(child)


def _unseen(why: str) -> Facts:
    return {"place": {"kind": "unseen", "error": why}}


def _start() -> subprocess.Popen[bytes]:
    import subprocess

    program = str(Path(__file__).with_name("file_facts.py"))
    return subprocess.Popen(  # noqa: S603  fixed words
        [sys.executable, "-I", "-S", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        close_fds=True,
        start_new_session=True,  # Ctrl-C is for us
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    """It ends at once, unless the kernel itself waits for a disk; then it is left to the kernel."""
    child.kill()
    for pipe in _pipes(child):
        pipe.close()
    from subprocess import TimeoutExpired

    with suppress(TimeoutExpired):
        child.wait(0.5)


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin, child.stdout


def _read(pipe: IO[bytes], size: int, ends: float) -> bytes:
    """So many bytes. Raises TimeoutError where they do not come in time, EOFError where the child has ended."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    found = b""
    while len(found) < size:
        if not waiting.poll(max(0.0, ends - time.monotonic()) * 1000):
            raise TimeoutError
        part = pipe.read(size - len(found))
        if not part:
            raise EOFError("it said nothing")
        found += part
    return found
