"""Is what is mounted the file or the folder that was meant?

What is asked
    What lies at the source on the engine's host, and what does the container find at the destination: are they still
    the same? Did the engine make the source itself, since nothing was there? What does the mount hide of the image?
    The log tells which files were missed. Nothing is opened and no access time changes.

Healthy
    Source and destination are the same file, folder, socket or device. An empty folder is healthy: data that is still
    to come, a drop box. So is a mount of /dev/null that hides a file, a volume on node_modules that brings back what
    a bind mount hides, and a folder of sources that is mounted over the image's own.

Sick
    created-empty: the path did not exist on the host, so `docker run -v` made an empty folder of root's there. A
        mistyped path, a file that was not copied, or a path of another machine: what counts is the engine's host, not
        the machine or the container in which docker was called. A warning where the container does not complain.
    wrong-kind: a folder where the container wants a file, or the other way round.
    mounted-late: the host mounted a disk or a share at the source after the container was started. The container still
        has what lies beneath, and writes there. A warning for a disk in a sub-folder.
    replaced: the folder was deleted or renamed, and another made in its place. The container has the old one.
    missing: the source is gone from the host.
    hides-content: the mount covers what the image has there, and that is missed: dependencies, built assets.
    stale-file: the mounted file was replaced by another one, as editors and git do. The container has the old one.

Remedy
    stale-file, replaced, mounted-late: docker restart, which mounts what is there now. To be spared it, mount the
    folder instead of the file, empty a folder instead of deleting it, or mount the disk before Docker starts
    (RequiresMountsFor= in docker.service). created-empty: remove the empty folder, correct the path.

By hand
    docker inspect --format '{{range .Mounts}}{{println .Source .Destination}}{{end}}' api
    ls -ldi /srv/api.conf; docker exec api ls -ldi /etc/api.conf     # another number is another file
    docker exec api grep deleted /proc/self/mountinfo

See also
    volume.writable, volume.nested, volume.identity, container.running
    https://docs.docker.com/engine/storage/bind-mounts/
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskLogs,
    AskMounts,
    AskPath,
    Container,
    Finding,
    Mount,
    MountPoint,
    Mounts,
    Reason,
    Stack,
    Unable,
    check,
    explaining_nothing,
    fail,
    passed,
    skip,
    unknown,
    warn,
)

from ._complaints import Complaint, about, complaints, failing, quoted
from ._hiding import hides
from ._putting_right import anew, another_kind, bring_back, restart
from ._sources import changes_by_itself, differs, like_a_file, made_by_engine, same_text


@check(
    id="volume.source",
    title="what is mounted at {path} of {container} is what was meant",
    reasons=(
        Reason("created-empty", "the host path was missing, and the engine made an empty folder"),
        Reason("wrong-kind", "a folder where a file is expected, or the other way round"),
        Reason("mounted-late", "the host mounted a disk there after the container was started"),
        Reason("replaced", "the folder on the host is another one since"),
        Reason("missing", "the source is gone from the host"),
        Reason("hides-content", "the mount covers what the image has there, and that is missed"),
        Reason("stale-file", "the file on the host is another one since"),
    ),
    needs=(AskMounts, AskLogs, AskPath),
)
def source(stack: Stack, mount: Mount) -> Iterator[Finding]:
    if mount.kind not in ("bind", "volume"):
        return
    container, mounts = stack.owner(mount), stack.mounts(stack.owner(mount))
    if isinstance(mounts, Unable):
        yield _by_its_error(container, mount) or unknown(mounts)
        return
    point = mounts.at(mount.destination) or MountPoint(path=mount.destination)
    found = _sick(stack, container, mount, mounts, point)
    if found is None:
        yield _well(stack, container, mount, mounts, point)
        return
    # Where the container runs, and does not complain to its health check, it serves whoever asks.
    yield explaining_nothing(found) if container.state.running and not failing(stack, container) else found


def _sick(stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint) -> Finding | None:
    said = complaints(stack, container)
    return (
        _gone(stack, container, mount, mounts, point)
        or _not_the_same(stack, container, mount, mounts, point)
        or _made(stack, container, mount, mounts, point, said)
        or _by_its_error(container, mount, point)
        or _by_its_log(stack, container, mount, mounts, point, said)
        or hides(stack, container, mount, mounts, point, said)
        or _late_below(stack, container, mount, mounts, point)
    )


def _well(stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint) -> Finding:
    where = point.outside or point.inside
    if point.hung or (where is not None and where.kind == "unseen"):
        return skip(f"what lies at {mount.destination} does not answer, or may not be looked at; see volume.driver")
    if where is None or (container.state.running and point.mounted is None):
        reason = f"what {stack.title(container)} really has at {mount.destination} could not be seen"
        return unknown(Unable(reason=reason, would_help="run netdoctor as root on the engine's host"))
    aside = f" ({mounts.host_unseen})" if mounts.host_unseen else ""
    says = f"{mount.destination} of {stack.title(container)} is {_called(mount)}{aside}"
    return passed(says, seen_by=mounts.seen_by)


def _called(mount: Mount) -> str:
    return (
        f"the volume {mount.name[:12] if mount.anonymous else mount.name}"
        if mount.name
        else f"{mount.source} of the host"
    )


# -- gone, replaced, late -------------------------------------------------------------------------------------------


def _gone(stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint) -> Finding | None:
    if point.outside is None or point.outside.kind != "missing":
        return None
    name, running = stack.title(container), container.state.running
    has = " while the container still has the old one" if running else ""
    says = f"{mount.source}, which {name} has at {mount.destination}, is gone from the host{has}"
    # A container that has done its work needs no source any more.
    wanted = (
        running
        or container.state.error
        or container.state.status in ("created", "restarting")
        or failing(stack, container)
    )
    say = fail if wanted else warn
    return say("missing", says, remedy=bring_back(container, mount, point), seen_by=mounts.seen_by, source=mount.source)


def _not_the_same(
    stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint
) -> Finding | None:
    inside, outside, mounted = point.inside, point.outside, point.mounted
    if outside is None and inside is not None and mounted is not None and mounted.deleted:
        return _deleted(stack, container, mount, mounts, inside.kind)
    if inside is None or outside is None or mounted is None or mount.subpath or not differs(point, mounts):
        return None
    name, where = stack.title(container), f"{mount.source} of the host"
    seen = {"inside": inside.inode, "on_the_host": outside.inode, "mounted": mounted.root}
    if inside.kind != "directory":
        if changes_by_itself(mount.destination) or (inside.kind == "file" and same_text(inside, outside)):
            return None
        what = "socket" if inside.kind == "socket" else "file"
        says = f"{name} still has the old {what} at {mount.destination}: {where} was replaced by another one since"
        advice = f"Restart {name}, so that it gets the new {what}; had it the folder, the next one would come by itself"
        return fail("stale-file", says, remedy=restart(container, mount, advice), seen_by=mounts.seen_by, **seen)
    if mounted.deleted or inside.device == outside.device:
        moved = "" if mounted.deleted else f" (now {mounted.root})"
        says = f"{name} still has the old folder at {mount.destination}{moved}: {where} was made anew since"
        advice = f"Restart {name}; next time, empty the folder instead of deleting it"
        return fail("replaced", says, remedy=restart(container, mount, advice), seen_by=mounts.seen_by, **seen)
    disk = f"{point.on_host.filesystem} from {point.on_host.source}" if point.on_host else "another file system"
    says = f"the host has mounted {disk} at {mount.source} since {name} was started, which still has what lies beneath"
    advice = (
        f"Restart {name}. What it wrote meanwhile lies beneath the mount point, on the host's own disk, and is seen "
        "there again when that is unmounted. To have the disk first after a boot: RequiresMountsFor= in docker.service"
    )
    return fail("mounted-late", says, remedy=restart(container, mount, advice), seen_by=mounts.seen_by, **seen)


def _deleted(stack: Stack, container: Container, mount: Mount, mounts: Mounts, kind: str) -> Finding:
    """The host cannot be seen, and the kernel tells that what is mounted has no name any more."""
    name, reason = stack.title(container), "replaced" if kind == "directory" else "stale-file"
    says = f"{name} still has what lay at {mount.source} of the host, which was deleted or replaced there since"
    advice = f"Look whether {mount.source} is there again, and restart {name}"
    return fail(reason, says, remedy=restart(container, mount, advice), seen_by=mounts.seen_by, source=mount.source)


def _late_below(stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint) -> Finding | None:
    late = [m for m in point.late if (point.mounted is None or not point.mounted.shared)]
    if not late:
        return None
    name, disk = stack.title(container), late[0]
    says = f"{name} does not have {disk.filesystem} from {disk.source}, which the host has mounted at {disk.path}"
    advice = f"Restart {name}, if it is to have that; with bind-propagation=rslave it would have come by itself"
    return warn("mounted-late", says, remedy=restart(container, mount, advice), seen_by=mounts.seen_by, at=disk.path)


# -- made by the engine, of the wrong kind --------------------------------------------------------------------------


def _made(
    stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint, said: tuple[Complaint, ...]
) -> Finding | None:
    """An empty folder that the engine made, where a file is wanted, or something is missed."""
    found = point.outside or point.inside
    if not made_by_engine(stack.engine, container, mount, found):
        return None
    wants_file = (point.beneath is not None and point.beneath.kind == "file") or like_a_file(mount.destination)
    missed = about(said, mount, "missing", "wrong-kind")
    never_filled = not mount.writable and not (
        point.beneath is not None and point.beneath.exists and point.beneath.empty
    )
    if not wants_file and missed is None and not never_filled:
        return None  # data that is still to come
    name = stack.title(container)
    elsewhere = "" if stack.engine.local else ", which is another machine than this one"
    says = (
        f"{mount.source} did not exist on the engine's host{elsewhere}, so the engine made an empty folder there, and "
        f"{name} has that at {mount.destination}"
    )
    remedy = anew(stack, container, mount, point, wants_file=wants_file)
    seen = {"source": mount.source, "wants_a_file": wants_file}
    if not wants_file and missed is None:
        return warn("created-empty", says, remedy=remedy, seen_by=mounts.seen_by, **seen)
    return fail(
        "created-empty", says + (quoted(missed) if missed else ""), remedy=remedy, seen_by=mounts.seen_by, **seen
    )


def _by_its_error(container: Container, mount: Mount, point: MountPoint | None = None) -> Finding | None:
    """What runc says: `error mounting "/src" to rootfs at "/etc/passwd": ...: not a directory`."""
    error = container.state.error
    if "not a directory" not in error or f'"{mount.source}"' not in error or not _names(error, mount.destination):
        return None
    outside = point.outside if point is not None else None
    kind = outside.kind if outside is not None else "directory"
    other = {"directory": "a file", "file": "a folder"}.get(kind, "something else")
    here = {"directory": "a folder"}.get(kind, f"a {kind}")
    says = f"{mount.source} of the host is {here}, and the image has {other} at {mount.destination}"
    return fail("wrong-kind", says, remedy=another_kind(container, mount, kind), source=mount.source, error=error[:300])


def _by_its_log(
    stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint, said: tuple[Complaint, ...]
) -> Finding | None:
    """The image has nothing at the place, so the engine mounts whatever it is, and the program finds a folder."""
    found = point.outside or point.inside
    unnamed = failing(stack, container) and like_a_file(mount.destination)  # "read error: Is a directory", and no more
    complaint = next(
        (c for c in said if c.kind == "wrong-kind" and (c.path == mount.destination or (not c.path and unnamed))), None
    )
    if found is None or complaint is None:
        return None
    if (found.kind == "directory") != like_a_file(mount.destination):
        return None
    here = "a folder" if found.kind == "directory" else f"a {found.kind}"
    says = (
        f"{stack.title(container)} finds {here} at {mount.destination}: {mount.source} of the host{quoted(complaint)}"
    )
    return fail("wrong-kind", says, remedy=another_kind(container, mount, found.kind), seen_by=mounts.seen_by)


def _names(error: str, destination: str) -> bool:
    """Whether the error is about this destination; newer runc writes it below the container's root."""
    return any(f'{quote}{destination}"' in error for quote in ('"', "rootfs", "merged")) or destination in error
