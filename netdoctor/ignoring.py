"""Findings that somebody knows of and wants to hear no more: which one, on what, why, and until when.

They come from `netdoctor.toml`, from the table `[tool.netdoctor]` of `pyproject.toml`, and from the label
`netdoctor.ignore` of a container. What is ignored is counted in every report, and explains what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from netdoctor.engine import Result
from netdoctor.model import Container, Link, Mount, Publication, Volume
from netdoctor.patterns import lazily
from netdoctor.stack import Stack

LABEL = "netdoctor.ignore"
"""`ID[/reason] [until YYYY-MM-DD]: why`, several apart by semicolons; it holds for what belongs to the container."""

FILES = ("netdoctor.toml", "pyproject.toml")

_ENTRY = lazily(
    r"(?P<finding>[a-z0-9.-]+(?:/[a-z0-9-]+)?)(?:\s+until\s+(?P<until>\S+))?(?:\s*:\s*(?P<reason>.+))?", re.DOTALL
)


class BadIgnore(ValueError):
    """An entry that cannot be used: one sentence says where it stands and what to write."""


class Ignore(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `finding` is a family, an ID or `ID/reason`; `until` is the last day on which it holds.

    `on` is the subject as reports call it, its container or service, or a pattern of these with `*`; "" for all.
    `container` is the ID of the container whose label it is, "" for an entry of a file.
    """

    finding: str
    reason: str
    on: str = ""
    until: date | None = None
    where: str = ""
    container: str = ""

    def matches(self, stack: Stack, result: Result) -> bool:
        """Whether it means this result, whatever the day."""
        if self.finding not in (result.check.family, result.check.id, result.code):
            return False
        owners = _owners(stack, result)
        if self.container:
            return any(c.id == self.container for c in owners)
        names = {stack.name(result.subject), *(n for c in owners for n in (c.name, c.service, stack.title(c)) if n)}
        return not self.on or any(fnmatchcase(name, self.on) for name in names)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a project's file asks for: checks that are not run, findings that are not heard."""

    skip: tuple[str, ...] = ()
    ignore: tuple[Ignore, ...] = ()


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of one run. `known` tells whether an ID or family is a check's."""

    entries: tuple[Ignore, ...] = ()
    known: Callable[[str], bool] = lambda _: True

    def of(self, stack: Stack) -> tuple[tuple[Ignore, ...], tuple[str, ...]]:
        """All that hold on the day when the stack was read, and complaints in sentences about those that do not."""
        complaints: list[str] = []
        found = list(self.entries)
        for container in stack.containers:
            try:
                found += _in_label(container, self.known)
            except BadIgnore as error:
                complaints.append(str(error))
        today = datetime.fromtimestamp(stack.taken_at, UTC).date()
        over = [i for i in found if i.until is not None and i.until < today]
        complaints += [f"{i.where}: {i.finding} was to be ignored until {i.until}, which is over" for i in over]
        return tuple(i for i in found if i not in over), tuple(complaints)


def settings(folder: Path, known: Callable[[str], bool]) -> Settings:
    """What the first of FILES in the folder asks for; nothing where there is none. Raises BadIgnore."""
    for name in FILES:
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise BadIgnore(f"{name} cannot be read: {getattr(error, 'strerror', '') or error}") from None
        if name == "netdoctor.toml" or "[tool.netdoctor" in text:
            return _settings(_table(name, text), name, known)
    return Settings()


def _table(name: str, text: str) -> Mapping[str, Any]:
    import tomllib  # only for the few who have such a file

    try:
        found: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadIgnore(f"{name} is not TOML: {error}") from None
    return found if name == "netdoctor.toml" else found.get("tool", {}).get("netdoctor", {})


def _settings(table: Mapping[str, Any], where: str, known: Callable[[str], bool]) -> Settings:
    for key in table:
        if key not in ("skip", "ignore"):
            raise BadIgnore(f"{where} sets {key!r}, which means nothing to netdoctor: write skip or ignore")
    skip, entries = table.get("skip", []), table.get("ignore", [])
    if not isinstance(skip, list) or not all(isinstance(one, str) for one in skip):
        raise BadIgnore(f'{where}: skip should be a list of IDs, like skip = ["publish.exposure"]')
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise BadIgnore(f"{where}: ignore should be tables, each begun by [[ignore]]")
    return Settings(skip=tuple(skip), ignore=tuple(_entry(one, where, known) for one in entries))


def _entry(table: Mapping[str, Any], where: str, known: Callable[[str], bool]) -> Ignore:
    for key in table:
        if key not in ("finding", "on", "reason", "until"):
            raise BadIgnore(f"{where}: an ignore has no {key!r}: write finding, on, reason and until")
    values = {key: str(value) for key, value in table.items()}
    made = _made(values.get("finding", ""), values.get("reason", ""), values.get("until", ""), where, known)
    return msgspec.structs.replace(made, on=values.get("on", ""))


def _in_label(container: Container, known: Callable[[str], bool]) -> Iterator[Ignore]:
    where = f"the label {LABEL} of {container.name}"
    for text in filter(None, (part.strip() for part in container.labels.get(LABEL, "").split(";"))):
        match = _ENTRY.fullmatch(text)
        if match is None:
            raise BadIgnore(f"{where} says {text!r}: write it like `volume.persistent/anonymous: only a cache`")
        made = _made(match["finding"], match["reason"] or "", match["until"] or "", where, known)
        yield msgspec.structs.replace(made, container=container.id)


def _made(finding: str, reason: str, until: str, where: str, known: Callable[[str], bool]) -> Ignore:
    if not known(finding):
        raise BadIgnore(f"{where}: there is no finding {finding!r} to ignore; `netdoctor checks` lists them")
    if not reason.strip():
        raise BadIgnore(f"{where}: {finding} is ignored for no reason: say why")
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError:
        raise BadIgnore(f"{where}: {until!r} is no day: write it like 2027-01-31") from None
    return Ignore(finding=finding, reason=reason.strip(), until=last, where=where)


def _owners(stack: Stack, result: Result) -> Iterable[Container]:
    """The containers that the subject is, belongs to, is used by, or connects."""
    subject = result.subject
    if isinstance(subject, Container):
        return (subject,)
    if isinstance(subject, Link):
        return tuple(c for c in (stack.source(subject), stack.target(subject)) if c is not None)
    if isinstance(subject, Publication | Mount):
        return (stack.owner(subject),)
    return stack.users(subject) if isinstance(subject, Volume) else ()
