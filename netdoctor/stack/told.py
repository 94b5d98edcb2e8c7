"""What a stack holds, and the answers in it."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from msgspec.structs import replace

from netdoctor.answers import (
    Answer,
    AskAttached,
    AskConnection,
    Asked,
    AskHost,
    AskLogs,
    AskLookup,
    AskMounts,
    AskNamespace,
    AskOtherEngines,
    AskPath,
    AskProcesses,
    AskSockets,
    AskUpstream,
    Attached,
    Connection,
    HostFacts,
    Logs,
    Lookup,
    Mounts,
    Namespace,
    OtherEngines,
    PathFound,
    Processes,
    Question,
    Sockets,
    Unable,
    Upstream,
)
from netdoctor.model import (
    HOST,
    Container,
    Engine,
    Link,
    Network,
    Scope,
    Value,
    Volume,
)

_Answer = TypeVar("_Answer", bound=Answer)


class Told(Value, frozen=True, kw_only=True, dict=True):
    """Engine, containers, networks, the answers to the questions put to them, and the links that are judged."""

    engine: Engine
    taken_at: float = 0.0
    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    volumes: tuple[Volume, ...] = ()
    asked: tuple[Asked, ...] = ()
    links: tuple[Link, ...] = ()
    """The links that this run is about, port 0 where nobody knows it. A capture holds none."""
    scope: Scope = Scope()
    """How far this run's request reaches; of a capture, nowhere."""

    @cached_property
    def _answers(self) -> dict[Question, Answer]:
        return {a.question: a.answer for a in self.asked}

    def told(self, question: Question, kind: type[_Answer]) -> _Answer | Unable:
        """The answer to a question, which is of this kind, or why there is none."""
        found = self._answers.get(question)
        if found is None:
            reason = "this question was not asked when the stack was read"
            return Unable(reason=reason, would_help="ask the live engine")
        if isinstance(found, kind | Unable):
            return found
        raise TypeError(f"a {type(found).__name__} is not the answer to {type(question).__name__}")

    def sockets(self, container: Container) -> Sockets | Unable:
        return self.told(AskSockets(container=container.id), Sockets)

    def host_sockets(self) -> Sockets | Unable:
        return self.told(AskSockets(container=HOST), Sockets)

    def host_facts(self) -> HostFacts | Unable:
        """The engine's host: its sysctls, interfaces, routes and tables."""
        return self.told(AskHost(), HostFacts)

    def attached(self, network: Network) -> Attached | Unable:
        """Who has an address on the network; asked where it had none left for somebody."""
        return self.told(AskAttached(network=network.id), Attached)

    def lookup(self, container: Container, name: str) -> Lookup | Unable:
        return self.told(AskLookup(container=container.id, name=name), Lookup)

    def upstream(self, container: Container, name: str) -> Upstream | Unable:
        """What the name servers say to which the container's names outside go, each asked by itself."""
        return self.told(AskUpstream(container=container.id, name=name), Upstream)

    def connection(self, link: Link) -> Connection | Unable:
        """What came of connecting to the link's address as the source writes it."""
        return self.told(AskConnection.of(link), Connection)

    def connection_of_host(self, link: Link) -> Connection | Unable:
        """What came of the same from the engine's host itself; asked where the link leads out of the stack."""
        return self.told(replace(AskConnection.of(link), container=HOST), Connection)

    def connection_to(self, link: Link, address: str, port: int | None = None) -> Connection | Unable:
        """What came of connecting from the link's source to another address, on the link's port or another."""
        return self.told(AskConnection.of(link, address=address, port=port), Connection)

    def logs(self, container: Container) -> Logs | Unable:
        return self.told(AskLogs(container=container.id), Logs)

    def inside(self, container: Container) -> Namespace | Unable:
        """The network namespace that the container's process is in right now."""
        return self.told(AskNamespace(container=container.id), Namespace)

    def other_engines(self, name: str) -> OtherEngines | Unable:
        return self.told(AskOtherEngines(name=name), OtherEngines)

    def mounts(self, container: Container) -> Mounts | Unable:
        """What is mounted in the container, and what lies there."""
        return self.told(AskMounts(container=container.id), Mounts)

    def processes(self, container: Container) -> Processes | Unable:
        """As whom the container's processes work."""
        return self.told(AskProcesses(container=container.id), Processes)

    def path(self, container: Container, path: str) -> PathFound | Unable:
        """What lies at a path of the container."""
        return self.told(AskPath(container=container.id, path=path), PathFound)

    def works(self, link: Link) -> bool | None:
        """Whether the live connection worked: None when it could not be asked, or UDP was silent."""
        connection = self.connection(link)
        return None if isinstance(connection, Unable) else connection.works
