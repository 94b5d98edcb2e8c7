"""The table of scenarios: every generator function in tests/live/scenarios, by its name with hyphens."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.live import scenarios
from tests.live.lab import Case, Lab


@dataclass(frozen=True)
class Scenario:
    """`family` is the first word of its module; `says` is its docstring: what is sick, and what its neighbour shows."""

    slug: str
    family: str
    says: str
    build: Callable[[Lab], Iterator[Case]]
    engines_differ: bool
    alone: bool


def _collect() -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    for info in pkgutil.iter_modules(scenarios.__path__):
        module = importlib.import_module(f"{scenarios.__name__}.{info.name}")
        for name, function in vars(module).items():
            if (
                not inspect.isgeneratorfunction(function)
                or function.__module__ != module.__name__
                or name.startswith("_")
            ):
                continue
            slug = name.replace("_", "-")
            if slug in found:
                raise ValueError(f"two scenarios are called {slug}")
            if not function.__doc__:
                raise ValueError(f"the scenario {slug} does not say what it shows")
            marks = [getattr(function, mark, False) for mark in ("engines_differ", "alone")]
            found[slug] = Scenario(
                slug, info.name.partition("_")[0], inspect.cleandoc(function.__doc__), function, *marks
            )
    return found


SCENARIOS = _collect()
