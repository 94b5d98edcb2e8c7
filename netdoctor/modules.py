"""The modules of a package, by name, without importing any: what pkgutil.iter_modules tells, in a fifth of its time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib.machinery import all_suffixes


def modules_in(path: Iterable[str]) -> Mapping[str, bool]:
    """For each module in the folders of a package's `__path__` whether it is a package itself; in order."""
    suffixes = tuple(all_suffixes())
    found: dict[str, bool] = {}
    for folder in path:
        try:
            entries = sorted(os.listdir(folder))  # noqa: PTH208  pathlib takes three times as long
        except OSError:  # inside an archive
            import pkgutil

            for module in pkgutil.iter_modules([folder]):
                found.setdefault(module.name, module.ispkg)
            continue
        for entry in entries:
            name, dot, _ = entry.partition(".")
            if name == "__init__" or (dot and not entry.endswith(suffixes)):
                continue
            if dot or os.path.isfile(f"{folder}/{entry}/__init__.py"):  # noqa: PTH113
                found.setdefault(name, not dot)
    return found
