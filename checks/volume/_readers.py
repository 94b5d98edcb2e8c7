"""Containers that share a folder and cannot read each other's files."""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.api import (
    AskOwners,
    AskProcesses,
    Container,
    Credentials,
    Finding,
    Mount,
    Owned,
    Owners,
    Processes,
    Remedy,
    Stack,
    Unable,
    warn,
)

from ._words import place

# capabilities(7): either of them reads whatever it likes.
_READS_ALL = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def unreadable(stack: Stack, container: Container, mount: Mount, others: tuple[Container, ...]) -> Finding | None:
    """A warning where most of what this container's own user writes is closed to all processes of another one."""
    owners = stack.told(AskOwners(container=container.id, path=mount.destination), Owners)
    mine = _processes(stack, container)
    if isinstance(owners, Unable) or not mine or not mount.writable:
        return None
    users = {p.user for p in mine}
    written = [o for o in owners.owned if o.owner in users]
    for other in others:
        theirs = _processes(stack, other)
        closed = [o for o in written if theirs and not any(_may_read(p, o) for p in theirs)]
        if closed and 2 * sum(o.count for o in closed) > sum(o.count for o in written):
            return _closed(stack, container, other, mount, closed[0], theirs, owners.seen_by)
    return None


def _processes(stack: Stack, container: Container) -> tuple[Credentials, ...]:
    told = stack.told(AskProcesses(container=container.id), Processes) if container.state.running else None
    return told.processes if isinstance(told, Processes) else ()


def _may_read(process: Credentials, owned: Owned) -> bool:
    if process.capabilities is None and process.user == 0:
        return True
    if (process.capabilities or 0) & _READS_ALL:
        return True
    needed = 0o5 if owned.folder else 0o4
    if process.user == owned.owner:
        return owned.mode >> 6 & needed == needed
    if owned.group in (process.group, *process.groups):
        return owned.mode >> 3 & needed == needed
    return owned.mode & needed == needed


def _closed(
    stack: Stack,
    container: Container,
    other: Container,
    mount: Mount,
    example: Owned,
    theirs: Iterable[Credentials],
    seen_by: str,
) -> Finding:
    one, two = stack.title(container), stack.title(other)
    reader = min(theirs, key=lambda p: p.pid)
    belongs = f"{example.owner}:{example.group}, mode {example.mode:04o}"
    says = (
        f"{one} and {two} share {place(stack, mount)}, and {two} (user {reader.user}) cannot read what {one} writes: "
        f"{example.example} belongs to {belongs}"
    )
    user = f"{example.owner}:{example.group}"
    remedy = Remedy(
        says=f"Let both work as the same user, or in a group that may read: for {two}, --user {user}, or --group-add",
        run=(f"docker exec {container.name} id", f"docker exec {other.name} id"),
        compose=f'services:\n  {other.service}:\n    user: "{user}"' if other.project else None,
        verify=(f"docker exec {other.name} id",),
    )
    seen = {"example": example.example, "belongs_to": belongs, "reader": reader.user}
    return warn("owners-differ", says, remedy=remedy, seen_by=seen_by, **seen)
