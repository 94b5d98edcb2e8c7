"""What the probes need of the Engine API: a part of `netdoctor.sources.docker_api.EngineAPI`, whose errors it raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from netdoctor.sources.endpoint import EndpointAddress


class ExecResult(Protocol):
    """What a command in a container did; 126 and 127 mean that it could not be run."""

    @property
    def exit_code(self) -> int: ...

    @property
    def output(self) -> bytes: ...

    @property
    def errors(self) -> bytes: ...


class EngineAPI(Protocol):
    """Every call can raise EngineError; any of them may be made from several threads at once."""

    @property
    def endpoint(self) -> EndpointAddress: ...

    def get(self, path: str, /, **query: object) -> Any: ...

    def exec(self, container_id: str, argv: Sequence[str], timeout: float, user: str = "") -> ExecResult: ...

    def logs(self, container_id: str, tail: int) -> list[bytes]: ...

    def archive(self, container_id: str, path: str) -> bytes: ...
