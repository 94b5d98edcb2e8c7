"""What a container complains of in its log, as it is today: of which links, and in which words."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.answers import Logs
from netdoctor.mentions import is_loopback
from netdoctor.mentions.complaints import Complaint, complaints
from netdoctor.model import Container, Link
from netdoctor.stack import Stack

_RESOLVER_PORT = 53
EARLY = 0.5
"""Seconds: a program's first line can be older than the moment at which the engine notes it as started."""
MOST = 3
"""Lines that are quoted, the latest ones."""


def recent_complaints(stack: Stack, source: Container) -> Iterator[tuple[Complaint, float]]:
    """What the container complains of since it was started the last time, with the time of the line."""
    logs = stack.logs(source)
    if not isinstance(logs, Logs):
        return
    for complaint in complaints("\n".join(line.text for line in logs.lines)):
        at = logs.lines[complaint.line].at
        if at >= source.state.started - EARLY and complaint.port != _RESOLVER_PORT:
            yield complaint, at


def said_about(stack: Stack, link: Link) -> tuple[str, ...]:
    """The last lines of the source's log that say that the link's address could not be reached, oldest first."""
    source, target = stack.source(link), stack.target(link)
    logs = stack.logs(source)
    if not isinstance(logs, Logs):
        return ()
    places = {link.address.lower()} | set(stack.namespace_owner(target).addresses if target is not None else ())
    found: dict[str, None] = {}
    for complaint, _ in recent_complaints(stack, source):
        host = complaint.host.lower()
        same = host in places or complaint.address in places or (is_loopback(host) and is_loopback(link.address))
        if same and complaint.port in (0, link.port):
            found[logs.lines[complaint.line].text] = None
    return tuple(found)[-MOST:]


def could_not_resolve(stack: Stack, source: Container, name: str) -> bool:
    """Whether the container's log says that the name has no address, since it was started the last time."""
    found = recent_complaints(stack, source)
    return any(c.symptom == "unresolved" and c.host.lower() == name.lower() for c, _ in found)
