"""The Compose project of a folder, found as Compose finds it; read are .env and the Compose files' `name:` alone.

In this order, https://docs.docker.com/compose/how-tos/project-name/: COMPOSE_PROJECT_NAME, the top-level `name:` of the
Compose file, the name of the folder that holds it. A YAML library would be a dependency for one line that stands at the
left margin, so that line is looked for by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from netdoctor.patterns import lazily

FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""Looked for in this order, in the folder and then in those above it."""

_OVERRIDES = (
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip
_SCALAR = r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<plain>[^\n]*?))\s*(?:(?:^|\s)#.*)?$"
_NAME = lazily(rf"^name\s*:\s*{_SCALAR}", re.MULTILINE)
_LINE = lazily(rf"^\s*(?:export\s+)?(?P<key>[\w.-]+)\s*=\s*{_SCALAR}")
_VARIABLE = lazily(r"\$(?:\{(?P<braced>\w+)(?:(?P<sign>:?[-?+])(?P<other>[^}]*))?\}|(?P<bare>\w+))")
MOST = 1 << 20
"""Bytes that are read of a file."""


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """A folder's Compose project: its name, and the folder that Compose writes into the label `working_dir`."""

    name: str
    folder: str


def find_here(folder: Path, environment: Mapping[str, str]) -> Here | None:
    """The project of the folder, None where it has no Compose file and no name is set."""
    folder = folder.absolute()
    known = {**_dot_env(folder), **environment}
    files = _files(folder, known)
    project_folder = files[0].parent if files else folder
    if project_folder != folder:
        known = {**_dot_env(project_folder), **known}
    name = known.get("COMPOSE_PROJECT_NAME", "") or _named(files, known)
    if not files and not name:
        return None
    return Here(name=normalised(name or project_folder.name), folder=str(project_folder))


def normalised(name: str) -> str:
    """As Compose writes a project's name: lower case letters, digits, `-` and `_`, and no sign in front."""
    return re.sub(r"[^-_a-z0-9]", "", name.lower()).lstrip("-_")


def _files(folder: Path, known: Mapping[str, str]) -> list[Path]:
    given = known.get("COMPOSE_FILE", "")
    if given:
        separator = known.get("COMPOSE_PATH_SEPARATOR", "") or os.pathsep
        return [folder / file for file in given.split(separator) if file and file != "-"]
    for place in (folder, *folder.parents):
        found = [place / name for name in FILES if (place / name).is_file()][:1]
        if found:
            return found + [place / name for name in _OVERRIDES if (place / name).is_file()][:1]
    return []


def _named(files: list[Path], known: Mapping[str, str]) -> str:
    """The name that the last of the files gives, with its variables filled in."""
    given = [match for file in files for match in _NAME.finditer(_text(file))]
    name = _value(given[-1]).strip() if given else ""
    return _VARIABLE.sub(lambda m: _filled(m, known), name)


def _filled(match: re.Match[str], known: Mapping[str, str]) -> str:
    name, sign, other = match["braced"] or match["bare"], match["sign"] or "", match["other"] or ""
    value = known.get(name)
    present = value is not None and (value != "" or not sign.startswith(":"))
    if sign.endswith("+"):
        return other if present else ""
    return (value or "") if present or not sign.endswith("-") else other


def _dot_env(folder: Path) -> dict[str, str]:
    return {m["key"]: _value(m) for m in map(_LINE.match, _lines(folder / ".env")) if m is not None}


def _lines(file: Path) -> Iterator[str]:
    yield from (line for line in _text(file).splitlines() if not line.lstrip().startswith("#"))


def _text(file: Path) -> str:
    """The file's text, "" where it cannot be read: then the folder's name counts, as without it."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST).decode(errors="replace")
    except OSError:
        return ""


def _value(match: re.Match[str]) -> str:
    return next((match[kind] for kind in ("double", "single", "plain") if match[kind] is not None), "")
