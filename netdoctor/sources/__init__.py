"""Where a stack comes from: the live engine, or a capture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdoctor.sources.live import LiveSource, Progress


@contextmanager
def open_live(
    *,
    host: str | None = None,
    context: str | None = None,
    rung: str = "auto",
    timeout: float = 2.0,
    progress: Progress | None = None,
) -> Iterator[LiveSource]:
    """The live engine that the docker command would use. `timeout` (seconds) is for one question.

    Raises BadEndpoint when none can be told, and EngineError when it cannot be reached.
    """
    from netdoctor.sources.docker_api import EngineAPI
    from netdoctor.sources.endpoint import find_endpoint
    from netdoctor.sources.live import LiveSource

    with EngineAPI(find_endpoint(host or "", context or "")) as api:
        yield LiveSource(api, rung=rung, timeout=timeout, progress=progress)
