"""What a container has written into its own layer that somebody may miss."""

from __future__ import annotations

import posixpath
import re
import shlex

from netdoctor.api import (
    AskChanges,
    Changes,
    Container,
    Finding,
    Grown,
    Remedy,
    Stack,
    Unable,
    explaining_nothing,
    fail,
    lazily,
    passed,
    unknown,
    warn,
)

from ._moving import fresh_name, move
from ._words import size

MUCH = 1_000_000
"""Bytes in a folder that is called like one for data, from which on they are told of."""

_FOR_DATA = lazily(
    r"(?:[a-z0-9]+[-_.])?(?:data|db|databases?|uploads?|storage|store|media|files|attachments|documents|state|persistent)",
    re.IGNORECASE,
)


def written(stack: Stack, container: Container) -> Finding:
    """The judgement on the layer alone: whatever the software is, the names of database files tell what they are."""
    name = stack.title(container)
    changes = stack.told(AskChanges(container=container.id), Changes)
    if isinstance(changes, Unable):
        return unknown(changes)
    seen = {"layer_size": changes.size, "files": list(changes.databases)}
    if changes.databases:
        first, more = changes.databases[0], len(changes.databases) - 1
        also = f" and {more} more" if more else ""
        says = f"{name} keeps a database in the container itself, {first}{also}: it is lost when that is made anew"
        remedy = _mend(stack, container, posixpath.dirname(first), first)
        found = fail("in-the-container", says, remedy=remedy, seen_by=changes.seen_by, **seen)
        return explaining_nothing(found)
    grown = next((f for f in changes.folders if _is_much(f, changes)), None)
    if grown is not None:
        much = size(grown.size or changes.size)
        files = f"{grown.files} file" + ("s" if grown.files != 1 else "")
        says = f"{name} writes into {grown.path} of the container itself ({files}, {much} in all)"
        says += ": what it keeps there is lost when that is made anew"
        remedy = _mend(stack, container, grown.path, grown.path)
        return warn("in-the-container", says, remedy=remedy, seen_by=changes.seen_by, **seen)
    much = f"; its layer has grown by {size(changes.size)}" if changes.size else ""
    return passed(f"{name} keeps no data in the container itself{much}", seen_by=changes.seen_by, **seen)


def _is_much(folder: Grown, changes: Changes) -> bool:
    return bool(_for_data(folder.path)) and (folder.size or changes.size) >= MUCH


def _for_data(path: str) -> bool:
    return _FOR_DATA.fullmatch(posixpath.basename(path)) is not None


def _mend(stack: Stack, container: Container, folder: str, what: str) -> Remedy:
    """A volume where the files lie; in an application's own folder, they must get one of their own first."""
    says = f"Give {folder} a volume, with what lies there now copied into it"
    if _for_data(folder) or posixpath.basename(what) == "PG_VERSION":
        return move(stack, container, folder, says, in_layer=True)
    name = fresh_name(stack, container)
    says = f"Copy it out, have {stack.title(container)} keep it in a folder of its own, and mount a volume there"
    run = (f"docker cp {container.name}:{shlex.quote(what)} .",)
    lines = f"services:\n  {container.service}:\n    volumes:\n      - {name}:/data\nvolumes:\n  {name}:"
    check = (f"docker diff {container.name}",)
    return Remedy(says=says, run=run, compose=lines if container.project else None, verify=check)
