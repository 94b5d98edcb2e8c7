"""The stack: what the engine and the host say at one moment, as one frozen value.

Everything here can be written to a capture and read back; nothing here asks anything. Times are seconds since the
epoch (UTC) as floats, 0.0 for "never". Ports are integers from 1 to 65535. Addresses are strings without a prefix
length, "" for none.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from netdoctor.answers import (
    Answer,
    AskConnection,
    Asked,
    AskLogs,
    AskLookup,
    AskNamespace,
    AskOtherEngines,
    AskSockets,
    Connection,
    Logs,
    Lookup,
    Namespace,
    OtherEngines,
    Question,
    Sockets,
    Unable,
)

HOST = "host"
"""Stands where a container's ID is expected when the host itself is meant."""

Protocol = Literal["tcp", "udp"]


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a stack: frozen, compared by content."""


class Engine(Value, frozen=True, kw_only=True):
    """The engine behind the API endpoint, from `GET /version` and `GET /info`."""

    name: str = "docker"
    version: str = ""
    api: str = ""
    os: str = ""
    host_name: str = ""
    rootless: bool = False
    desktop: bool = False
    """Docker Desktop and its like: the engine is in a virtual machine that defines host.docker.internal."""
    local: bool = False
    """The engine's processes are processes of the machine that asked."""


class HealthRun(Value, frozen=True, kw_only=True):
    """One run of a health check; the engine keeps the last five."""

    exit_code: int
    output: str = ""
    ended: float = 0.0


class Health(Value, frozen=True, kw_only=True):
    """`.State.Health` with `.Config.Healthcheck.Test`."""

    status: str
    failing_streak: int = 0
    test: tuple[str, ...] = ()
    runs: tuple[HealthRun, ...] = ()


class State(Value, frozen=True, kw_only=True):
    """`.State` of a container. `status` is created, running, paused, restarting, removing, exited or dead."""

    status: str
    exit_code: int = 0
    error: str = ""
    out_of_memory: bool = False
    pid: int = 0
    started: float = 0.0
    finished: float = 0.0
    restart_count: int = 0
    health: Health | None = None

    @property
    def running(self) -> bool:
        """Whether a process exists: running or paused. A restarting container has none."""
        return self.status in ("running", "paused")


class Endpoint(Value, frozen=True, kw_only=True):
    """A container's place on one network: `.NetworkSettings.Networks[name]`."""

    network: str
    network_id: str = ""
    address: str = ""
    address6: str = ""
    gateway: str = ""
    aliases: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    """`DNSNames`, which engines list from API 1.44 on; see `Stack.names` for the names on every engine."""
    fixed_address: str = ""
    """The IPv4 address that the user asked for (`--ip`), which survives restarts."""

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(a for a in (self.address, self.address6) if a)


class Publication(Value, frozen=True, kw_only=True):
    """One `-p`: container port to host address and port. `host_port` 0 means that the engine chooses."""

    container_port: int
    protocol: Protocol = "tcp"
    host_address: str = ""
    host_port: int = 0


class Mount(Value, frozen=True, kw_only=True):
    """One entry of `.Mounts`, or of `.HostConfig.Tmpfs`. `kind` is volume, bind, tmpfs, npipe or image."""

    kind: str
    destination: str
    name: str = ""
    source: str = ""
    driver: str = ""
    writable: bool = True


class Container(Value, frozen=True, kw_only=True):
    """One container, as inspected. `environment` and everything else that can hold a secret is redacted."""

    id: str
    name: str
    state: State
    image: str = ""
    host_name: str = ""
    created: float = 0.0
    command: tuple[str, ...] = ()
    """Entry point and command together, as the process was started."""
    environment: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = {}
    user: str = ""
    tty: bool = False
    network_mode: str = ""
    """`.HostConfig.NetworkMode`: default, bridge, host, none, container:ID or the name of a network."""
    endpoints: tuple[Endpoint, ...] = ()
    exposed: tuple[tuple[int, Protocol], ...] = ()
    publications: tuple[Publication, ...] = ()
    """What was asked for: `.HostConfig.PortBindings`."""
    published: tuple[Publication, ...] = ()
    """What the engine did: `.NetworkSettings.Ports`."""
    extra_hosts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """Legacy `--link` entries, `/target:/source/alias`."""
    mounts: tuple[Mount, ...] = ()
    read_only: bool = False
    restart_policy: str = ""
    auto_remove: bool = False

    @property
    def project(self) -> str:
        """The Compose project, "" for a container that Compose did not make."""
        return self.labels.get("com.docker.compose.project", "")

    @property
    def service(self) -> str:
        """The Compose service, "" for a container that Compose did not make."""
        return self.labels.get("com.docker.compose.service", "")

    @property
    def donor(self) -> str:
        """The container whose network namespace this one shares (`container:ID`), as written, or ""."""
        return self.network_mode.removeprefix("container:") if self.network_mode.startswith("container:") else ""

    @property
    def on_host_network(self) -> bool:
        return self.network_mode == "host"

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(a for e in self.endpoints for a in e.addresses)

    def variable(self, name: str) -> str | None:
        """The value of an environment variable, or None."""
        return next((value for key, value in self.environment if key == name), None)


class Network(Value, frozen=True, kw_only=True):
    """One network, from `GET /networks`."""

    id: str
    name: str
    driver: str = ""
    scope: str = "local"
    internal: bool = False
    ipv6: bool = False
    attachable: bool = False
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    options: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}

    @property
    def has_resolver(self) -> bool:
        """Whether containers on it are given the engine's resolver: every network but bridge, host and none.

        https://docs.docker.com/engine/network/drivers/bridge/#differences-between-user-defined-bridges-and-the-default-bridge
        """
        return self.name not in ("bridge", "host", "none")


class Link(Value, frozen=True, kw_only=True):
    """A container (or the host) that means to reach one address and port."""

    source: str
    """ID of the container that asks."""
    address: str
    """As the source writes it: a name, an IP address, `localhost`."""
    port: int
    protocol: Protocol = "tcp"
    target: str = ""
    """ID of the container meant, "" if nobody knows."""
    scheme: str = ""
    """The protocol above TCP where the configuration tells it: postgres, http, redis, ..."""
    known_from: str = ""
    """In words: `the command line`, `environment DATABASE_URL of api`, `the listeners of postgres`."""


Subject = Container | Link


class Stack(Value, frozen=True, kw_only=True, dict=True):
    """Engine, containers, networks, the answers to the questions put to them, and the links that are judged."""

    engine: Engine
    taken_at: float = 0.0
    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    asked: tuple[Asked, ...] = ()
    links: tuple[Link, ...] = ()
    """The links that this run is about, port 0 where nobody knows it. A capture holds none."""

    # Looked up for every check and subject, so indexed once; a frozen value never invalidates them.

    @cached_property
    def _containers(self) -> dict[str, Container]:
        return {c.id: c for c in self.containers}

    @cached_property
    def _networks(self) -> dict[str, Network]:
        return {n.id: n for n in self.networks}

    @cached_property
    def _answers(self) -> dict[Question, Answer]:
        return {a.question: a.answer for a in self.asked}

    @cached_property
    def _services(self) -> Counter[str]:
        return Counter(c.service for c in self.containers)

    # -- finding one's way ------------------------------------------------------------------------------------

    def container(self, container_id: str) -> Container | None:
        return self._containers.get(container_id)

    def network(self, network_id: str) -> Network | None:
        return self._networks.get(network_id)

    def source(self, link: Link) -> Container:
        """The container that asks. A link is made for containers of this stack only, so it is always there."""
        found = self.container(link.source)
        if found is None:
            raise LookupError(f"the stack has no container {link.source}, which a link starts at")
        return found

    def target(self, link: Link) -> Container | None:
        """The container meant, or None where nobody knows."""
        return self.container(link.target)

    def title(self, container: Container) -> str:
        """What a person calls the container: its Compose service where only one container has it, else its name."""
        service = container.service
        if service and self._services[service] == 1:
            return service
        return container.name

    def name(self, subject: Subject) -> str:
        """The subject in reports: `api`, `api -> postgres:5432/tcp`."""
        if isinstance(subject, Container):
            return self.title(subject)
        target = self.target(subject)
        meant = self.title(target) if target else subject.address
        return f"{self.title(self.source(subject))} -> {meant}:{subject.port}/{subject.protocol}"

    def donor(self, container: Container) -> Container | None:
        """The container whose network namespace `container` was made to share, if the engine still has it."""
        given = container.donor
        if not given:
            return None
        return next((c for c in self.containers if c.id.startswith(given) or c.name == given), None)

    def namespace_owner(self, container: Container) -> Container:
        """Who holds the endpoints of the network namespace that `container` was made to live in."""
        owner = container
        for _ in range(8):  # a donor can share another's namespace in turn; the engine forbids circles
            donor = self.donor(owner)
            if donor is None:
                break
            owner = donor
        return owner

    def same_namespace(self, one: Container, other: Container) -> bool:
        """Whether the two were made to share a network namespace, so that localhost is the same for both."""
        mine, theirs = self.namespace_owner(one), self.namespace_owner(other)
        return mine.id == theirs.id or (mine.on_host_network and theirs.on_host_network)

    def endpoints(self, container: Container) -> tuple[Endpoint, ...]:
        """The endpoints of the namespace that the container lives in: its own, or its donor's."""
        return self.namespace_owner(container).endpoints

    def shared_networks(self, one: Container, other: Container) -> tuple[Endpoint, ...]:
        """The endpoints of `other` on networks that `one` is on too; host and none do not count."""
        mine = {e.network_id for e in self.endpoints(one) if e.network not in ("host", "none")}
        return tuple(e for e in self.endpoints(other) if e.network_id in mine)

    def names(self, container: Container, endpoint: Endpoint) -> tuple[str, ...]:
        """The names that the engine's resolver gives for the container on this network, in lower case.

        From API 1.44 the engine lists them (`DNSNames`). Before, they are the name, the aliases, the first twelve
        digits of the ID and (engine 20.10 and later) the host name. `name.network` works as well and is not listed.
        """
        network = self.network(endpoint.network_id)
        if network is not None and not network.has_resolver:
            return ()
        own = (container.name, *endpoint.aliases, container.id[:12], container.host_name)
        return tuple(dict.fromkeys(n.lower() for n in (*endpoint.dns_names, *own) if n))

    def bearers(self, name: str, networks: Iterable[str] | None = None) -> Iterator[tuple[Container, Endpoint]]:
        """Who bears the name, running or not, on the given network IDs (None: on any)."""
        wanted = name.lower().rstrip(".")
        among = None if networks is None else set(networks)
        for container in self.containers:
            for endpoint in container.endpoints:
                if among is not None and endpoint.network_id not in among:
                    continue
                names = self.names(container, endpoint)
                if wanted in names or any(wanted == f"{n}.{endpoint.network.lower()}" for n in names):
                    yield container, endpoint

    def holder(self, address: str) -> Container | None:
        """The running container that has the address on any network, or None."""
        wanted = _address(address)
        if wanted is None:
            return None
        for container in self.containers:
            if container.state.running and any(_address(a) == wanted for a in container.addresses):
                return container
        return None

    # -- the answers ------------------------------------------------------------------------------------------

    def answer(self, question: Question) -> Answer:
        """The answer to a question, or an `Unable` that says that it was never asked."""
        found = self._answers.get(question)
        if found is not None:
            return found
        return Unable(reason="this question was not asked when the stack was read", would_help="ask the live engine")

    def sockets(self, container: Container) -> Sockets | Unable:
        answer = self.answer(AskSockets(container=container.id))
        return answer if isinstance(answer, Sockets) else _unable(answer)

    def host_sockets(self) -> Sockets | Unable:
        answer = self.answer(AskSockets(container=HOST))
        return answer if isinstance(answer, Sockets) else _unable(answer)

    def lookup(self, container: Container, name: str) -> Lookup | Unable:
        answer = self.answer(AskLookup(container=container.id, name=name))
        return answer if isinstance(answer, Lookup) else _unable(answer)

    def connection(self, link: Link) -> Connection | Unable:
        """What came of connecting to the link's address as the source writes it."""
        answer = self.answer(AskConnection.of(link))
        return answer if isinstance(answer, Connection) else _unable(answer)

    def connection_to(self, link: Link, address: str, port: int | None = None) -> Connection | Unable:
        """What came of connecting from the link's source to another address, on the link's port or another."""
        answer = self.answer(AskConnection.of(link, address=address, port=port))
        return answer if isinstance(answer, Connection) else _unable(answer)

    def logs(self, container: Container) -> Logs | Unable:
        answer = self.answer(AskLogs(container=container.id))
        return answer if isinstance(answer, Logs) else _unable(answer)

    def inside(self, container: Container) -> Namespace | Unable:
        """The network namespace that the container's process is in right now."""
        answer = self.answer(AskNamespace(container=container.id))
        return answer if isinstance(answer, Namespace) else _unable(answer)

    def other_engines(self, name: str) -> OtherEngines | Unable:
        answer = self.answer(AskOtherEngines(name=name))
        return answer if isinstance(answer, OtherEngines) else _unable(answer)

    def works(self, link: Link) -> bool | None:
        """Whether the live connection worked: None when it could not be asked, or UDP was silent."""
        connection = self.connection(link)
        return None if isinstance(connection, Unable) else connection.works


def _unable(answer: Answer) -> Unable:
    if isinstance(answer, Unable):
        return answer
    raise TypeError(f"a {type(answer).__name__} is not the answer to this question")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
