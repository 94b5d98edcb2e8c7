"""Mounts, processes and paths by commands in the container: `cat` of /proc and `stat`, or Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from netdoctor.answers import (
    AskMounts,
    AskPath,
    AskProcesses,
    Credentials,
    Mounted,
    Mounts,
    PathFound,
    Place,
    Processes,
    Space,
)
from netdoctor.model import Container
from netdoctor.patterns import lazily
from netdoctor.probes import mount_table
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.credentials import read_map, read_status
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.exec_scripts import PROCESS_FILES, SH_MOUNTS, SH_PLACES
from netdoctor.probes.exec_shell import Shell
from netdoctor.probes.file_facts import facts_of_mode
from netdoctor.probes.host_side import HostSide
from netdoctor.probes.mounts import View, points, put_together
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.once import Once
from netdoctor.probes.seen_places import Seen
from netdoctor.stack import Stack

_FOUND = lazily(r"found ([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (-?\d+) (-?\d+) (.*)")
_ROOM = lazily(r"room (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (.*)")
_FAILED = lazily(r"stat: can(?:not|'t) (?:stat|statx|read file system information for|fstatat) '?(.*?)'?: (.*)")
_STATUSES = [f"/proc/{pid}/status" for pid in range(1, 65)]


class FilesInside:
    """What commands tell of the files of one stack's containers."""

    def __init__(self, stack: Stack, api: EngineAPI, shell: Shell) -> None:
        self._stack = stack
        self._shell = shell
        self._host = HostSide(stack, api)
        self._once = Once()

    def answer(self, question: AskMounts | AskProcesses | AskPath, clock: Clock) -> Mounts | Processes | PathFound:
        """Raises CannotAsk."""
        container = self._stack.container(question.container)
        if container is None:
            raise Vanished(f"the stack has no container {question.container[:12]}")
        if not container.state.running:
            raise CannotAsk(f"{container.name} is not running")
        told = self._once.get(container.id, lambda: self._processes(container, clock), clock)
        if isinstance(question, AskProcesses):
            return _processes(told)
        table = mount_table.read(told.get("/proc/self/mountinfo", ""))
        if isinstance(question, AskPath):
            return PathFound(place=self._places(container, table, (question.path,), clock)[question.path].place)
        view = View(table, self._places(container, table, points(container), clock))
        return put_together(container, self._host, view, clock)

    def _processes(self, container: Container, clock: Clock) -> Mapping[str, str]:
        found: dict[str, str] = {}
        names = (*PROCESS_FILES, *_STATUSES)
        for title, text in self._shell.run(container.id, SH_MOUNTS, (), ("files", "MARK", *names), clock):
            key = "status" if title.endswith("/status") or title == "status" else title
            found[key] = found.get(key, "") + text + "\n"
        return found

    def _places(
        self, container: Container, table: Iterable[Mounted], paths: Sequence[str], clock: Clock
    ) -> Mapping[str, Seen]:
        slow = [p for p in paths if mount_table.can_hang(mount_table.covering(table, p))]
        ordered = [*(p for p in paths if p not in slow), *slow]
        arguments = (str(len(slow)), *ordered)
        said = self._shell.run(container.id, SH_PLACES, arguments, ("places", *arguments), clock, 3.0 * len(slow) + 1.0)
        if any(title == "none" for title, _ in said):
            raise CannotAsk(f"the image of {container.name} has nothing to look at files with", AS_ROOT)
        return read_places("\n".join(text for _, text in said), paths, slow)


def read_places(text: str, paths: Iterable[str], slow: Iterable[str] = ()) -> dict[str, Seen]:
    """What the script's lines say of each path. Of those that can hang, the ones that nothing was said of hang."""
    places: dict[str, Place] = {}
    rooms: dict[str, Space] = {}
    for line in text.splitlines():
        if match := _FOUND.fullmatch(line):
            mode, owner, group, device, inode, links, size, modified, changed = match.groups()[:9]
            places[match[10]] = Place(
                **facts_of_mode(int(mode, 16)),
                owner=int(owner),
                group=int(group),
                device=int(device),
                inode=int(inode),
                links=int(links),
                size=int(size),
                modified=float(modified),
                changed=float(changed),
                # Only sub-folders show without listing it, which would change its access time.
                empty=False if int(mode, 16) >> 12 == 0o04 and int(links) > 2 else None,
            )
        elif match := _ROOM.fullmatch(line):
            unit, size, free, available, inodes, inodes_free = (int(n) for n in match.groups()[:6])
            rooms[match[7]] = Space(
                size=size * unit, free=free * unit, available=available * unit, inodes=inodes, inodes_free=inodes_free
            )
        elif match := _FAILED.fullmatch(line):
            missing = "no such file" in match[2].lower() or "not a directory" in match[2].lower()
            places.setdefault(match[1], Place(kind="missing") if missing else Place(kind="unseen", error=match[2]))
    nothing = Place(kind="unseen", error="the command said nothing of it")
    return {
        path: Seen(places.get(path, Place(kind="hung") if path in slow else nothing), rooms.get(path)) for path in paths
    }


def _processes(told: Mapping[str, str]) -> Processes:
    found = [read_status(text) for text in re.split(r"(?m)^(?=Name:)", told.get("status", ""))]
    known = [p for p in found if p is not None]
    if not known:
        raise CannotAsk("the image has nothing to read /proc with", AS_ROOT)
    label = told.get("/proc/1/attr/current", "").strip("\0\n ")
    return Processes(
        processes=tuple(sorted(without_ours(known), key=lambda p: p.pid)),
        user_map=read_map(told.get("/proc/self/uid_map", "")),
        group_map=read_map(told.get("/proc/self/gid_map", "")),
        label="" if label == "unconfined" else label,
    )


def without_ours(found: Iterable[Credentials]) -> list[Credentials]:
    """Without the command that asked: like all that is run by `docker exec` it has no parent in the container."""
    left = {p.pid: p for p in found}
    strangers = {p.pid for p in left.values() if p.parent == 0 and p.pid != 1}
    while True:
        more = {p.pid for p in left.values() if p.parent in strangers} - strangers
        if not more:
            return [p for p in left.values() if p.pid not in strangers]
        strangers |= more
