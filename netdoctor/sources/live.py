"""The stack as the live engine tells it: each object listed or inspected once. The probes ask the rest."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from netdoctor.answers import Asked, AskOtherEngines, Question
from netdoctor.model import Stack
from netdoctor.sources import inspected
from netdoctor.sources.docker_api import EngineAPI, NotFound
from netdoctor.sources.endpoint import EndpointAddress, other_endpoints

_AT_ONCE = 4
"""Requests side by side. On a local socket more bring nothing, as the engine's own work decides."""

_OTHER_ENGINE = 1.0
"""Seconds for another engine of this user to answer."""


class LiveSource:
    """Reads a stack from an engine, and puts questions to it. Nothing of it is redacted yet.

    `rung` is auto, netns, exec or engine; `timeout` (seconds) is for one question.
    """

    captured: float | None = None

    def __init__(
        self,
        api: EngineAPI,
        rung: str = "auto",
        timeout: float = 2.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.api = api
        self._rung = rung
        self._timeout = timeout
        self._progress = progress

    def ask(self, stack: Stack, questions: Iterable[Question]) -> tuple[Asked, ...]:
        """An answer for each question; what cannot be asked is an `Unable`."""
        from netdoctor.probes import ask

        questions = tuple(questions)
        wants_others = any(isinstance(q, AskOtherEngines) for q in questions)
        others = self._other_engines() if wants_others else ()
        try:
            return ask(
                stack,
                questions,
                api=self.api,
                others=lambda: others,
                rung=self._rung,
                timeout=self._timeout,
                progress=self._progress,
            )
        finally:
            for _, api in others:
                api.close()

    def _other_engines(self) -> tuple[tuple[str, EngineAPI], ...]:
        return tuple(
            (name, EngineAPI(EndpointAddress(url), _OTHER_ENGINE)) for name, url in other_endpoints(self.api.endpoint)
        )

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
