"""The stack: what the engine and the host say at one moment, as one frozen value, and the ways about in it.

It can be written to a capture and read back; nothing here asks anything.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import TypeVar

import msgspec
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
    Endpoint,
    Engine,
    Link,
    Mount,
    Network,
    Publication,
    Scope,
    Service,
    State,
    Subject,
    Value,
    Volume,
)

_Answer = TypeVar("_Answer", bound=Answer)


class Stack(Value, frozen=True, kw_only=True, dict=True):
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

    @cached_property
    def _volumes(self) -> dict[str, Volume]:
        return {v.name: v for v in self.volumes}

    @cached_property
    def _borne(self) -> dict[str, list[tuple[Container, Endpoint]]]:
        """Who bears a name, in the order of the containers: `db` and `db.network`."""
        found: dict[str, dict[tuple[str, str], tuple[Container, Endpoint]]] = {}
        for container in self.containers:
            for endpoint in container.endpoints:
                for name in self.names(container, endpoint):
                    for written in (name, f"{name}.{endpoint.network.lower()}"):
                        found.setdefault(written, {})[container.id, endpoint.network_id] = (container, endpoint)
        return {name: list(bearers.values()) for name, bearers in found.items()}

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for container in self.containers:
            for endpoint in container.endpoints:
                found.setdefault(endpoint.network_id, set()).add(container.id)
        return found

    @cached_property
    def _ingress(self) -> set[str]:
        return {n.id for n in self.networks if n.ingress}

    @cached_property
    def _called(self) -> dict[str, tuple[Container, ...]]:
        found: dict[str, dict[str, Container]] = {}
        for container in self.containers:
            for name in (container.name, container.service):
                found.setdefault(name, {})[container.id] = container
        return {name: tuple(called.values()) for name, called in found.items() if name}

    @cached_property
    def _held(self) -> dict[_Address, Container]:
        """Which running container has an address; the first of several."""
        running = (c for c in reversed(self.containers) if c.state.running)
        return {a: c for c in running for text in c.addresses if (a := _address(text)) is not None}

    @cached_property
    def _owners(self) -> dict[str, Container]:
        """The owners of the network namespaces, by the IDs of those who share them."""
        return {c.id: owner for c in self.containers if c.donor and (owner := self._namespace_owner(c)).id != c.id}

    @cached_property
    def _sharers(self) -> dict[str, tuple[Container, ...]]:
        """Who was made to live in whose network namespace, by the owners' IDs."""
        found: dict[str, list[Container]] = {}
        for container in self.containers:
            owner = self._owners.get(container.id)
            if owner is not None:
                found.setdefault(owner.id, []).append(container)
        return {owner: tuple(sharers) for owner, sharers in found.items()}

    @cached_property
    def _on_the_host(self) -> tuple[Container, ...]:
        return tuple(c for c in self.containers if self.namespace_owner(c).on_host_network)

    @cached_property
    def _publishing(self) -> dict[int, tuple[Container, ...]]:
        """Who publishes a TCP port of the host."""
        found: dict[int, dict[str, Container]] = {}
        for container in self.containers:
            for publication in container.published:
                if publication.protocol == "tcp":
                    found.setdefault(publication.host_port, {})[container.id] = container
        return {port: tuple(publishers.values()) for port, publishers in found.items()}

    @cached_property
    def host_gateways(self) -> frozenset[str]:
        """Where `host-gateway` leads: the gateways of the default bridge, or its first address where none is told."""
        bridges = [n for n in self.networks if n.name == "bridge"]
        return frozenset(g for n in bridges for g in (n.gateways or _first_addresses(n.subnets)))

    @cached_property
    def bridged(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The subnets of this engine alone: a macvlan and an overlay have addresses of other machines too."""
        subnets = (s for n in self.networks if n.driver in ("", "bridge") for s in n.subnets)
        return tuple(ipaddress.ip_network(s, strict=False) for s in subnets)

    @cached_property
    def _waited_for(self) -> frozenset[tuple[str, str]]:
        return frozenset((c.project, service) for c in self.containers for service in c.depends_on)

    @cached_property
    def _starting(self) -> dict[str, tuple[Link, ...]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.source, []).append(link)
        return {container: tuple(links) for container, links in found.items()}

    @cached_property
    def _leading(self) -> dict[str, tuple[Link, ...]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            target = self.target(link)
            if target is not None:
                for container in {target.id, self.namespace_owner(target).id}:
                    found.setdefault(container, []).append(link)
        return {container: tuple(links) for container, links in found.items()}

    @cached_property
    def _mounting(self) -> dict[str, tuple[Container, ...]]:
        found: dict[str, dict[str, Container]] = {}
        for container in self.containers:
            for mount in container.mounts:
                found.setdefault(mount.name, {})[container.id] = container
        return {name: tuple(users.values()) for name, users in found.items()}

    def bare(self) -> Stack:
        """The stack without what one run made of it, as captures hold it: it can be asked something else later."""
        return msgspec.structs.replace(self, links=(), scope=Scope())

    @cached_property
    def ways(self) -> dict[Link, tuple[Publication, ...]]:
        """What places.through has found out for this stack."""
        return {}

    @cached_property
    def _links_into(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            if link.port and (target := self.target(link)) is not None:
                found.setdefault(self.namespace_owner(target).id, []).append(link)
        return found

    # -- finding one's way ------------------------------------------------------------------------------------

    @cached_property
    def host(self) -> Container:
        """The host as one who asks: what a container on its network would be, without a container."""
        return Container(id=HOST, name=HOST, state=State(status="running"), network_mode="host")

    def container(self, container_id: str) -> Container | None:
        """The container with this ID, or the host as one (HOST)."""
        return self.host if container_id == HOST else self._containers.get(container_id)

    def volume(self, name: str) -> Volume | None:
        return self._volumes.get(name)

    def network(self, network_id: str) -> Network | None:
        return self._networks.get(network_id)

    def having(self, address: str) -> tuple[Network, ...]:
        """The networks in whose subnets the address lies, whoever has it; those of a LAN (macvlan) do not count."""
        wanted = _address(address)
        if wanted is None or wanted.is_loopback:
            return ()
        return tuple(
            n
            for n in self.networks
            if not n.on_the_lan and any(wanted in ipaddress.ip_network(s, strict=False) for s in n.subnets)
        )

    def source(self, link: Link) -> Container:
        """The container that asks. A link is made for containers of this stack only, so it is always there."""
        found = self.container(link.source)
        if found is None:
            raise LookupError(f"the stack has no container {link.source}, which a link starts at")
        return found

    def target(self, link: Link) -> Container | None:
        """The container meant, or None where nobody knows."""
        return self.container(link.target)

    def called(self, name: str) -> tuple[Container, ...]:
        """The containers whose name or Compose service this is, running or not, of every project."""
        return self._called.get(name, ())

    def of_service(self, project: str, service: str) -> tuple[Container, ...]:
        """The containers of a Compose service, without those of `compose run`."""
        found = (c for c in self.called(service) if c.service == service and c.project == project)
        return tuple(c for c in found if not c.one_off)

    def is_waited_for(self, container: Container) -> bool:
        """Whether a service of its project waits for this one (`depends_on`)."""
        return (container.project, container.service) in self._waited_for

    @cached_property
    def host_addresses(self) -> frozenset[str]:
        """The addresses by which the host itself can be asked, without its loopback, as far as they are known.

        Those that something is to be published on are among them, though the host may not have them (any more).
        """
        facts = self.host_facts()
        seen = () if isinstance(facts, Unable) else (a for i in facts.interfaces for a in i.addresses)
        gateways = (g for n in self.networks if n.driver in ("", "bridge") for g in n.gateways)
        bound = (p.host_address for c in self.containers for p in (*c.publications, *c.published))
        own = (_address(a.partition("/")[0]) for a in (*seen, *gateways, *bound))
        return frozenset(
            str(a) for a in own if a is not None and not (a.is_loopback or a.is_link_local or a.is_unspecified)
        )

    def links_from(self, container: Container) -> tuple[Link, ...]:
        """The judged links that start at the container."""
        return self._starting.get(container.id, ())

    def links_to(self, container: Container) -> tuple[Link, ...]:
        """The judged links that lead to the container, or into its network namespace."""
        return self._leading.get(container.id, ())

    def title(self, container: Container) -> str:
        """What a person calls the container: its service where only one container has it, else its name.

        Of the name of a swarm's task, `web.1.s67tljl7jrw4u0w0922gafwot`, the ID is left out.
        """
        if container.id == HOST:
            return "the host"
        service = container.service
        if service and self._services[service] == 1:
            return service
        return container.name.rpartition(".")[0] if container.swarm_service else container.name

    def name(self, subject: Subject) -> str:
        """The subject in reports: `api`, `api -> postgres:5432/tcp`, `api: 8080 -> 80/tcp`, `api: /data`, `pgdata`."""
        if isinstance(subject, Container):
            return self.title(subject)
        if isinstance(subject, Link):
            target = self.target(subject)
            meant = self.title(target) if target else subject.address
            asks = HOST if subject.source == HOST else self.title(self.source(subject))
            return f"{asks} -> {meant}:{subject.port}/{subject.protocol}"
        if isinstance(subject, Publication):
            if subject not in self.owner(subject).publications:  # missed by somebody, see places.through
                return f"{self._whose(subject)}: {subject.container_port}/{subject.protocol}"
            place = f"{subject.host_port or 'any port'} -> {subject.container_port}/{subject.protocol}"
            address = f"[{subject.host_address}]" if ":" in subject.host_address else subject.host_address
            return f"{self._whose(subject)}: {f'{address}:' if address else ''}{place}"
        if isinstance(subject, Mount):
            return f"{self._whose(subject)}: {subject.destination}"
        return subject.name

    def whole(self, container: Container) -> bool:
        """Whether this run judges the container with all that belongs to it, and not as an end of a link alone."""
        return container.id in self.scope.whole

    def owner(self, subject: Publication | Mount) -> Container:
        """The container whose publication or mount it is."""
        found = self.container(subject.container)
        if found is None:
            raise LookupError(f"the stack has no container {subject.container}, whose part was asked about")
        return found

    def _whose(self, subject: Publication | Mount) -> str:
        return self.title(self.owner(subject))

    def on_network(self, network: Network) -> set[str]:
        """The IDs of the containers that have a place of their own on the network, running or not."""
        return self._members.get(network.id, set())

    def users(self, volume: Volume) -> tuple[Container, ...]:
        """The containers, running or not, that have the volume mounted."""
        return self._mounting.get(volume.name, ())

    def starved(self, network: Network) -> tuple[Container, ...]:
        """The containers that could not start because the network had no address left for them.

        `no available IPv4 addresses on this network's address pools: NAME (ID)`, which the engine keeps until a start
        succeeds.
        """
        return tuple(c for c in self.containers if f"address pools: {network.name} ({network.id})" in c.state.error)

    def links_into(self, container: Container) -> Iterable[Link]:
        """The links of this run that lead into the network namespace which the container's endpoints belong to."""
        return self._links_into.get(container.id, ())

    def done(self, asked: Publication) -> tuple[Publication, ...]:
        """What the engine made of a publication that was asked for: one, one for each family, or nothing."""
        return tuple(
            p
            for p in self.owner(asked).published
            if (p.container_port, p.protocol) == (asked.container_port, asked.protocol)
            and (not asked.host_port or asked.host_port == p.host_port)
            # An empty address is the engine's default, which may be another than all.
            and (not asked.host_address or _address(asked.host_address) == _address(p.host_address))
        )

    def donor(self, container: Container) -> Container | None:
        """The container whose network namespace `container` was made to share, if the engine still has it."""
        given = container.donor
        if not given:
            return None
        whole = self._containers.get(given)
        return whole or next((c for c in self.containers if c.id.startswith(given) or c.name == given), None)

    def namespace_owner(self, container: Container) -> Container:
        """Who holds the endpoints of the network namespace that `container` was made to live in."""
        return self._owners.get(container.id, container)

    def _namespace_owner(self, container: Container) -> Container:
        owner = container
        for _ in range(8):  # a donor can share another's namespace in turn; the engine forbids circles
            donor = self.donor(owner)
            if donor is None:
                break
            owner = donor
        return owner

    def sharers(self, owner: Container) -> tuple[Container, ...]:
        """The other containers that were made to live in this one's network namespace."""
        return self._sharers.get(owner.id, ())

    def inhabitants(self, container: Container) -> tuple[Container, ...]:
        """All containers that were made to live in its network namespace, itself among them."""
        owner = self.namespace_owner(container)
        return self._on_the_host if owner.on_host_network else (owner, *self.sharers(owner))

    def publishers(self, port: int) -> tuple[Container, ...]:
        """The containers that publish this TCP port of the host."""
        return self._publishing.get(port, ())

    def same_namespace(self, one: Container, other: Container) -> bool:
        """Whether the two were made to share a network namespace, so that localhost is the same for both."""
        mine, theirs = self.namespace_owner(one), self.namespace_owner(other)
        return mine.id == theirs.id or (mine.on_host_network and theirs.on_host_network)

    def endpoints(self, container: Container) -> tuple[Endpoint, ...]:
        """The endpoints of the namespace that the container lives in: its own, or its donor's."""
        return self.namespace_owner(container).endpoints

    def shared_networks(self, one: Container, other: Container) -> tuple[Endpoint, ...]:
        """The endpoints of `other` on networks that `one` is on too; host, none and a swarm's ingress do not count."""
        mine = {e.network_id for e in self.endpoints(one) if e.network not in ("host", "none")}
        mine -= self._ingress
        return tuple(e for e in self.endpoints(other) if e.network_id in mine)

    def service_at(self, address: str) -> Service | None:
        """The service of a swarm whose virtual address it is, or one of whose tasks has it."""
        wanted = _address(address)
        for network in self.networks:
            for service in network.services:
                known = (service.virtual_address, *(a for _, a in service.tasks))
                if wanted is not None and any(_address(a) == wanted for a in known if a):
                    return service
        return None

    def names(self, container: Container, endpoint: Endpoint) -> tuple[str, ...]:
        """The names that the engine's resolver gives for the container on this network, in lower case.

        From API 1.44 the engine lists them (`DNSNames`). Before, they are the name, the aliases, the first twelve
        digits of the ID and (engine 20.10 and later) the host name. `name.network` works as well and is not listed.
        """
        network = self.network(endpoint.network_id)
        if network is not None and not network.has_resolver:
            return ()
        own = (
            container.name,
            *endpoint.aliases,
            container.id[:12],
            container.host_name,
            *self._of_swarm(container, network),
        )
        return tuple(dict.fromkeys(n.lower() for n in (*endpoint.dns_names, *own) if n))

    def _of_swarm(self, container: Container, network: Network | None) -> tuple[str, ...]:
        """The names of the service whose task the container is; those of a stack have the stack's name before them."""
        name = container.swarm_service
        if not name or network is None or network.scope != "swarm":
            return ()
        known = next((s.names for s in network.services if s.name == name), (name, f"tasks.{name}"))
        of_stack = container.labels.get("com.docker.stack.namespace", "")
        return (*known, name.removeprefix(f"{of_stack}_")) if of_stack else known

    def bearers(self, name: str, networks: Iterable[str] | None = None) -> Iterator[tuple[Container, Endpoint]]:
        """Who bears the name, running or not, on the given network IDs (None: on any)."""
        among = None if networks is None else set(networks)
        for container, endpoint in self._borne.get(name.lower().rstrip("."), ()):
            if among is None or endpoint.network_id in among:
                yield container, endpoint

    def linked(self, source: Container, name: str) -> Container | None:
        """The container that the name means to the source alone (`--link`, Compose's `links:`)."""
        owner = self.namespace_owner(source)
        for endpoint in owner.endpoints:
            for link in endpoint.links:
                target, _, alias = link.rpartition(":")
                if alias.lower() == name.lower().rstrip("."):
                    return next((c for c in self.containers if c.name == target or c.id == target), None)
        for link in owner.links:  # on the default bridge: /target:/source/alias
            target, _, alias = link.partition(":")
            if alias.rpartition("/")[2].lower() == name.lower():
                return next((c for c in self.containers if c.name == target.removeprefix("/")), None)
        return None

    def holder(self, address: str) -> Container | None:
        """The running container that has the address on any network, or None."""
        wanted = _address(address)
        return None if wanted is None else self._held.get(wanted)

    # -- the answers ------------------------------------------------------------------------------------------

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

    def found(self, link: Link) -> tuple[str, ...]:
        """What the source's own resolver says for the link's address; () for nothing, and where it was not asked."""
        lookup = self.lookup(self.source(link), link.address)
        return () if isinstance(lookup, Unable) else lookup.addresses

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


def _first_addresses(subnets: Iterable[str]) -> Iterator[str]:
    for subnet in subnets:
        yield str(ipaddress.ip_network(subnet, strict=False)[1])


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(8192)
def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
