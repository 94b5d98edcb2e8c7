"""Questions put to a live stack: `ask` brings one answer for each, by the rungs netns, exec and engine."""

from __future__ import annotations

from netdoctor.probes.ladder import ask

__all__ = ["ask"]
