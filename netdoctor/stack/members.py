"""The containers, networks and volumes of a stack, by ID and by name, and what a person calls them."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from netdoctor.answers import Unable
from netdoctor.model import HOST, Container, Link, Mount, Network, Publication, State, Subject, Volume
from netdoctor.stack.addresses import address_of
from netdoctor.stack.told import Told


class Members(Told, frozen=True, kw_only=True, dict=True):
    """Looked up for every check and subject, so indexed once: a frozen value never invalidates an index."""

    @cached_property
    def _containers(self) -> dict[str, Container]:
        return {c.id: c for c in self.containers}

    @cached_property
    def _networks(self) -> dict[str, Network]:
        return {n.id: n for n in self.networks}

    @cached_property
    def _volumes(self) -> dict[str, Volume]:
        return {v.name: v for v in self.volumes}

    @cached_property
    def _services(self) -> Counter[str]:
        return Counter(c.service for c in self.containers)

    @cached_property
    def _called(self) -> dict[str, tuple[Container, ...]]:
        found: dict[str, dict[str, Container]] = {}
        for container in self.containers:
            for name in (container.name, container.service):
                found.setdefault(name, {})[container.id] = container
        return {name: tuple(called.values()) for name, called in found.items() if name}

    @cached_property
    def _waited_for(self) -> frozenset[tuple[str, str]]:
        return frozenset((c.project, service) for c in self.containers for service in c.depends_on)

    @cached_property
    def _mounting(self) -> dict[str, tuple[Container, ...]]:
        found: dict[str, dict[str, Container]] = {}
        for container in self.containers:
            for mount in container.mounts:
                found.setdefault(mount.name, {})[container.id] = container
        return {name: tuple(users.values()) for name, users in found.items()}

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for container in self.containers:
            for endpoint in container.endpoints:
                found.setdefault(endpoint.network_id, set()).add(container.id)
        return found

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

    def holding_up(self, container: Container) -> tuple[Container, ...]:
        """What Compose waits for before it starts this one: containers that are not yet as its `depends_on` wants."""
        return tuple(
            awaited
            for service, condition in container.awaits
            for awaited in self.of_service(container.project, service)
            if not _meets(awaited, condition)
        )

    def owner(self, subject: Publication | Mount) -> Container:
        """The container whose publication or mount it is."""
        found = self.container(subject.container)
        if found is None:
            raise LookupError(f"the stack has no container {subject.container}, whose part was asked about")
        return found

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

    def _whose(self, subject: Publication | Mount) -> str:
        return self.title(self.owner(subject))

    def whole(self, container: Container) -> bool:
        """Whether this run judges the container with all that belongs to it, and not as an end of a link alone."""
        return container.id in self.scope.whole

    def loops(self, container: Container) -> bool:
        """Whether it crashes in a loop: restarted again and again after less than five minutes each time, and this time
        it does not run for longer yet. What runs at this moment may not a second later."""
        state = container.state
        life = (state.started - container.created) / max(state.restart_count, 1)  # how long it lived each time before
        # Ten seconds are what the engine takes for a start that succeeded; longer lives are measured by their own.
        again = state.restart_count >= 3 and life < 300 and self.taken_at - state.started < max(10.0, 1.5 * life)
        return state.status == "restarting" or (state.status == "running" and again)

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

    def done(self, asked: Publication) -> tuple[Publication, ...]:
        """What the engine made of a publication that was asked for: one, one for each family, or nothing."""
        return tuple(
            p
            for p in self.owner(asked).published
            if (p.container_port, p.protocol) == (asked.container_port, asked.protocol)
            and (not asked.host_port or asked.host_port == p.host_port)
            # An empty address is the engine's default, which may be another than all.
            and (not asked.host_address or address_of(asked.host_address) == address_of(p.host_address))
        )

    def found(self, link: Link) -> tuple[str, ...]:
        """What the source's own resolver says for the link's address; () for nothing, and where it was not asked."""
        lookup = self.lookup(self.source(link), link.address)
        return () if isinstance(lookup, Unable) else lookup.addresses


def _meets(container: Container, condition: str) -> bool:
    """Whether the container is as a condition of `depends_on` wants it."""
    state = container.state
    if condition == "service_healthy":
        return state.running and state.health is not None and state.health.status == "healthy"
    if condition == "service_completed_successfully":
        return state.status == "exited" and state.exit_code == 0
    return state.status != "created"
