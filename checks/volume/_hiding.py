"""What a mount hides: the files that its image has at the place, and that are missed."""

from __future__ import annotations

from typing import NamedTuple

from netdoctor.api import (
    Container,
    Finding,
    Mount,
    MountPoint,
    Mounts,
    PathFound,
    Stack,
    Unable,
    fail,
    keeps,
    lazily,
    lies_in,
    warn,
)

from ._complaints import Complaint, failing
from ._putting_right import fill

# Where languages keep what a program depends on, and how they say that it is missing. Nobody names a path then.
_DEPENDENCIES = (
    ("node_modules", lazily(r"Cannot find (?:module|package) '[^./]|ERR_MODULE_NOT_FOUND")),
    ("vendor", lazily(r"vendor/autoload\.php|cannot find package|could not find gem|Bundler::GemNotFound")),
    ("venv", lazily(r"ModuleNotFoundError|No module named")),
    (".venv", lazily(r"ModuleNotFoundError|No module named")),
)


class _Missed(NamedTuple):
    """A name in the mount's folder that somebody looked for, and how that is known."""

    name: str
    told: str


def hides(
    stack: Stack, container: Container, mount: Mount, mounts: Mounts, point: MountPoint, said: tuple[Complaint, ...]
) -> Finding | None:
    """A finding where something is missed, or where an empty folder of the host lies over a full one of the image."""
    if _is_for_data(container, mount):
        return None  # empty at first, and filled by the server
    missed = _missed(stack, container, mount, point, said)
    empty = point.outside is not None and point.outside.empty is True
    full = bool(point.hidden) and point.beneath is not None and point.beneath.kind == "directory"
    if missed is None and not (empty and full and mount.kind == "bind"):
        return None
    name, where = stack.title(container), f"{mount.source} of the host" if mount.kind == "bind" else "the volume"
    seen = {"source": mount.source, "hidden": list(point.hidden)}
    if missed is None:
        says = f"{name} has {where} at {mount.destination}, which is empty and hides what the image has there"
        says += f": {_some(point.hidden)}"
        return warn(
            "hides-content", says, remedy=fill(stack, container, mount, point, ""), seen_by=mounts.seen_by, **seen
        )
    has = f"which the image has at {mount.destination}" if missed.name in point.hidden else f"at {mount.destination}"
    says = f"{name} misses {missed.name}, {has}: {where} is mounted there and does not have it{missed.told}"
    say = fail if failing(stack, container) or container.state.error else warn
    return say(
        "hides-content", says, remedy=fill(stack, container, mount, point, missed.name), seen_by=mounts.seen_by, **seen
    )


def _is_for_data(container: Container, mount: Mount) -> bool:
    kept = keeps(container)
    return kept is not None and lies_in(kept.folder, mount.destination)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _missed(
    stack: Stack, container: Container, mount: Mount, point: MountPoint, said: tuple[Complaint, ...]
) -> _Missed | None:
    """The command's own file; a file that the log misses; what the program depends on."""
    for word in container.command:
        found = stack.path(container, word)
        if isinstance(found, PathFound) and found.place.kind == "missing" and lies_in(word, mount.destination):
            return _Missed(_first(word, mount), f", so its command {word} cannot be run")
    error = container.state.error
    for name in point.hidden:
        if f"{mount.destination.rstrip('/')}/{name}" in error:
            return _Missed(name, f'; the engine says: "{error[:160]}"')
    for complaint in reversed(said):
        if complaint.kind == "missing" and complaint.mount == mount and complaint.path != mount.destination:
            name = _first(complaint.path, mount)
            if name in point.hidden:
                return _Missed(name, f'; its log says: "{complaint.line[:160]}"')
    logs = stack.logs(container)
    if isinstance(logs, Unable):
        return None
    for line in reversed(logs.lines):
        for name, pattern in _DEPENDENCIES:
            if name in point.hidden and line.at >= container.state.started - 0.5 and pattern.search(line.text):
                return _Missed(name, f'; its log says: "{line.text.strip()[:160]}"')
    return None


def _first(path: str, mount: Mount) -> str:
    return path[len(mount.destination.rstrip("/")) :].lstrip("/").partition("/")[0]
