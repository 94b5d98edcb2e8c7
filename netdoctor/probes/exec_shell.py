"""Who in the image can run a script: `sh`, a bare `busybox`, or Python alone; found out once for each container."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

from netdoctor.model import Stack
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.exec_reading import Section, sections
from netdoctor.probes.exec_scripts import PYTHON
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.sources.docker_api import Conflict, EngineError, NotFound, TimedOut

OVERHEAD = 1.0
"""Seconds that the engine may take on top of what the command itself is allowed."""

_SHELLS = (("sh", "-c"), ("busybox", "sh", "-c"))
_PYTHONS = (("python3", "-I", "-S", "-c"), ("/usr/bin/python3", "-I", "-S", "-c"))


class Shell:
    """Runs scripts in the containers of one stack."""

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self._known: dict[str, Sequence[str]] = {}

    def run(
        self, container: str, script: str, for_shell: Iterable[str], for_python: Iterable[str], ends: float
    ) -> tuple[Section, ...]:
        """Run the shell script, or the Python program where there is no shell, each with its arguments.

        "MARK" among the arguments for Python becomes the mark of the sections. Raises CannotAsk.
        """
        mark = f"netdoctor-{os.urandom(6).hex()}"
        ways = {way: (*way, script, "sh", mark, *for_shell) for way in _SHELLS}
        given = tuple(mark if word == "MARK" else word for word in for_python)
        ways.update({way: (*way, PYTHON, *given) for way in _PYTHONS})
        known = self._known.get(container)
        for way, argv in ways.items():
            if known is not None and way != known:
                continue
            output = self._exec(container, argv, ends)
            if output is not None:
                self._known[container] = way
                alone = way in _PYTHONS and given[:1] != ("files",)
                # Python alone is one tool, so its output is one section.
                title = "attempts" if given[:1] == ("connect",) else "python3 0"
                return ((title, output.decode(errors="replace")),) if alone else sections(output, mark)
        raise CannotAsk(f"the image of {self._name(container)} has no shell, so nothing can be asked from inside", AS_ROOT)

    def _exec(self, container: str, argv: Sequence[str], ends: float) -> bytes | None:
        """The output, None when the image has no such program."""
        name = self._name(container)
        seen = self._stack.container(container)
        if seen is None:
            raise Vanished(f"the stack has no container {container[:12]}")
        if not seen.state.running:
            raise Vanished(f"{name} is not running")
        if seen.state.status == "paused":
            raise CannotAsk(f"{name} is paused, so no command can be run in it", AS_ROOT)
        limit = max(1.0, ends - time.monotonic()) + OVERHEAD
        try:
            done = self._api.exec(container, argv, limit)
        except NotFound:
            raise Vanished(f"{name} has been removed since the stack was read") from None
        except Conflict as error:
            if "paused" in str(error):
                raise CannotAsk(f"{name} is paused, so no command can be run in it", AS_ROOT) from None
            raise Vanished(f"{name} does not run any more") from None
        except TimedOut as error:
            raise CannotAsk(f"a command in {name} did not end in time", AS_ROOT) from error
        except EngineError as error:
            if _is_missing(str(error)):
                return None
            raise CannotAsk(f"no command could be run in {name}: {error}", AS_ROOT) from error
        # The engine's own exit codes for what cannot be run; our scripts end with 0.
        if done.exit_code in (126, 127) and _is_missing(done.output.decode(errors="replace")):
            return None
        return done.output

    def _name(self, container: str) -> str:
        seen = self._stack.container(container)
        return seen.name if seen else container[:12]


def _is_missing(said: str) -> bool:
    return "exec failed" in said or "not found" in said or "no such file" in said.lower()
