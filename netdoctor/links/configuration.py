"""Links from what a container was told: its environment, its command, its health check."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from netdoctor.answers import Unable
from netdoctor.links.clue import Clue
from netdoctor.links.ports import Ports, ports_meant, ports_served
from netdoctor.links.shared import STORES, Shared
from netdoctor.meant import (
    bearer,
    candidates,
    could_mean,
    in_browser,
    is_named,
    last_guess,
    meant,
    serves,
)
from netdoctor.mentions import DATABASE, SCHEME_PORTS, Mention, is_address, is_bare_name, is_loopback, mentions
from netdoctor.model import Container, Protocol
from netdoctor.places import in_subnets, means_host
from netdoctor.stack import Stack

CONNECTS = ("client", "proxy")
"""The purposes of mentions to which the process itself connects."""


def told(stack: Stack, source: Container, shared: Shared, unknown_names: bool = False) -> Iterator[Clue]:
    """`unknown_names`: those that nobody bears are surely meant as well. (Otherwise an image may have brought them.)"""
    found = [m for m in mentions(source) if m.purpose in (*CONNECTS, "browser")]
    named = {m: c for m in found if (c := bearer(stack, source, m.host)) is not None}
    taken = {c.id for c in named.values()}
    for mention in found:
        target = named.get(mention)
        if mention.purpose == "browser":
            if target is None or not stack.shared_networks(source, target):
                continue
        elif target is None and not mention.spare:
            target = meant(stack, source, mention, taken)
        if target is not None and target.id == source.id:
            continue
        if target is None:
            mention = with_usual_port(mention)
            if not _worth_asking(stack, source, mention, unknown_names):
                continue
        others = shared.others(source, mention)
        if target is not None:
            if shared.is_for_another(source, target, mention) or not _can_mean(stack, source, target, mention):
                continue
            if mention not in named and others and target.service not in source.depends_on:
                continue  # localhost for all, say: who asks there is told by who depends on the target, or complains
        sure = _certain(stack, source, target, mention, others) and (target is not None or unknown_names)
        if target is None and is_loopback(mention.host) and not isinstance(stack.sockets(source), Unable):
            sure = False  # REDIS_HOST=127.0.0.1 beside CACHE=file; whoever does need it complains in its log
        yield from mentioned(stack, source, target, mention, sure)


def configured(stack: Stack, source: Container, target: Container) -> Iterator[Clue]:
    """The addresses in the source's configuration that mean a typed target, right or wrong."""
    told = [m for m in mentions(source) if m.purpose in CONNECTS]
    named = [m for m in told if is_named(stack, target, m.host) or stack.linked(source, m.host) == target]
    wrong = [m for m in told if m not in named and could_mean(stack, source, target, m)]
    if named:  # where the target is named, an unknown name is somebody else's, and a spare address nobody's
        wrong = [m for m in wrong if not m.spare and not is_bare_name(m.host)]
    browser = [m for m in mentions(source) if m.purpose == "browser" and is_named(stack, target, m.host)]
    if not stack.shared_networks(source, target):
        browser = []  # the browser connects, the source need not
    found = (*named, *wrong) or browser or [m for m in told if last_guess(stack, source, target, m)]
    for mention in found:
        yield from mentioned(stack, source, target, mention)


def mentioned(
    stack: Stack, source: Container, target: Container | None, mention: Mention, certain: bool = True
) -> Iterator[Clue]:
    ports: Ports = ((mention.port, mention.protocol),)
    if not mention.port and target is not None:
        ports = ports_meant(stack, target, mention.hint)
        # Of several ports that an image exposes, the process may serve one and the source want it.
        certain = certain and (len(ports) == 1 or not isinstance(stack.sockets(target), Unable))
    if target is not None and not mention.scheme:  # STATSD_HOST and STATSD_PORT do not say that they mean UDP
        ports = tuple((port, _spoken(stack, target, port, protocol)) for port, protocol in ports)
    for port, protocol in ports:
        yield Clue(
            source=source,
            address=mention.host,
            port=port,
            protocol=protocol,
            target=target,
            scheme=mention.scheme,
            where=mention.where,
            certain=certain,
        )


def _spoken(stack: Stack, target: Container, port: int, written: Protocol) -> Protocol:
    """The protocol of a port for which none is written: the one that the target has it open for, if it is one alone."""
    sockets = stack.sockets(target)
    have = target.exposed if isinstance(sockets, Unable) else [(x.port, x.protocol) for x in sockets.listeners]
    spoken = {protocol for number, protocol in have if number == port}
    return spoken.pop() if len(spoken) == 1 else written


def _certain(
    stack: Stack, source: Container, target: Container | None, mention: Mention, others: list[Container]
) -> bool:
    """Whether the source means what it was told, as far as one can see from outside."""
    if mention.doubtful or mention.purpose == "browser" or _is_for_all(stack, source, target, others):
        return False
    if target is None or stack.shared_networks(source, target) or stack.same_namespace(source, target):
        return True
    foreign = source.project and target.project and source.project != target.project
    if foreign and mention.host.lower() != target.name.lower():
        return False  # another project's `db`: the own one is not there, on purpose perhaps
    # Where the one that shares a network with the target was told the same, it is for that one.
    return not any(stack.shared_networks(other, target) for other in others)


def _is_for_all(stack: Stack, source: Container, target: Container | None, others: list[Container]) -> bool:
    """Whether others were given the same, and the source does not wait for the target while others do.

    The configuration of a whole cluster in one file: each reads its own part of it.
    """
    if target is None or not others or target.service in source.depends_on:
        return False
    return len({c.image for c in others}) > 1 or stack.is_waited_for(target)


def _can_mean(stack: Stack, source: Container, target: Container, mention: Mention) -> bool:
    """Whether the mention tells of one link for sure, and not of many or none."""
    if mention.purpose != "browser" and in_browser(stack, source, mention, target, behind_another=True):
        return False
    if not mention.port:  # of several ports of a service of no known kind nobody can say which one is meant
        return len(ports_meant(stack, target, mention.hint)) < 2
    if mention.sure or mention.port >= 100:
        return True
    served, _ = ports_served(stack, target)  # is `redis:7` an address, or an image?
    return any(mention.port == port for port, _ in served)


def with_usual_port(mention: Mention) -> Mention:
    """REDIS_HOST=localhost names no port, and means that of its kind."""
    return mention if mention.port or mention.hint not in STORES else replace(mention, port=SCHEME_PORTS[mention.hint])


def _worth_asking(stack: Stack, source: Container, mention: Mention, unknown_names: bool) -> bool:
    """Whether an address that means nobody for certain is a link all the same."""
    if not mention.sure or not mention.port or mention.spare or mention.purpose == "browser":
        return False
    if is_bare_name(mention.host):
        return True
    if is_loopback(mention.host) and not source.on_host_network:
        blind = isinstance(stack.sockets(source), Unable)  # nobody can say that it serves itself
        unserved = not serves(stack, source, mention.port) and not in_browser(stack, source, mention)
        # What else is told localhost may be switched off, or be told so by its image: mail, traces, metrics.
        return unserved and (blind or (unknown_names and mention.hint in (*STORES, DATABASE)))
    if is_address(mention.host) and in_subnets(stack, mention.host):
        return True
    return means_host(stack, source, mention.host) or (unknown_names and len(candidates(stack, source, mention)) > 1)
