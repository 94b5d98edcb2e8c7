"""What stands behind a publication: where it leads in the container, and what came of knocking."""

from __future__ import annotations

from netdoctor.api import (
    Attempt,
    Connection,
    Link,
    Publication,
    Sockets,
    Stack,
    Unable,
    asked_at_host,
    asked_inside,
    is_any_address,
    is_loopback,
    knock,
    through,
)

from .._listeners import serves
from .._publishing import arrives_at


def in_words(publication: Publication) -> str:
    """The port of the host: `8080`, `53/udp`; without one the container's, which the engine is to choose one for."""
    port = publication.host_port or publication.container_port
    return f"{port}/udp" if publication.protocol == "udp" else str(port)


def links_through(stack: Stack, publication: Publication) -> tuple[Link, ...]:
    """The links of this run that lead through it."""
    into = stack.links_to(stack.owner(publication))
    return tuple(link for link in into if publication in through(stack, link))


def is_asked(stack: Stack, publication: Publication, deaf: tuple[Publication, ...] | None = None) -> bool:
    """Whether a link of this run leads through it and meets what is wrong; at the addresses of `deaf`, if given.

    A connection that the engine's proxy accepts has met it, unless somebody was heard.
    """
    addresses = {knock(p).address for p in deaf or ()}
    return any(_meets(stack, link, addresses) for link in links_through(stack, publication))


def _meets(stack: Stack, link: Link, addresses: set[str]) -> bool:
    connection = stack.connection(link)
    if isinstance(connection, Unable):  # localhost may be any of them
        return not addresses or link.address.strip("[]") in addresses
    last = connection.last
    if last is None or last.outcome != "connected":
        return True
    return not last.heard and (not addresses or last.address in addresses)


def is_served(stack: Stack, done: Publication, sockets: Sockets) -> bool | None:
    """Whether a socket of the container serves what arrives; None where that cannot be told from the sockets."""
    found = sockets.on(done.container_port, done.protocol)
    addresses = arrives_at(stack, done)
    if not addresses:  # a network of user space (slirp4netns, pasta) delivers to whatever address it likes
        return None if all(is_loopback(x.address) for x in found) else True
    verdicts = [serves(x, a) for x in found for a in addresses]
    return True if True in verdicts else None if None in verdicts else False


def attempt(stack: Stack, done: Publication) -> Attempt | None:
    """What came of connecting to the host's side of it; None where nobody tried."""
    answer = stack.told(knock(done), Connection)
    return None if isinstance(answer, Unable) else answer.last


def all_attempts(stack: Stack, publication: Publication) -> tuple[Attempt, ...]:
    """The same for all addresses that it is bound to."""
    answers = [stack.told(question, Connection) for question in asked_at_host(stack, publication)]
    return tuple(a.last for a in answers if isinstance(a, Connection) and a.last is not None)


def straight(stack: Stack, publication: Publication, among: tuple[str, ...] = ()) -> tuple[Connection, ...]:
    """What came of connecting to the container itself, past any proxy; to these of its addresses, if any are given."""
    asked = [q for q in asked_inside(stack, publication) if not among or q.address in among]
    return tuple(a for q in asked if isinstance(a := stack.told(q, Connection), Connection))


def answers(stack: Stack, done: Publication) -> bool:
    """Whether the live connection proves that a process answers behind it.

    A proxy accepts before it knows whether anybody does, and hangs up when nobody does, some time later; while it waits
    for a packet that a rule drops it keeps the connection open. So something must have been heard, or the way past it
    be open too.
    """
    seen = attempt(stack, done)
    if seen is None or seen.outcome != "connected" or seen.after != "open":
        return False
    return bool(seen.heard) or any(c.works for c in straight(stack, done, arrives_at(stack, done)))


def is_reached(stack: Stack, publication: Publication) -> bool:
    """Whether a container of another namespace reaches the port inside, which is seen by a link of this run."""
    owner = stack.owner(publication)
    port = (publication.container_port, publication.protocol)
    inside = [k for k in stack.links_to(owner) if (k.port, k.protocol) == port and not through(stack, k)]
    return any(stack.works(k) and not stack.same_namespace(stack.source(k), owner) for k in inside)


def everywhere(done: tuple[Publication, ...]) -> bool:
    """Whether it is bound to all addresses of the host."""
    return any(is_any_address(p.host_address) for p in done)
