"""Connections and complaints that go to an address which the target had before it was made anew."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from netdoctor.api import (
    Container,
    Finding,
    Link,
    Logs,
    Remedy,
    Sockets,
    Stack,
    Unable,
    fail,
    is_address,
    lazily,
    mentions,
    warn,
)

from .._rewriting import verify

RECENT = 300.0
"""Seconds for which a line of the log counts as today's trouble."""

_PLACE = lazily(r"(?<![\d.])(?P<address>\d{1,3}(?:\.\d{1,3}){3}):(?P<port>\d{1,5})(?!\d)")
_FAILED = lazily(r"(?i)refused|no route|unreachable|timed? ?out|reset by|failed|EHOSTUNREACH|ECONN|ETIMEDOUT")
_REQUEST = lazily(r"request: (\"[^\"]+\")")  # of nginx's error log; its access log has the same, and the status


def judge_stale(stack: Stack, link: Link, source: Container, target: Container) -> Iterator[Finding]:
    """At most one finding."""
    if is_address(link.address) or target.state.started <= source.state.started:
        return
    me, title = stack.title(source), stack.title(target)
    now = stack.namespace_owner(target).addresses
    remedy = Remedy(
        says=f"Restart {me}, so that it looks {title} up again (for nginx `nginx -s reload` is enough)",
        run=(f"docker restart {source.name}",),
        verify=(verify(stack, link),),
    )
    sockets = stack.sockets(source)
    for address, state in _peers(stack, link, source, target, sockets):
        says = f"{me} has a connection to {address} ({state}), which is nobody's; {title} is {' and '.join(now)} now"
        say = fail if state == "syn-sent" or not _talks(sockets, link, now) else warn
        yield say("cached", says, remedy=remedy, seen_by=sockets.seen_by, address=address, state=state, now=list(now))
        return
    for address, at, text in _complaints(stack, link, source, target):
        age = max(0.0, stack.taken_at - at)
        says = (
            f"{me} failed to reach {address} {age:.0f} s ago; {title} was started anew and is {' and '.join(now)} now"
        )
        say = fail if age <= RECENT else warn
        yield say(
            "cached", says, remedy=remedy, seen_by=stack.logs(source).seen_by, address=address, line=text, now=list(now)
        )
        return


def _peers(
    stack: Stack, link: Link, source: Container, target: Container, sockets: Sockets | Unable
) -> Iterator[tuple[str, str]]:
    for peer in sockets.peers if isinstance(sockets, Sockets) else ():
        wanted = peer.port == link.port and peer.state in ("syn-sent", "established")
        if wanted and _was(stack, link, source, target, peer.address):
            yield peer.address, peer.state


def _talks(sockets: Sockets | Unable, link: Link, now: tuple[str, ...]) -> bool:
    """Whether the source has a connection to the target as it is: then an old one is a leftover."""
    peers = sockets.peers if isinstance(sockets, Sockets) else ()
    return any(p.address in now and p.port == link.port and p.state == "established" for p in peers)


def _complaints(stack: Stack, link: Link, source: Container, target: Container) -> Iterator[tuple[str, float, str]]:
    """What the log of the source says, latest first, up to where it worked again."""
    logs = stack.logs(source)
    now = stack.namespace_owner(target).addresses
    worked: list[str] = []
    for line in reversed(logs.lines if isinstance(logs, Logs) else ()):
        if line.at <= target.state.started:
            return
        places = [m["address"] for m in _PLACE.finditer(line.text) if int(m["port"]) == link.port]
        if not _FAILED.search(line.text):
            if any(p in now for p in places):
                return
            worked.append(line.text)
            continue
        for place in places:
            if _was(stack, link, source, target, place) and not _answered(line.text, worked):
                yield place, line.at, line.text


def _answered(complaint: str, later: list[str]) -> bool:
    """Whether the same request was answered well later on."""
    request = _REQUEST.search(complaint)
    return request is not None and any(re.search(re.escape(request[1]) + r" [23]\d\d\b", line) for line in later)


def _was(stack: Stack, link: Link, source: Container, target: Container, address: str) -> bool:
    """Whether the address may have been the target's: in a network of both, and nobody serves the port there now."""
    places = target.endpoints if source.on_host_network else stack.shared_networks(source, target)
    networks = [n for e in places if (n := stack.network(e.network_id)) is not None]
    if not is_address(address) or any(address in n.gateways for n in networks):
        return False
    wanted = ipaddress.ip_address(address)
    if not any(wanted in ipaddress.ip_network(s, strict=False) for n in networks for s in n.subnets):
        return False
    if address in stack.namespace_owner(target).addresses:
        return False
    holder = stack.holder(address)
    if holder is None:
        return True
    if any(c.id == holder.id for m in mentions(source) for c, _ in stack.bearers(m.host)):
        return False  # the source asks for that one by its name
    sockets = stack.sockets(holder)
    if isinstance(sockets, Sockets):
        return not sockets.on(link.port, link.protocol)
    return (link.port, link.protocol) not in holder.exposed
