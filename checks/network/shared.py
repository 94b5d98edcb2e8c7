"""Is there a network that both are on?

What is asked
    The networks of the two containers, by ID; whether one of them is on the host's network or on none; where no
    container here bears the name, whether another engine of this user has one that does.

Healthy
    They share a network, or a network namespace (container: mode, both on the host's network). Another way that works
    is healthy too: a published port of the host, an entry in extra_hosts, a container's address asked from the host's
    network.

Sick
    no-common-network  Each is on networks of its own: two Compose projects, a service with a networks: list (which
                       takes it off the default one), docker run without --network.
    default-and-own    One is only on the default bridge, the other only on user-defined networks.
    no-network         Network mode none, or disconnected from all.
    host-isolated      One is on a macvlan or ipvlan network only, the other is the host of its engine (or on the host's
                       network): the kernel lets nothing pass between the two, while all other machines of the LAN
                       are reached. Containers on a bridge go by the host, and do not get there either.
    host-network       One is on the host's network, where the names of the others mean nothing. From there the other
                       is a published port of 127.0.0.1; for the others it is the host itself (host.docker.internal).
    other-engine       The name is known on another engine only (another context, a rootless engine, Docker Desktop).

Remedy
    Let one join a network of the other, in the Compose file where it has one. A container on the host's network can
    join no other: use the address that does apply.

By hand
    docker inspect --format '{{json .NetworkSettings.Networks}}' api postgres
    docker inspect --format '{{.HostConfig.NetworkMode}}' api postgres
    docker context ls

See also
    network.default-bridge, network.exists, dns.resolves, address.host
    https://docs.docker.com/engine/network/
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskHost,
    AskLookup,
    AskOtherEngines,
    Container,
    Finding,
    Link,
    OtherEngines,
    Reason,
    Remedy,
    Stack,
    check,
    fail,
    is_loopback,
    passed,
    skip,
)

from ._hosts import from_host, to_host
from ._joining import share, somewhere
from ._lan import by_a_bridge, by_the_host
from ._places import (
    at_home,
    found,
    has_names,
    in_words,
    lonely,
    lost_donor,
    made_anew,
    means_host,
    networks,
    on_host,
    together,
)


@check(
    id="network.shared",
    title="{source} and {target} share a network",
    reasons=(
        Reason("no-common-network", "each on networks of its own"),
        Reason("default-and-own", "one only on the default bridge, the other only on user-defined networks"),
        Reason("no-network", "network mode none, or disconnected from all"),
        Reason(
            "host-isolated", "a macvlan or ipvlan network, whose containers and their own host do not reach each other"
        ),
        Reason("host-network", "one is on the host's network, where names and addresses of the others do not apply"),
        Reason("other-engine", "the name is known on another engine only"),
    ),
    needs=(AskConnection, AskLookup, AskOtherEngines, AskHost),
    hop="network",
)
def shared(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    elsewhere = _elsewhere(stack, link)
    if elsewhere:
        yield elsewhere
        return
    if at_home(stack, link):
        yield skip("the host asks itself, which needs no network: what its ports lead to, the family publish judges")
        return
    kept_apart = by_the_host(stack, link)
    if kept_apart is not None:
        yield kept_apart
        return
    if target is None:
        if lonely(stack, source) and not is_loopback(link.address):
            yield _alone(stack, source, somewhere(stack, link, source))
        else:
            yield skip(f"no container here is known as {link.address}")
        return
    names = f"{stack.title(source)} and {stack.title(target)}"
    common = stack.shared_networks(source, target)
    if together(stack, source, target):
        yield passed(f"{names} live in one network namespace")
    elif (apart := by_a_bridge(stack, link, source, target)) is not None:
        yield apart
    elif common:
        yield passed(f"{names} share {in_words(common)}", networks=[e.network for e in common])
    elif stack.works(link):
        yield passed(f"{names} share no network, and the connection works another way", address=link.address)
    elif lost_donor(stack, source) or lost_donor(stack, target) or made_anew(stack, source, target):
        yield skip("what one of them was attached to is gone: network.exists has the answer")
    elif lonely(stack, source) or lonely(stack, target):
        yield _alone(stack, source if lonely(stack, source) else target, share(stack, link, source, target))
    elif means_host(stack, link):
        yield skip(f"{link.address} means the host or beyond: that way needs no common network")
    elif on_host(stack, source):
        yield from_host(stack, link, source, target)
    elif on_host(stack, target):
        yield to_host(stack, link, source, target)
    else:
        yield _apart(stack, link, source, target)


def _apart(stack: Stack, link: Link, source: Container, target: Container) -> Finding:
    mine, theirs = networks(stack, source), networks(stack, target)
    named = (any(has_names(stack, e) for e in mine), any(has_names(stack, e) for e in theirs))
    reason = "no-common-network" if all(named) else "default-and-own"
    me, it = stack.title(source), stack.title(target)
    says = f"{me} and {it} share no network: {me} is on {in_words(mine)}, {it} on {in_words(theirs)}"
    evidence = {me: [e.network for e in mine], it: [e.network for e in theirs]}
    return fail(reason, says, remedy=share(stack, link, source, target), networks=evidence)


def _alone(stack: Stack, container: Container, remedy: Remedy) -> Finding:
    name = stack.title(container)
    none = any(e.network == "none" for e in stack.endpoints(container))
    says = f"{name} is on no network: " + ("its network mode is none" if none else "it was disconnected from all")
    return fail("no-network", says, remedy=remedy, network_mode=container.network_mode)


def _elsewhere(stack: Stack, link: Link) -> Finding | None:
    """Another engine has a container of the name, and nobody here bears it: then it was asked for."""
    others = stack.other_engines(link.address)
    if not isinstance(others, OtherEngines) or not others.found or found(stack, link) or stack.works(link):
        return None
    engine, name = others.found[0]
    there = f"docker -H {engine}" if "://" in engine else f"docker --context {engine}"
    where = f"at {engine}" if "://" in engine else f"in the context {engine}"
    says = f"{name} is a container of another engine ({where}), and this engine has none of that name"
    remedy = Remedy(
        says=f"Start both on one engine; this shows {name} over there, and what it publishes.",
        run=(f"{there} ps --all --filter name={name}", "docker context ls"),
        verify=(f"docker ps --filter name={name}",),
    )
    return fail("other-engine", says, remedy=remedy, engine=engine, container=name, looked=list(others.looked))
