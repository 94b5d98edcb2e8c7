"""Does the address that the source has been told mean the target at all?

What is asked
    The address as it stands in the environment, the command or the typed TARGET: is it one by which this container can
    reach the target, today and after the next restart? Whether a name resolves is judged by the family `dns`.

Healthy
    A name of the target; an address fixed with `--ip`; a host outside; localhost where the source itself, or a sidecar
    in its network namespace, answers there. PUBLIC_URL, CORS_ORIGIN and LISTEN_ADDR are no addresses to connect to.

Sick
    localhost: in a container, localhost is the container itself, and nothing in it listens on the port. A warning where
    a browser may be meant: a web address on a port that the target publishes.
    any-address: 0.0.0.0 is where a server listens; as a destination it is the container itself.
    stale-address: an IP address that is not the target's now. The engine gives addresses out in the order of starting.
    fixed-address: an IP address that is right today, and another's after a restart (a warning).
    engine-host-name: host.docker.internal, which this engine does not define unless it is told to.
    host-loopback: the host is asked, and there the service listens on 127.0.0.1 alone.
    browser-address: a variable that ends up in a browser (VITE_, NEXT_PUBLIC_, ...) names a service of the stack, which
    only containers can resolve (a warning).
    not-a-host-name: an underscore, say: resolvers take it, many HTTP clients and servers do not (a warning).

Remedy
    Write the name of the container, or of its Compose service, and the port inside: `postgres:5432`.

By hand
    docker exec api env | grep -i -e url -e host
    docker exec api getent hosts postgres
    docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' postgres
    docker exec api cat /etc/hosts                  # host.docker.internal, if it is defined
    ss -ltn                                         # on the host: where its services listen

See also
    address.port, dns.resolves, dns.answer, port.interface
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskLookup,
    AskSockets,
    Container,
    Finding,
    Link,
    Reason,
    Stack,
    Unable,
    check,
    fail,
    in_subnets,
    is_address,
    is_any_address,
    is_loopback,
    means_host,
    passed,
    skip,
    unknown,
    warn,
)

from .._rewriting import by_name
from ._host_side import judge_host
from ._spelling import judge_name, told_to_browsers


@check(
    id="address.host",
    title="{source} asks for an address that means {target}",
    reasons=(
        Reason("localhost", "localhost is the container itself"),
        Reason("any-address", "0.0.0.0 is for listening; as a destination it is the container itself"),
        Reason("stale-address", "the IP address is not, or not any more, the target's"),
        Reason("fixed-address", "the IP address is the target's until the next restart"),
        Reason("engine-host-name", "this engine does not define the name of its host"),
        Reason("host-loopback", "the host's service listens on the host's 127.0.0.1 only"),
        Reason("browser-address", "a browser is told a name that only containers know"),
        Reason("not-a-host-name", "the name has a character that clients refuse"),
    ),
    needs=(AskConnection, AskLookup, AskSockets),
    after=("network.subnet",),
    hop="name",
)
def host(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    if means_host(stack, source, link.address):
        yield judge_host(stack, link, source, target)
    elif is_loopback(link.address) or is_any_address(link.address):
        yield _itself(stack, link, source, target)
    elif is_address(link.address):
        yield _literal(stack, link, target)
    else:
        yield judge_name(stack, link, target)
    if target is not None:
        yield from told_to_browsers(stack, link, source, target)


def _itself(stack: Stack, link: Link, source: Container, target: Container | None) -> Finding:
    """localhost and 0.0.0.0: right only where the source's own namespace answers."""
    me, sockets, works = stack.title(source), stack.sockets(source), stack.works(link)
    if target is not None and stack.same_namespace(source, target):
        return passed(f"{me} and {stack.title(target)} share a network namespace, so {link.address} is both")
    if works or (not isinstance(sockets, Unable) and sockets.on(link.port, link.protocol)):
        return passed(f"{me} itself answers on {link.address}:{link.port}")
    if works is None and isinstance(sockets, Unable) and _may_serve(stack, link, source):
        return unknown(sockets)
    says = f"{link.address} is {me} itself, and nothing in {me} listens on {link.port}"
    if target is not None:
        says += f"; {stack.title(target)} is another container"
    reason = "any-address" if is_any_address(link.address) else "localhost"
    remedy = by_name(stack, link, target)
    seen_by = stack.connection(link).seen_by or sockets.seen_by
    evidence = {"address": link.address, "port": link.port, "known_from": link.known_from}
    return fail(reason, says, remedy=remedy, seen_by=seen_by, **evidence)


def _may_serve(stack: Stack, link: Link, source: Container) -> bool:
    """Whether the source, or a sidecar in its namespace, may listen on the port, as far as the configuration tells."""
    if is_any_address(link.address) and link.scheme in ("", "http", "https"):
        return True  # may as well be where it listens itself
    if not link.target:
        return True  # nobody else serves the port, so it may be inside
    sharing = [c for c in stack.inhabitants(source) if c.state.running]
    return any((link.port, link.protocol) in c.exposed or (c.id != source.id and not c.exposed) for c in sharing)


def _literal(stack: Stack, link: Link, target: Container | None) -> Finding:
    """An IP address of another machine or container."""
    address, works, holder = link.address.strip("[]"), stack.works(link), stack.holder(link.address)
    connection = stack.connection(link)
    seen_by = connection.seen_by
    title = stack.title(target) if target is not None else "the target"
    owner = stack.namespace_owner(target) if target is not None else None
    place = next((e for e in owner.endpoints if address in e.addresses), None) if owner is not None else None
    service = stack.service_at(address) if holder is None else None
    if service is not None and service.virtual_address == address:
        return passed(f"{address} is the virtual address of the service {service.name}, which it keeps")
    if place is not None and place.fixed_address == address:
        return passed(f"{address} is {title}, fixed with --ip on {place.network}")
    if place is not None:
        says = f"{address} is {title} today; after a restart it can be another container's"
        return warn("fixed-address", says, remedy=by_name(stack, link, target), address=address, network=place.network)
    if not in_subnets(stack, address):
        return passed(f"{address} is outside the networks of this engine")
    if holder is None and target is not None and not target.state.running:
        return skip(f"{title} is not running, so no address is its own")
    who = f"{stack.title(holder)}'s" if holder is not None else "nobody's"
    if works and (holder is None or target is None):
        return passed(f"{address} answers")
    if works is None and holder is not None and (link.port, link.protocol) in holder.exposed:
        return unknown(connection if isinstance(connection, Unable) else f"{address} is {who}, which may be meant")
    attempt = None if isinstance(connection, Unable) else connection.last
    if holder is None and attempt is not None and attempt.neighbour == "complete":
        return passed(f"a machine that is no container of this engine has {address}")
    now = list(owner.addresses) if owner is not None else []
    says = f"{address} is {who} now; {title} is {' and '.join(now)}" if now else f"{address} is {who} now"
    say = warn if works else fail
    remedy = by_name(stack, link, target)
    return say(
        "stale-address", says, remedy=remedy, seen_by=seen_by, address=address, holder=holder and holder.name, now=now
    )
