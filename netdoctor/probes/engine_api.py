"""What the probes need of the Engine API: a part of `netdoctor.sources.docker_api.EngineAPI`, and of its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol


class ExecResult(Protocol):
    """What a command in a container did; 126 and 127 mean that it could not be run."""

    @property
    def exit_code(self) -> int: ...

    @property
    def output(self) -> bytes: ...


class PathStat(Protocol):
    """A path in a container. `mode` is Go's os.FileMode, `mtime` RFC 3339, `link_target` where a link leads."""

    @property
    def size(self) -> int: ...

    @property
    def mode(self) -> int: ...

    @property
    def mtime(self) -> str: ...

    @property
    def link_target(self) -> str: ...


class EngineAPI(Protocol):
    """Every call can raise an error that `what_failed` knows; any may be made from several threads at once."""

    def get(self, path: str, /, **query: object) -> Any: ...

    def exec(self, container_id: str, argv: Sequence[str], timeout: float, user: str = "") -> ExecResult: ...

    def logs(self, container_id: str, tail: int) -> list[bytes]: ...

    def archive(self, container_id: str, path: str) -> bytes: ...

    def stat(self, container_id: str, path: str) -> PathStat | None: ...


Engines = Callable[[], Iterable[tuple[str, EngineAPI]]]
"""Finds the other engines of this user: pairs of name and API. Nothing is connected before the API is used."""

Failure = Literal["NotFound", "Conflict", "TimedOut", "EngineError"]


def what_failed(error: Exception) -> Failure:
    """The kind of an engine's error, by the name of its class: the classes are the sources', which import the probes.

    Raises the error itself when it is no engine's.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    kinds: tuple[Failure, ...] = ("NotFound", "Conflict", "TimedOut", "EngineError")
    for kind in kinds:
        if kind in names:
            return kind
    raise error
