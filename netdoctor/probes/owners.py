"""To whom the files of a folder belong, seen from outside through the root of a container's process."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from netdoctor.answers import Owned, Owners
from netdoctor.probes.clock import Clock
from netdoctor.probes.credentials import inside, maps
from netdoctor.probes.files_inside import walked

_MOST = 500
_DEPTH = 3


def owners(pid: int, path: str, clock: Clock) -> Owners:
    """In the container's own numbers. Raises OSError."""
    users, groups = maps(pid)
    found: dict[tuple[int, int, int, bool], tuple[int, str]] = {}
    for name, status in _files(pid, path, clock):
        mode, folder = stat.S_IMODE(status.st_mode) & 0o777, stat.S_ISDIR(status.st_mode)
        key = (inside(status.st_uid, users), inside(status.st_gid, groups), mode, folder)
        count, example = found.get(key, (0, name))
        found[key] = (count + 1, example)
    return Owners(
        owned=tuple(
            Owned(owner=owner, group=group, mode=mode, folder=folder, count=count, example=example)
            for (owner, group, mode, folder), (count, example) in found.items()
        )
    )


def _files(pid: int, path: str, clock: Clock) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files and folders below the path, with their names from there."""
    seen = 0
    with walked(f"/proc/{pid}/root", path) as (parent, last):
        if not stat.S_ISDIR(os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode):
            return  # to open a pipe or a device would do something
        for here, folders, files, handle in os.fwalk(last, dir_fd=parent, follow_symlinks=False):
            within = os.path.relpath(here, last)
            if within.count("/") + (within != ".") >= _DEPTH:
                folders.clear()
            for name in (*folders, *files):
                if seen >= _MOST or clock.left < 0:
                    return
                seen += 1
                try:
                    status = os.stat(name, dir_fd=handle, follow_symlinks=False)
                except OSError:  # gone meanwhile
                    continue
                if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
                    yield os.path.normpath(f"{within}/{name}"), status
