"""Does the host serve the published port?

What is asked
    What the engine made of each `-p` (`docker port`), which sockets the host has, and what comes of a connection from
    the host itself to the port. For a container that could not start, the error that the engine keeps, and who has the
    port. Without a way onto the host the engine's word counts.

Healthy
    The engine has bound the port, on all addresses of the host or on one, and the host is asked where it is bound. A
    port that is bound to 127.0.0.1 on purpose is well: only the host is to reach it. EXPOSE alone publishes nothing,
    which is well as long as nobody asks for it from the host: containers on one network need no publication.

Sick
    not-published: asked for from the host, and the container publishes no such port.
    port-taken: the container could not start, since a container or a process has the port; the finding says which.
    not-bound: the engine says that it is published, and the host refuses; or the host has no such address (a VPN's, or
    one that came later than the engine), or may not use the port.
    loopback-only: bound to 127.0.0.1 or ::1, and asked for by a container, or at another address of the host.
    other-address: bound to one address of the host, and asked for at another.
    ignored: -p has no effect: on the host's network, on none, on internal, macvlan and ipvlan networks. A warning until
    somebody asks for the port.

Remedy
    Publish it, on another port or address, with the one line that changes; stop who has the port.

By hand
    docker port api                                           # what the engine did
    docker inspect -f '{{json .HostConfig.PortBindings}}' api # what was asked for
    sudo ss -ltnp 'sport = :8080'                             # who has the port
    docker ps --filter publish=8080
    curl -v http://127.0.0.1:8080/

See also
    publish.listener, publish.exposure, container.running, address.host
    https://docs.docker.com/engine/network/port-publishing/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdoctor.api import (
    AskConnection,
    AskHost,
    AskLookup,
    AskSockets,
    Connection,
    Finding,
    HostFacts,
    Link,
    Publication,
    Reason,
    Stack,
    Unable,
    check,
    fail,
    is_address,
    is_any_address,
    is_loopback,
    knock,
    noted,
    passed,
    skip,
    warn,
)

from .._publishing import option, place
from ._behind import all_attempts, in_words, links_through, straight
from ._holding import holder, start_error
from ._remedies import bind_again, bind_elsewhere, bind_everywhere, free_the_port, publish, take_effect
from ._without_effect import serves_all_the_same, why_ignored


@check(
    id="publish.bound",
    title="the host serves {port}",
    reasons=(
        Reason("not-bound", "published, and the host does not serve it"),
        Reason("port-taken", "another container or a process of the host has the port"),
        Reason("loopback-only", "bound to the host's loopback, and asked for from elsewhere"),
        Reason("other-address", "bound to one address of the host, and asked for at another"),
        Reason("ignored", "the network of the container publishes nothing"),
        Reason("not-published", "asked for from the host, and not published"),
    ),
    needs=(AskSockets, AskConnection, AskHost, AskLookup),
    after=("address.host",),
    hop="interface",
)
def bound(stack: Stack, publication: Publication) -> Iterator[Finding]:
    owner = stack.owner(publication)
    done = stack.done(publication)
    if publication not in owner.publications:
        yield _not_published(stack, publication)
    elif not owner.state.running:
        yield _not_started(stack, publication)
    elif done:
        sick = _elsewhere(stack, publication, done) or _refused(stack, publication, done)
        yield sick or _served(stack, publication, done)
    else:
        yield _nothing(stack, publication)


def _not_published(stack: Stack, publication: Publication) -> Finding:
    owner = stack.owner(publication)
    title, port = stack.title(owner), in_words(publication)
    others = sorted({option(p) for p in owner.publications})
    what = f"publishes {' and '.join(others)}, and not {port}" if others else "publishes no port"
    address = next((a for a in owner.addresses if ":" not in a), "")
    says = f"{title} {what}, so the host does not serve {port}"
    if address:
        says += f"; till it is restarted the host can ask for {address}:{publication.container_port}"
    return fail("not-published", says, remedy=publish(stack, publication), publishes=others, seen_by="engine")


def _not_started(stack: Stack, publication: Publication) -> Finding:
    owner = stack.owner(publication)
    title, port, error = stack.title(owner), in_words(publication), start_error(stack, publication)
    if error == "taken":
        who = holder(stack, publication)
        says = f"{title} could not be started: {who.says} has port {port} of the host"
        if who.free:
            says = f"{title} could not be started, since port {port} of the host was in use; it is free now"
        seen: dict[str, Any] = {"error": owner.state.error}
        if who.process is not None:
            seen |= {"process": who.process.name, "pid": who.process.pid}
        remedy = free_the_port(stack, publication, who)
        return fail("port-taken", says, remedy=remedy, **seen)
    if error == "no-address":
        says = f"{title} could not be started: the host has no address {publication.host_address} to publish {port} on"
        return fail("not-bound", says, remedy=bind_elsewhere(stack, publication), error=owner.state.error)
    if error == "forbidden":
        says = f"{title} could not be started: the engine may not use port {port} of the host"
        return fail("not-bound", says, remedy=bind_again(stack, publication), error=owner.state.error)
    if publication.host_port and stack.links_to(owner):
        who = holder(stack, publication)
        if who.container is not None or who.process is not None:  # starting it would fail
            says = f"{title} is not running, and {who.says} has port {port} of the host, which it wants"
            return fail("port-taken", says, remedy=free_the_port(stack, publication, who))
    return skip(f"{title} is not running, so the host serves nothing for it")


def _elsewhere(stack: Stack, publication: Publication, done: tuple[Publication, ...]) -> Finding | None:
    """Bound to one address, and a link that does not work asks for another."""
    places = tuple(dict.fromkeys(p.host_address for p in done))
    if any(is_any_address(a) for a in places):
        return None
    title = stack.title(stack.owner(publication))
    where = " and ".join(dict.fromkeys(f"{place(p.host_address)}:{p.host_port}" for p in done))
    loopback = all(is_loopback(a) for a in places)
    for link in links_through(stack, publication):
        source, asked = stack.source(link), _asked_at(stack, link)
        # To a container the host's loopback is out of reach, whatever it asks for.
        beside = not asked & set(places) if asked else loopback and not source.on_host_network
        if beside and not stack.works(link):
            says = f"{title} is published on {where} only, and {stack.title(source)} asks for it at {link.address}"
            reason = "loopback-only" if loopback else "other-address"
            remedy = bind_everywhere(stack, publication, link)
            return fail(reason, says, remedy=remedy, bound=list(places), asked=sorted(asked) or [link.address])
    return None


def _asked_at(stack: Stack, link: Link) -> set[str]:
    """The addresses of the host that the link tries, none where they are not known."""
    connection, lookup = stack.connection(link), stack.lookup(stack.source(link), link.address)
    if isinstance(connection, Connection) and connection.attempts:
        return {a.address for a in connection.attempts}
    if is_loopback(link.address):
        return {"127.0.0.1", "::1"}
    return {link.address.strip("[]")} if is_address(link.address) else set(getattr(lookup, "addresses", ()))


def _refused(stack: Stack, publication: Publication, done: tuple[Publication, ...]) -> Finding | None:
    """The host itself does not get through, and it is not for the container."""
    title, port = stack.title(stack.owner(publication)), in_words(publication)
    facts, asked = stack.host_facts(), bool(links_through(stack, publication))
    missing = [p for p in done if isinstance(facts, HostFacts) and not _has(facts, p.host_address)]
    if len(missing) == len(done):
        says = f"{title} is published on {missing[0].host_address}, an address that the host does not have (any more)"
        say = fail if asked else warn
        return say("not-bound", says, remedy=bind_elsewhere(stack, publication), address=missing[0].host_address)
    tried = all_attempts(stack, publication)
    outcomes = {a.outcome for a in tried} - {"no-address"}  # a host without IPv6 is bound to :: in vain
    host = stack.host_sockets()
    open_inside = any(c.works for c in straight(stack, publication))
    if outcomes != {"refused"} or not open_inside or isinstance(host, Unable):
        return None
    if host.on(publication.host_port or done[0].host_port, publication.protocol):
        return None
    says = f"the engine says that {title} is published on {port}, and nothing serves {port} on the host"
    return fail(
        "not-bound",
        says,
        remedy=bind_again(stack, publication),
        seen_by=host.seen_by,
        published=[option(p) for p in done],
        attempts=[f"{a.address}: {a.outcome}" for a in tried],
    )


def _has(facts: HostFacts, address: str) -> bool:
    own = {a.partition("/")[0] for i in facts.interfaces for a in i.addresses}
    return is_any_address(address) or is_loopback(address) or address in own


def _served(stack: Stack, publication: Publication, done: tuple[Publication, ...]) -> Finding:
    title, where = stack.title(stack.owner(publication)), " and ".join(option(p) for p in done)
    if any(a.outcome == "connected" for a in all_attempts(stack, publication)):
        seen_by = stack.told(knock(done[0]), Connection).seen_by
        return noted(f"the host serves {title} as {where}", seen_by=seen_by)
    return noted(f"the engine has published {title} as {where}", seen_by="engine")


def _nothing(stack: Stack, publication: Publication) -> Finding:
    """The engine has bound nothing for a container that runs."""
    title, wanted = stack.title(stack.owner(publication)), option(publication)
    why = why_ignored(stack, publication)
    broken = [link for link in links_through(stack, publication) if not stack.works(link)]
    if serves_all_the_same(stack, publication):
        return passed(f"-p {wanted} has no effect and does no harm: {why}", seen_by="engine")
    if why:
        says = f"-p {wanted} has no effect: {why}"
        say = fail if broken else warn
        return say("ignored", says, remedy=take_effect(stack, publication), seen_by="engine", asked_for=wanted)
    says = f"the engine has bound nothing for -p {wanted} of {title}, though its network publishes"
    return fail("not-bound", says, remedy=bind_again(stack, publication), seen_by="engine", asked_for=wanted)
