"""What a container has written into its own layer: from the layer's folder on the host, or from the engine's API.

With overlay file systems the layer is a folder, upperdir= of the mount at `/`, where added files and changed ones lie
whole: https://docs.kernel.org/filesystems/overlayfs.html. Reading it takes milliseconds and tells sizes and times. The
engine's `/changes` compares with the image and can take a second.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from netdoctor.answers import Changes, Grown
from netdoctor.model import Container
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, what_failed
from netdoctor.probes.files_inside import listed
from netdoctor.stateful import database, is_data

SMALLEST = 4096
"""Bytes that a layer must have before the engine is asked what they are: less is a pid file and a socket."""

MOST = 20
"""Folders, and database files, that are told."""

_ENTRIES = 50_000
"""Files that are looked at in a layer, at most."""
_DEPTH = 6
_ADDED, _DELETED = 1, 2


class _File(NamedTuple):
    path: str
    size: int
    new: bool
    """Written since the container was made; otherwise only moved into the layer, by a change of owner perhaps."""


def in_folder(container: Container, api: EngineAPI, pid: int, clock: Clock) -> Changes:
    """From the layer's own folder on this machine. Raises CannotAsk where there is none.

    `pid` is a process of the container, 0 where none runs: then the engine tells where the folder is.
    """
    folder = _upper(pid) if pid else _folder_told(container, api)
    if not folder or not os.path.isdir(folder):  # noqa: PTH112  of the engine's own, never a user's
        raise CannotAsk(f"the layer of {container.name} is no folder on this machine")
    files = tuple(_walk(folder, container.created, clock))
    return _told(container, sum(f.size for f in files), files)


def _folder_told(container: Container, api: EngineAPI) -> str:
    found: Mapping[str, Any] = _get(container, api, f"/containers/{container.id}/json")
    return str(((found.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir") or "")


def by_api(container: Container, api: EngineAPI) -> Changes:
    """From the engine's comparison with the image. Raises CannotAsk."""
    size = int(_get(container, api, f"/containers/{container.id}/json", size=True).get("SizeRw") or 0)
    if size < SMALLEST:
        return Changes(size=size)
    changed = _get(container, api, f"/containers/{container.id}/changes") or ()
    kinds = {entry["Path"]: entry["Kind"] for entry in changed}
    folders = {posixpath.dirname(path) for path in kinds}
    files = (_File(path, 0, kind == _ADDED) for path, kind in kinds.items() if kind != _DELETED and path not in folders)
    return _told(container, size, files)


def _get(container: Container, api: EngineAPI, path: str, **query: object) -> Any:
    try:
        return api.get(path, **query)
    except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
        if what_failed(error) == "NotFound":
            raise Vanished(f"{container.name} has been removed since the stack was read") from None
        raise CannotAsk(f"the engine does not tell what {container.name} has written: {error}") from None


def _upper(pid: int) -> str:
    """upperdir= of the process's root: told by the kernel, which is quicker than the engine."""
    try:
        lines = Path(f"/proc/{pid}/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split()[4] == "/":
            options = after.split()[-1].split(",")
            return next((o.partition("=")[2] for o in options if o.startswith("upperdir=")), "")
    return ""


def _walk(top: str, made: float, clock: Clock) -> Iterator[_File]:
    todo, seen = [(top, "")], 0
    while todo and seen < _ENTRIES and clock.left > 0:
        folder, path = todo.pop()
        with suppress(OSError), listed(folder) as entries:  # gone meanwhile
            seen += len(entries)
            for entry in entries:
                here = f"{path}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    # What is no data comes last: there may be more of it than there is time for.
                    todo.insert(len(todo) if is_data(f"{here}/") else 0, (f"{folder}/{entry.name}", here))
                    continue
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):  # a deleted file is a device here
                        yield _File(here, status.st_size, status.st_mtime >= made)


def _told(container: Container, size: int, files: Iterable[_File]) -> Changes:
    stubs = {m.destination for m in container.mounts}
    stubs |= {str(parent) for m in container.mounts for parent in Path(m.destination).parents}
    databases: list[str] = []
    sums: dict[str, list[int]] = {}
    for file in files:
        if file.path in stubs or not is_data(file.path):
            continue
        if database(file.path):
            databases.append(file.path)
        if file.new:
            parts = posixpath.dirname(file.path).split("/")
            for depth in range(2, min(len(parts), _DEPTH + 1) + 1):
                total = sums.setdefault("/".join(parts[:depth]), [0, 0])
                total[0] += 1
                total[1] += file.size
    fullest = sorted(sums.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))[:MOST]
    return Changes(
        size=size,
        databases=tuple(sorted(databases, key=lambda path: (path.count("/"), path))[:MOST]),
        folders=tuple(Grown(path=path, files=count, size=total) for path, (count, total) in fullest),
    )
