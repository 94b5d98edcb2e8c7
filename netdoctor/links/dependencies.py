"""Links from what Compose was told: `depends_on` and `links`, and from `docker run --link`.

They name a container and no port, and may mean nothing but an order of starting; so none of them is certain.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.images import is_proxy, is_store, store_kind
from netdoctor.links.clue import Clue
from netdoctor.links.ports import port_offered
from netdoctor.links.shared import Shared
from netdoctor.meant import bearer
from netdoctor.mentions import mentions
from netdoctor.model import Container
from netdoctor.stack import Stack


def depended_on(stack: Stack, source: Container, shared: Shared) -> Iterator[Clue]:
    """Servers of this project that the source waits for, where that can be more than an order of starting."""
    if is_store(source) or _is_shell(source):
        return
    told_all = _names_others(stack, source, shared) and not is_proxy(source.image)
    for service in source.depends_on:
        for target in stack.of_service(source.project, service):
            if target.image == source.image or (is_proxy(target.image) and not is_proxy(source.image)):
                continue  # workers wait for their own server, and nobody asks a front door from behind
            # Who names what it needs in its environment would name this one too, unless it is well known by itself.
            if not told_all or store_kind(target.image):
                yield from _clue(stack, source, target, service, "depends_on")


def linked(stack: Stack, source: Container) -> Iterator[Clue]:
    for endpoint in source.endpoints:
        for link in endpoint.links:
            name, _, alias = link.rpartition(":")
            if alias != name and not alias.endswith(("-1", "_1")):  # Compose adds db-1 and shop-db-1 to every link
                yield from _to(stack, source, name, alias)
    for link in source.links:
        name, _, alias = link.partition(":")
        yield from _to(stack, source, name.removeprefix("/"), alias.rpartition("/")[2])


def _to(stack: Stack, source: Container, name: str, alias: str) -> Iterator[Clue]:
    for target in stack.called(name):
        yield from _clue(stack, source, target, alias, "links")


def _clue(stack: Stack, source: Container, target: Container, name: str, where: str) -> Iterator[Clue]:
    if target.id == source.id or stack.same_namespace(source, target) or not stack.shared_networks(source, target):
        return
    if bearer(stack, source, name) is None and stack.linked(source, name) is None:
        return
    offered = port_offered(stack, target)
    if offered is None and target.state.running:
        return  # it serves nobody, or nobody can say which port is meant
    port, protocol = offered or (0, "tcp")
    yield Clue(source=source, address=name, port=port, protocol=protocol, target=target, where=where, certain=False)


def _is_shell(source: Container) -> bool:
    """Nothing but a shell, in which somebody types now and then."""
    command = [word for word in source.command if not word.startswith("-")]
    return len(command) == 1 and command[0].rpartition("/")[2] in ("sh", "bash", "ash", "zsh")


def _names_others(stack: Stack, source: Container, shared: Shared) -> bool:
    """Whether the source's own configuration names another container."""
    for mention in mentions(source):
        if mention.purpose == "client" and mention.where.startswith("environment"):
            target = bearer(stack, source, mention.host)
            if target is not None and target.id != source.id and not shared.is_for_another(source, target, mention):
                return True
    return False
