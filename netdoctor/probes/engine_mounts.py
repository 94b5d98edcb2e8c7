"""Mounts, processes and paths by the engine's API, where asking it changes nothing.

`HEAD` and `GET /containers/ID/archive` have the engine mount the container's volumes anew, running or not. Measured
with 20.10: a bind source that is gone is made again, a container that was never started gets the stubs of its mount
points, and a volume driver is called. And it holds the container's lock meanwhile: on a file system that hangs, an
inspect of the container hangs after it.
"""

from __future__ import annotations

import posixpath

from netdoctor.answers import AskMounts, AskPath, AskProcesses, Credentials, Mounts, PathFound, Place, Processes
from netdoctor.model import Container
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, what_failed
from netdoctor.probes.host_side import HostSide, source_of
from netdoctor.probes.mounts import View, path_at_rest, put_together
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.seen_places import Seen, place_of_api
from netdoctor.stack import Stack

_COLUMNS = "pid,ppid,euid,egid,supgid,comm"


class Archives:
    """What the engine's API tells of the files of one stack's containers."""

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self._host = HostSide(stack, api)

    def answer(self, question: AskMounts | AskProcesses | AskPath, clock: Clock) -> Mounts | Processes | PathFound:
        """Raises CannotAsk."""
        container = self._stack.container(question.container)
        if container is None:
            raise Vanished(f"the stack has no container {question.container[:12]}")
        if isinstance(question, AskProcesses):
            return self._processes(container)
        harm = self.harm(container, clock)
        if isinstance(question, AskPath):
            if not container.state.running and not self._host.unseen:
                at_rest = path_at_rest(container, question.path, self._host, clock)
                if at_rest is not None:
                    return at_rest
            if harm:
                raise CannotAsk(harm, AS_ROOT)
            return PathFound(place=self._place(container, question.path))
        if harm and self._host.unseen:
            raise CannotAsk(f"{harm}, and {self._host.unseen}", AS_ROOT)
        wanted = () if harm else tuple(m.destination for m in container.mounts)
        within = {path: Seen(self._place(container, path)) for path in wanted}
        return put_together(container, self._host, View(at=within), clock)

    def harm(self, container: Container, clock: Clock) -> str:
        """Why the engine may not be asked for a path of the container, "" where that changes nothing."""
        if container.mounts and container.state.status == "created":
            return f"{container.name} was never started, and asking for its files would make its mount points"
        sources = []
        for mount in container.mounts:
            volume = self._stack.volume(mount.name) if mount.name else None
            if mount.kind == "volume" and (volume is None or volume.driver != "local" or volume.options):
                return f"asking for the files of {container.name} would mount the volume {mount.name}"
            if mount.kind == "bind":
                sources.append(source_of(mount))
        if sources and self._host.unseen:
            made = f"asking for the files of {container.name} could make a missing folder on the host"
            return f"{made}, and {self._host.unseen}"
        for source, there in self._host.at(sources, clock).items():
            if not there.place.exists:
                return f"asking for the files of {container.name} would make {source} on the host"
            if self._host.filesystem(source):
                return f"asking for the files of {container.name} could wait for {source} for ever"
        return ""

    def _place(self, container: Container, path: str) -> Place:
        try:
            for _ in range(8):
                found = self._api.stat(container.id, path)
                if found is None:
                    return Place(kind="missing")
                if not found.link_target:
                    return place_of_api(found.mode, found.size)
                path = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.link_target))
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            what_failed(error)
            return Place(kind="unseen", error=str(error))
        return Place(kind="unseen", error="it leads in a circle")

    def _processes(self, container: Container) -> Processes:
        """By the engine host's `ps`, whose numbers are the host's own."""
        if not container.state.running:
            raise CannotAsk(f"{container.name} is not running")
        if {"userns", "rootless"} & {*self._stack.engine.security}:
            raise CannotAsk(
                "the engine's API does not tell which users its user namespaces make of the host's", AS_ROOT
            )
        try:
            told = self._api.get(f"/containers/{container.id}/top", ps_args=f"-eo {_COLUMNS}")
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            if what_failed(error) == "NotFound":
                raise Vanished(f"{container.name} has been removed since the stack was read") from None
            raise CannotAsk(f"the engine does not tell the processes of {container.name}: {error}", AS_ROOT) from None
        found = tuple(p for row in told.get("Processes") or () if (p := _row(row)) is not None)
        if not found:
            raise CannotAsk(f"the engine does not tell the processes of {container.name}", AS_ROOT)
        return Processes(processes=tuple(sorted(found, key=lambda p: (p.pid != container.state.pid, p.pid))))


def _row(row: list[str]) -> Credentials | None:
    """Supplementary groups are numbers joined by commas, or `-`."""
    try:
        pid, parent, user, group = (int(cell) for cell in row[:4])
        groups = tuple(int(g) for g in row[4].split(",") if g not in ("", "-"))
        return Credentials(pid=pid, name=row[5], parent=parent, user=user, group=group, groups=groups)
    except (ValueError, IndexError):
        return None
