"""Volumes that nobody uses, and volumes that are called nearly alike. Pure: told by names, labels and dates."""

from __future__ import annotations

import re

from netdoctor.model import Container, Mount, Volume
from netdoctor.patterns import lazily
from netdoctor.stack import Stack

TOGETHER = 120.0
"""Seconds within which a volume and a container were made by the same command."""
FRESH = 7 * 86400.0
"""Seconds for which a new volume may still surprise somebody."""

MOST_FORGOTTEN = 20
"""Anonymous volumes of nobody that are looked into for a server that has just got a new one."""

_PROJECT = "com.docker.compose.project"
_KEY = "com.docker.compose.volume"
_ANONYMOUS = lazily(r"[0-9a-f]{64}")


def is_anonymous(volume: Volume) -> bool:
    """Whether the engine made up its name. From engine 23 on a label says so too."""
    return _ANONYMOUS.fullmatch(volume.name) is not None


def _unused(stack: Stack) -> list[Volume]:
    used = {m.name for c in stack.containers for m in c.mounts if m.name}
    return [v for v in stack.volumes if v.name not in used]


def forgotten(stack: Stack) -> tuple[Volume, ...]:
    """Anonymous volumes of containers that are gone, the newest first: their data is there, and nobody finds it."""
    return tuple(sorted((v for v in _unused(stack) if is_anonymous(v)), key=lambda v: -v.created)[:MOST_FORGOTTEN])


def dangling(stack: Stack) -> tuple[Volume, ...]:
    """The volumes that no container has, running or not.

    Where one Compose project is judged, those of this project; what others left behind is not its business.
    """
    free = _unused(stack)
    judged = [c for c in stack.containers if stack.whole(c)]
    projects = {c.project for c in judged}
    if len(projects) == 1 and projects != {""} and len(judged) < len(stack.containers):
        free = [v for v in free if v.labels.get(_PROJECT) in projects]
    return tuple(free)


def sharers(stack: Stack, mount: Mount) -> tuple[Container, ...]:
    """The other containers, running or not, that have the same volume or the same folder of the host mounted."""
    if mount.kind not in ("volume", "bind"):
        return ()
    key = (mount.kind, mount.name or mount.source)
    return tuple(
        c
        for c in stack.containers
        if c.id != mount.container and any((m.kind, m.name or m.source) == key for m in c.mounts)
    )


def look_alikes(stack: Stack, mount: Mount) -> tuple[Volume, ...]:
    """The older volumes that might be the one meant, where the mounted one was made with its container and lately."""
    mine = stack.volume(mount.name) if mount.kind == "volume" and mount.name and not mount.anonymous else None
    if mine is None or not _is_fresh(stack, mount, mine):
        return ()
    busy = {m.name for c in stack.containers if c.state.running for m in c.mounts if m.name}
    older = [v for v in stack.volumes if v.created and v.created < mine.created - 1 and v.name not in busy]
    return tuple(v for v in older if not is_anonymous(v) and _is_near(mine, v))


def _is_fresh(stack: Stack, mount: Mount, volume: Volume) -> bool:
    made = stack.owner(mount).created
    lately = 0 <= stack.taken_at - volume.created < FRESH
    return bool(volume.created) and lately and abs(made - volume.created) < TOGETHER


def _is_near(mine: Volume, other: Volume) -> bool:
    key, project = other.labels.get(_KEY, ""), other.labels.get(_PROJECT, "")
    if key and key == mine.labels.get(_KEY, "") and project != mine.labels.get(_PROJECT, ""):
        return True  # the same volume of the same Compose file, under another project's name
    if _digits(mine.name) != _digits(other.name):
        return False  # data-1 and data-2 are two on purpose
    one, two = _letters(mine.name), _letters(other.name)
    return one == two or _one_apart(one, two) or _same_end(mine.name, other.name)


def _digits(name: str) -> str:
    return re.sub(r"\D+", " ", name).strip()


def _letters(name: str) -> str:
    return re.sub(r"[-_.]", "", name).lower()


def _same_end(one: str, two: str) -> bool:
    """`shop_pgdata` and `pgdata`: with the prefix of a Compose project, and without."""
    short, long = sorted((one, two), key=len)
    return len(short) > 3 and long.endswith((f"_{short}", f"-{short}"))


def _one_apart(one: str, two: str) -> bool:
    """Whether one letter was forgotten, added, changed, or two neighbours were exchanged."""
    short, long = sorted((one, two), key=len)
    if len(short) < 4 or len(long) - len(short) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[:start] + short[start + 1 : start + 2] + short[start : start + 1] + short[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped == long
