"""What the installed distributions offer in a group: https://packaging.python.org/specifications/entry-points

importlib.metadata tells the same, and is asked only where a distribution may be somewhere else than in a folder of
sys.path: its import brings email, zipfile and csv, which takes 25 ms of a run of 200.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class EntryPoint(NamedTuple):
    """`module` is what the entry names, `offered_by` the distribution that it comes from."""

    name: str
    module: str
    offered_by: str = ""


def entry_points(group: str) -> list[EntryPoint]:
    """Those of every distribution; of two distributions of one name the first on sys.path counts."""
    folders = [entry or os.curdir for entry in sys.path]
    zipped = any(os.path.isfile(f) for f in folders)  # noqa: PTH113  cheaper than a Path
    if zipped or any(_knows_others(f) for f in sys.meta_path):
        from importlib import metadata

        return [EntryPoint(p.name, p.module, p.dist.name if p.dist else "") for p in metadata.entry_points(group=group)]
    return list(_in_folders(group, folders))


def _knows_others(finder: object) -> bool:
    """Whether it finds distributions, and is not Python's own finder, which has them from the folders of sys.path."""
    return hasattr(finder, "find_distributions") and getattr(finder, "__name__", "") != "PathFinder"


def _in_folders(group: str, folders: Iterable[str]) -> Iterator[EntryPoint]:
    seen: set[str] = set()
    for folder in folders:
        try:
            entries = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        for entry in entries:
            stem, _, kind = entry.rpartition(".")
            if entry == "EGG-INFO":  # the folder itself is an egg
                stem, kind = os.path.basename(folder), "egg-info"  # noqa: PTH119
            if kind not in ("dist-info", "egg-info"):
                continue
            name = stem.partition("-")[0].lower().replace("-", "_").replace(".", "_")
            if name not in seen:
                seen.add(name)
                yield from _of_distribution(f"{folder}/{entry}", group)


def _of_distribution(info: str, group: str) -> Iterator[EntryPoint]:
    section = ""
    for line in _lines(f"{info}/entry_points.txt"):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == group and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            module = value.partition(":")[0].partition("[")[0]  # of `module:attribute [extras]`
            yield EntryPoint(name.strip(), module.strip(), _name(info))


def _name(info: str) -> str:
    for file in ("METADATA", "PKG-INFO"):
        for line in _lines(f"{info}/{file}"):
            if line.lower().startswith("name:"):
                return line[5:].strip()
    return ""


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return [line.strip() for line in file]
    except OSError:  # most distributions have no entry points
        return []
