"""Reports: a diagnosis as text, JSON, JUnit, ... One module per format, and nothing here computes.

A format is a module of this package with `render(diagnosis, options)`; its name is the module's. It is imported when it
is asked for. Modules with a leading underscore are helpers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from netdoctor.modules import modules_in

if TYPE_CHECKING:
    from netdoctor.diagnosis import Diagnosis


class Options(msgspec.Struct, frozen=True):
    """How a report is written; a format ignores what means nothing to it."""

    verbose: bool = False
    quiet: bool = False
    """Exactly one line."""
    width: int = 80
    colour: bool = False
    unicode: bool = True
    """Whether what is written to can hold more than ASCII."""


Render = Callable[["Diagnosis", Options], str]


class Formats(Mapping[str, Callable[..., str]]):
    """The modules of a package by name, as their `render`; a leading underscore marks none. Listing imports nothing."""

    def __init__(self, package: str, path: Iterable[str]) -> None:
        self._package, self._path = package, path

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in modules_in(self._path) if not name.startswith("_")))

    def __getitem__(self, name: str) -> Callable[..., str]:
        if name not in self._names:
            raise KeyError(name)
        render: Callable[..., str] = import_module(f"{self._package}.{name}").render
        return render

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


FORMATS: Mapping[str, Render] = Formats(__name__, __path__)
