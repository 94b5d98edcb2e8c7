"""Does the name mean the container that is meant?

What is asked
    The addresses that the source's own resolver gives for the name (dns.resolves), and who has them.

Healthy
    They belong to the target. Several addresses are healthy where they belong to replicas of one service, or to
    containers of one image that were given one alias on purpose. An answer for IPv4 alone is healthy too. The name of
    a swarm's service is its virtual address, which no container has; `tasks.NAME` is the addresses of its tasks.

Sick
    wrong-container: the address belongs to another container. So it is when the project's own service is stopped and a
    shared network has another project's service of the same name: the wrong database is read, and written.
    several-containers: containers that have nothing to do with each other bear the name, and the answers rotate.
    hosts-file: an entry of /etc/hosts overrides the resolver: extra_hosts, --link, the source's own host name.
    outside-address: nobody here bears the name, and a server outside gave an address (a search domain, a wildcard).
    unreachable-address: the address is the target's, on a network or of a family that the source does not have.

Remedy
    Take the entry out; ask for a name that one container alone has (the container's own name, `name.network`); connect
    the source to the network.

By hand
    docker exec api getent ahosts postgres
    docker exec api cat /etc/hosts
    docker network inspect app-net --format '{{range .Containers}}{{println .Name .IPv4Address}}{{end}}'
    docker ps --filter label=com.docker.compose.service=postgres

See also
    dns.resolves, network.shared, address.host
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netdoctor.api import (
    AskConnection,
    AskLookup,
    Container,
    Finding,
    Link,
    Lookup,
    Reason,
    Remedy,
    Service,
    Stack,
    Unable,
    check,
    fail,
    is_address,
    is_loopback,
    means_host,
    nearest,
    passed,
    skip,
    unknown,
    warn,
)

from ._holding import are_replicas, beyond, in_subnets, place, refuses, stand_in
from ._naming import guess, is_single_label, is_stack_name, named_networks
from ._remedies import ask_each, come_near, drop_hosts_entry, list_names, name_apart, rename, start_own


@check(
    id="dns.answer",
    title="the name {address} means {target}",
    reasons=(
        Reason("wrong-container", "the address belongs to another container", time_heals=True),
        Reason("several-containers", "unrelated containers share the name, and the answers rotate"),
        Reason("hosts-file", "an entry of /etc/hosts overrides the resolver"),
        Reason("outside-address", "a name of the stack was answered from outside"),
        Reason("unreachable-address", "an address on a network, or of a family, that the source does not have"),
    ),
    needs=(AskLookup, AskConnection),
    after=(
        "address.host",
        "container.running",
        "network.exists",
        "network.shared",
        "network.default-bridge",
        "network.subnet",
        "network.way-out",
        "dns.resolves",
    ),
    hop="name",
)
def answer(stack: Stack, link: Link) -> Iterator[Finding]:
    source = stack.source(link)
    if is_address(link.address.strip("[]")) or is_loopback(link.address):
        yield skip(f"{link.address} is no name that has to be looked up")
        return
    if not source.state.running:
        yield skip(f"{stack.title(source)} is not running, so it resolves nothing")
        return
    lookup = stack.lookup(source, link.address)
    if isinstance(lookup, Unable):
        yield unknown(lookup)
    elif not lookup.addresses:
        yield skip(f"the name {link.address} has no address; see dns.resolves")
    else:
        yield _judged(stack, link, lookup)


def _judged(stack: Stack, link: Link, lookup: Lookup) -> Finding:
    source, target, name = stack.source(link), stack.target(link), link.address
    works = stack.works(link)
    own = {a for e in stack.endpoints(target) for a in e.addresses} if target is not None else set()
    right = [a for a in lookup.addresses if a in own]
    holders = list({c.id: c for a in lookup.addresses if (c := stack.holder(a)) is not None}.values())
    told = " and ".join(lookup.addresses)
    say = warn if works else fail  # a wrong address that answers all the same
    if means_host(stack, source, name) or any(means_host(stack, source, a) for a in lookup.addresses):
        return passed(f"{name} is {told}, the host", seen_by=lookup.seen_by, source=lookup.source)
    service = next((s for a in lookup.addresses if (s := stack.service_at(a)) is not None), None)
    if service is not None and not holders and lookup.source == "dns":
        return _of_swarm(stack, link, lookup, service)
    if target is not None and not right and lookup.source == "hosts":
        whose = f" ({stack.title(source)} itself)" if source in holders else ""
        says = f"{name} is {told}{whose} in /etc/hosts of {stack.title(source)}, and {place(stack, target)} is meant"
        return _found(say, lookup, "hosts-file", says, drop_hosts_entry(stack, link))
    # The project has a service of this name: what answers is somebody else's, also where it answers well.
    mine = stack.of_service(source.project, name) if source.project else ()
    if mine and holders and all(c.project != source.project for c in holders):
        whose = f"{holders[0].name} of {holders[0].project or 'no project'}"
        says = f"{name} is {whose}, while {source.project}'s own {name} is {mine[0].state.status}"
        return _found(fail, lookup, "wrong-container", says, start_own(stack, link, mine[0]))
    if target is not None and not right and stand_in(stack, name, target, holders):
        return passed(f"{name} is {told}, a replica of the same service", seen_by=lookup.seen_by, source=lookup.source)
    if target is not None and not right and holders:
        says = f"{name} is {told}, {stack.title(holders[0])}, and {place(stack, target)} is meant"
        return _found(say, lookup, "wrong-container", says, name_apart(stack, link, target))
    if not holders and lookup.source == "dns" and not any(in_subnets(stack, a) for a in lookup.addresses):
        return _outside(stack, link, lookup)
    if not works and all(beyond(stack, source, a) for a in lookup.addresses):
        says = f"{name} is {told}, and {beyond(stack, source, lookup.addresses[0])}"
        return _found(fail, lookup, "unreachable-address", says, come_near(stack, link, lookup))
    if not works and not holders and lookup.source == "dns":
        return unknown(f"{name} is {told}, an address of the stack's networks that none of its containers has")
    if len(holders) > 1:
        return _several(stack, link, lookup, holders)
    whose = f", {stack.title(holders[0])}" if holders else ""
    return passed(f"{name} is {told}{whose}", seen_by=lookup.seen_by, source=lookup.source, server=lookup.server)


def _of_swarm(stack: Stack, link: Link, lookup: Lookup, service: Service) -> Finding:
    """An address that no container here has: a service's virtual one, or that of a task on another node."""
    target, name, told = stack.target(link), link.address, " and ".join(lookup.addresses)
    virtual = service.virtual_address in lookup.addresses
    whose = f"the virtual address of the service {service.name}" if virtual else f"tasks of the service {service.name}"
    if target is None or target.swarm_service == service.name:
        return passed(f"{name} is {told}, {whose}", seen_by=lookup.seen_by, source=lookup.source, server=lookup.server)
    says = f"{name} is {told}, {whose}, and {place(stack, target)} is meant"
    say = warn if stack.works(link) else fail
    return _found(say, lookup, "wrong-container", says, name_apart(stack, link, target))


def _outside(stack: Stack, link: Link, lookup: Lookup) -> Finding:
    name, told = link.address, " and ".join(lookup.addresses)
    works = stack.works(link)
    guessed = guess(stack, link)
    misspelt = guessed is not None and bool(nearest(name, [guessed.name]))
    foreign = not is_single_label(name) or (works and not misspelt)
    if foreign and not is_stack_name(stack, name):
        return passed(f"{name} is {told}, outside the stack", seen_by=lookup.seen_by, server=lookup.server)
    near = f"; {guessed.why}" if guessed else ""
    says = f"no container here is called {name}, and a server outside answered {told} for {lookup.asked or name}{near}"
    networks = tuple(e.network for e in named_networks(stack, stack.source(link)))
    remedy = rename(stack, link, guessed) if guessed else list_names(stack, link, networks)
    return _found(warn if works else fail, lookup, "outside-address", says, remedy)


def _several(stack: Stack, link: Link, lookup: Lookup, holders: list[Container]) -> Finding:
    refusing = [c.name for c in holders if refuses(stack, link, c)]
    names = ", ".join(c.name for c in holders) + (f"; no connection to {', '.join(refusing)}" if refusing else "")
    project = stack.source(link).project
    order = sorted(holders, key=lambda c: (c.project != project or not project, c.name in refusing))
    remedy = name_apart(stack, link, order[0])
    if not are_replicas(holders):
        says = f"{link.address} is the name of {len(holders)} different containers in turns: {names}"
        return _found(fail if refusing else warn, lookup, "several-containers", says, remedy)
    says = f"{link.address} is {len(holders)} replicas: {names}"
    if refusing:
        return _found(warn, lookup, "several-containers", says, ask_each(stack, link, refusing))
    return passed(says, seen_by=lookup.seen_by, source=lookup.source, server=lookup.server)


def _found(say: Callable[..., Finding], lookup: Lookup, reason: str, says: str, remedy: Remedy | None) -> Finding:
    seen = {
        "addresses": list(lookup.addresses),
        "source": lookup.source,
        "server": lookup.server,
        "asked": lookup.asked,
    }
    return say(reason, says, remedy=remedy, seen_by=lookup.seen_by, **seen)
