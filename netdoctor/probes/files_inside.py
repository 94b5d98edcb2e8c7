"""Files as the processes of a container see them, read from outside through /proc/PID/root, proc(5).

An absolute symbolic link in the container means a place in the container. The kernel would follow it from the
reader's own root, so every component is walked by hand and a link is never followed by the kernel.
"""

from __future__ import annotations

import os
import stat

LIMIT = 1 << 20
"""Bytes read of one file at most."""


def read_inside(pid: int, path: str) -> str:
    """The text of a regular file in the root of the process, at most 1 MiB. Raises OSError."""
    todo = [part for part in path.split("/") if part]
    folders = [os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
    links = 0
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
                return _read(part, folders[-1])
        raise IsADirectoryError(f"{path} is a directory")
    finally:
        for folder in folders:
            os.close(folder)


def _read(name: str, folder: int) -> str:
    # Without O_NONBLOCK a pipe in the file's place would wait for a writer for ever.
    file = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(file, "rb") as content:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(f"{name} is no regular file")
        return content.read(LIMIT).decode(errors="replace")
