"""What lies in a folder of a container by the engine's archive, running or not, where looking changes nothing."""

from __future__ import annotations

from datetime import datetime

from netdoctor.answers import AskFolder, Folder
from netdoctor.model import Container
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.engine_api import EngineAPI, PathStat, what_failed
from netdoctor.probes.namespaces import AS_ROOT

SHORT = 100
"""Bytes of a file whose text is told, if its name says that it holds a version: others may hold a secret."""

_DIRECTORY = 1 << 31  # of Go's os.FileMode


def tells(name: str) -> bool:
    """Whether a file of this name holds a version and nothing else: PG_VERSION and its like."""
    return name.endswith("_VERSION")


def folder(api: EngineAPI, container: Container, question: AskFolder) -> Folder:
    """Raises CannotAsk. The caller has made sure that the engine makes nothing when it is asked."""
    top = question.path.rstrip("/")
    try:
        if api.stat(container.id, question.path) is None:
            return Folder()
        found = {name: api.stat(container.id, f"{top}/{name}") for name in question.names}
        there = {name: lies for name, lies in found.items() if lies is not None}
        texts = {
            name: api.archive(container.id, f"{top}/{name}").decode(errors="replace").strip()
            for name, lies in there.items()
            if tells(name) and _is_short(lies)
        }
    except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
        if what_failed(error) == "NotFound":
            raise Vanished(f"{container.name} has been removed since the stack was read") from None
        raise CannotAsk(f"the engine does not show {question.path} of {container.name}: {error}", AS_ROOT) from None
    return Folder(exists=True, there={name: _seconds(lies.mtime) for name, lies in there.items()}, texts=texts)


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


def _is_short(lies: PathStat) -> bool:
    return not lies.mode & _DIRECTORY and 0 < lies.size <= SHORT
