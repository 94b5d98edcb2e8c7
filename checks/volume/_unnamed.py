"""Anonymous volumes of software that is not known by name: those that its image declares for data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.api import (
    AskImage,
    AskOpenFiles,
    Container,
    Finding,
    Image,
    Keeps,
    Mount,
    OpenFiles,
    Stack,
    Unable,
    database,
    is_data,
    lazily,
    lies_in,
    warn,
)

from ._moving import move
from ._whereabouts import runs_default
from ._words import place

# What an image declares under these names is written by the program, and not fetched again by itself.
_FOR_DATA = lazily(
    r"data|db|lib|stor|config|upload|media|home|content|files|state|persist|vault|repo|git|html|srv", re.IGNORECASE
)


def unnamed(stack: Stack, container: Container, kept: Keeps | None) -> tuple[Finding, ...]:
    """A warning for each. `kept`: known software whose image it is, of which it runs only a client or a tool."""
    made_for = stack.told(AskImage(image=container.image_id or container.image), Image)
    if kept is not None or isinstance(made_for, Unable) or not container.state.running:
        return ()
    return tuple(_judged(stack, container, made_for))


def _judged(stack: Stack, container: Container, image: Image) -> Iterator[Finding]:
    name = stack.title(container)
    opened = stack.told(AskOpenFiles(container=container.id), OpenFiles)
    for mount in container.mounts:
        if not mount.anonymous:
            continue
        says = f"{name} writes to {mount.destination} in {place(stack, mount)}"
        if written := "" if isinstance(opened, Unable) else _database(opened, mount):
            says += f", a database: {written}"
        elif runs_default(container, image) and mount.destination in image.volumes and _for_data(mount):
            says += ", which its image declares for data"
        else:
            continue
        remedy = move(
            stack, container, mount.destination, f"Give {mount.destination} a volume with a name", drop=(mount,)
        )
        if container.auto_remove:
            says = f"{says}: it is removed with the container when that stops (--rm)"
            yield warn("removed-with-container", says, remedy=remedy, mounted_at=mount.destination)
        else:
            says = f"{says}: a new container does not find it again"
            yield warn("anonymous", says, remedy=remedy, mounted_at=mount.destination)


def _database(opened: OpenFiles, mount: Mount) -> str:
    """A database file in the mount that one of the container's processes has open for writing, "" for none."""
    written = (path for process in opened.processes for path in process.writes)
    return next((path for path in written if lies_in(path, mount.destination) and database(path)), "")


def _for_data(mount: Mount) -> bool:
    return is_data(f"{mount.destination}/") and _FOR_DATA.search(mount.destination) is not None
