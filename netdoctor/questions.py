"""Which questions a subject puts: from the kinds that a check needs to the very questions that a probe is asked.

Both halves of a dependent question are asked up front: the connection by the name as the source writes it, and by the
target's inspected addresses. The pair tells a fault of names from a fault of the network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator

from netdoctor.answers import (
    AnyQuestion,
    AskConnection,
    AskLogs,
    AskLookup,
    AskNamespace,
    AskOtherEngines,
    AskSockets,
    Question,
)
from netdoctor.check import Check
from netdoctor.mentions import is_address, is_any_address, is_loopback, mentions
from netdoctor.model import HOST, Container, Link, Mount, Publication, Subject
from netdoctor.stack import Stack

MOST_BEARERS = 8
"""Replicas of one name that are tried one by one."""

HOST_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")


def questions(stack: Stack, subjects: Iterable[Subject], checks: Iterable[Check]) -> tuple[AnyQuestion, ...]:
    """All that the checks want to know of the subjects, each question once."""
    subjects = tuple(subjects)
    found: dict[AnyQuestion, None] = {}
    for check in checks:
        for subject in subjects:
            if isinstance(subject, check.subject):
                for kind in check.needs:
                    found.update(dict.fromkeys(_ABOUT[kind](stack, subject)))
    return tuple(found)


def _sockets(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        if container.state.running:
            yield AskSockets(container=container.id)
    if isinstance(subject, Link) and means_host(stack, stack.source(subject), subject.address):
        yield AskSockets(container=HOST)


def _namespace(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        for one in dict.fromkeys((container.id, stack.namespace_owner(container).id)):
            asked = stack.container(one)
            if asked is not None and asked.state.running:
                yield AskNamespace(container=one)


def _lookup(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if isinstance(subject, Link) and stack.source(subject).state.running and not is_address(subject.address):
        yield AskLookup(container=subject.source, name=subject.address)


def _connection(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if not isinstance(subject, Link) or not stack.source(subject).state.running:
        return
    yield AskConnection.of(subject)
    yield from _to_bearers(stack, subject)
    target = stack.target(subject)
    if target is None or not target.state.running:
        return
    for mention in mentions(target):  # what a Kafka broker and its like tell their clients is tried from the source
        if mention.purpose == "advertised" and not is_any_address(mention.host):
            yield AskConnection.of(subject, address=mention.host, port=mention.port or subject.port)
    source = stack.source(subject)
    reachable = target.endpoints if source.on_host_network else stack.shared_networks(source, target)
    for endpoint in reachable:
        for address in endpoint.addresses:
            if address != subject.address:
                yield AskConnection.of(subject, address=address)


def _to_bearers(stack: Stack, link: Link) -> Iterator[AnyQuestion]:
    """A name that several containers bear: each of them, since one connect by the name tells of one alone."""
    source = stack.source(link)
    here = [e.network_id for e in stack.endpoints(source)]
    found = [e for c, e in stack.bearers(link.address, here) if c.state.running and c.id != source.id]
    if len(found) > 1:
        for endpoint in found[:MOST_BEARERS]:
            for address in endpoint.addresses:
                yield AskConnection.of(link, address=address)


def _logs(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        yield AskLogs(container=container.id)


def _other_engines(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    # Only worth the trouble for a name that nobody on this engine bears; the target may be a guess.
    if not isinstance(subject, Link) or is_address(subject.address) or is_loopback(subject.address):
        return
    name = subject.address
    if name in HOST_NAMES:
        return
    if not any(stack.bearers(name)) and not any(name in (c.name, c.service) for c in stack.containers):
        yield AskOtherEngines(name=name)


def _containers(stack: Stack, subject: Subject) -> tuple[Container, ...]:
    """The containers that a question about the subject is put to, without the host."""
    if isinstance(subject, Container):
        return (subject,)
    if isinstance(subject, Publication | Mount):
        return (stack.owner(subject),)
    if isinstance(subject, Link):
        ends = (stack.source(subject), stack.target(subject))
        return tuple(end for end in ends if end is not None and end.id != HOST)
    return ()


def means_host(stack: Stack, source: Container, address: str) -> bool:
    """Whether the source reaches the host by this address: a well-known name, a gateway, localhost on its network."""
    if source.on_host_network:
        return is_loopback(address) or is_any_address(address)
    if address.lower() in HOST_NAMES or _is_gateway(stack, source, address):
        return True
    for entry in source.extra_hosts:
        name, _, given = entry.partition(":")
        if name == address and (given == "host-gateway" or _is_gateway(stack, source, given)):
            return True
    return False


def _is_gateway(stack: Stack, source: Container, address: str) -> bool:
    gateways = {e.gateway for e in stack.endpoints(source) if e.gateway}
    for network in stack.networks:
        if (
            network.name == "bridge"
        ):  # where host-gateway leads; an engine that does not tell it takes the first address
            gateways.update(network.gateways or (str(ipaddress.ip_network(n)[1]) for n in network.subnets))
    return _same(address, gateways)


def in_subnets(stack: Stack, address: str) -> bool:
    """Whether the address lies in a network of this engine alone: that of a macvlan or an overlay has others too."""
    wanted = ipaddress.ip_address(address.strip("[]"))
    subnets = (s for n in stack.networks if n.driver in ("", "bridge") for s in n.subnets)
    return any(wanted in ipaddress.ip_network(s, strict=False) for s in subnets)


def _same(address: str, others: Iterable[str]) -> bool:
    try:
        return ipaddress.ip_address(address) in {ipaddress.ip_address(o) for o in others}
    except ValueError:
        return False


_ABOUT: dict[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {
    AskSockets: _sockets,
    AskNamespace: _namespace,
    AskLookup: _lookup,
    AskConnection: _connection,
    AskLogs: _logs,
    AskOtherEngines: _other_engines,
}
