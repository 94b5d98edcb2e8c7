"""The time that one question has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Runs out at `ends` (time.monotonic()), and stands still while the question waits for its turn."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, negative when the time is over."""
        return self.ends - time.monotonic()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Time in here does not count."""
        left = self.left
        self.ends = float("inf")
        try:
            yield
        finally:
            self.ends = time.monotonic() + left
