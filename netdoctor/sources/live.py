"""The stack as the live engine tells it: each object listed or inspected once. The probes ask the rest."""

from __future__ import annotations

import platform
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from netdoctor.model import Stack
from netdoctor.sources import inspected
from netdoctor.sources.docker_api import EngineAPI, NotFound

_AT_ONCE = 4
"""Requests side by side. On a local socket more bring nothing, as the engine's own work decides."""


class LiveSource:
    """Reads a stack from an engine. It is not redacted yet: what the probes find still belongs into it."""

    def __init__(self, api: EngineAPI) -> None:
        self.api = api

    def read(self) -> Stack:
        """The engine, all its containers (running or not) and networks. Raises EngineError."""
        self.api.ping()  # first and alone, so that an engine that hangs is waited for once
        with ThreadPoolExecutor(_AT_ONCE, "inspect") as threads:
            # The engine takes 10 ms for each of these two, as it runs programs for them: meanwhile the rest.
            version = threads.submit(self.api.get, "/version")
            info = threads.submit(self.api.get, "/info")
            networks = threads.submit(self.api.get, "/networks")
            listed = self.api.get("/containers/json", all=True)
            found = list(threads.map(self._inspect, (entry["Id"] for entry in listed)))
            known = tuple(inspected.network(entry) for entry in networks.result())
            engine = inspected.engine(
                version.result(),
                info.result(),
                unix=bool(self.api.endpoint.socket),
                kernel=platform.release() if platform.system() == "Linux" else "",
            )
        containers = tuple(inspected.container(one, known) for one in found if one is not None)
        return Stack(
            engine=engine,
            taken_at=time.time(),
            containers=containers,
            networks=inspected.with_gateways(known, containers),
        )

    def _inspect(self, container_id: str) -> Any | None:
        try:
            return self.api.get(f"/containers/{container_id}/json")
        except NotFound:  # removed since it was listed
            return None
