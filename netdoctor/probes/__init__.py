"""Questions put to a live stack: `ask` brings one answer for each, by the rungs netns, exec and engine."""

from __future__ import annotations

import threading

from netdoctor.probes.ladder import ask

__all__ = ["ask", "prepare"]


def prepare() -> None:
    """Load in the background what the first questions need (50 ms), best while the engine is still being read."""
    threading.Thread(target=_load, daemon=True).start()


def _load() -> None:
    import ctypes  # noqa: F401

    import dns.message
    import dns.rdtypes.IN.A
    import dns.rdtypes.IN.AAAA  # noqa: F401
