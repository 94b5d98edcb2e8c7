"""Which checks there are: every package named in the entry-point group `netdoctor.checks`, walked for `Check` objects.

Our own checks come in by the same door as a third party's. A broken package, module or check is reported by name and
never ends the run.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType

from netdoctor.check import Check
from netdoctor.entry_points import EntryPoint, entry_points
from netdoctor.modules import modules_in

GROUP = "netdoctor.checks"


class UnknownCheck(ValueError):
    """No check and no family has this ID."""


class Registry:
    """The checks that could be loaded, by ID, and the complaints about what could not."""

    def __init__(self, checks: Iterable[Check], complaints: Iterable[str] = ()) -> None:
        self.complaints = list(complaints)
        self._checks: dict[str, Check] = {}
        for check in checks:
            if check.id in self._checks and self._checks[check.id] is not check:
                self.complaints.append(f"the check {check.id} is defined twice; the first one is used")
            else:
                self._checks[check.id] = check

    def __iter__(self) -> Iterator[Check]:
        return iter(sorted(self._checks.values(), key=lambda c: c.id))

    def __len__(self) -> int:
        return len(self._checks)

    def knows(self, finding: str) -> bool:
        """Whether it is a family, a check's ID, or an ID with one of its reasons (`port.interface/loopback-only`)."""
        check_id, slash, reason = finding.partition("/")
        check = self._checks.get(check_id)
        if slash or check is not None:
            return check is not None and (not slash or check.reason(reason) is not None)
        return any(c.family == finding for c in self)

    def find(self, check_id: str) -> Check:
        """The check with this ID; a reason after a slash is ignored. Raises UnknownCheck with the nearest IDs."""
        found = self._checks.get(check_id.partition("/")[0])
        if found is None:
            raise UnknownCheck(self._unknown(check_id))
        return found

    def choose(self, only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[Check, ...]:
        """The checks to run. Each entry is an ID or a family; raises UnknownCheck for what is neither."""
        only, skip = tuple(only), tuple(skip)
        for wanted in (*only, *skip):
            if not any(wanted in (c.id, c.family) for c in self):
                raise UnknownCheck(self._unknown(wanted))
        chosen = [c for c in self if not only or c.id in only or c.family in only]
        return tuple(c for c in chosen if c.id not in skip and c.family not in skip)

    def _unknown(self, wanted: str) -> str:
        from difflib import get_close_matches

        known = [c.id for c in self] + sorted({c.family for c in self})
        near = get_close_matches(wanted, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`netdoctor checks` lists them all."
        return f"there is no check or family called {wanted!r}; {hint}"


def load(points: Iterable[EntryPoint] | None = None) -> Registry:
    """Load every check that is installed."""
    checks: list[Check] = []
    complaints: list[str] = []
    for point in entry_points(GROUP) if points is None else points:
        try:
            package = importlib.import_module(point.module)
        except Exception as error:
            complaints.append(_complaint(point, point.module, error))
            continue
        for module in _walk(package, point, complaints):
            checks.extend(value for value in vars(module).values() if isinstance(value, Check))
    return Registry(checks, complaints)


def _walk(package: ModuleType, point: EntryPoint, complaints: list[str]) -> Iterator[ModuleType]:
    yield package
    for name, is_package in modules_in(getattr(package, "__path__", ())).items():
        full = f"{package.__name__}.{name}"
        try:
            module = importlib.import_module(full)
        except Exception as error:
            complaints.append(_complaint(point, full, error))
            continue
        if is_package:
            yield from _walk(module, point, complaints)
        else:
            yield module


def _complaint(point: EntryPoint, module: str, error: Exception) -> str:
    whose = point.offered_by or point.name
    return f"the checks in {module} (from {whose}) cannot be used: {type(error).__name__}: {error}"
