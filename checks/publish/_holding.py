"""Why a container could not start for a port of the host: the engine's error, and who has the port."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdoctor.api import Container, Listener, Process, Publication, Stack, Unable, is_any_address, lazily

# Texts of Docker 20.10 to 28 and of Podman 4 and 5; moby/libnetwork/portallocator, containers/podman/pkg/rootlessport.
_TAKEN = lazily(r"port is already allocated|address already in use", re.IGNORECASE)
_NO_SUCH_ADDRESS = lazily(r"cannot assign requested address", re.IGNORECASE)
_FORBIDDEN = lazily(r"cannot expose privileged port|ports are not available|bind: permission denied", re.IGNORECASE)

_PROXIES = ("docker-proxy", "rootlesskit-docker-proxy")


class Holder(NamedTuple):
    """Who has a port of the host: a container, a process, or a proxy that serves no container any more.

    `says` is the subject of a sentence; all but that is unset where nobody could look, or nobody is there.
    """

    says: str
    container: Container | None = None
    process: Process | None = None
    stale: bool = False
    free: bool = False
    """Somebody had it when the container was to start, and nobody has it now."""


def start_error(stack: Stack, publication: Publication) -> str:
    """What the engine's error says of the publication: `taken`, `no-address`, `forbidden`, or "" for nothing."""
    error = stack.owner(publication).state.error
    port, address = publication.host_port, publication.host_address
    named = re.search(rf"(?::|\bport ){port}\b", error) if port else address and address in error
    if not named:
        return ""
    for word, pattern in (("no-address", _NO_SUCH_ADDRESS), ("forbidden", _FORBIDDEN), ("taken", _TAKEN)):
        if pattern.search(error):
            return word
    return ""


def holder(stack: Stack, publication: Publication) -> Holder:
    """Who has the port that the publication wants."""
    for other in stack.containers:
        up = other.id != publication.container and other.state.running
        if up and any(_collide(publication, p) for p in other.published):
            return Holder(stack.title(other), container=other)
    sockets = stack.host_sockets()
    if isinstance(sockets, Unable):
        return Holder("a process of the host")
    found = [x for x in sockets.on(publication.host_port, publication.protocol) if _overlaps(publication, x)]
    if not found:
        return Holder("nobody, by now", free=True)
    process = next((x.process for x in found if x.process is not None), None)
    if process is None:
        return Holder("a process of the host that only root can see")
    shares = [c for c in stack.containers if c.on_host_network and c.state.pid == process.pid]
    if shares:
        return Holder(f"{stack.title(shares[0])}, which is on the host's network,", shares[0], process)
    if process.name in _PROXIES:
        return Holder("a docker-proxy that no container needs any more", process=process, stale=True)
    return Holder(f"the host's process `{process.name}` (pid {process.pid})", process=process)


def _collide(wanted: Publication, held: Publication) -> bool:
    same = (wanted.host_port, wanted.protocol) == (held.host_port, held.protocol)
    return same and _same_place(wanted.host_address, held.host_address)


def _overlaps(wanted: Publication, listener: Listener) -> bool:
    return _same_place(wanted.host_address, listener.address)


def _same_place(one: str, other: str) -> bool:
    """Whether two sockets on one port exclude each other: the same address, or all addresses on one side."""
    return one == other or any(not a or is_any_address(a) for a in (one, other))
