"""What several questions need and one of them fetches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock

_T = TypeVar("_T")


class Once:
    """Keeps what was made for a key, for one run and from many threads."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}

    def get(self, key: Hashable, make: Callable[[], _T], clock: Clock) -> _T:
        """What `make` brings, made by the first that wants it; the others wait. A CannotAsk is kept as well."""
        kept = self._kept.setdefault(key, _Kept())  # atomic
        with clock.stopped():
            kept.lock.acquire()
        try:
            if not kept.outcome:
                try:
                    kept.outcome.append(make())
                except CannotAsk as error:
                    kept.outcome.append(error)
        finally:
            kept.lock.release()
        outcome = kept.outcome[0]
        if isinstance(outcome, CannotAsk):
            raise outcome
        return cast("_T", outcome)


class _Kept:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.outcome: list[object] = []
