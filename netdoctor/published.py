"""What is asked about a publication from the host: at the host's port, and straight at the container's behind it.

Both halves, since the engine's proxy accepts connections whatever stands behind it, and since only the first tells
whether the host serves the port at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.answers import AskConnection
from netdoctor.mentions import is_any_address
from netdoctor.model import HOST, Publication
from netdoctor.stack import Stack


def asked_at_host(stack: Stack, publication: Publication) -> tuple[AskConnection, ...]:
    """Connections to the addresses of the host that the engine has bound the port to; none for UDP, which is silent.

    By IPv6 only where that leads somewhere else than IPv4 does: to an IPv6 address of the container, or nowhere else.
    """
    if publication.protocol == "udp":
        return ()
    done = stack.done(publication)
    by4 = [p for p in done if ":" not in p.host_address]
    six = not by4 or any(e.address6 for e in stack.owner(publication).endpoints)
    return tuple(dict.fromkeys(knock(p) for p in (done if six else by4)))


def knock(done: Publication) -> AskConnection:
    """The connection to one port that the engine has published; where all addresses serve it, to loopback."""
    loopback = "::1" if ":" in done.host_address else "127.0.0.1"
    address = loopback if is_any_address(done.host_address) else done.host_address
    return AskConnection(container=HOST, address=address, port=done.host_port, target=done.container)


def asked_inside(stack: Stack, publication: Publication) -> tuple[AskConnection, ...]:
    """Connections from the host to the container's own addresses. The bridges of a rootless engine are elsewhere."""
    if publication.protocol == "udp" or stack.engine.rootless:
        return ()
    return tuple(_inside(stack, publication))


def _inside(stack: Stack, publication: Publication) -> Iterator[AskConnection]:
    for endpoint in stack.owner(publication).endpoints:
        network = stack.network(endpoint.network_id)
        if network is not None and network.driver == "bridge":  # the host reaches no macvlan, and an overlay never
            for address in endpoint.addresses:
                port = publication.container_port
                yield AskConnection(container=HOST, address=address, port=port, target=publication.container)
