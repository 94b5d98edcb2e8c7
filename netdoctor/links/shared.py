"""Variables that several containers were given alike: an `env_file` for all names what few of them use."""

from __future__ import annotations

from netdoctor.images import is_store
from netdoctor.meant import bearer
from netdoctor.mentions import Mention, mentions
from netdoctor.model import Container
from netdoctor.stack import Stack

STORES = {
    "amqp", "clickhouse", "mariadb", "memcached", "mongodb", "mysql", "postgres", "postgresql", "redis", "rediss"
}  # fmt: skip


class Shared:
    """Who was given what. One for a run: it looks at all containers."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._given: dict[tuple[str, str], list[Container]] = {}
        self._stores: dict[str, bool] = {}
        self._waiting = {(c.project, c.image, service) for c in stack.containers for service in c.depends_on}
        for container in stack.containers:
            for variable in container.environment:
                self._given.setdefault(variable, []).append(container)

    def others(self, source: Container, mention: Mention) -> list[Container]:
        """Containers of other images that have been given the very same."""
        value = source.variable(mention.variable) if mention.where.startswith("environment") else None
        given = self._given.get((mention.variable, value), []) if value is not None else []
        return [c for c in given if c.image != source.image]

    def is_for_another(self, source: Container, target: Container, mention: Mention) -> bool:
        """Whether the source was only handed what others are meant to use.

        A database asks nobody. Where a database was given the very same, all were, and the one that uses it is told by
        what it, or another container of its image, depends on.
        """
        others = self.others(source, mention)
        if self._is_store(source) and any(not self._is_store(c) for c in others):
            return True
        return any(self._is_store(c) for c in others) and not self._depends(source, target)

    def _depends(self, source: Container, target: Container) -> bool:
        """Whether the source, or one of its image, is told to wait for the target."""
        return (source.project, source.image, target.service) in self._waiting

    def _is_store(self, container: Container) -> bool:
        """A server that keeps data: by its image, or because a database's URL in its environment names itself."""
        known = self._stores.get(container.id)
        if known is None:
            known = self._stores[container.id] = is_store(container) or any(
                m.hint in STORES and m.scheme and bearer(self._stack, container, m.host) == container
                for m in mentions(container)
            )
        return known
