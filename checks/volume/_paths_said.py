"""Which path a line of a log is about, and which mount SQLite means when it names none."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from netdoctor.api import Container, Mount, lazily, mounted_at

from ._sources import like_a_file

_PATH = lazily(r"(?<![\w.~-])/+[^\s'\"`:;,()\[\]<>|*]+")
# From the working directory on: in quotes and with a slash or an ending, or right before the complaint.
_RELATIVE = lazily(
    r"""['"`](?P<quoted>(?:\.\.?/)*[\w@+-][\w@.+-]*(?:/[\w@.+-]+|\.\w+)+)['"`]"""
    r"""|(?<![\w./'"`-])(?P<bare>(?:\.\.?/)*[\w@+-][\w@.+-]*(?:/[\w@.+-]+)+)(?=: )"""
)
# What somebody asks a web server for is no path of the file system; the server's own complaint names that as well.
_REQUEST = lazily(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S*|\bhttps?://\S+")
_SQLITE = lazily(r"sqlite[\w+]*:(?://)?(?P<url>[^\s'\"?]+)|(?P<file>[^\s'\"?:;,=]+\.(?:db3?|sqlite3?))(?![\w.])")


def without_requests(text: str) -> str:
    """The line without the URLs and paths that somebody asked for, everything else at its place."""
    return _REQUEST.sub(lambda found: " " * len(found[0]), text)


def path_in(container: Container, text: str, said: int) -> str:
    """The path that the line is about: what stands before the complaint (at `said`), else what follows it; one in a
    mount first. "" for none.

    `open() "/etc/nginx/mime.types" failed (2: No such file or directory) in /etc/nginx/nginx.conf:26`
    """
    absolute = _nearest(((m.start(), "/" + m[0].lstrip("/").rstrip(".!?")) for m in _PATH.finditer(text)), said)
    mounted = [p for p in absolute if mounted_at(container, p) is not None]
    if not mounted:
        told = ((m.start(), _from_folder(container, m["quoted"] or m["bare"])) for m in _RELATIVE.finditer(text))
        mounted = [p for p in _nearest(told, said) if mounted_at(container, p) is not None]
    return (mounted or absolute or [""])[0]


def _nearest(found: Iterator[tuple[int, str]], said: int) -> list[str]:
    before: list[str] = []
    after: list[str] = []
    for start, path in found:
        (before if start < said else after).append(posixpath.normpath(path))
    return [*reversed(before), *after]


def _from_folder(container: Container, path: str) -> str:
    return posixpath.normpath(posixpath.join(container.folder or "/", path))


def sqlite_mount(container: Container) -> Mount | None:
    """Where SQLite has its file: by a URL or a path in the configuration, else in the only folder that is mounted."""
    for text in (*(value for _, value in container.environment), *container.command):
        for match in _SQLITE.finditer(text):
            path = match["url"] or match["file"]
            # sqlite:////data/x.db, and sqlite:///data/x.db for some; for others that is one from the working directory
            for written in ("/" + path.lstrip("/"), path.lstrip("/")) if match["url"] else (path,):
                if (found := mounted_at(container, _from_folder(container, written))) is not None:
                    return found
    folders = [m for m in container.mounts if m.kind in ("bind", "volume") and not like_a_file(m.destination)]
    return folders[0] if len(folders) == 1 else None
