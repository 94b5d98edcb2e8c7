"""A stack with its answers in one file, and back: the same diagnosis elsewhere and later.

JSON, indented so that it can be reviewed and compared; gzip where the name ends in .gz. What goes in is redacted
already. The same stack gives the same bytes.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from netdoctor.stack import Stack

SCHEMA = "netdoctor/capture/1"

LIMIT = 64 << 20
"""Bytes of JSON that are read at most; the capture of 300 containers takes 2 MB."""


_Kind = TypeVar("_Kind")


class BadCapture(Exception):
    """A file that cannot be read as a capture, or cannot be written; one sentence says why."""


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What a capture holds. `asked` is what the user asked for, `cut` how many secrets of each kind of place went."""

    stack: Stack
    asked: Mapping[str, Any] = {}
    netdoctor: str = ""
    cut: Mapping[str, int] = {}

    @property
    def taken_at(self) -> float:
        """Seconds since the epoch (UTC)."""
        return self.stack.taken_at


class _File(msgspec.Struct, frozen=True, kw_only=True):
    schema: str
    netdoctor: str = ""
    asked: dict[str, Any] = {}
    cut: dict[str, int] = {}
    stack: Stack


class _Head(msgspec.Struct):
    schema: str = ""


def save(path: str | Path, stack: Stack, asked: Mapping[str, Any], version: str, cut: Mapping[str, int]) -> None:
    """Write a capture of a redacted stack, readable by its owner alone. Whole or not at all. Raises BadCapture."""
    whole = _File(schema=SCHEMA, netdoctor=version, asked=dict(asked), cut=dict(cut), stack=stack)
    content = msgspec.json.format(msgspec.json.encode(whole, order="deterministic"), indent=2) + b"\n"
    if str(path).endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    try:
        _write(Path(path), content)
    except OSError as error:
        raise BadCapture(f"cannot write {path}: {error.strerror or error}") from None


def load(path: str | Path) -> Capture:
    """Read a capture. Raises BadCapture."""
    content = _read(Path(path))
    # The schema first: a file of another one would only be reported as lacking this and that.
    schema = _decoded(path, content, _Head).schema
    if schema != SCHEMA:
        raise BadCapture(_other_schema(path, schema))
    found = _decoded(path, content, _File)
    return Capture(stack=found.stack, asked=found.asked, netdoctor=found.netdoctor, cut=found.cut)


# -- writing --------------------------------------------------------------------------------------------------------


def _write(path: Path, content: bytes) -> None:
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: not to be replaced by a file
        path.write_bytes(content)
        return
    real = path.resolve()
    handle, temporary = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(real)
    except BaseException:
        Path(temporary).unlink()
        raise


# -- reading --------------------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if stat.S_ISREG(about.st_mode) and about.st_size > LIMIT:
                raise BadCapture(_too_large(path))
            content = file.read(LIMIT + 1)
    except FileNotFoundError:
        raise BadCapture(f"there is no file {path}") from None
    except OSError as error:
        raise BadCapture(f"cannot read {path}: {error.strerror or error}") from None
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(path, content)
    if len(content) > LIMIT:
        raise BadCapture(_too_large(path))
    return content


def _unpacked(path: Path, content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)  # a gzip header and trailer
    try:
        plain = unpacker.decompress(content, LIMIT + 1)  # no further, whatever the file could grow to
    except zlib.error:
        raise BadCapture(f"{path} is damaged: it begins like gzip, and cannot be unpacked") from None
    if len(plain) <= LIMIT and not unpacker.eof:
        raise BadCapture(f"{path} is cut off: the compressed data ends before its end; take or copy it again")
    return plain


def _decoded(path: str | Path, content: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise BadCapture(f"{path} is not a capture, or somebody has edited it: {_in_words(str(error))}") from None
    except msgspec.DecodeError as error:
        if not content.strip():
            raise BadCapture(f"{path} is empty; take or copy it again") from None
        if "truncated" in str(error):
            raise BadCapture(f"{path} is cut off: it ends in the middle of the JSON; take or copy it again") from None
        raise BadCapture(f"{path} is not JSON, so it is not a capture") from None
    except UnicodeDecodeError:
        raise BadCapture(f"{path} is not JSON, so it is not a capture") from None
    except RecursionError:
        raise BadCapture(f"{path} is not a capture: its JSON is nested too deeply") from None


def _in_words(error: str) -> str:
    """msgspec's "Expected `int`, got `str` - at `$.stack.containers[...].state.pid`", for people."""
    match = re.fullmatch(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", error, re.DOTALL)
    what, where = (match["what"], match["where"]) if match else (error, None)
    what = what[:1].lower() + what[1:].replace("`", "")
    return f"{what} in {where}" if where else what


def _other_schema(path: str | Path, schema: str) -> str:
    number = re.fullmatch(r"netdoctor/capture/(\d+)", schema)
    if number and int(number[1]) > 1:
        return f"{path} was written by a newer netdoctor ({schema}); update netdoctor"
    if not schema:
        return f"{path} is not a capture: it does not say its schema ({SCHEMA})"
    return f"{path} is not a capture: its schema is {schema[:80]}, not {SCHEMA}"


def _too_large(path: Path) -> str:
    return f"{path} is too large for a capture: more than {LIMIT >> 20} MiB"
