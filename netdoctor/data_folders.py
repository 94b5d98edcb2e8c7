"""Which servers have their data folder where on the engine's host. Pure: told by configurations and mounts."""

from __future__ import annotations

import posixpath

from netdoctor.keeping import Keeps, keeps, mounted_at
from netdoctor.model import Container, Mount
from netdoctor.stack import Stack


def place_on_host(stack: Stack, mount: Mount, path: str) -> str:
    """Where on the engine's host a path of the container lies that is in this mount.

    A volume can be a folder of the host by another name (`--opt o=bind --opt device=/srv/data`), and one whose place is
    not known stands for itself. Links are not followed.
    """
    volume = stack.volume(mount.name) if mount.name else None
    bound = volume is not None and volume.driver == "local" and "bind" in volume.options.get("o", "").split(",")
    top = volume.options.get("device", "") if volume is not None and bound else mount.source or mount.name
    return posixpath.normpath(posixpath.join(top, mount.subpath, posixpath.relpath(path, mount.destination)))


def rivals(stack: Stack, mount: Mount) -> tuple[Container, ...]:
    """The other containers, running or not, of the software whose data folder lies in the mount: those with a data
    folder on the host as well, and so perhaps on the same one."""
    mine = data_folder(stack.owner(mount), mount)
    if mine is None:
        return ()
    return tuple(
        c
        for c in stack.containers
        if c.id != mount.container
        and any((theirs := data_folder(c, m)) and theirs.software is mine.software for m in c.mounts)
    )


def data_folder(container: Container, mount: Mount) -> Keeps | None:
    """What a server of the container keeps in the mount that no other server may touch."""
    kept = keeps(container) if mount.kind in ("volume", "bind") and mount.writable else None
    if kept is None or not kept.serves or not kept.software.alone:
        return None
    return kept if mounted_at(container, kept.folder) == mount else None
