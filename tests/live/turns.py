"""Whose turn it is on this machine: tests run side by side, each on an engine of its own, and a few have to be alone.

Alone is who fills a table that the kernel has once for all network namespaces.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait until nobody is alone, and with `alone` until nobody else is there."""
    with _lock("gate") as gate, _lock("place") as place:
        # Whoever waits to be alone keeps the gate, so that nobody comes in meanwhile and it has not to wait for ever.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(place, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@contextmanager
def _lock(name: str) -> Iterator[int]:
    with Path(tempfile.gettempdir(), f"netdoctor-tests.{name}").open("a") as opened:
        yield opened.fileno()
