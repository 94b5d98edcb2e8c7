"""The stack: what the engine and the host say at one moment, as one frozen value, and the ways about in it.

It can be written to a capture and read back; nothing here asks anything. It is made in layers, each knowing those
below: the content and the answers (told.py), its members by name (members.py), who lives in whose network namespace
(namespaces.py), and here networks, names and addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from netdoctor.answers import Unable
from netdoctor.model import Container, Endpoint, Link, Network, Publication, Scope, Service
from netdoctor.stack.addresses import Address, address_of
from netdoctor.stack.namespaces import Namespaces

__all__ = ["Stack"]


class Stack(Namespaces, frozen=True, kw_only=True, dict=True):
    """Engine, containers, networks, the answers to the questions put to them, and the links that are judged."""

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
    def _ingress(self) -> set[str]:
        return {n.id for n in self.networks if n.ingress}

    @cached_property
    def _held(self) -> dict[Address, Container]:
        """Which running container has an address; the first of several."""
        running = (c for c in reversed(self.containers) if c.state.running)
        return {a: c for c in running for text in c.addresses if (a := address_of(text)) is not None}

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

    def bare(self) -> Stack:
        """The stack without what one run made of it, as captures hold it: it can be asked something else later."""
        return msgspec.structs.replace(self, links=(), scope=Scope())

    @cached_property
    def ways(self) -> dict[Link, tuple[Publication, ...]]:
        """What places.through has found out for this stack."""
        return {}

    def having(self, address: str) -> tuple[Network, ...]:
        """The networks in whose subnets the address lies, whoever has it; those of a LAN (macvlan) do not count."""
        wanted = address_of(address)
        if wanted is None or wanted.is_loopback:
            return ()
        return tuple(
            n
            for n in self.networks
            if not n.on_the_lan and any(wanted in ipaddress.ip_network(s, strict=False) for s in n.subnets)
        )

    @cached_property
    def host_addresses(self) -> frozenset[str]:
        """The addresses by which the host itself can be asked, without its loopback, as far as they are known.

        Those that something is to be published on are among them, though the host may not have them (any more).
        """
        facts = self.host_facts()
        seen = () if isinstance(facts, Unable) else (a for i in facts.interfaces for a in i.addresses)
        gateways = (g for n in self.networks if n.driver in ("", "bridge") for g in n.gateways)
        bound = (p.host_address for c in self.containers for p in (*c.publications, *c.published))
        own = (address_of(a.partition("/")[0]) for a in (*seen, *gateways, *bound))
        return frozenset(
            str(a) for a in own if a is not None and not (a.is_loopback or a.is_link_local or a.is_unspecified)
        )

    def publishers(self, port: int) -> tuple[Container, ...]:
        """The containers that publish this TCP port of the host."""
        return self._publishing.get(port, ())

    def shared_networks(self, one: Container, other: Container) -> tuple[Endpoint, ...]:
        """The endpoints of `other` on networks that `one` is on too; host, none and a swarm's ingress do not count."""
        mine = {e.network_id for e in self.endpoints(one) if e.network not in ("host", "none")}
        mine -= self._ingress
        return tuple(e for e in self.endpoints(other) if e.network_id in mine)

    def service_at(self, address: str) -> Service | None:
        """The service of a swarm whose virtual address it is, or one of whose tasks has it."""
        wanted = address_of(address)
        for network in self.networks:
            for service in network.services:
                known = (service.virtual_address, *(a for _, a in service.tasks))
                if wanted is not None and any(address_of(a) == wanted for a in known if a):
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
        wanted = address_of(address)
        return None if wanted is None else self._held.get(wanted)


def _first_addresses(subnets: Iterable[str]) -> Iterator[str]:
    for subnet in subnets:
        yield str(ipaddress.ip_network(subnet, strict=False)[1])
