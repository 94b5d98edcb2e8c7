"""Is there room where the container writes?

What is asked
    statvfs of the file system behind each mount, behind /dev/shm, and behind the container's root, which is the
    engine's own: bytes and inodes, and how many of the bytes others than root may take. And the log: did something find
    no space since the last start? A file system that does not answer is left to volume.driver.

Healthy
    There is room. A read-only mount may be as full as it likes.

Sick
    full: there is no room left, or the log says so. For a tmpfs that nobody complains of it is a warning. /dev/shm has
        64 MiB unless somebody says otherwise, and is empty again after the query that found it too small.
    no-inodes: there are bytes, and no file can be made: very many small files.
    nearly-full: a warning. Less than a twentieth, and less than 5 GB, are left.

Remedy
    docker system df tells what the engine's own disk is full of: images, build cache, logs, volumes. Logs stay small
    with max-size. A tmpfs and /dev/shm can be made larger.

By hand
    docker exec postgres df -h /var/lib/postgresql/data /dev/shm /
    docker exec postgres df -i /var/lib/postgresql/data
    docker system df

See also
    volume.writable, volume.orphans, container.running
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netdoctor.api import (
    AskLogs,
    AskMounts,
    Container,
    Finding,
    Mount,
    MountPoint,
    Mounts,
    Reason,
    Space,
    Stack,
    Unable,
    check,
    explaining_nothing,
    fail,
    passed,
    unknown,
    warn,
)

from ._complaints import Complaint, about, complaints, failing, quoted
from ._making_room import make_room
from ._words import size

_SHM = "/dev/shm"  # noqa: S108  of a container
_LITTLE = 5 << 30
_RECENT = 3600.0
"""Bytes that are not little on any disk; seconds for which a query that found no space is news."""


@check(
    id="volume.space",
    title="there is room where {name} writes",
    reasons=(
        Reason("full", "there is no room left", time_heals=True),
        Reason("no-inodes", "no file can be made any more"),
        Reason("nearly-full", "little room is left"),
    ),
    needs=(AskMounts, AskLogs),
)
def space(stack: Stack, container: Container) -> Iterator[Finding]:
    if container.state.running and not stack.loops(container) and not stack.whole(container):
        return  # an end of a link that runs: what room it has is another question
    mounts = stack.mounts(container)
    if isinstance(mounts, Unable):
        yield unknown(mounts)
        return
    said = complaints(stack, container)
    judged = list(_disks(container, mounts))
    full = {disk.point.path for disk in judged if _is_full(disk.space)}
    told = [(disk, _complaint(disk, said, full)) for disk in judged]
    found = [f for disk, complaint in told if (f := _judge(stack, container, mounts, disk, complaint)) is not None]
    found += [] if found else _by_the_log(stack, container, said)
    for finding in found:
        yield explaining_nothing(finding) if container.state.running and not failing(stack, container) else finding
    blind = [p.path for p in mounts.points if p.space is None and not p.hung and _may_fill(container, p)]
    if not found and container.state.running and (blind or mounts.at(_SHM) is None):
        reason = f"what room {stack.title(container)} has at {blind[0] if blind else _SHM} could not be seen"
        yield unknown(Unable(reason=reason, would_help="run netdoctor as root on the engine's host"))
    elif not found and judged:
        least = min(judged, key=lambda disk: disk.space.available)
        yield passed(f"{size(least.space.available)} are left at {least.point.path}", seen_by=mounts.seen_by)


def _may_fill(container: Container, point: MountPoint) -> bool:
    mount = next((m for m in container.mounts if m.destination == point.path), None)
    return mount is not None and mount.writable and mount.kind in ("bind", "volume", "tmpfs")


class _Disk(NamedTuple):
    """A file system that the container writes to, with the mount by which it does: None for its root and /dev/shm."""

    point: MountPoint
    mount: Mount | None
    space: Space

    @property
    def in_memory(self) -> bool:
        mounted = self.point.mounted
        return mounted is not None and mounted.filesystem in ("tmpfs", "ramfs")


def _disks(container: Container, mounts: Mounts) -> Iterator[_Disk]:
    """Each file system once, by the first mount that leads there."""
    by_path = {m.destination: m for m in container.mounts}
    seen: set[object] = set()
    for point in mounts.points:
        mount, room = by_path.get(point.path), point.space
        if room is None or room.size == 0 or not _written(container, point, mount):
            continue
        on = point.mounted or point.on_host
        # An overlay lies on the engine's own disk, and has a device of its own for each container.
        one = (room.size, room.inodes, room.available) if on is None or on.filesystem == "overlay" else on.device
        if one not in seen:
            seen.add(one)
            yield _Disk(point, mount, room)


def _written(container: Container, point: MountPoint, mount: Mount | None) -> bool:
    place, mounted = point.inside or point.outside, point.mounted
    if mount is not None and not mount.writable:
        return False
    if mounted is not None and not (mounted.writable and mounted.filesystem_writable):
        return False
    if point.path == "/" and container.read_only:
        return False
    return place is None or place.kind == "directory"


def _judge(
    stack: Stack, container: Container, mounts: Mounts, disk: _Disk, complaint: Complaint | None
) -> Finding | None:
    room, name = disk.space, stack.title(container)
    left = _left(room)
    where = _where(stack, container, disk)
    remedy = make_room(stack, container, disk.point, disk.mount, in_memory=disk.in_memory, where=where)
    seen: dict[str, Any] = {
        "seen_by": mounts.seen_by, "path": disk.point.path, "size": room.size, "available": left,
        "inodes": room.inodes, "inodes_free": room.inodes_free,
    }  # fmt: skip
    sign = quoted(complaint) if complaint is not None else ""
    if _has_no_inode(room):
        says = f"{where} has {size(left)} left, and can take no more files: all of its {room.inodes} inodes are in use"
        say = fail if room.inodes_free == 0 or complaint is not None else warn
        return say("no-inodes" if say is fail else "nearly-full", says + sign, remedy=remedy, **seen)
    if _has_no_byte(room) or (complaint is not None and left < room.size // 20):
        says = f"{where} is full: {size(left)} of {size(room.size)} are left{sign}"
        say = warn if disk.in_memory and complaint is None else fail
        return say("full", says, remedy=remedy, **seen)
    if complaint is not None and disk.point.path == _SHM:
        says = f"{name} found {where} too small: it has {size(room.size)}{sign}"
        recent = not container.state.running or stack.taken_at - complaint.at < _RECENT
        return (fail if recent else warn)("full", says, remedy=remedy, **seen)
    if left < room.size // 20 and left < _LITTLE:
        return warn(
            "nearly-full", f"{where} is nearly full: {size(left)} of {size(room.size)} are left", remedy=remedy, **seen
        )
    return None


def _by_the_log(stack: Stack, container: Container, said: tuple[Complaint, ...]) -> Iterator[Finding]:
    """It failed for want of room; what it had written is gone by now, or its volume is not mounted any more."""
    complaint = next((c for c in reversed(said) if c.kind == "no-space"), None)
    if complaint is None or not failing(stack, container):
        return
    mount = complaint.mount
    point = MountPoint(path=mount.destination if mount is not None else "/")
    where = f"its mount at {point.path}" if mount is not None else "its root"
    remedy = make_room(
        stack, container, point, mount, in_memory=mount is not None and mount.kind == "tmpfs", where=where
    )
    says = f"{stack.title(container)} failed for want of room in {where}{quoted(complaint)}"
    yield fail("full", says, remedy=remedy, path=complaint.path or point.path)


def _left(room: Space) -> int:
    return min(room.available, room.free)


def _has_no_byte(room: Space) -> bool:
    return _left(room) <= min(room.size // 100, 1 << 20)


def _has_no_inode(room: Space) -> bool:
    return bool(room.inodes) and room.inodes_free <= room.inodes // 1000 and room.inodes_free < 1000


def _is_full(room: Space) -> bool:
    return _has_no_byte(room) or _has_no_inode(room)


def _complaint(disk: _Disk, said: tuple[Complaint, ...], full: set[str]) -> Complaint | None:
    """The last one about this file system. One that names no path is about what is `full`, if anything is."""
    if disk.point.path == _SHM:
        return next((c for c in reversed(said) if c.kind == "no-space" and c.path.startswith(_SHM)), None)
    found = about(said, disk.mount, "no-space")
    if found is not None and not found.path and full:
        found = None
    if found is None and disk.point.path in full:
        found = next((c for c in reversed(said) if c.kind == "no-space" and not c.path), None)
    return None if found is not None and found.path.startswith(_SHM) else found


def _where(stack: Stack, container: Container, disk: _Disk) -> str:
    """The file system in a sentence: the same words for all containers that share one."""
    if disk.mount is None and disk.point.path == "/":
        return f"the disk of the engine ({stack.engine.folder or 'its own folder'} on its host)"
    if disk.mount is None or disk.in_memory:
        return f"the memory at {disk.point.path} of {stack.title(container)} (tmpfs)"
    on = disk.point.on_host
    if disk.mount.kind == "volume" and on is not None and on.path == disk.mount.source:
        return f"the volume {disk.mount.name}"
    if on is not None and on.path != "/":
        return f"the file system at {on.path} of the host"
    return f"the file system behind {disk.point.path} of {stack.title(container)}"
