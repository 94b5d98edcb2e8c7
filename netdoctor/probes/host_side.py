"""The host's side of mounts: the sources as the engine sees them, and the layers of its images.

Whoever started the containers has mounted their sources, so its root counts: a daemon may live in a mount namespace of
its own (a snap, a service with a private /tmp). Without root it is taken to be ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from netdoctor.answers import Mounted, Place
from netdoctor.model import Container, Mount
from netdoctor.probes import mount_table
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.child_process import Look, Looking
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, what_failed
from netdoctor.probes.namespaces import make_sure
from netdoctor.probes.seen_places import Seen, seen
from netdoctor.stack import Stack

_TRIES = 3
"""Processes by whose root the host is looked at, if one after the other ends."""


class HostSide:
    """What lies on the engine's host, for one run and from many threads."""

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self.looking = Looking()

    @property
    def folder(self) -> str:
        """Where the engine keeps everything."""
        return self._stack.engine.folder

    @cached_property
    def unseen(self) -> str:
        """Why the engine's host cannot be looked at, "" when it can."""
        engine = self._stack.engine
        if engine.desktop:
            return "the engine runs in a virtual machine, whose files are not those of this machine"
        if not engine.local:
            return "the engine's host is another machine"
        if self._starter or not engine.folder:
            return ""
        folder = Path(engine.folder)
        known = folder / "containers" if engine.name == "docker" and os.geteuid() == 0 else None
        here = folder.is_dir() and (known is None or any((known / c.id).is_dir() for c in self._stack.containers))
        return "" if here else "netdoctor sees other files than the engine (it runs in a container, perhaps)"

    @cached_property
    def pid(self) -> int:
        """A process whose root is the one in which the engine finds what it mounts."""
        return self._starter or os.getpid()

    @cached_property
    def _starter(self) -> int:
        """Who started one of the containers, where it is a process of this machine and may be looked at; 0 for none."""
        for container in self._stack.containers:
            try:
                if container.state.pid:
                    make_sure(container.state.pid, {container.id}, container.name)
                    pid = _parent(container.state.pid)
                    (Path(f"/proc/{pid}/root") / "proc").stat()
                    return pid
            except (CannotAsk, OSError):
                continue
        return 0

    @cached_property
    def table(self) -> tuple[Mounted, ...]:
        """The mounts of the host."""
        try:
            return mount_table.read(Path(f"/proc/{self.pid}/mountinfo").read_text("utf-8", "replace"))
        except OSError:
            return ()

    def look(self, path: str) -> Look:
        """A look at a path of the host."""
        return Look("path", self.pid, path, filesystem=self.filesystem(path))

    def filesystem(self, path: str) -> str:
        """The file system of a path of the host, if it is one that can hang; else ""."""
        mounted = mount_table.covering(self.table, path)
        return mounted.device if mounted is not None and mount_table.can_hang(mounted) else ""

    def at(self, paths: Iterable[str], clock: Clock) -> dict[str, Seen]:
        """What lies at these paths of the host."""
        wanted = tuple(dict.fromkeys(paths))
        for _ in range(_TRIES):
            pid = self.pid
            told = self.looking.at(map(self.look, wanted), clock)
            if pid == os.getpid() or Path(f"/proc/{pid}/root/proc").exists():
                return {path: seen(one) for path, one in zip(wanted, told, strict=True)}
            # Its container ended meanwhile, and it with that: nothing at all is found below its root any more.
            for known in ("_starter", "pid", "table"):
                self.__dict__.pop(known, None)
        return {path: Seen(Place(kind="unseen", error="containers end all the time")) for path in wanted}

    def is_there(self, mount: Mount) -> bool:
        """Whether what is mounted lies at its source now: a driver's volume does only while a container uses it."""
        volume = self._stack.volume(mount.name) if mount.name else None
        if volume is None or (volume.driver == "local" and not volume.options):
            return True
        mounted = mount_table.covering(self.table, source_of(mount))
        return mounted is not None and mounted.path == source_of(mount)

    # -- images -------------------------------------------------------------------------------------------------------

    def in_image(
        self, container: Container, paths: Iterable[str], clock: Clock
    ) -> dict[str, tuple[Place, frozenset[str]]]:
        """What the container's image has at these paths, and the names in folders; nothing where its layers cannot be
        looked at."""
        wanted = tuple(dict.fromkeys(paths))
        if not wanted or os.geteuid() != 0 or not (layers := self.layers(container)):
            return {}
        told = self.looking.at((Look("layers", self.pid, path, layers) for path in wanted), clock)
        return {p: (seen(one).place, frozenset(one.get("names") or ())) for p, one in zip(wanted, told, strict=True)}

    def names(self, paths: Iterable[str], clock: Clock) -> dict[str, frozenset[str]]:
        """The names in these folders of the host, as far as they may be listed."""
        wanted = tuple(dict.fromkeys(paths))
        looks = (Look("names", self.pid, path, filesystem=self.filesystem(path)) for path in wanted)
        told = [one.get("names") for one in self.looking.at(looks, clock)]
        return {path: frozenset(names) for path, names in zip(wanted, told, strict=True) if names is not None}

    def layers(self, container: Container) -> tuple[str, ...]:
        """The folders of the image's layers, the uppermost first; none where they are not kept as folders."""
        if container.state.running:
            try:
                text = Path(f"/proc/{container.state.pid}/mountinfo").read_text("utf-8", "replace")
            except OSError:
                return ()
            return tuple(p for p in mount_table.layers(text) if p.startswith("/"))
        lower = self._driver(container).get("LowerDir") or ""
        return tuple(p for p in lower.split(":") if p.startswith("/"))

    def whole(self, container: Container) -> tuple[str, ...]:
        """The layers of the image under the container's own: what its root will be when it runs."""
        upper = self._driver(container).get("UpperDir") or ""
        return (upper, *self.layers(container)) if upper.startswith("/") else ()

    def _driver(self, container: Container) -> Mapping[str, Any]:
        try:
            found = self._api.get(f"/containers/{container.id}/json").get("GraphDriver") or {}
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            what_failed(error)
            return {}
        return found.get("Data") or {}


def source_of(mount: Mount) -> str:
    """Where a mount comes from on the host, "" for a tmpfs and for what only a plugin knows."""
    return mount.source if mount.kind in ("bind", "volume") and mount.source.startswith("/") else ""


def around(container: Container, mount: Mount) -> Mount | None:
    """The mount of the container that this one lies in, if any: the deepest."""
    outer = [
        m for m in container.mounts if m is not mount and mount.destination.startswith(m.destination.rstrip("/") + "/")
    ]
    return max(outer, key=lambda m: len(m.destination), default=None)


def _parent(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    return 0
