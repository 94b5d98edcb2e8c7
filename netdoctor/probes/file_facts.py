"""What lies at a path: a program of its own, since whoever asks a file system that hangs is never heard of again.

It is run as `python -I -S file_facts.py` (child_process.py), imports nothing of netdoctor, reads requests from its
standard input and writes a reply for each, both as a length (four bytes, little endian) and a marshalled value; a `!`
says before that it is there. It opens nothing that opening could change: paths are walked with O_PATH, a directory is
listed with O_NOATIME or not at all.

A request is (what, pid, path, extra). All paths are those of the root of the process `pid`, and symbolic links are
followed within that root. A reply is a dictionary: `place` holds what stat(2) says, or `kind` missing or unseen.

    "path"    place, `space` (statvfs), `closed`, the folders on the way that not everybody may enter, and `real`, the
              path without symbolic links
    "layers"  `extra` are the folders of an image's layers, the uppermost first: what the image has at the path, and
              the `names` in it if it is a folder
    "names"   the names in a folder, None where it may not be listed, or holds more than 1000
"""

from __future__ import annotations

import errno
import marshal
import os
import stat
import sys
from typing import Any

_KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "pipe",
    stat.S_IFCHR: "character-device",
    stat.S_IFBLK: "block-device",
}
_MISSING = (errno.ENOENT, errno.ENOTDIR)
_LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOATIME | os.O_CLOEXEC
_MOST = 1000
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")

Facts = dict[str, Any]


def facts(found: os.stat_result) -> Facts:
    """What stat(2) tells."""
    return {
        **facts_of_mode(found.st_mode),
        "owner": found.st_uid,
        "group": found.st_gid,
        "device": found.st_dev,
        "inode": found.st_ino,
        "links": found.st_nlink,
        "size": found.st_size,
        "modified": found.st_mtime,
        "changed": found.st_ctime,
    }


def facts_of_mode(mode: int) -> Facts:
    """The two halves of st_mode, inode(7)."""
    return {"kind": _KINDS.get(stat.S_IFMT(mode), "file"), "mode": stat.S_IMODE(mode)}


def failed(error: OSError) -> Facts:
    """What an error of the walk tells."""
    if error.errno in _MISSING:
        return {"kind": "missing"}
    return {"kind": "unseen", "error": error.strerror or str(error)}


# -- a path -----------------------------------------------------------------------------------------------------------


class Walk:
    """A walk to a path in the root of a process. Raises OSError where it ends before; `file` is open with O_PATH."""

    def __init__(self, pid: int, path: str) -> None:
        self.closed: list[Facts] = []
        self.names: list[str] = []
        self.folders = [os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            self._go(path)
        except OSError:
            self.close()
            raise

    @property
    def file(self) -> int:
        return self.folders[-1]

    def close(self) -> None:
        for folder in self.folders:
            os.close(folder)

    def _go(self, path: str) -> None:
        todo = [part for part in path.split("/") if part]
        links = 0
        while todo:
            part = todo.pop(0)
            if part == ".":
                continue
            if part == "..":
                if len(self.folders) > 1:
                    os.close(self.folders.pop())
                    self.names.pop()
                continue
            self.folders.append(os.open(part, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self.file))
            found = os.fstat(self.file)
            if not stat.S_ISLNK(found.st_mode):
                self.names.append(part)
                if todo and not found.st_mode & stat.S_IXOTH:
                    self.closed.append({**facts(found), "acl": access_list(self.file)})
                continue
            target = os.readlink("", dir_fd=self.file)
            os.close(self.folders.pop())
            links += 1
            if links > 40:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if target.startswith("/"):
                while len(self.folders) > 1:
                    os.close(self.folders.pop())
                self.names.clear()
            todo[:0] = [p for p in target.split("/") if p]


def look(pid: int, path: str) -> Facts:
    """What lies at the path, how full its file system is, and what guards the way."""
    try:
        walk = Walk(pid, path)
    except OSError as error:
        return {"place": failed(error)}
    try:
        place = facts(os.fstat(walk.file))
        place["acl"] = access_list(walk.file)
        if place["kind"] == "directory":
            place["empty"] = is_empty(walk.file)
        room = os.fstatvfs(walk.file)
        unit = room.f_frsize or room.f_bsize
        sizes = [room.f_blocks * unit, room.f_bfree * unit, room.f_bavail * unit, room.f_files, room.f_ffree]
        real = "/" + "/".join(walk.names)
        return {"place": place, "space": sizes, "closed": walk.closed, "real": real}
    except OSError as error:
        return {"place": failed(error)}
    finally:
        walk.close()


def access_list(file: int) -> bytes | None:
    """The extended attribute of a POSIX ACL, as the kernel writes it; b"" for none, None where it can't be read."""
    try:
        return os.getxattr(f"/proc/self/fd/{file}", "system.posix_acl_access")
    except OSError as error:
        return b"" if error.errno in (errno.ENODATA, errno.EOPNOTSUPP) else None


def is_empty(file: int) -> bool | None:
    """Whether a directory is empty: None where it may not be listed without changing its access time."""
    try:
        listing = os.open(f"/proc/self/fd/{file}", _LISTING)
    except OSError:
        return None
    try:
        with os.scandir(listing) as entries:
            return next(entries, None) is None
    except OSError:
        return None
    finally:
        os.close(listing)


def names_in(pid: int, path: str) -> list[str] | None:
    """What a folder holds, where that can be told without changing its access time."""
    try:
        walk = Walk(pid, path)
    except OSError:
        return None
    try:
        listing = os.open(f"/proc/self/fd/{walk.file}", _LISTING)
        try:
            names: list[str] = []
            with os.scandir(listing) as entries:
                for entry in entries:
                    names.append(entry.name)
                    if len(names) > _MOST:
                        return None
            return names
        finally:
            os.close(listing)
    except OSError:
        return None
    finally:
        walk.close()


# -- an image ---------------------------------------------------------------------------------------------------------


class Layers:
    """The layers of an overlay file system laid upon each other, the uppermost first. Raises OSError.

    https://docs.kernel.org/filesystems/overlayfs.html: a character device 0:0 says that what lies below is gone, an
    attribute of a directory that all that lies below is gone.
    """

    def __init__(self, pid: int, layers: list[str]) -> None:
        self._opened: list[int] = []
        self._roots: list[int] = []
        try:
            for layer in layers:
                walk = Walk(pid, layer)
                self._opened += walk.folders
                self._roots.append(walk.file)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        for file in self._opened:
            os.close(file)

    def at(self, path: str) -> Facts:
        """What lies at the path, symbolic links followed within the layers."""
        for _ in range(40):
            found, link = self._at([p for p in path.split("/") if p])
            if not link:
                return found
            path = link
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _at(self, parts: list[str]) -> tuple[Facts, str]:
        """What lies there, or the path that a symbolic link on the way makes of it."""
        here, found = self._roots, facts(os.fstat(self._roots[0]))
        for number, part in enumerate(parts, start=1):
            step = self._enter(here, part) if found["kind"] == "directory" else None
            if step is None:
                return {"kind": "missing"}, ""
            here, found = step
            if found["kind"] == "link":
                whole = [*parts[: number - 1], *os.readlink("", dir_fd=here[0]).split("/"), *parts[number:]]
                if os.readlink("", dir_fd=here[0]).startswith("/"):
                    whole = whole[number - 1 :]
                return {}, "/" + "/".join(_plain(whole))
        if found["kind"] == "directory":
            names = found["names"] = _all_names(here)
            found["empty"] = None if names is None else not names
        return found, ""

    def _enter(self, folders: list[int], part: str) -> tuple[list[int], Facts] | None:
        """The entry in the folders of all layers, with what the uppermost is; None where there is none (any more)."""
        here: list[int] = []
        first: Facts | None = None
        for folder in folders:
            try:
                file = os.open(part, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
            except FileNotFoundError:
                continue
            self._opened.append(file)
            found = os.fstat(file)
            directory = stat.S_ISDIR(found.st_mode)
            if _is_whiteout(found) or (first is not None and not directory):
                break
            here.append(file)
            first = first or facts(found)
            if not directory or _is_opaque(file):
                break
        return (here, first) if first is not None else None


def _plain(parts: list[str]) -> list[str]:
    """Without "." and "..": those before it are directories, since links are followed from the left."""
    plain: list[str] = []
    for part in parts:
        if part == "..":
            plain = plain[:-1]
        elif part not in ("", "."):
            plain.append(part)
    return plain


def _is_whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(file: int) -> bool:
    for name in _OPAQUE:
        try:
            if os.getxattr(f"/proc/self/fd/{file}", name) == b"y":
                return True
        except OSError:
            continue
    return False


def _all_names(folders: list[int]) -> list[str] | None:
    """The names in a directory of which the uppermost layer's is first; None where one may not be listed."""
    gone: set[str] = set()
    found: list[str] = []
    for folder in folders:
        try:
            listing = os.open(f"/proc/self/fd/{folder}", _LISTING)
        except OSError:
            return None
        try:
            with os.scandir(listing) as entries:
                for entry in entries:
                    if _is_whiteout(entry.stat(follow_symlinks=False)):
                        gone.add(entry.name)
                    elif entry.name not in gone and entry.name not in found:
                        found.append(entry.name)
                        if len(found) >= _MOST:
                            return found
        finally:
            os.close(listing)
    return found


def of_image(pid: int, layers: list[str], path: str) -> Facts:
    """What the layers have at the path."""
    try:
        merged = Layers(pid, layers)
    except OSError as error:
        return {"place": {"kind": "unseen", "error": error.strerror or str(error)}}
    try:
        found = merged.at(path)
        return {"names": found.pop("names", None), "place": found}
    except OSError as error:
        return {"place": failed(error)}
    finally:
        merged.close()


# -- the conversation -------------------------------------------------------------------------------------------------


def answer(what: str, pid: int, path: str, extra: list[str]) -> Facts:
    if what == "names":
        return {"names": names_in(pid, path), "place": {"kind": "directory"}}
    if what == "layers":
        return of_image(pid, extra, path)
    return look(pid, path)


def main() -> None:
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    replies.write(b"!")
    replies.flush()
    while len(head := requests.read(4)) == 4:
        what, pid, path, extra = marshal.loads(requests.read(int.from_bytes(head, "little")))  # noqa: S302  from us
        told = marshal.dumps(answer(what, pid, path, extra))
        replies.write(len(told).to_bytes(4, "little") + told)
        replies.flush()


if __name__ == "__main__":
    main()
