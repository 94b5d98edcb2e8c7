"""Which container an address means: who bears the name or has the address, or the only one that it can stand for.

Pure: it reads a stack and proposes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from netdoctor.answers import Logs, Unable
from netdoctor.images import is_kind
from netdoctor.mentions import (
    SCHEME_PORTS,
    Mention,
    is_address,
    is_any_address,
    is_bare_name,
    is_loopback,
    nearest,
)
from netdoctor.model import Container
from netdoctor.places import in_subnets, means_host
from netdoctor.stack import Stack


def bearer(stack: Stack, source: Container, host: str) -> Container | None:
    """The container that bears the name: for the source alone, on its networks, else anywhere; a running one if any."""
    reachable = [e.network_id for e in stack.endpoints(source)]
    here = [c for c, _ in stack.bearers(host, reachable)]
    anywhere = [c for c, _ in stack.bearers(host)]
    # Of several projects' `db` on other networks the source's own is meant.
    found = here or [c for c in anywhere if c.project == source.project] or anywhere
    if found:
        return next((c for c in found if c.state.running), found[0])
    alone = stack.linked(source, host)
    called = stack.called(host)
    return alone or (called[0] if len(called) == 1 else None)


def meant(stack: Stack, source: Container, mention: Mention, taken: Iterable[str] = ()) -> Container | None:
    """The container that a mention means, if exactly one can be. `taken`: IDs that other mentions name already."""
    borne = bearer(stack, source, mention.host)
    if borne is not None:
        return borne
    service = stack.service_at(mention.host) if is_address(mention.host) else None
    if service is not None:
        tasks = [c for c in stack.called(service.name) if c.state.running]
        return tasks[0] if tasks else None
    holder = stack.holder(mention.host)
    if holder is not None and (not mention.port or serves(stack, holder, mention.port)):
        return holder
    likely = candidates(stack, source, mention)
    if len(likely) > 1:
        taken = set(taken)
        likely = [c for c in likely if c.id not in taken]
    return likely[0] if len(likely) == 1 else holder


def candidates(stack: Stack, source: Container, mention: Mention) -> list[Container]:
    """The likeliest of those that an address of nobody, or localhost, can mean: neighbours, never a stranger."""
    found = [c for c in stack.containers if c.id != source.id and could_mean(stack, source, c, mention)]
    if means_host(stack, source, mention.host):
        found = [c for c in found if _published(c, mention.port)] or found
    else:
        found = [c for c in found if _neighbours(stack, source, c)]
    found = [c for c in found if c.state.running] or found
    return [c for c in found if _serves_others(stack, c, mention.port)] or found


def named_like(stack: Stack, source: Container, name: str) -> Container | None:
    """The neighbour whose name looks most like one that nobody bears."""
    near = [c for c in stack.containers if c.id != source.id and _neighbours(stack, source, c)]
    known = {n: c for c in near for n in (c.name, c.service) if n}
    return next((known[n] for n in nearest(name, known)), None)


def is_named(stack: Stack, target: Container, host: str) -> bool:
    """Whether the host is one of the target's names or addresses."""
    owner = stack.namespace_owner(target)
    names = {n for e in owner.endpoints for n in stack.names(owner, e)}
    names |= {target.name.lower(), target.service.lower(), target.host_name.lower()} - {""}
    names |= {f"{n}.{e.network.lower()}" for n in names for e in owner.endpoints}
    return host.lower().rstrip(".") in names or host.strip("[]") in owner.addresses


def could_mean(stack: Stack, source: Container, target: Container, mention: Mention) -> bool:
    """Whether an address that is none of the target's can stand for it: localhost, an old address, a wrong name."""
    host, port = mention.host, mention.port
    if means_host(stack, source, host):
        return _published(target, port) or _serves_at_host(stack, target, port)
    if is_loopback(host) or is_any_address(host):
        if stack.same_namespace(source, target):
            return bool(port) and serves(stack, target, port)
        if in_browser(stack, source, mention, target):
            return False
        return not serves(stack, source, port) and _expects(stack, target, mention)
    if not is_address(host):
        return is_bare_name(host) and bearer(stack, source, host) is None and _expects(stack, target, mention)
    holder = stack.holder(host)
    free = holder is None or not serves(stack, holder, port)
    return free and in_subnets(stack, host) and _expects(stack, target, mention)


def last_guess(stack: Stack, source: Container, target: Container, mention: Mention) -> bool:
    """Whether a typed target can be meant where nothing better is known of either.

    Its ports are unknown, and the source asks itself, or for nobody's name that is nearly the target's; or another
    container has the address that it once had.
    """
    host, port = mention.host, mention.port
    if not port or is_named(stack, source, host):
        return False
    if is_address(host) and not is_loopback(host) and not is_any_address(host):
        return stack.holder(host) is not None and _expects(stack, target, mention)
    blank = isinstance(stack.sockets(target), Unable) and not target.exposed
    if is_bare_name(host) and not is_any_address(host):
        called = [n for n in (target.name, target.service) if n]
        return blank and bearer(stack, source, host) is None and bool(nearest(host, called))
    return blank and (is_loopback(host) or is_any_address(host)) and not serves(stack, source, port)


def might_serve(stack: Stack, source: Container, mention: Mention) -> Iterator[Container]:
    """The neighbours whose sockets tell whether they are meant by an address that nobody has."""
    if not mention.port or bearer(stack, source, mention.host) is not None:
        return
    at_host = means_host(stack, source, mention.host)
    if not (at_host or is_bare_name(mention.host) or is_loopback(mention.host) or is_address(mention.host)):
        return
    for container in stack.containers:
        possible = not container.exposed or any(port == mention.port for port, _ in container.exposed)
        near = container.on_host_network if at_host else bool(stack.shared_networks(source, container))
        if possible and near and container.id != source.id:
            yield container


def serves(stack: Stack, container: Container, port: int) -> bool:
    """Whether the container has the port open, or exposes it where its sockets cannot be seen."""
    if not port:
        return False
    sockets = stack.sockets(container)
    if not isinstance(sockets, Unable):
        return any(x.port == port for x in sockets.listeners)
    return any(p == port for p, _ in container.exposed)


def _neighbours(stack: Stack, one: Container, other: Container) -> bool:
    same_project = one.project != "" and one.project == other.project
    return same_project or bool(stack.shared_networks(one, other)) or stack.same_namespace(one, other)


def _serves_others(stack: Stack, container: Container, port: int) -> bool:
    sockets = stack.sockets(container)
    return isinstance(sockets, Unable) or any(x.port == port and not is_loopback(x.address) for x in sockets.listeners)


def in_browser(
    stack: Stack, source: Container, mention: Mention, target: Container | None = None, behind_another: bool = False
) -> bool:
    """Whether http://localhost:8080 may be there for a browser on the host: it is right there, for it is published.

    Not so for a container that serves no browser, nor for one whose log shows that it asks there itself.
    `behind_another`: browsers may reach the source by way of another container's published port.
    """
    if mention.scheme not in ("http", "https", "ws", "wss") or not is_loopback(mention.host):
        return False
    if not source.publications and not (behind_another and _serves_somebody(stack, source)):
        return False
    published = (target,) if target is not None else stack.containers
    if not any(p.host_port == mention.port for c in published for p in c.published):
        return False
    logs = stack.logs(source)
    place = re.compile(rf"(localhost|127\.0\.0\.1|::1\]?):{mention.port}\b")
    lines = (line.text for line in logs.lines) if isinstance(logs, Logs) else ()
    return not any("refused" in text.lower() and place.search(text) for text in lines)


def _serves_somebody(stack: Stack, container: Container) -> bool:
    """Whether it has a TCP port open to others, or exposes one where its sockets cannot be seen."""
    sockets = stack.sockets(container)
    if isinstance(sockets, Unable):
        return any(protocol == "tcp" for _, protocol in container.exposed)
    return any(x.protocol == "tcp" and not is_loopback(x.address) for x in sockets.listeners)


def _serves_at_host(stack: Stack, target: Container, port: int) -> bool:
    """Whether a container on the host's network has the port open; there it sees the sockets of everybody."""
    sockets = stack.sockets(target)
    if not target.on_host_network or isinstance(sockets, Unable):
        return False
    return any(x.port == port and x.process is not None for x in sockets.listeners)


def _published(target: Container, port: int) -> bool:
    return any(port in (p.host_port, p.container_port) for p in (*target.published, *target.publications))


def _expects(stack: Stack, target: Container, mention: Mention) -> bool:
    """Whether the target is the kind of service that the mention asks for: by its port, or by its image's name."""
    if not mention.port:
        return bool(mention.hint) and is_kind(target.image, mention.hint)
    if serves(stack, target, mention.port) or any(p == mention.port for p, _ in target.exposed):
        return True
    if any(p.host_port == mention.port for p in (*target.publications, *target.published)):
        return True
    return SCHEME_PORTS.get(mention.hint) == mention.port and is_kind(target.image, mention.hint)
