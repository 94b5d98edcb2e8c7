"""The rung `engine`: what the engine's API alone can tell, which is what a name means, and only sometimes."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.answers import AnyAnswer, AnyQuestion, AskConnection, AskLookup, AskNamespace, AskSockets, Lookup
from netdoctor.model import HOST, Container, Stack
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.looking_up import literal
from netdoctor.probes.resolver_files import hosts_addresses, read_resolv_conf
from netdoctor.sources.docker_api import EngineError

BETTER = "run netdoctor as root on the engine's host, or let it run commands in the container (rung exec)"


class EngineRung:
    """One run's questions by way of the API. `answer` can be called from many threads."""

    name = "engine"

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api

    def answer(self, question: AnyQuestion, ends: float) -> AnyAnswer:
        """Raises CannotAsk."""
        if isinstance(question, AskLookup):
            return self._look_up(question.container, question.name)
        if isinstance(question, AskSockets):
            raise CannotAsk("the engine's API does not tell which ports are open", BETTER)
        if isinstance(question, AskConnection):
            raise CannotAsk("the engine's API does not connect for others", BETTER)
        if isinstance(question, AskNamespace):
            raise CannotAsk("the engine's API does not tell in which network namespace a process is", BETTER)
        raise CannotAsk("this is not a question for the engine")

    def _look_up(self, container_id: str, name: str) -> Lookup:
        source = self._stack.container(container_id)
        if source is None:
            raise Vanished("the host is no container" if container_id == HOST else "the stack has no such container")
        if not source.state.running:
            raise Vanished(f"{source.name} is not running")
        hosts = self._file(source, "/etc/hosts")
        conf = read_resolv_conf(self._file(source, "/etc/resolv.conf"))
        in_hosts = hosts_addresses(hosts, name) or tuple(self._written(source, name))
        shown = {"servers": conf.servers, "search": conf.search, "ndots": conf.ndots, "hosts": in_hosts}
        if address := literal(name):
            return Lookup(outcome="found", addresses=(address,), source="literal", asked=name, **shown)
        addresses = in_hosts or tuple(dict.fromkeys(self._borne(source, name)))
        if addresses:
            return Lookup(outcome="found", addresses=addresses, source="configuration", asked=name, **shown)
        self._must_know_all(source, name, conf.search)
        return Lookup(outcome="unknown", asked=name, **shown)

    def _file(self, source: Container, path: str) -> str:
        """A file that the engine wrote into the container; "" when it does not hand it out."""
        try:
            return self._api.archive(source.id, path).decode(errors="replace")
        except EngineError:
            return ""

    def _written(self, source: Container, name: str) -> Iterator[str]:
        """What the engine writes into the hosts file: localhost, its own host name, `extra_hosts`."""
        wanted = name.lower()
        owner = self._stack.namespace_owner(source)
        if wanted == "localhost" or wanted.endswith(".localhost"):
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
        if any(self._stack.bearers(name)) or any(name.lower() in (c.name.lower(), c.service.lower()) for c in self._stack.containers):
            return  # a name of the stack, and nobody who runs bears it where the source could ask for it
        if not any(e.network not in ("host", "none") for e in self._stack.endpoints(source)):
            raise CannotAsk(f"{source.name} is on no network of the engine's, which so does not know what {name} means", BETTER)
        if "." in name.rstrip("."):
            raise CannotAsk(f"the engine's API does not tell what {name} means outside the stack", BETTER)
        if search:
            raise CannotAsk(f"{name} may be known in {' or '.join(search)}, which the engine's API does not tell", BETTER)
