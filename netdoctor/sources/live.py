"""The stack as the live engine tells it: each object listed or inspected once. The probes ask the rest."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from netdoctor.answers import AskConnection, Asked, AskOtherEngines, Question
from netdoctor.model import Container, Network
from netdoctor.sources import inspected
from netdoctor.sources.docker_api import EngineAPI, NotFound
from netdoctor.sources.endpoint import EndpointAddress, other_endpoints
from netdoctor.stack import Stack

Progress = Callable[[str, int, int], None]
"""Told the phase ("reading", "asking", "asking again"), how many are done, and of how many; from several threads."""

_OTHER_ENGINE = 1.0
"""Seconds for another engine of this user to answer."""
_FEW = 50
"""Connections."""


class LiveSource:
    """Reads a stack from an engine, and puts questions to it. Nothing of it is redacted yet.

    `rung` is auto, netns, exec or engine; `timeout` (seconds) is for one question.
    """

    captured: float | None = None
    interrupted = False
    """Whether somebody has had enough. What is not asked by now will not be."""

    def __init__(
        self,
        api: EngineAPI,
        rung: str = "auto",
        timeout: float = 2.0,
        progress: Progress | None = None,
    ) -> None:
        self.api = api
        self._rung = rung
        self._timeout = timeout
        self._progress = progress
        self._begun: _Later[Stack] | None = None
        self._read_already = False
        self._foreseen: tuple[frozenset[Question], _Later[tuple[Asked, ...]]] | None = None

    def foresee(self, stack: Stack, questions: Iterable[Question]) -> None:
        """Begin to ask now, while the checks are still being imported: half of a connection's time is waiting.

        On the rung netns alone: the others would look twice at what two questions have in common. And a few only: many
        are to be asked gently, in one go.
        """
        known = tuple(questions)
        few = sum(isinstance(q, AskConnection) for q in known) <= _FEW
        if few and self._rung in ("auto", "netns") and stack.engine.local and os.geteuid() == 0:
            self._foreseen = frozenset(known), _Later(lambda: self._ask(stack, known, None))

    def ask(self, stack: Stack, questions: Iterable[Question]) -> tuple[Asked, ...]:
        """An answer for each question; what cannot be asked is an `Unable`."""
        begun, self._foreseen = self._foreseen, None
        if begun is None:
            return self._ask(stack, tuple(questions), self._progress)
        foreseen, answers = begun
        wanted = tuple(questions)
        rest = self._ask(stack, tuple(q for q in wanted if q not in foreseen), self._progress)
        known = {asked.question: asked for asked in (*rest, *answers.result())}
        return tuple(known[question] for question in wanted if question in known)

    def _ask(self, stack: Stack, questions: tuple[Question, ...], progress: Progress | None) -> tuple[Asked, ...]:
        from netdoctor.probes import ask

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
                progress=progress,
                stopped=lambda: self.interrupted,
            )
        finally:
            for _, api in others:
                api.close()

    def _other_engines(self) -> tuple[tuple[str, EngineAPI], ...]:
        return tuple(
            (name, EngineAPI(EndpointAddress(url), _OTHER_ENGINE)) for name, url in other_endpoints(self.api.endpoint)
        )

    def interrupt(self) -> bool:
        """Ask nothing more; what is under way is waited for. False where there is nothing to be told yet, or again."""
        if self._read_already and not self.interrupted:
            self.interrupted = True
            return True
        return False

    def begin(self) -> None:
        """Start reading now: the engine is at work while Python still imports what comes next."""
        self._begun = _Later(self._read)

    def read(self) -> Stack:
        """The engine, all its containers (running or not) and networks. Raises EngineError."""
        begun, self._begun = self._begun, None
        stack = begun.result() if begun is not None else self._read()
        self._read_already = True
        return stack

    def _read(self) -> Stack:
        self.api.ping()  # first and alone, so that an engine that hangs is waited for once
        # The engine takes 10 ms for each of these two, as it runs programs for them: meanwhile the rest.
        version, info = _Later(lambda: self.api.get("/version")), _Later(lambda: self.api.get("/info"))
        volumes = _Later(lambda: self.api.get("/volumes"))  # a driver of somebody else's may take its time
        listed = self.api.get("/containers/json", all=True)
        known = tuple(inspected.network(entry) for entry in self.api.get("/networks"))
        found = []
        for entry in listed:
            found.append(self._inspect(entry["Id"]))
            if self._progress is not None:
                self._progress("reading", len(found), len(listed))
        containers = tuple(inspected.container(one, known) for one in found if one is not None)
        engine = inspected.engine(
            version.result(),
            info.result(),
            unix=bool(self.api.endpoint.socket),
            kernel=platform.release() if platform.system() == "Linux" else "",
        )
        return Stack(
            engine=engine,
            taken_at=time.time(),
            containers=containers,
            networks=self._with_services(inspected.with_gateways(known, containers), containers),
            volumes=tuple(inspected.volume(entry) for entry in volumes.result().get("Volumes") or ()),
        )

    def _with_services(self, networks: tuple[Network, ...], containers: tuple[Container, ...]) -> tuple[Network, ...]:
        if not any(n.scope == "swarm" for n in networks):
            return networks
        from netdoctor.sources.swarm import with_services

        return with_services(self.api, networks, containers)

    def _inspect(self, container_id: str) -> Any | None:
        try:
            return self.api.get(f"/containers/{container_id}/json")
        except NotFound:  # removed since it was listed
            return None


_T = TypeVar("_T")


class _Later(Generic[_T]):
    """A call in a thread of its own. (concurrent.futures would cost 15 ms of imports, logging among them.)"""

    def __init__(self, call: Callable[[], _T]) -> None:
        self._call = call
        self._value: _T
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:
            self._error = error

    def result(self) -> _T:
        """What the call returned, or raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value
