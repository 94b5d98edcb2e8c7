"""Mounts, processes and paths by root on the engine's host: /proc/PID, and looks at files by a child."""

from __future__ import annotations

from netdoctor.answers import AskMounts, AskPath, AskProcesses, Mounts, PathFound, Processes
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.credentials import of_processes
from netdoctor.probes.host_side import HostSide
from netdoctor.probes.inside import Entrances
from netdoctor.probes.mounts import View, path_at_rest, points, put_together, view_of
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.processes import family
from netdoctor.stack import Stack


def about_files(
    stack: Stack,
    entrances: Entrances,
    host: HostSide,
    question: AskMounts | AskProcesses | AskPath,
    clock: Clock,
) -> Mounts | Processes | PathFound:
    """The answer, also for a container that does not run. Raises CannotAsk."""
    container = stack.container(question.container)
    if container is None:
        raise Vanished(f"the stack has no container {question.container[:12]}")
    pid = entrances.pid(container.id) if container.state.running else 0
    try:
        if isinstance(question, AskProcesses):
            if not pid:
                raise CannotAsk(f"{container.name} is not running")
            return of_processes(pid, family(pid))
        if isinstance(question, AskMounts):
            view = view_of(pid, points(container), host, clock) if pid else View()
            return put_together(container, host, view, clock)
        if pid:
            view = view_of(pid, (question.path,), host, clock)
            return PathFound(place=view.at[question.path].place)
    except OSError as error:
        raise CannotAsk(f"the process of {container.name} is not there any more ({error.strerror})") from None
    found = path_at_rest(container, question.path, host, clock)
    if found is None:
        raise CannotAsk(f"the layers of {container.name} cannot be looked at from here", AS_ROOT)
    return found
