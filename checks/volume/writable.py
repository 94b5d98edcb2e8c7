"""May the container write where it must?

What is asked
    As whom do the processes work: user, groups and capabilities, in their user namespace. What do owner, mode and ACL
    of each mount, and the folders on the way there, allow them; is the mount, its file system or the container's root
    read-only, is it noexec? Nothing is tried: no file is made. And what does the log complain of since the last start?

Healthy
    The server's processes may write in its data folder. Read-only mounts of configuration, and a read-only root with a
    tmpfs where it matters, are healthy as long as nobody complains. So is a folder of somebody else's that the process
    may use all the same: as root with CAP_DAC_OVERRIDE, by its mode (777), its group (--group-add), an ACL. What counts
    is the process that does the work: many images start as root and become another user.

Sick
    read-only: the mount is `:ro`, the container's root is (--read-only), or the host's file system is, after an error
        of its disk perhaps; and the container means to write there: it is its data folder, or the log says so.
    owner-mismatch: the process's user may not write there. A warning for an empty volume that nobody in the container
        may write to.
    no-exec: a program in the mount is to be run, and the file system is mounted noexec.
    labelled: owner and mode allow it, and it is denied: by SELinux, AppArmor or another security module of the kernel.

Remedy
    owner-mismatch: chown the folder to the number of the process's user, once. read-only: without :ro; a tmpfs for
    what need not last. labelled: :z for a folder that several containers share, :Z for one alone (never for /home or
    /usr: the labels of all that lies below are changed). no-exec: run it by its interpreter, or keep it elsewhere.

By hand
    docker top postgres -eo pid,euid,egid,supgid,comm
    docker exec postgres ls -ldn /var/lib/postgresql/data
    docker exec postgres cat /proc/1/status /proc/self/mountinfo
    docker logs --tail 50 postgres

See also
    volume.source, volume.space, container.running
    https://docs.docker.com/engine/storage/bind-mounts/#configure-the-selinux-label
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdoctor.api import (
    AskLogs,
    AskMounts,
    AskProcesses,
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
    keeps,
    meant_for,
    mounted_at,
    passed,
    unknown,
    warn,
)

from ._access import Access, access
from ._complaints import Complaint, about, complaints, failing, quoted
from ._permission import READ, WRITE, in_words
from ._running import not_executable
from ._writing import make_writable, own, own_root, relabel, run_elsewhere


@check(
    id="volume.writable",
    title="{name} may write where it must",
    reasons=(
        Reason("read-only", "the mount, its file system or the root is read-only, and the container means to write"),
        Reason("owner-mismatch", "the user of the process may not write there"),
        Reason("no-exec", "a program is to be run from a file system that is mounted noexec"),
        Reason("labelled", "owner and mode allow it, and a security module of the kernel denies it"),
    ),
    needs=(AskMounts, AskProcesses, AskLogs),
)
def writable(stack: Stack, container: Container) -> Iterator[Finding]:
    if container.state.running and not stack.loops(container) and not stack.whole(container):
        return  # an end of a link that runs: what it may write is another question
    mounts = stack.mounts(container)
    said = complaints(stack, container)
    found = [f for f in _findings(stack, container, mounts, said) if f is not None]
    for finding in found:
        yield explaining_nothing(finding) if container.state.running and not failing(stack, container) else finding
    if found:
        return
    if isinstance(mounts, Unable) and container.mounts:
        yield unknown(mounts)
    elif container.mounts or container.read_only:
        yield passed(f"nothing speaks against {stack.title(container)} writing where it means to")


def _findings(
    stack: Stack, container: Container, mounts: Mounts | Unable, said: tuple[Complaint, ...]
) -> Iterator[Finding | None]:
    seen = Mounts() if isinstance(mounts, Unable) else mounts
    yield _read_only_root(stack, container, said)
    yield _no_exec(stack, container, seen)
    for mount in container.mounts:
        if mount.kind not in ("bind", "volume", "tmpfs"):
            continue
        point = seen.at(mount.destination) or MountPoint(path=mount.destination)
        if not point.hung:
            yield _read_only(stack, container, mount, point, said) or _denied(stack, container, mount, point, said)


# -- read-only ------------------------------------------------------------------------------------------------------


def _read_only_root(stack: Stack, container: Container, said: tuple[Complaint, ...]) -> Finding | None:
    complaint = about(said, None, "read-only")
    if not container.read_only or complaint is None:
        return None
    says = f"{stack.title(container)} means to write to {complaint.path}, and its root is read-only{quoted(complaint)}"
    return fail("read-only", says, remedy=own_root(stack, container, complaint.path), path=complaint.path)


def _read_only(
    stack: Stack, container: Container, mount: Mount, point: MountPoint, said: tuple[Complaint, ...]
) -> Finding | None:
    mounted = point.mounted or point.on_host
    frozen = mounted is not None and not mounted.filesystem_writable
    if mount.writable and not frozen and (mounted is None or mounted.writable):
        return None
    complaint = about(said, mount, "read-only", "not-written", "not-opened")
    data = _is_data(container, mount)
    name, where = stack.title(container), mount.destination
    sign = quoted(complaint) if complaint is not None else ""
    seen: dict[str, Any] = {"path": where, "mounted_read_only": not mount.writable, "file_system_read_only": frozen}
    if mount.writable and frozen and mounted is not None:
        disk = f"{mounted.filesystem} on {mounted.source}"
        says = f"the file system of {where} in {name} is read-only on the host ({disk})"
        if mounted.filesystem in ("iso9660", "squashfs", "erofs", "udf"):
            return None  # nobody can write to these
        remedy = make_writable(stack, container, mount, point)
        say = fail if complaint is not None or data else warn
        return say("read-only", f"{says}: an error of the disk, perhaps{sign}", remedy=remedy, **seen)
    if complaint is None and not data:
        return None  # meant so: configuration, certificates
    why = "means to write there" if complaint is not None else "keeps its data there"
    says = f"{where} of {name} is mounted read-only, and {name} {why}{sign}"
    return fail("read-only", says, remedy=make_writable(stack, container, mount, point), **seen)


def _is_data(container: Container, mount: Mount) -> bool:
    """Whether the server's data folder lies in the mount."""
    kept = keeps(container)
    return kept is not None and kept.serves and kept.sure and mounted_at(container, kept.folder) == mount


# -- denied ---------------------------------------------------------------------------------------------------------


def _denied(
    stack: Stack, container: Container, mount: Mount, point: MountPoint, said: tuple[Complaint, ...]
) -> Finding | None:
    # Whoever writes to a read-only mount hears that, so what is denied there is reading.
    want = WRITE if mount.writable else READ
    allowed = access(stack, container, point, want)
    complaint = about(said, mount, "denied", "not-written")
    if complaint is None and allowed.verdict is False:  # SQLite says so of a folder that is not there as well
        complaint = about(said, mount, "not-opened")
    if complaint is None:
        return _would_be_denied(stack, container, mount, point, allowed)
    place = allowed.place
    if place is not None and complaint.at and place.changed > complaint.at and allowed.verdict:
        return None  # mended since: owner or mode were changed after it was said
    if allowed.verdict and (label := _label(stack, mount, allowed)):
        says = f"{allowed.who} in {stack.title(container)} may {_verb(want)} {mount.destination} by owner and mode"
        remedy = relabel(stack, container, mount, allowed.module)
        return fail("labelled", f"{says}, and {label} denies it{quoted(complaint)}", remedy=remedy, path=complaint.path)
    if allowed.verdict and allowed.user == 0 and not allowed.knows:
        reason = f"why {allowed.who} in {stack.title(container)} was denied {complaint.path} could not be seen"
        return unknown(Unable(reason=reason, would_help="run netdoctor as root on the engine's host"))
    sure = allowed.verdict is False or failing(stack, container)
    says = _mismatch(stack, container, mount, allowed, complaint, want)
    remedy = own(stack, container, mount, allowed)
    say = fail if sure else warn
    return say("owner-mismatch", f"{says}{quoted(complaint)}", remedy=remedy, path=complaint.path, **allowed.seen)


def _mismatch(
    stack: Stack, container: Container, mount: Mount, allowed: Access, complaint: Complaint, want: int
) -> str:
    name, place = stack.title(container), allowed.place
    if allowed.verdict is False and place is not None:
        return f"{allowed.who} in {name} may not {_verb(want)} {mount.destination}, which belongs to {in_words(place)}"
    if allowed.remote:
        return f"the server of {mount.destination} in {name} ({allowed.remote}) does not let {allowed.who} do that"
    if allowed.verdict:
        return f"something in {mount.destination} of {name} belongs to somebody else than {allowed.who}"
    return f"{name} may not {_verb(want)} {complaint.path or mount.destination}"


def _verb(want: int) -> str:
    return "write to" if want == WRITE else "read"


def _would_be_denied(
    stack: Stack, container: Container, mount: Mount, point: MountPoint, allowed: Access
) -> Finding | None:
    """Nothing was said yet. A data folder that its server may not write to is a fault all the same."""
    place = allowed.place
    if allowed.verdict is not False or place is None or not mount.writable or place.kind != "directory":
        return None
    name = stack.title(container)
    says = f"{allowed.who} in {name} may not write to {mount.destination}, which belongs to {in_words(place)}"
    remedy = own(stack, container, mount, allowed)
    kept = keeps(container)
    if _is_data(container, mount) and allowed.works and kept is not None and kept.folder == mount.destination:
        says = f"{says}, and {name} keeps its data there"
        return fail("owner-mismatch", says, remedy=remedy, path=mount.destination, **allowed.seen)
    if kept is not None and kept.serves and meant_for(container, kept) == mount:
        return None  # it lies beside the data: volume.persistent tells of it
    empty = place.empty if place.empty is not None else point.outside is not None and point.outside.empty
    if mount.kind == "volume" and empty and container.state.running and _alone(stack, mount):
        return warn("owner-mismatch", f"{says} and is empty", remedy=remedy, path=mount.destination, **allowed.seen)
    return None


def _alone(stack: Stack, mount: Mount) -> bool:
    """Whether nobody else has the volume, who could fill it."""
    volume = stack.volume(mount.name)
    return volume is not None and len(stack.users(volume)) == 1


def _label(stack: Stack, mount: Mount, allowed: Access) -> str:
    """The security module that is to blame, in words; "" for none that is known to be there."""
    if allowed.module:
        return allowed.module
    if "selinux" in stack.engine.security and mount.kind == "bind" and not mount.relabelled:
        return "SELinux"
    # Root with CAP_DAC_OVERRIDE is stopped by no owner, so by nothing that a chown could mend.
    return "a security module of the kernel" if allowed.overrides else ""


# -- run ------------------------------------------------------------------------------------------------------------


def _no_exec(stack: Stack, container: Container, mounts: Mounts) -> Finding | None:
    path = not_executable(stack, container)
    mount = mounted_at(container, path) if path else None
    point = mounts.at(mount.destination) if mount is not None else None
    if mount is None or point is None:
        return None
    mounted = point.mounted or point.on_host
    if mounted is None or mounted.executable:
        return None
    where = f"{mount.source} of the host lies" if mount.kind == "bind" else f"{mount.destination} is mounted"
    says = f"{stack.title(container)} cannot run {path}: {where} on a file system without execution (noexec)"
    remedy = run_elsewhere(container, mount, point, path)
    return fail("no-exec", says, remedy=remedy, path=path, error=container.state.error)
