"""Does every database have its data folder for itself?

What is asked
    Which containers have this volume or this folder of the host mounted, and for which of them is it the data folder of
    their server: the same folder in it, by whatever path, and may more than one of them write?

Healthy
    One writer and many readers; several servers, each with a folder of its own in one volume; a backup that runs the
    database's client; and whatever is made to be shared: code, sockets, logs, certificates. A stopped container
    that has the same volume does nothing.

Sick
    two-databases: two servers run on the same data folder. PostgreSQL's own lock does not see the other one, since each
    is process 1 of its container: they overwrite each other's files. Others refuse to start, and crash in a loop.
    owners-differ: a warning. Two containers share the folder, and what one writes the other's user cannot read.

Remedy
    One of the two is stopped at once, the newer one as a rule, and gets a volume of its own. What is damaged comes back
    from a backup.

By hand
    docker ps --filter volume=pgdata
    docker inspect --format '{{range .Mounts}}{{println .Name .Source .Destination .RW}}{{end}}' postgres
    docker exec postgres ls -ln /shared

See also
    volume.persistent, container.running
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.api import (
    AskLogs,
    AskMounts,
    AskOwners,
    AskProcesses,
    Container,
    Finding,
    Keeps,
    Mount,
    Reason,
    Remedy,
    Stack,
    Unable,
    check,
    data_folder,
    explaining_nothing,
    fail,
    keeps,
    lazily,
    passed,
    place_on_host,
    rivals,
    sharers,
    skip,
)

from ._moving import fresh_name, mounts_of
from ._readers import unreadable
from ._words import place

# What the second server says when the first one holds the lock.
_LOCKED = lazily(
    r"Unable to lock \S*ibdata1|Can't lock aria control file|InnoDB: Check that you do not already have another|"
    r"lock file \"?\S*postmaster\.pid\"? already exists|DBPathInUse|Unable to lock the lock file|"
    r"failed to obtain node locks?|Unable to create or lock|resource temporarily unavailable.{0,40}lock",
    re.IGNORECASE,
)


@check(
    id="volume.shared",
    title="{container} has {path} for itself, or may share it",
    reasons=(
        Reason("two-databases", "two servers run on the same data folder"),
        Reason("owners-differ", "what one container writes, the other's user cannot read"),
    ),
    needs=(AskLogs, AskMounts, AskOwners, AskProcesses),
    decisive=False,
)
def shared(stack: Stack, mount: Mount) -> Iterator[Finding]:
    container = stack.owner(mount)
    others = sharers(stack, mount)
    found = [c for c in rivals(stack, mount) if _is_same_folder(stack, mount, c) and _is_alive(stack, c)]
    if not found or not _is_alive(stack, container):
        if others:
            yield unreadable(stack, container, mount, others) or _alone(stack, container, mount, others)
        return
    newest = max((container, *found), key=lambda c: (c.created, c.id))
    if newest is not container and stack.whole(newest):
        yield skip(f"told of {stack.title(newest)}, which has the same data folder")
        return
    yield _two(stack, container, mount, found[0], newest)


def _alone(stack: Stack, container: Container, mount: Mount, others: tuple[Container, ...]) -> Finding:
    with_whom = ", ".join(stack.title(c) for c in others[:5])
    says = f"{stack.title(container)} shares {place(stack, mount)} with {with_whom}"
    return passed(f"{says}, and at most one server keeps its data there")


def _two(stack: Stack, container: Container, mount: Mount, rival: Container, newest: Container) -> Finding:
    kept = keeps(container)
    product = kept.software.name if kept is not None else ""
    one, two = stack.title(container), stack.title(rival)
    if one == two:
        one, two = container.name, rival.name
    says = f"{one} and {two} both run {product} on the same data folder in {place(stack, mount)}: they destroy it"
    found = fail(
        "two-databases",
        says,
        remedy=_part(stack, newest),
        data_folder=mount.destination,
        containers=[container.name, rival.name],
    )
    # Where both run, it breaks no link; where one finds the lock of the other, that is why it does not run.
    return explaining_nothing(found) if container.state.running and rival.state.running else found


def _part(stack: Stack, newest: Container) -> Remedy:
    """Stop the one that came later; it gets a volume of its own."""
    if newest.project:
        name = fresh_name(stack, newest)
        kept = keeps(newest)
        folder = kept.folder if kept is not None else "/data"
        lines = f"services:\n  {newest.service}:\n    volumes:\n      - {name}:{folder}\nvolumes:\n  {name}:"
        says = f"Stop {newest.name} at once, and give it a volume of its own (or scale the service down to one)"
        run = (f"docker stop {newest.name}", f"docker compose -p {newest.project} up -d {newest.service}")
        return Remedy(says=says, run=run, compose=lines, verify=(mounts_of(newest),))
    says = f"Stop {newest.name}, the newer one, at once, and give it a volume of its own; then look at the other's log"
    return Remedy(says=says, run=(f"docker stop {newest.name}",), verify=(f"netdoctor {newest.name}",))


def _is_same_folder(stack: Stack, mount: Mount, other: Container) -> bool:
    """Whether the other server's data folder is this one's: by its path on the host, or as the kernel numbers it."""
    mine = data_folder(stack.owner(mount), mount)
    for m in other.mounts:
        theirs = data_folder(other, m)
        if mine is None or theirs is None:
            continue
        if place_on_host(stack, mount, mine.folder) == place_on_host(stack, m, theirs.folder):
            return True
        one, two = _inode(stack, mount, mine), _inode(stack, m, theirs)
        if one is not None and one == two:
            return True
    return False


def _inode(stack: Stack, mount: Mount, kept: Keeps) -> tuple[int, int] | None:
    """What is mounted as the data folder, None where that lies below a mount, or was not seen."""
    mounts = stack.mounts(stack.owner(mount))
    point = None if isinstance(mounts, Unable) else mounts.at(mount.destination)
    place = point.inside if point is not None else None
    known = place is not None and place.inode and kept.folder == mount.destination
    return (place.device, place.inode) if place is not None and known else None


def _is_alive(stack: Stack, container: Container) -> bool:
    """It runs, or would if it could: what crashes for the lock of the other is one of the two."""
    if container.state.running or container.state.status == "restarting":
        return True
    logs = stack.logs(container)
    said = () if isinstance(logs, Unable) else logs.lines
    return container.state.exit_code != 0 and any(_LOCKED.search(line.text) for line in said)
