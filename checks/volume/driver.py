"""Can the volume be mounted, and does what serves it answer?

What is asked
    The engine's error of a container that could not be started for it (.State.Error), the volume's driver and options,
    and whether the file system answers at all: it is asked by a process that is ended after a second, since who asks a
    dead server's file system may wait for ever.

Healthy
    The volume is mounted, or needs nothing to be: a folder of the engine's own.

Sick
    mount-failed: the engine could not mount it. The kernel's error in words: the server refuses or does not answer, the
        export or the device is not there, the file system's type is unknown to the kernel, the plugin is gone, a
        bind mount's propagation is not allowed by the host.
    not-answering: it is mounted, and the file system hangs or answers with an error: an NFS server that went away, a
        FUSE process that ended. Whatever touches it hangs too; docker stop and docker restart may as well.

Remedy
    Each error has its own. A volume's options cannot be changed: it is removed (what lies on a server stays there) and
    made anew. What hangs is helped by bringing the server back, or else by unmounting it on the host.

By hand
    docker inspect --format '{{.State.Error}}' api
    docker volume inspect pgdata
    timeout 2 stat -f /var/lib/docker/volumes/pgdata/_data || echo it does not answer
    dmesg | tail

See also
    volume.source, volume.space, container.running
    https://docs.docker.com/engine/storage/volumes/#create-a-service-which-creates-an-nfs-volume
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskMounts,
    Container,
    Finding,
    Mount,
    MountPoint,
    Mounts,
    Reason,
    Stack,
    Unable,
    Volume,
    check,
    explaining_nothing,
    fail,
    passed,
    skip,
    unknown,
)

from ._complaints import failing
from ._mount_errors import Trouble, explain, wake


@check(
    id="volume.driver",
    title="what is mounted at {path} of {container} can be mounted, and answers",
    reasons=(
        Reason("mount-failed", "the engine could not mount it"),
        Reason("not-answering", "its file system hangs, or answers with an error", time_heals=True),
    ),
    needs=(AskMounts,),
    decisive=False,
)
def driver(stack: Stack, mount: Mount) -> Iterator[Finding]:
    if mount.kind not in ("bind", "volume"):
        return
    container, mounts = stack.owner(mount), stack.mounts(stack.owner(mount))
    volume = stack.volume(mount.name) if mount.name else None
    trouble = explain(container, mount, volume)
    if trouble is not None:
        yield _failed(stack, container, mount, volume, trouble)
        return
    if isinstance(mounts, Unable):
        yield unknown(mounts)
        return
    point = mounts.at(mount.destination)
    if point is None or not any(p is not None and p.kind != "missing" for p in (point.inside, point.outside)):
        yield skip(f"nobody could look at {mount.destination}; see volume.source")
        return
    found = _silent(stack, container, mount, mounts, point)
    if found is None:
        yield passed(f"{_called(mount, volume)} answers", seen_by=mounts.seen_by)
    else:
        yield explaining_nothing(found) if container.state.running and not failing(stack, container) else found


def _called(mount: Mount, volume: Volume | None) -> str:
    if volume is None:
        return f"{mount.source} of the host"
    kind = volume.options.get("type", "")
    return f"the volume {mount.name[:12] if mount.anonymous else mount.name}" + (
        f" ({kind})" if kind not in ("", "none") else ""
    )


def _failed(stack: Stack, container: Container, mount: Mount, volume: Volume | None, trouble: Trouble) -> Finding:
    options = {} if volume is None else dict(volume.options)
    says = f"{_called(mount, volume)} of {stack.title(container)} cannot be mounted: {trouble.says}"
    return fail("mount-failed", says, remedy=trouble.remedy, error=container.state.error[:400], options=options)


def _silent(stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint) -> Finding | None:
    on = point.mounted or point.on_host
    kind = f" ({on.filesystem} from {on.source})" if on is not None else ""
    name = stack.title(container)
    if point.hung:
        says = f"the file system at {mount.destination} of {name}{kind} does not answer: whatever touches it hangs"
        return fail("not-answering", says, remedy=wake(container, mount, point), seen_by=mounts.seen_by, hangs=True)
    errors = [p.error for p in (point.inside, point.outside) if p is not None and p.kind == "unseen"]
    dead = next((e for e in errors if e in _DEAD), None)
    if dead is None:
        return None
    says = f"the file system at {mount.destination} of {name}{kind} is dead: {dead}"
    return fail("not-answering", says, remedy=wake(container, mount, point), seen_by=mounts.seen_by, error=dead)


# errno(3): ENOTCONN of a FUSE process that ended, ESTALE of an export that is gone, EIO and EHOSTDOWN of servers.
_DEAD = (
    "Transport endpoint is not connected",
    "Socket not connected",
    "Stale file handle",
    "Stale NFS file handle",
    "Input/output error",
    "I/O error",
    "Host is down",
    "Permission denied by the server",
)
