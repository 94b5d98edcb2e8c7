"""The processes of a container with their working directories and the files that they write: proc(5), from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from netdoctor.answers import AtWork, OpenFiles
from netdoctor.probes.processes import family, name_of

MOST_PROCESSES = 64
MOST_FILES = 50
_MOST_DESCRIPTORS = 512
"""That are looked at for each process: a busy server has thousands, nearly all of them sockets."""


def open_files(pid: int) -> OpenFiles:
    """Of a process and its descendants. One that ends meanwhile is left out."""
    return OpenFiles(processes=tuple(filter(None, map(_at_work, islice(family(pid), MOST_PROCESSES)))))


def _at_work(pid: int) -> AtWork | None:
    try:
        folder = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115  as of descriptors: it need not exist here
    except OSError:
        return None
    return AtWork(pid=pid, name=name_of(pid), folder=folder, writes=tuple(islice(_written(pid), MOST_FILES)))


def _written(pid: int) -> Iterator[str]:
    seen = set()
    try:
        numbers = [entry.name for entry in islice(os.scandir(f"/proc/{pid}/fd"), _MOST_DESCRIPTORS)]
    except OSError:
        return
    for number in numbers:
        try:
            path = os.readlink(f"/proc/{pid}/fd/{number}")  # noqa: PTH115
            # Nothing is opened or stat'ed: a file on a dead network file system would not let go.
            if not path.startswith("/") or path.endswith(" (deleted)") or path.startswith(("/dev/", "/proc/", "/sys/")):
                continue
            if path not in seen and _for_writing(Path(f"/proc/{pid}/fdinfo/{number}").read_text("ascii")):
                seen.add(path)
                yield path
        except OSError:
            continue


def _for_writing(information: str) -> bool:
    flags = next((line.split()[1] for line in information.splitlines() if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
