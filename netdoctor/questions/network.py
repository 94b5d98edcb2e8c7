"""What is asked from the place of a container: its sockets, names, connections, namespace, log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from netdoctor.answers import (
    AnyQuestion,
    AskAttached,
    AskConnection,
    AskLogs,
    AskLookup,
    AskNamespace,
    AskOtherEngines,
    AskSockets,
    Question,
)
from netdoctor.mentions import is_address, is_any_address, is_loopback, mentions
from netdoctor.model import HOST, Container, Link, Mount, Network, Publication, Subject
from netdoctor.places import HOST_NAMES, leads_outside, means_host
from netdoctor.published import asked_at_host, asked_inside
from netdoctor.stack import Stack

MOST_BEARERS = 8
"""Replicas of one name that are tried one by one."""


def _sockets(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        if container.state.running:
            yield AskSockets(container=container.id)
    at_host = isinstance(subject, Link) and means_host(stack, stack.source(subject), subject.address)
    if at_host or isinstance(subject, Publication):
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
    if isinstance(subject, Publication) and stack.owner(subject).state.running:
        yield from (*asked_at_host(stack, subject), *asked_inside(stack, subject))
    if not isinstance(subject, Link) or not stack.source(subject).state.running:
        return
    yield AskConnection.of(subject)
    yield from _to_bearers(stack, subject)
    target = stack.target(subject)
    if target is None and leads_outside(stack, stack.source(subject), subject.address):
        # What the host itself reaches tells a fault of the world outside from one of this engine.
        yield replace(AskConnection.of(subject), container=HOST)
    if target is None or not target.state.running:
        return
    for mention in mentions(target):  # what a Kafka broker and its like tell their clients is tried from the source
        if mention.purpose == "advertised" and not is_any_address(mention.host):
            yield AskConnection.of(subject, address=mention.host, port=mention.port or subject.port)
    source = stack.source(subject)
    if source.id == HOST:  # what it can't reach as it is written is asked about for the publications it goes through
        return
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
    if not any(stack.bearers(name)) and not stack.called(name):
        yield AskOtherEngines(name=name)


def _attached(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if isinstance(subject, Network) and stack.starved(subject):
        yield AskAttached(network=subject.id)


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


ABOUT: Mapping[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {
    AskSockets: _sockets,
    AskNamespace: _namespace,
    AskLookup: _lookup,
    AskConnection: _connection,
    AskLogs: _logs,
    AskOtherEngines: _other_engines,
    AskAttached: _attached,
}
