"""How much a volume holds: counted in its own folder on this machine, or told by the engine's `/system/df`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from netdoctor.answers import VolumeUsage
from netdoctor.model import Volume
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, what_failed
from netdoctor.probes.files_inside import listed

_ENTRIES = 20_000
"""Files that are counted in a volume, at most; then the size is known from below."""
_NAMES = 20


def counted(volume: Volume, clock: Clock) -> VolumeUsage:
    """Counted file by file, hard links once, as the engine does it. Raises CannotAsk."""
    if volume.driver != "local" or volume.options:
        raise CannotAsk(f"the volume {volume.name} is not a folder of the engine's own")  # a dead server's, perhaps
    try:
        with listed(volume.mountpoint) as entries:
            names = sorted(entry.name for entry in entries)
        made = Path(volume.mountpoint).parent.stat().st_ctime  # as the engine does it since 23
    except OSError as error:
        raise CannotAsk(f"the folder of the volume {volume.name} cannot be read ({error.strerror})") from None
    size, changed, seen, at_least = 0, 0.0, 0, False
    linked: set[int] = set()
    todo = [volume.mountpoint]
    while todo:
        if seen > _ENTRIES or clock.left < 0:
            at_least = True
            break
        folder = todo.pop()
        found = list(_statuses(folder))
        seen += len(found)
        for name, status in found:
            if stat.S_ISDIR(status.st_mode):
                todo.append(f"{folder}/{name}")
            elif stat.S_ISREG(status.st_mode) and status.st_ino not in linked:
                linked |= {status.st_ino} if status.st_nlink > 1 else set()
                size += status.st_size
                changed = max(changed, status.st_mtime)
    return VolumeUsage(size=size, at_least=at_least, entries=tuple(names[:_NAMES]), changed=changed, made=made)


def _statuses(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The names in a folder with what stat(2) says of each; nothing of what is gone meanwhile."""
    with suppress(OSError), listed(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.name, entry.stat(follow_symlinks=False)


def told(api: EngineAPI) -> dict[str, VolumeUsage]:
    """All volumes' sizes at once, by name. Raises CannotAsk.

    `type` came with API 1.42; an older engine counts its images and containers as well.
    """
    try:
        found = api.get("/system/df", type="volume")
    except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
        what_failed(error)
        raise CannotAsk(f"the engine does not tell how much its volumes hold: {error}") from None
    sizes = {v["Name"]: (v.get("UsageData") or {}).get("Size", -1) for v in found.get("Volumes") or ()}
    return {name: VolumeUsage(size=size) for name, size in sizes.items() if size >= 0}
