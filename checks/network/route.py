"""Does the source's own namespace send the packets where the configuration says?

What is asked
    What the engine says (which network both are on, with which addresses) against what the kernel has in the two
    network namespaces: are the interfaces up, do they have these addresses, and which route do the packets take, by
    which network and gateway?

Healthy
    Both have it as the engine says. An address outside of the stack leaves by the network with the default route.

Sick
    interface-down: an interface is down, or has lost the address that the engine gave it: `ip link set eth0 down` by a
    privileged process, a VPN's script.
    no-route: a namespace has no route to the other's address, so nothing is sent, or no answer: somebody deleted it.
    other-network: the packets leave by another interface than the one on the common network: a route that a VPN or a
    script has set, or a second network whose subnet covers the address.

Remedy
    Restart the container, for the engine to set up its network anew, or take out the route that is in the way.

By hand
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' api) -n ip route get 172.18.0.2
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' api) -n ip address
    docker inspect -f '{{json .NetworkSettings.Networks}}' api

See also
    network.shared, network.exists, network.way-out, firewall.allows
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskNamespace,
    Attempt,
    Container,
    Endpoint,
    Finding,
    Link,
    Namespace,
    Reason,
    Remedy,
    Route,
    Stack,
    Unable,
    check,
    fail,
    is_loopback,
    passed,
    skip,
    unknown,
)

from ._joining import verify
from ._places import on_host, together


@check(
    id="network.route",
    title="{source} has a way to {target}",
    reasons=(
        Reason("interface-down", "an interface is down, or has lost its address"),
        Reason("no-route", "a namespace has no route to the other's address"),
        Reason("other-network", "the packets leave by another network than the common one"),
    ),
    needs=(AskNamespace, AskConnection),
    after=("address", "container", "network.exists", "network.shared", "network.default-bridge", "dns"),
    hop="route",
    decisive=False,
)
def route(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    connection = stack.connection(link)
    attempt = None if isinstance(connection, Unable) else connection.last
    if not source.state.running or (target is not None and not target.state.running):
        yield skip("one of the two is not running")
    elif on_host(stack, source) or (target is not None and together(stack, source, target)):
        yield skip(f"{stack.title(source)} needs no network of the engine's for it")
    elif isinstance(connection, Unable):
        yield unknown(connection)
    elif attempt is None or is_loopback(attempt.address):
        yield skip(f"{link.address} leads to no address out of {stack.title(source)}")
    elif stack.works(link):
        yield passed(_in_words(stack, source, attempt), seen_by=connection.seen_by)
    else:
        yield _judged(stack, link, attempt)


def _judged(stack: Stack, link: Link, attempt: Attempt) -> Finding:
    """The connection failed: is it as the engine says, in both namespaces?"""
    source, target = stack.source(link), stack.target(link)
    here = stack.inside(source)
    if isinstance(here, Unable):
        return unknown(here)
    there = stack.inside(target) if target is not None else None
    end, mine = _ends(stack, source, target, attempt.address)
    if end is None or mine is None or target is None:
        return passed(_in_words(stack, source, attempt), seen_by=here.seen_by)
    for container, namespace, endpoint in ((source, here, mine), (target, there, end)):
        if isinstance(namespace, Namespace) and (wrong := _down(namespace, endpoint)):
            says = f"{stack.title(container)}'s place on {endpoint.network} is out of order: {wrong}"
            return _failed(stack, link, "interface-down", says, container, namespace)
    for container, namespace, other in ((source, here, end), (target, there, mine)):
        if isinstance(namespace, Namespace) and ":" not in other.address and _route(namespace, other.address) is None:
            what = "packets" if container is source else "answers"
            says = f"{stack.title(container)} has no route to {other.address} on {end.network}, so it sends no {what}"
            return _failed(stack, link, "no-route", says, container, namespace)
    return _compared(stack, link, attempt, here, mine, end)


def _compared(stack: Stack, link: Link, attempt: Attempt, here: Namespace, mine: Endpoint, end: Endpoint) -> Finding:
    """Which way the source's packets take, against the one by which both are neighbours."""
    source = stack.source(link)
    taken = _route(here, attempt.address)
    meant = next((i.name for i in here.interfaces if mine.address in i.addresses), "")
    if taken is not None and meant and (taken.interface != meant or taken.gateway):
        by = f"by {taken.interface}" + (f" through {taken.gateway}" if taken.gateway else "")
        says = f"{stack.title(source)} sends packets for {attempt.address} {by}, and {end.network} is on {meant}"
        return _failed(stack, link, "other-network", says, source, here, taken)
    return passed(_in_words(stack, source, attempt), seen_by=here.seen_by)


def _failed(
    stack: Stack,
    link: Link,
    reason: str,
    says: str,
    container: Container,
    namespace: Namespace,
    taken: Route | None = None,
) -> Finding:
    owner = stack.namespace_owner(container)
    if taken is not None:
        enter = f"sudo nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {owner.name}) -n"
        run = (f"{enter} ip route del {taken.destination} dev {taken.interface}",)
        remedy = Remedy(says="Take out the route, and see who sets it.", run=run, verify=(verify(stack, link),))
    else:
        run = (f"docker restart {owner.name}",)
        remedy = Remedy(says="Let the engine set up its network anew.", run=run, verify=(verify(stack, link),))
    shown = {
        "interfaces": [f"{i.name} {'up' if i.up else 'down'} {' '.join(i.addresses)}" for i in namespace.interfaces]
    }
    shown["routes"] = [f"{r.destination} {r.gateway or 'directly'} {r.interface}" for r in namespace.routes]
    return fail(reason, says, remedy=remedy, seen_by=namespace.seen_by, container=stack.title(container), **shown)


def _ends(
    stack: Stack, source: Container, target: Container | None, address: str
) -> tuple[Endpoint | None, Endpoint | None]:
    """The target's endpoint with the address, and the source's on the same network."""
    if target is None:
        return None, None
    end = next((e for e in stack.shared_networks(source, target) if address in e.addresses), None)
    mine = next((e for e in stack.endpoints(source) if end is not None and e.network_id == end.network_id), None)
    return end, mine


def _down(namespace: Namespace, endpoint: Endpoint) -> str:
    """What is wrong with the interface of an endpoint, "" for nothing."""
    holder = next((i for i in namespace.interfaces if endpoint.address in i.addresses), None)
    # Where the addresses are known from routes alone, an interface that is down seems to have none.
    down = [i for i in ((holder,) if holder is not None else namespace.interfaces) if not i.up and i.name != "lo"]
    if down:
        return f"{down[0].name} is down"
    told = any(i.addresses for i in namespace.interfaces if i.name != "lo")
    missing = holder is None and (told or len(namespace.interfaces) == 1)
    return f"no interface has {endpoint.address}" if missing else ""


def _route(namespace: Namespace, address: str) -> Route | None:
    """The IPv4 route with the longest prefix."""
    wanted = ipaddress.ip_address(address)
    fitting = [r for r in namespace.routes if wanted in ipaddress.ip_network(r.destination)]
    return max(fitting, key=lambda r: ipaddress.ip_network(r.destination).prefixlen, default=None)


def _in_words(stack: Stack, source: Container, attempt: Attempt) -> str:
    """`api leaves by app-net (172.18.0.3), directly`, as far as it was seen."""
    name, namespace = stack.title(source), stack.inside(source)
    known = isinstance(namespace, Namespace) and ":" not in attempt.address
    taken = _route(namespace, attempt.address) if isinstance(namespace, Namespace) and known else None
    own = attempt.own or _own(stack, source, namespace, taken)
    network = next((e.network for e in stack.endpoints(source) if own and own in e.addresses), "")
    if not network:
        return (
            f"{name} has a route to {attempt.address}" if own or taken else f"{name} sends packets to {attempt.address}"
        )
    directly = taken is None or not taken.gateway
    return f"{name} leaves by {network} ({own}), " + (
        "directly" if directly else f"through {taken.gateway if taken else ''}"
    )


def _own(stack: Stack, source: Container, namespace: Namespace | Unable, taken: Route | None) -> str:
    """The source's address on the interface that the route leaves by, where the socket did not tell it."""
    if taken is None or isinstance(namespace, Unable):
        return ""
    own = {a for i in namespace.interfaces if i.name == taken.interface for a in i.addresses}
    return next((e.address for e in stack.endpoints(source) if e.address in own), "")
