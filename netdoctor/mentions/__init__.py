"""Addresses that a container has been told: in its environment, command and health check. Never invented.

A mention is a host and a port as the configuration writes them. What they mean in the stack is judged elsewhere. One
file for each place in which they stand: environment, command, health; texts.py reads a single value, complaints.py the
error texts of logs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netdoctor.mentions.addresses import is_address, is_any_address, is_bare_name, is_loopback, nearest
from netdoctor.mentions.command import in_command
from netdoctor.mentions.environment import in_environment, port_variable
from netdoctor.mentions.health import in_health_check
from netdoctor.mentions.kinds import DATABASE, SCHEME_PORTS, kind_of
from netdoctor.mentions.mention import Mention, Purpose
from netdoctor.mentions.texts import parse

if TYPE_CHECKING:
    from netdoctor.model import Container

__all__ = [
    "DATABASE",
    "SCHEME_PORTS",
    "Mention",
    "Purpose",
    "is_address",
    "is_any_address",
    "is_bare_name",
    "is_loopback",
    "kind_of",
    "mentions",
    "nearest",
    "parse",
    "port_variable",
]


def mentions(container: Container) -> tuple[Mention, ...]:
    """All addresses in the container's environment, command and health check, each once, in this order."""
    health = container.state.health
    called = (container.name, container.service, container.image.rpartition("/")[2])
    return _mentions(container.environment, container.command, health.test if health else (), called)


@lru_cache(4096)  # asked for by every check that judges a link of the container
def _mentions(
    environment: tuple[tuple[str, str], ...],
    command: tuple[str, ...],
    health_check: tuple[str, ...],
    called: tuple[str, ...],
) -> tuple[Mention, ...]:
    told = [replace(m, purpose="own") if _is_own_url(called, m) else m for m in in_environment(dict(environment))]
    return tuple(dict.fromkeys((*told, *in_command(command), *in_health_check(health_check))))


def _is_own_url(called: tuple[str, ...], mention: Mention) -> bool:
    """PAPERLESS_URL=http://localhost:8000 of paperless: what its users type."""
    first = mention.variable.partition("_")[0].lower()
    web = mention.scheme in ("http", "https") and is_loopback(mention.host) and mention.purpose == "client"
    return web and len(first) > 2 and any(first in name.lower() for name in called)
