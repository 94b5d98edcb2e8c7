"""The rung `engine`: what the engine's API alone can tell, which is what a name means, and only sometimes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netdoctor.answers import (
    AnyAnswer,
    AnyQuestion,
    AskConnection,
    AskHost,
    AskLookup,
    AskMounts,
    AskNamespace,
    AskPath,
    AskProcesses,
    AskSockets,
    AskUpstream,
    DataQuestion,
    Lookup,
)
from netdoctor.model import HOST, Container
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI, what_failed
from netdoctor.probes.looking_up import by_files, literal
from netdoctor.probes.once import Once
from netdoctor.probes.resolver_files import ResolvConf, read_resolv_conf
from netdoctor.stack import Stack

if TYPE_CHECKING:
    from netdoctor.probes.engine_mounts import Archives

BETTER = "let netdoctor ask in its other ways (--rung auto)"


class EngineRung:
    """One run's questions by way of the API. `answer` can be called from many threads."""

    name = "engine"

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self._once = Once()

    def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer:
        """Raises CannotAsk."""
        if isinstance(question, AskLookup):
            return self._look_up(question.container, question.name, clock)
        if isinstance(question, AskMounts | AskProcesses | AskPath):
            return self._archives.answer(question, clock)
        if isinstance(question, DataQuestion):
            from netdoctor.probes.data_questions import by_the_engine  # for those that ask about data alone

            return by_the_engine(self._stack, self._api, self._once, self._archives.harm, question, clock)
        if isinstance(question, AskSockets):
            raise CannotAsk("the engine's API does not tell which ports are open", BETTER)
        if isinstance(question, AskConnection):
            raise CannotAsk("the engine's API does not connect for others", BETTER)
        if isinstance(question, AskNamespace):
            raise CannotAsk("the engine's API does not tell in which network namespace a process is", BETTER)
        if isinstance(question, AskHost):
            raise CannotAsk("the engine's API does not tell its host's settings and routes", BETTER)
        if isinstance(question, AskUpstream):
            raise CannotAsk("the engine's API does not ask name servers", BETTER)
        raise CannotAsk("this is not a question for the engine")

    @cached_property
    def _archives(self) -> Archives:
        from netdoctor.probes.engine_mounts import Archives  # for those that ask about files alone

        return Archives(self._stack, self._api)

    def _look_up(self, container_id: str, name: str, clock: Clock) -> Lookup:
        source = self._stack.container(container_id)
        if source is None:
            raise Vanished("the host is no container" if container_id == HOST else "the stack has no such container")
        if not source.state.running:
            raise Vanished(f"{source.name} is not running")
        hosts, conf = self._once.get(source.id, lambda: self._files(source, clock), clock)
        lookup = by_files(name, hosts, conf)
        if lookup.outcome != "unresolved":
            return lookup
        known = (*self._written(source, name), *self._borne(source, name))
        if known:
            return replace(lookup, outcome="found", addresses=tuple(dict.fromkeys(known)), source="configuration")
        self._must_know_all(source, name, conf.search)
        return replace(lookup, outcome="unknown")

    def _files(self, source: Container, clock: Clock) -> tuple[str, ResolvConf]:
        if self._archives.harm(source, clock):
            return "", read_resolv_conf("")
        return self._file(source, "/etc/hosts"), read_resolv_conf(self._file(source, "/etc/resolv.conf"))

    def _file(self, source: Container, path: str) -> str:
        """A file that the engine wrote into the container; "" when it does not hand it out."""
        try:
            return self._api.archive(source.id, path).decode(errors="replace")
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            if what_failed(error) == "NotFound" and "no such container" in str(error).lower():
                raise Vanished(f"{source.name} has been removed since the stack was read") from None
            return ""

    def _written(self, source: Container, name: str) -> Iterator[str]:
        """What the engine writes into the hosts file: localhost, its own host name, `extra_hosts`."""
        wanted = name.lower()
        owner = self._stack.namespace_owner(source)
        if wanted == "localhost":
            yield "127.0.0.1"
        if wanted == owner.host_name.lower():
            yield from owner.addresses
        for entry in owner.extra_hosts:
            known, _, address = entry.partition(":")
            if known.lower() == wanted and literal(address):
                yield literal(address)

    def _borne(self, source: Container, name: str) -> Iterator[str]:
        """The addresses of the running containers that bear the name on a network of the source's with a resolver."""
        for container, endpoint in self._stack.bearers(name, [e.network_id for e in self._stack.endpoints(source)]):
            if container.state.running:
                yield from endpoint.addresses

    def _must_know_all(self, source: Container, name: str, search: tuple[str, ...]) -> None:
        """Raises CannotAsk unless nobody would know the name if the engine's resolver does not."""
        called = {n.lower() for c in self._stack.containers for n in (c.name, c.service)}
        if name.lower() in called or any(self._stack.bearers(name)):
            return  # a name of the stack, and nobody who runs bears it where the source could ask for it
        if not any(e.network not in ("host", "none") for e in self._stack.endpoints(source)):
            raise CannotAsk(f"{source.name} is on no network of the engine's, so that knows no {name} for it", BETTER)
        if "." in name.rstrip("."):
            raise CannotAsk(f"the engine's API does not tell what {name} means outside the stack", BETTER)
        if search:
            domains = " or ".join(search)
            raise CannotAsk(f"{name} may be known in {domains}, which the engine's API does not tell", BETTER)
