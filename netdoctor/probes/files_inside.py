"""Files as the processes of a container see them, read from outside through /proc/PID/root, proc(5).

An absolute symbolic link in the container means a place in the container. The kernel would follow it from the
reader's own root, so every component is walked by hand and a link is never followed by the kernel.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

LIMIT = 1 << 20
"""Bytes read of one file at most."""


def read_inside(pid: int, path: str) -> str:
    """The text of a regular file in the root of the process, at most 1 MiB. Raises OSError."""
    with walked(f"/proc/{pid}/root", path) as (folder, name):
        return _read(name, folder, LIMIT)


def look_into(root: str, path: str, names: Mapping[str, int]) -> dict[str, tuple[float, str]] | None:
    """Which of these names a folder below `root` has, with time and text; None: no folder is there. Raises OSError.

    With each name stands how many bytes a regular file may have whose text comes back; "" for all others.
    """
    found: dict[str, tuple[float, str]] = {}
    try:
        with walked(root, path) as (parent, last):
            folder = os.open(last, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=parent)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        for name, short in names.items():
            try:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                continue
            small = stat.S_ISREG(status.st_mode) and 0 < status.st_size <= short
            found[name] = (status.st_mtime, _read(name, folder, short).strip() if small else "")
    finally:
        os.close(folder)
    return found


@contextmanager
def listed(path: str) -> Iterator[list[os.DirEntry[str]]]:
    """What a folder of the host holds, its access time left as it is where that may be. Raises OSError.

    `path` of an entry is its name alone; its `stat` works as long as the folder is open.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        folder = os.open(path, flags | os.O_NOATIME)
    except PermissionError:  # of somebody else's folder, and we are not root
        folder = os.open(path, flags)
    try:
        with os.scandir(folder) as entries:
            yield list(entries)
    finally:
        os.close(folder)


@contextmanager
def walked(root: str, path: str) -> Iterator[tuple[int, str]]:
    """The last part of a path below `root`, "." for that itself, and the open folder (O_PATH) that it lies in.

    All links are resolved, that of the last part too. Raises OSError.
    """
    todo = [part for part in path.split("/") if part]
    folders = [os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
    last, links = ".", 0
    try:
        while todo:
            part = todo.pop(0)
            if part == ".":
                continue
            if part == "..":
                if len(folders) > 1:
                    os.close(folders.pop())
                continue
            seen = os.stat(part, dir_fd=folders[-1], follow_symlinks=False)
            if stat.S_ISLNK(seen.st_mode):
                links += 1
                if links > 40:
                    raise OSError(f"{path} leads in a circle")
                target = os.readlink(part, dir_fd=folders[-1])
                if target.startswith("/"):
                    while len(folders) > 1:
                        os.close(folders.pop())
                todo[:0] = [p for p in target.split("/") if p]
            elif todo:
                folders.append(os.open(part, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folders[-1]))
            else:
                last = part
        yield folders[-1], last
    finally:
        for folder in folders:
            os.close(folder)


def _read(name: str, folder: int, limit: int) -> str:
    # Without O_NONBLOCK a pipe in the file's place would wait for a writer for ever.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(name, flags | os.O_NOATIME, dir_fd=folder)  # a diagnosis leaves no trace, not even this one
    except PermissionError:  # of somebody else's file, and we are not root
        file = os.open(name, flags, dir_fd=folder)
    with os.fdopen(file, "rb") as content:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(f"{name} is no regular file")
        return content.read(limit).decode(errors="replace")
