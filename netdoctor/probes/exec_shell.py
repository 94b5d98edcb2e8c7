"""Who in the image can run a script: `sh`, a bare `busybox`, or Python alone; found out once for each container."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from threading import Lock, Semaphore

from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, ExecResult, what_failed
from netdoctor.probes.exec_programs import PYTHON
from netdoctor.probes.exec_reading import Section, sections
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.stack import Stack

OVERHEAD = 1.5
"""Seconds that the engine may take on top of what the command itself is allowed."""

AT_ONCE = 8
"""Commands at a time: each costs the engine 50 ms of a processor, and more of them only stand in each other's way."""

_SHELLS = ("sh -c", "busybox sh -c")
_PYTHONS = ("python3 -I -S -c",)


class Shell:
    """Runs scripts in the containers of one stack, a few at a time."""

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self._turns = Semaphore(AT_ONCE)
        self._found: dict[str, str] = {}
        self._finding: dict[str, Lock] = {}

    def run(
        self,
        container: str,
        script: str,
        for_shell: Iterable[str],
        for_python: Sequence[str],
        clock: Clock,
        seconds: float = 0.0,
    ) -> tuple[Section, ...]:
        """Run the shell script, or the Python program where there is no shell, each with its arguments.

        "MARK" among the arguments for Python becomes the mark of the sections. `seconds` is what the command may take
        even if less is left. Raises CannotAsk.
        """
        mark = f"netdoctor-{os.urandom(6).hex()}"
        given = [mark if word == "MARK" else word for word in for_python]
        ways: dict[str, Sequence[str]] = {
            **{way: (*way.split(), script, "sh", mark, *for_shell) for way in _SHELLS},
            **{way: (*way.split(), PYTHON, *given) for way in _PYTHONS},
        }
        way, done = self._first(container, ways, clock, seconds)
        if way in _SHELLS or mark in given:
            return sections(done.output, mark)
        # Python alone is one tool, whose output is one section.
        title = "attempts" if given[0] == "connect" else f"python3 {done.exit_code}"
        return ((title, done.output.decode(errors="replace")),)

    def _first(
        self, container: str, ways: dict[str, Sequence[str]], clock: Clock, seconds: float
    ) -> tuple[str, ExecResult]:
        """The first way that the image has, with what came of it; the others wait for the first to find it."""
        finding = self._finding.setdefault(container, Lock())
        with clock.stopped():
            finding.acquire()
        try:
            if container not in self._found:
                for way, argv in ways.items():
                    done = self._exec(container, argv, clock, seconds)
                    if done is not None:
                        self._found[container] = way
                        return way, done
                self._found[container] = ""
        finally:
            finding.release()
        way = self._found[container]
        done = self._exec(container, ways[way], clock, seconds) if way else None
        if done is None:
            name = self._name(container)
            raise CannotAsk(f"the image of {name} has no shell, so nothing can be asked from inside", AS_ROOT)
        return way, done

    def _exec(self, container: str, argv: Sequence[str], clock: Clock, seconds: float) -> ExecResult | None:
        """What came of it, None when the image has no such program."""
        name = self._name(container)
        seen = self._stack.container(container)
        if seen is None:
            raise Vanished(f"the stack has no container {name}")
        if not seen.state.running:
            raise Vanished(f"{name} is not running")
        paused = CannotAsk(f"{name} is paused, so no command can be run in it", AS_ROOT)
        if seen.state.status == "paused":
            raise paused
        limit = max(1.0, seconds, clock.left) + OVERHEAD
        try:
            # A command has its own limit; how long the engine takes to start it is not the question's time.
            with clock.stopped(), self._turns:
                done = self._api.exec(container, argv, limit)
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            kind = what_failed(error)
            if kind == "NotFound":
                raise Vanished(f"{name} has been removed since the stack was read") from None
            if kind == "Conflict":
                raise (paused if "paused" in str(error) else Vanished(f"{name} does not run any more")) from None
            if kind == "TimedOut":
                raise CannotAsk(f"a command in {name} did not end in time", AS_ROOT) from None
            if _is_missing(str(error)):
                return None
            raise CannotAsk(f"no command could be run in {name}: {error}", AS_ROOT) from None
        # The engine's own exit codes for what cannot be run; our scripts end with 0.
        if done.exit_code in (126, 127) and _is_missing(done.output.decode(errors="replace")):
            return None
        return done

    def _name(self, container: str) -> str:
        seen = self._stack.container(container)
        return seen.name if seen else container[:12]


def _is_missing(said: str) -> bool:
    return "not found" in said or "no such file" in said.lower()
