"""Mounts, processes and paths by root on the engine's host: /proc/PID, and looks at files by a child."""

from __future__ import annotations

from netdoctor.answers import AskMounts, AskPath, AskProcesses, Mounts, PathFound, Processes
from netdoctor.model import Container
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.credentials import of_processes
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.host_side import HostSide
from netdoctor.probes.inside import Entrances
from netdoctor.probes.mounts import View, path_at_rest, points, put_together, view_of
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.processes import family
from netdoctor.stack import Stack


class FilesFromOutside:
    """What this machine tells of the files of one stack's containers."""

    def __init__(self, stack: Stack, api: EngineAPI, entrances: Entrances) -> None:
        self._stack = stack
        self._entrances = entrances
        self._host = HostSide(stack, api)

    def answer(self, question: AskMounts | AskProcesses | AskPath, clock: Clock) -> Mounts | Processes | PathFound:
        """Also for a container that does not run. Raises CannotAsk."""
        container = self._stack.container(question.container)
        if container is None:
            raise Vanished(f"the stack has no container {question.container[:12]}")
        try:
            pid = self._entrances.pid(container.id) if container.state.running else 0
            return self._of(container, pid, question, clock)
        except (OSError, Vanished) as error:
            if isinstance(question, AskMounts):  # it ended meanwhile, as what crashes in a loop does: the host is there
                return self._of(container, 0, question, clock)
            if isinstance(error, Vanished):
                raise
            raise CannotAsk(f"the process of {container.name} is not there any more ({error.strerror})") from None

    def _of(
        self, container: Container, pid: int, question: AskMounts | AskProcesses | AskPath, clock: Clock
    ) -> Mounts | Processes | PathFound:
        if isinstance(question, AskProcesses):
            if not pid:
                raise CannotAsk(f"{container.name} is not running")
            return of_processes(pid, family(pid))
        if isinstance(question, AskMounts):
            view = view_of(pid, points(container), self._host, clock) if pid else View()
            return put_together(container, self._host, view, clock)
        if pid:
            view = view_of(pid, (question.path,), self._host, clock)
            return PathFound(place=view.at[question.path].place)
        found = path_at_rest(container, question.path, self._host, clock)
        if found is None:
            raise CannotAsk(f"the layers of {container.name} cannot be looked at from here", AS_ROOT)
        return found
