"""Does the source ask for the port that the target listens on?

What is asked
    The port in the source's configuration, or in the typed TARGET, against the sockets of the target. Between
    containers the port inside counts; the number before the colon of `-p 15432:5432` exists on the host alone.

Healthy
    The target listens on the port. Where the image itself promises the port (EXPOSE) the source is right to ask for it,
    and what the target does instead is judged by `port.listening`.

Sick
    published-port: the source asks for the port that the target is published on at the host.
    wrong-port: the target listens, and on no such port. Or the host is asked for the port inside the container, which
    is published there under another number.

Remedy
    Ask for the port inside. Publishing is not needed between containers on one network.

By hand
    docker port postgres                            # 5432/tcp -> 0.0.0.0:15432: the first is the port inside
    docker exec postgres ss -ltn                    # or: docker exec postgres cat /proc/net/tcp
    docker exec api env | grep 15432

See also
    address.host, port.listening, publish.listener
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskSockets,
    Container,
    Finding,
    Link,
    Reason,
    Sockets,
    Stack,
    Unable,
    check,
    fail,
    is_loopback,
    means_host,
    passed,
    skip,
    unknown,
)

from .._rewriting import by_name, port_inside, rewrite


@check(
    id="address.port",
    title="{source} asks for the port that {target} listens on",
    reasons=(
        Reason("published-port", "the port is the target's on the host, not inside"),
        Reason("wrong-port", "the target listens on other ports"),
    ),
    needs=(AskConnection, AskSockets),
    after=("address.host", "container.running"),
    hop="listener",
)
def port(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    if target is None:
        yield skip(f"nobody knows which container {link.address} means, so any port may be right")
    elif stack.works(link):
        yield passed(f"{stack.title(target)} answers on {link.port}", seen_by=stack.connection(link).seen_by)
    elif means_host(stack, source, link.address):
        yield _at_host(stack, link, target)
    else:
        sockets = stack.sockets(target)
        seen = _seen(stack, link, target, sockets) if isinstance(sockets, Sockets) else None
        yield seen or _told(stack, link, target, sockets)


def _seen(stack: Stack, link: Link, target: Container, sockets: Sockets) -> Finding:
    """By the target's own sockets."""
    title, asked = stack.title(target), (link.port, link.protocol)
    listening = [x for x in sockets.listeners if x.protocol == link.protocol]
    listening.sort(key=lambda x: (is_loopback(x.address), (x.port, x.protocol) not in target.exposed))
    ports = list(dict.fromkeys(x.port for x in listening))
    if sockets.on(link.port, link.protocol):
        return passed(
            f"{title} listens on {link.port}, as {stack.title(stack.source(link))} asks", seen_by=sockets.seen_by
        )
    inside = port_inside(stack, link, target)
    if inside != link.port and inside in ports:
        return _published(stack, link, target, inside, sockets.seen_by)
    if not ports or any(x.port == link.port for x in sockets.listeners):
        return skip(f"{title} listens on no {link.protocol.upper()} port, so no number would do")
    if asked in target.exposed:
        return passed(f"the image of {title} exposes {link.port}, so it is right to ask for it")
    shown = ", ".join(map(str, ports[:5])) + (", ..." if len(ports) > 5 else "")
    says = f"{title} listens on {shown}, not on {link.port}, which {stack.title(stack.source(link))} asks for"
    remedy = rewrite(stack, link, link.address, ports[0], f"Ask for port {ports[0]} instead of {link.port}")
    return fail("wrong-port", says, remedy=remedy, seen_by=sockets.seen_by, asked=link.port, listening=ports)


def _told(stack: Stack, link: Link, target: Container, why: Sockets | Unable) -> Finding:
    """By the configuration alone, where the sockets cannot be seen."""
    inside = port_inside(stack, link, target)
    if inside != link.port and (link.port, link.protocol) not in target.exposed:
        return _published(stack, link, target, inside, why.seen_by)
    if not target.state.running:
        return skip(f"{stack.title(target)} is not running, so it listens nowhere")
    return unknown(why) if isinstance(why, Unable) else passed("no publication has this port")


def _published(stack: Stack, link: Link, target: Container, inside: int, seen_by: str) -> Finding:
    title = stack.title(target)
    says = f"{link.port} is the port of {title} on the host; between containers it is {inside}"
    remedy = by_name(stack, link, target)
    return fail("published-port", says, remedy=remedy, seen_by=seen_by, asked=link.port, inside=inside)


def _at_host(stack: Stack, link: Link, target: Container) -> Finding:
    """The host is asked: there the published ports count."""
    title, me = stack.title(target), stack.title(stack.source(link))
    bound = [p for p in target.published if p.protocol == link.protocol]
    if any(p.host_port == link.port for p in bound):
        return passed(f"{title} is published on port {link.port} of the host, as {me} asks")
    right = next((p.host_port for p in bound if p.container_port == link.port), 0)
    if not right:
        return skip(f"{title} is not published, so the host has no port of it")
    says = f"on the host {title} is published on {right}; {link.port}, which {me} asks for, is its port inside"
    remedy = rewrite(stack, link, link.address, right, f"Ask {link.address} for port {right}")
    return fail("wrong-port", says, remedy=remedy, asked=link.port, published=right)
