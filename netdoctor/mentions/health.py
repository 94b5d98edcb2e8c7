"""Addresses that a health check asks: mostly the container itself, sometimes another one."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from netdoctor.mentions.addresses import is_any_address, is_loopback
from netdoctor.mentions.command import in_command
from netdoctor.mentions.mention import Mention
from netdoctor.mentions.texts import parse
from netdoctor.patterns import lazily

WHERE = "the health check"
_URL = lazily(r"[a-z]+://[^\s\"'`)]+")


def in_health_check(test: tuple[str, ...]) -> Iterator[Mention]:
    """The mentions of a `Healthcheck.Test` (CMD and its arguments, or CMD-SHELL and a line) that lead elsewhere.

    What it asks at localhost is the container's own affair.
    """
    if test[:1] not in (("CMD",), ("CMD-SHELL",)):
        return
    told = in_command(test, WHERE)
    # Inside a program's text: node -e "fetch('http://api:3000/health')".
    found = [m for argument in test[1:] for url in _URL.findall(argument) for m in parse(url)]
    known = {(m.host, m.port) for m in told}
    for mention in (*told, *(replace(m, where=WHERE) for m in found if (m.host, m.port) not in known)):
        if mention.purpose == "client" and not is_loopback(mention.host) and not is_any_address(mention.host):
            yield mention
