"""Sizes, dates and volumes in words."""

from __future__ import annotations

from datetime import UTC, datetime

from netdoctor.api import Mount, Stack, Volume


def size(amount: int) -> str:
    """Bytes as docker writes them: `39.8 MB`, by thousands."""
    number = float(amount)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def date(moment: float) -> str:
    """`2026-11-23 22:10 UTC`, for people who compare it with what they remember."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


def dated(stack: Stack, volume: Volume) -> str:
    """Since when there is this volume. Before engine 23 (API 1.42), what it tells is the last change of its top."""
    numbers = [int(n) for n in stack.engine.api.split(".") if n.isdigit()]
    return f"since {date(volume.created)}" if numbers >= [1, 42] else f"last changed {date(volume.created)}"


def place(stack: Stack, mount: Mount) -> str:
    """What is mounted, in a sentence: `the volume pgdata`, `the folder /srv/pg of the host`, `an anonymous volume`."""
    if mount.kind == "volume":
        if not mount.anonymous:
            return f"the volume {mount.name}"
        volume = stack.volume(mount.name)
        since = f" ({dated(stack, volume)})" if volume is not None and volume.created else ""
        return f"the anonymous volume {mount.name[:12]}...{since}"
    return f"the folder {mount.source} of the host" if mount.kind == "bind" else "memory (tmpfs)"
