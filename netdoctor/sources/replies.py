"""What comes back from an engine, decoded: attached streams, archives, paths, complaints. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator

import msgspec

from netdoctor.sources.errors import EngineError
from netdoctor.sources.transport import Readable

FILE_LIMIT = 1 << 20
STREAM_LIMIT = 4 << 20
"""Bytes read of one file, and of the output of one command or of one container's logs."""


class ExecResult(msgspec.Struct, frozen=True):
    """What a command in a container did: 126 and 127 mean that it could not be run, as in a shell.

    The engine puts its own complaint about that ("exec failed: ... executable file not found") into the output.
    """

    exit_code: int
    output: bytes
    errors: bytes


class PathStat(msgspec.Struct, frozen=True, rename="camel"):
    """A path in a container. `mode` is Go's os.FileMode: https://pkg.go.dev/io/fs#FileMode"""

    name: str
    size: int
    mode: int
    mtime: str = ""
    """When it was written, RFC 3339."""
    link_target: str = ""

    @property
    def permissions(self) -> int:
        return self.mode & 0o777

    @property
    def is_directory(self) -> bool:
        return bool(self.mode & 1 << 31)

    @property
    def is_link(self) -> bool:
        return bool(self.mode & 1 << 27)


def path_stat(header: str) -> PathStat:
    """The header X-Docker-Container-Path-Stat: JSON in base64. Raises ValueError."""
    from base64 import b64decode

    found = msgspec.json.decode(b64decode(header), type=PathStat)
    # Podman names a target for every path.
    return found if found.is_link else msgspec.structs.replace(found, link_target="")


def frames(stream: Readable) -> Iterator[tuple[int, bytes]]:
    """The parts of an attached stream with the number of the stream, 1 for output and 2 for errors.

    Eight bytes lead each part: number, three zeros, length (big endian). With a terminal there are no such heads; a
    log with timestamps never begins like one, and commands are run here without a terminal.
    https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach
    """
    left = STREAM_LIMIT
    while left > 0 and (head := stream.read(8)):
        if len(head) < 8 or head[0] > 2 or head[1:4] != b"\0\0\0":
            yield 1, head + stream.read(left)
            return
        length = int.from_bytes(head[4:], "big")
        part = stream.read(min(length, left))
        left -= len(part)
        yield head[0], part
        if len(part) < length:
            return


def log_lines(stream: Readable) -> list[bytes]:
    """The lines of both streams in the order in which the engine sent them, without their ends."""
    lines: list[bytes] = []
    begun: dict[int, bytes] = {}
    for number, part in frames(stream):
        *whole, begun[number] = (begun.get(number, b"") + part).split(b"\n")
        lines += whole
    lines += [rest for rest in begun.values() if rest]
    return [line.rstrip(b"\r") for line in lines]


class Archived(msgspec.Struct, frozen=True):
    """The first entry of an archive: a file's content, or where a symbolic link leads, or neither."""

    content: bytes | None = None
    link: str = ""


def archived(stream: Readable) -> Archived:
    """What `GET /containers/ID/archive` sent, read no further than 1 MiB of content. Raises EngineError."""
    import tarfile  # 7 ms, and seldom needed

    try:
        with tarfile.open(fileobj=_Reader(stream), mode="r|") as tar:
            entry = tar.next()
            if entry is None or (entry.isfile() and entry.size > FILE_LIMIT):
                return Archived()
            if entry.issym():
                return Archived(link=entry.linkname)
            found = tar.extractfile(entry)
            return Archived(content=found.read()) if found else Archived()
    except tarfile.TarError as error:
        raise EngineError(f"the engine sent an archive that cannot be read: {error}") from error


class _Reader(io.RawIOBase):
    """What tarfile wants to read from."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)


def complaint(content: bytes) -> str:
    """The engine's own words: {"message": ...}; a proxy in between may say it in plain text."""
    try:
        said = msgspec.json.decode(content)
    except (msgspec.DecodeError, ValueError):
        return content.decode(errors="replace").strip().partition("\n")[0][:200]
    return str(said.get("message", "")).strip() if isinstance(said, dict) else ""
