"""Is this the volume that holds the data?

What is asked
    Was the mounted volume made together with its container, not long ago, although an older one of nearly the same name
    holds data and is not in use: the same volume of another Compose project, a name with one letter more, with or
    without the project's prefix? And does a server's log refuse what its own environment says it was set up with?

Healthy
    A first start, where nothing older is called alike; the same Compose file running twice under two names; volumes
    that are numbered. A wrong password that only a client has.

Sick
    look-alike: an empty volume was made for a name that is new, and the data is still there under the old one. Folder
    or project renamed, a letter mistyped: the engine makes whatever it is asked for.
    already-initialised: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB (and their like) only count when the data folder
    is empty. They were changed after it had been filled, so the server asks for the old ones.

Remedy
    The old volume mounted again, under its own name; nothing is removed. Or the server told of the new password itself.

By hand
    docker volume ls --format 'table {{.Name}}\t{{.Driver}}'
    docker volume inspect --format '{{.CreatedAt}} {{.Labels}}' pgdata
    docker system df --verbose
    docker logs --tail 20 postgres

See also
    volume.persistent, volume.orphans, volume.version
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskFolder,
    AskLogs,
    AskVolumeUsage,
    Container,
    Finding,
    Mount,
    Reason,
    Remedy,
    Stack,
    Unable,
    Volume,
    VolumeUsage,
    check,
    keeps,
    look_alikes,
    mounted_at,
    passed,
    unknown,
    warn,
)

from .._remaking import again
from ._initialised import refused
from ._moving import mounts_of
from ._words import dated, size

TOGETHER = 120.0
"""Seconds within which a volume and a container are made by one command."""


@check(
    id="volume.identity",
    title="what {container} has at {path} is what it should be",
    reasons=(
        Reason("look-alike", "a fresh volume is mounted while one of nearly the same name holds data"),
        Reason("already-initialised", "settings were changed that count on an empty data folder only"),
    ),
    needs=(AskVolumeUsage, AskLogs, AskFolder),
    decisive=False,
)
def identity(stack: Stack, mount: Mount) -> Iterator[Finding]:
    container = stack.owner(mount)
    if others := look_alikes(stack, mount):
        yield _weighed(stack, container, mount, others)
    kept = keeps(container)
    if kept is not None and mounted_at(container, kept.folder) == mount and not mount.anonymous:
        yield refused(stack, container, mount)


def _weighed(stack: Stack, container: Container, mount: Mount, others: tuple[Volume, ...]) -> Finding:
    mine = stack.told(AskVolumeUsage(volume=mount.name), VolumeUsage)
    if isinstance(mine, Unable):
        return unknown(mine)
    told = [(v, stack.told(AskVolumeUsage(volume=v.name), VolumeUsage)) for v in others]
    weighed = [(v, usage) for v, usage in told if isinstance(usage, VolumeUsage)]
    fuller = [(v, usage) for v, usage in weighed if usage.size > 0 and usage.size >= mine.size]
    old = mine.made and mine.made < container.created - TOGETHER
    if not fuller or old:
        names = ", ".join(v.name for v in others)
        says = f"{mount.name} is older than {stack.title(container)}" if old else f"{mount.name} holds more"
        return passed(f"{says}, so what is called alike ({names}) is another one", seen_by=mine.seen_by)
    other, usage = max(fuller, key=lambda pair: (pair[1].size, pair[0].created))
    own = stack.volume(mount.name)
    made = f", {dated(stack, own)}" if own is not None else ""
    says = (
        f"{stack.title(container)} has the new volume {mount.name} ({size(mine.size)}{made}), and {other.name} "
        f"({size(usage.size)}, {dated(stack, other)}) is called nearly alike and not in use"
    )
    seen = {"mounted": mount.name, "holds": mine.size, "other": other.name, "other_holds": usage.size}
    remedy = _back(stack, container, mount, other)
    return warn("look-alike", says, remedy=remedy, seen_by=usage.seen_by, **seen)


def _back(stack: Stack, container: Container, mount: Mount, other: Volume) -> Remedy:
    """The old volume in the place of the new one; both stay as they are."""
    says = f"If {other.name} is the one that you mean, mount that; {mount.name} stays until you remove it"
    if container.project:
        key = mount.name.removeprefix(f"{container.project}_")
        lines = f"volumes:\n  {key}:\n    name: {other.name}\n    external: true"
        run = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=(mounts_of(container),))
    meant = Mount(kind="volume", destination=mount.destination, name=other.name, writable=mount.writable)
    mounts = tuple(meant if m is mount else m for m in container.mounts)
    return Remedy(says=says, run=tuple(again(stack, container, (), (), mounts=mounts)), verify=(mounts_of(container),))
