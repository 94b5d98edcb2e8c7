"""As whom processes work, from /proc/PID/status and the maps of their user namespace: proc(5), user_namespaces(7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from netdoctor.answers import Credentials, Processes

MOST = 64
"""Processes looked at; those of a busy server's workers are all alike."""

OVERFLOW = 65534
"""What the kernel shows for a number that a user namespace does not know, /proc/sys/kernel/overflowuid."""

Map = tuple[tuple[int, int, int], ...]


def read_map(text: str) -> Map:
    """/proc/PID/uid_map: lines of inside, outside, how many. () where every number is itself."""
    rows = (tuple(map(int, line.split())) for line in text.splitlines() if line.strip())
    found = tuple((r[0], r[1], r[2]) for r in rows if len(r) == 3)
    return () if found == ((0, 0, 4294967295),) else found


def maps(pid: int) -> tuple[Map, Map]:
    """Of users and groups, by the host's /proc. Raises OSError."""
    users, groups = (read_map(Path(f"/proc/{pid}/{name}").read_text("ascii")) for name in ("uid_map", "gid_map"))
    return users, groups


def inside(number: int, known: Map) -> int:
    """The container's own number for one of the host's."""
    if not known or number < 0:
        return number
    for first, outside, length in known:
        if outside <= number < outside + length:
            return first + number - outside
    return OVERFLOW


def read_status(text: str, users: Map = (), groups: Map = ()) -> Credentials | None:
    """One /proc/PID/status. `users` and `groups` turn its numbers into the container's own. None for what is none."""
    fields = {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    try:
        # Of real, effective, saved and file system IDs the kernel asks files with the last.
        user, group = (int(fields[name].split()[3]) for name in ("Uid", "Gid"))
        return Credentials(
            pid=int(fields["Pid"]),
            name=fields.get("Name", ""),
            parent=int(fields.get("PPid", "0")),
            user=inside(user, users),
            group=inside(group, groups),
            groups=tuple(inside(int(g), groups) for g in fields.get("Groups", "").split()),
            capabilities=int(fields["CapEff"], 16) if fields.get("CapEff") else None,
        )
    except (KeyError, IndexError, ValueError):
        return None


def of_processes(main: int, pids: Iterable[int]) -> Processes:
    """What the host's /proc tells of a container's processes; `main` is its first. Raises OSError when that is gone."""
    users, groups = maps(main)
    try:
        label = Path(f"/proc/{main}/attr/current").read_text("utf-8", "replace").strip("\0\n ")
    except OSError:  # the kernel has no security module
        label = ""
    return Processes(
        processes=tuple(_read(pids, users, groups)),
        user_map=users,
        group_map=groups,
        label="" if label == "unconfined" else label,
    )


def _read(pids: Iterable[int], users: Map, groups: Map) -> Iterator[Credentials]:
    left = MOST
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
        except OSError:  # it has ended
            continue
        found = read_status(text, users, groups)
        if found is not None and left > 0:
            left -= 1
            yield found
        if not left:
            return
