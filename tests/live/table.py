"""The table of scenarios: every generator function in tests/live/scenarios, by its name with hyphens."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator

from tests.live import scenarios
from tests.live.lab import Case, Lab


def _collect() -> dict[str, Callable[[Lab], Iterator[Case]]]:
    found: dict[str, Callable[[Lab], Iterator[Case]]] = {}
    for info in pkgutil.iter_modules(scenarios.__path__, scenarios.__name__ + "."):
        module = importlib.import_module(info.name)
        for name, function in vars(module).items():
            if inspect.isgeneratorfunction(function) and function.__module__ == info.name and not name.startswith("_"):
                slug = name.replace("_", "-")
                if slug in found:
                    raise ValueError(f"two scenarios are called {slug}")
                found[slug] = function
    return found


SCENARIOS = _collect()
