"""Who lives in whose network namespace."""

from __future__ import annotations

from functools import cached_property

from netdoctor.model import (
    Container,
    Endpoint,
    Link,
)
from netdoctor.stack.members import Members


class Namespaces(Members, frozen=True, kw_only=True, dict=True):
    """The owner of a namespace holds its endpoints; the others share them (`--network container:ID`)."""

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

    def same_namespace(self, one: Container, other: Container) -> bool:
        """Whether the two were made to share a network namespace, so that localhost is the same for both."""
        mine, theirs = self.namespace_owner(one), self.namespace_owner(other)
        return mine.id == theirs.id or (mine.on_host_network and theirs.on_host_network)

    def endpoints(self, container: Container) -> tuple[Endpoint, ...]:
        """The endpoints of the namespace that the container lives in: its own, or its donor's."""
        return self.namespace_owner(container).endpoints

    def links_from(self, container: Container) -> tuple[Link, ...]:
        """The links of this run that start at the container."""
        return self._starting.get(container.id, ())

    def links_to(self, container: Container) -> tuple[Link, ...]:
        """The links of this run that lead to the container, or into the network namespace that it owns."""
        return self._leading.get(container.id, ())
