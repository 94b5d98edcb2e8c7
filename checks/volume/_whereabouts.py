"""Where a container's data really lies: what is told, against what its processes do and what lies in the folder."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from netdoctor.api import (
    AskChanges,
    AskFolder,
    AskImage,
    AskOpenFiles,
    Changes,
    Container,
    Folder,
    Image,
    Keeps,
    Mount,
    OpenFiles,
    Stack,
    Unable,
    lies_in,
    mounted_at,
)

_NEW_POSTGRES = "/var/lib/postgresql"
"""Where PostgreSQL 18 and later want the volume: the data lies in a folder below it for each major version."""


class Whereabouts(NamedTuple):
    """The data folder of a server. `filled`: whether data lies there, None where nobody could look. `at_work`: its
    process was seen there."""

    keeps: Keeps
    folder: str
    mount: Mount | None
    filled: bool | None
    told: str
    seen_by: str = ""
    at_work: bool = False

    @property
    def point(self) -> str:
        """Where a volume is mounted for it: in the place of the anonymous one or the tmpfs, else at the folder."""
        if self.mount is not None and (self.mount.anonymous or self.mount.kind == "tmpfs"):
            return self.mount.destination
        if self.keeps.software.name == "PostgreSQL" and lies_in(self.folder, f"{_NEW_POSTGRES}/{_major(self.folder)}"):
            return _NEW_POSTGRES
        return self.folder

    @property
    def sure(self) -> bool:
        """Whether this is the folder: data was seen there, or nothing speaks against what the configuration says."""
        return bool(self.filled) or (self.keeps.sure and (self.filled is None or self.keeps.software.late))


def whereabouts(stack: Stack, container: Container, kept: Keeps) -> Whereabouts:
    """The data folder: the working directory of the server's process where that is it, else what it is told."""
    opened = stack.told(AskOpenFiles(container=container.id), OpenFiles)
    for found, how in () if isinstance(opened, Unable) else _at_work(kept, opened):
        told = kept.told if found == kept.folder else how
        # Its configuration file may tell a server that saves now and then to save nothing at all.
        doubtful = kept.software.late and not kept.sure and found == kept.folder
        filled = _is_filled(stack, container, kept)[0] if doubtful else True
        return Whereabouts(kept, found, mounted_at(container, found), filled, told, opened.seen_by, at_work=True)
    filled, seen_by = _is_filled(stack, container, kept)
    return Whereabouts(kept, kept.folder, mounted_at(container, kept.folder), filled, kept.told, seen_by)


def _is_filled(stack: Stack, container: Container, kept: Keeps) -> tuple[bool | None, str]:
    """Whether data lies in the folder that is told, and who saw it."""
    folder = stack.told(AskFolder(container=container.id, path=kept.folder, names=kept.software.holds), Folder)
    if isinstance(folder, Unable):
        return None, ""
    return bool(folder.there) or bool(in_layer(stack, container, kept.folder)), folder.seen_by


def _at_work(kept: Keeps, opened: OpenFiles) -> Iterator[tuple[str, str]]:
    """Where the server's own process stands, or what it writes: the folder, and how that is known."""
    for process in opened.processes:
        if kept.software.stands_in and process.name in kept.software.programs and process.folder not in ("", "/"):
            yield process.folder, f"the working directory of {process.name}"
    for process in opened.processes:
        for path in process.writes:
            if posixpath.basename(path) in kept.software.holds:
                yield posixpath.dirname(path), f"{path}, which {process.name} has open"


def in_layer(stack: Stack, container: Container, folder: str) -> tuple[str, ...]:
    """The database files that the container's own layer has in the folder."""
    changes = stack.told(AskChanges(container=container.id), Changes)
    return () if isinstance(changes, Unable) else tuple(p for p in changes.databases if lies_in(p, folder))


def serves(stack: Stack, container: Container, kept: Keeps) -> bool | Unable:
    """Whether the container runs the server, and not a client or a tool that its image brings as well."""
    opened = stack.told(AskOpenFiles(container=container.id), OpenFiles)
    if not isinstance(opened, Unable) and any(p.name in kept.software.programs for p in opened.processes):
        return True
    if kept.serves:
        return True
    made_for = stack.told(AskImage(image=container.image_id or container.image), Image)
    return made_for if isinstance(made_for, Unable) else runs_default(container, made_for)


def runs_default(container: Container, image: Image) -> bool:
    """Whether the command is the one that the image is made for."""
    return container.command == (*image.entrypoint, *image.command)


_CARELESS = {
    "fsync=off",
    "--fsync=off",
    "--nojournal",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-innodb-doublewrite",
}
_SHELLS = ("sh", "bash", "ash", "zsh", "fish")


def thrown_away(container: Container) -> str:
    """The sign that nobody wants to keep what this container writes, "" for none."""
    if any(label.startswith("org.testcontainers") for label in container.labels):
        return "Testcontainers made it for a test"
    if container.labels.get("com.docker.compose.oneoff") == "True":
        return "it is a one-off of docker compose run"
    if container.tty and container.command[-1:] and container.command[-1].rpartition("/")[2] in _SHELLS:
        return "it is somebody's shell"
    word = next((w for w in container.command if w.replace(" ", "") in _CARELESS), "")
    return f"it runs with {word}" if word else ""


def _major(folder: str) -> str:
    """`18` of /var/lib/postgresql/18/docker."""
    parts = folder.split("/")
    return parts[4] if len(parts) > 4 and parts[4].isdigit() else "?"
