"""Does every mount show, or is one hidden by another?

What is asked
    The mount table of the container: a later mount at the same place, or above, hides an earlier one. And what an inner
    mount covers of the outer one around it: the files that lie there on the host.

Healthy
    Mounts at places of their own. A mount within another is healthy where it covers nothing, and where it covers what
    is to be covered: a volume on node_modules or vendor in a bind mount, /dev/null over a file.

Sick
    hidden: a warning. A mount is not seen, since another one lies on top of it (two paths that a symbolic link of the
    image makes one, a mount that the host added later); or an empty inner mount covers files of the outer one.

Remedy
    Mount one of the two elsewhere, or leave it out. Nothing is lost: what is hidden is seen again without the other.

By hand
    docker exec api cat /proc/self/mountinfo       # of two lines with one mount point the later one counts
    docker inspect --format '{{range .Mounts}}{{println .Destination .Source}}{{end}}' api

See also
    volume.source
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from netdoctor.api import (
    AskMounts,
    Container,
    Finding,
    Mount,
    Mounted,
    MountPoint,
    Mounts,
    Reason,
    Remedy,
    Stack,
    Unable,
    check,
    lies_in,
    passed,
    unknown,
    warn,
)

from ._moving import mounts_of

_TO_BE_COVERED = ("node_modules", "vendor", "venv", ".venv", "target", "build", "dist", ".next", "tmp", "cache", "logs")


@check(
    id="volume.nested",
    title="no other mount hides {path} of {container}",
    reasons=(Reason("hidden", "a mount, or what lies in it, is hidden by another mount"),),
    needs=(AskMounts,),
    decisive=False,
)
def nested(stack: Stack, mount: Mount) -> Iterator[Finding]:
    container = stack.owner(mount)
    mounts = stack.mounts(container)
    if isinstance(mounts, Unable):
        if len(container.mounts) > 1:
            yield unknown(mounts)
        return
    point = mounts.at(mount.destination)
    if point is None:
        return
    found = _buried(stack, container, mount, point, mounts) or _covering(stack, container, mount, point, mounts)
    yield found or passed(f"nothing lies over {mount.destination} of {stack.title(container)}", seen_by=mounts.seen_by)


def _buried(stack: Stack, container: Container, mount: Mount, point: MountPoint, mounts: Mounts) -> Finding | None:
    """What the container finds at the destination is another mount's."""
    inside, outside = point.inside, point.outside
    if inside is None or outside is None or not inside.inode or not outside.inode or point.mounted is None:
        return None
    there = [m for m in mounts.table if m.path == point.mounted.path]
    top = mounts.over(point.mounted) or (there[-1] if len(there) > 1 else None)
    if top is None or (inside.device, inside.inode) == (outside.device, outside.inode):
        return None
    other = next((m for m in container.mounts if m != mount and _is_at(mounts, m, top)), None)
    real = "" if point.mounted.path == mount.destination else f" (really {point.mounted.path})"
    by = f"what is mounted at {other.destination if other is not None else top.path}{real}"
    says = f"{mount.source or mount.name} at {mount.destination} of {stack.title(container)} is hidden by {by}"
    return _hidden(container, mount, says, mounts)


def _is_at(mounts: Mounts, mount: Mount, mounted: Mounted) -> bool:
    """Whether this is the kernel's mount for one of the container's."""
    there = mounts.at(mount.destination)
    return there is not None and there.mounted is not None and there.mounted.path == mounted.path


def _covering(stack: Stack, container: Container, mount: Mount, point: MountPoint, mounts: Mounts) -> Finding | None:
    """An empty folder over a full one of the mount around it."""
    outer = [m for m in container.mounts if m != mount and lies_in(mount.destination, m.destination)]
    beneath, mine = point.beneath, point.outside or point.inside
    if not outer or beneath is None or mine is None or beneath.kind != "directory" or mine.kind != "directory":
        return None
    if beneath.empty is not False or not mine.empty:
        return None
    if posixpath.basename(mount.destination) in _TO_BE_COVERED or mount.anonymous:
        return None
    around = max(outer, key=lambda m: len(m.destination))
    says = (
        f"the empty {mount.name or mount.source} at {mount.destination} of {stack.title(container)} hides what "
        f"{around.name or around.source} has there"
    )
    return _hidden(container, mount, says, mounts)


def _hidden(container: Container, mount: Mount, says: str, mounts: Mounts) -> Finding:
    advice = f"Leave out the mount at {mount.destination}, or mount it elsewhere; nothing is lost by it."
    remedy = Remedy(says=advice, run=(mounts_of(container),), verify=(mounts_of(container),))
    return warn("hidden", says, remedy=remedy, seen_by=mounts.seen_by, path=mount.destination)
