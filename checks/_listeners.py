"""Sockets that listen: whom they serve, and how they are told of."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterable

from netdoctor.api import Container, Link, Listener, Stack

YOUNG = 30.0
"""Seconds after its start in which a container may still be getting ready."""


def serves(listener: Listener, address: str) -> bool | None:
    """Whether a connection to the address reaches the listener; None where nobody saw if an IPv6 socket takes IPv4."""
    bound = ipaddress.ip_address(listener.address)
    wanted = ipaddress.ip_address(address)
    if isinstance(bound, ipaddress.IPv6Address) and bound.ipv4_mapped is not None:
        bound = bound.ipv4_mapped
    if not bound.is_unspecified:
        return bound == wanted
    if bound.version == wanted.version:
        return True
    return False if bound.version == 4 else listener.dual


def ready_soon(stack: Stack, container: Container) -> bool:
    """Whether the container was started a moment ago, or its health check has not passed yet for the first time."""
    state = container.state
    return stack.taken_at - state.started < YOUNG or (state.health is not None and state.health.status == "starting")


def at(listener: Listener) -> str:
    """`127.0.0.1:5432`, `[::1]:5432`."""
    return f"[{listener.address}]:{listener.port}" if ":" in listener.address else f"{listener.address}:{listener.port}"


def who(title: str, listeners: Iterable[Listener]) -> str:
    """The container, with the process that holds the sockets where it was seen: postgres (process `postgres`)."""
    names = dict.fromkeys(x.process.name for x in listeners if x.process is not None)
    return f"{title} (process {', '.join(f'`{n}`' for n in names)})" if names else title


def seen(listeners: Iterable[Listener]) -> list[dict[str, object]]:
    """The listeners as evidence."""
    return [
        {"address": at(x), "protocol": x.protocol}
        | ({"process": x.process.name, "pid": x.process.pid} if x.process is not None else {})
        for x in listeners
    ]


def verify(stack: Stack, link: Link, *, address: str = "", port: int = 0, protocol: str = "") -> str:
    """The command that shows whether the remedy worked: it needs no tool in the image."""
    host = address or link.address
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    suffix = "/udp" if (protocol or link.protocol) == "udp" else ""
    return f"netdoctor {stack.source(link).name} {shlex.quote(f'{host}:{port or link.port}{suffix}')}"
