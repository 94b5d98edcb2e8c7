"""Does anything listen behind a published port?

What is asked
    The sockets in the container's network namespace, on the port inside that is published (the last number of
    `-p 8080:80`), at the address that the engine hands connections on to. The host's side proves nothing: the engine's
    proxy accepts every connection, and hangs up when nobody stands behind it (`Connection reset by peer`, `Empty reply
    from server`).

Healthy
    A process listens there, of the container or of a sidecar that shares its namespace. A port that is published to
    spare, of a container whose other published ports are served, is a warning until somebody asks for it.

Sick
    nothing-behind: no process of the container listens at all: it failed, waits for something, or is still starting.
    other-port: it listens, on another port than the published one; or the mapping is the wrong way round: -p 80:8080
    leads to 8080 inside.
    loopback-behind: it listens on the container's own 127.0.0.1 or ::1, which connections from the host never reach.
    other-protocol: it serves UDP, and -p 53:53 publishes TCP: 53:53/udp is another publication.
    other-address: it listens on one address alone, and the engine hands connections to that of another network.
    other-family: IPv6 connections are handed to the container's IPv6 address, and it listens for IPv4 only. localhost
    is ::1 first, so `curl localhost:8080` is reset where `curl 127.0.0.1:8080` works.

Remedy
    Publish the port that is served, or have the server listen on all addresses (0.0.0.0) inside: that alone opens
    nothing to the world.

By hand
    docker port api                                           # 80/tcp -> 0.0.0.0:8080: 80 is inside
    docker exec api ss -ltn                                   # or: docker exec api cat /proc/net/tcp
    curl -v http://127.0.0.1:8080/                            # on the host
    curl -v http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' api):80/

See also
    publish.bound, port.listening, port.interface
    https://docs.docker.com/engine/network/port-publishing/
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskNamespace,
    AskSockets,
    Finding,
    Listener,
    Publication,
    Reason,
    Remedy,
    Sockets,
    Stack,
    Unable,
    check,
    fail,
    is_loopback,
    passed,
    skip,
    unknown,
    warn,
)

from .._listeners import at, ready_soon, seen, who
from .._publishing import arrives_at, option
from ._behind import answers, in_words, is_asked, is_reached, is_served
from ._remedies import listen_outside, publish_instead, publish_other_protocol, read_log, swap


@check(
    id="publish.listener",
    title="something listens behind {port}",
    reasons=(
        Reason("nothing-behind", "no process listens in the container", time_heals=True),
        Reason("other-port", "the process listens on another port than the published one", time_heals=True),
        Reason("loopback-behind", "it listens on the container's loopback only"),
        Reason("other-protocol", "it serves UDP and TCP is published, or the other way round"),
        Reason("other-address", "it listens on an address that the publication does not lead to"),
        Reason("other-family", "IPv6 leads to an address that is served by IPv4 alone, or the other way round"),
    ),
    needs=(AskSockets, AskConnection, AskNamespace),
    after=("container.running", "port.listening", "port.interface"),
    hop="listener",
)
def listener(stack: Stack, publication: Publication) -> Iterator[Finding]:
    owner = stack.owner(publication)
    title = stack.title(owner)
    done = stack.done(publication)
    if not owner.state.running:
        yield skip(f"{title} is not running, so nothing listens behind {in_words(publication)}")
        return
    if not done:
        yield skip(f"the engine has bound nothing for {in_words(publication)}; see publish.bound")
        return
    sockets = stack.sockets(owner)
    if isinstance(sockets, Unable):
        proved = any(answers(stack, p) for p in done) or is_reached(stack, publication)
        yield passed(f"{title} answers behind {in_words(publication)}") if proved else unknown(sockets)
    elif found := sockets.on(publication.container_port, publication.protocol):
        yield _there(stack, publication, done, sockets, found)
    elif any(answers(stack, p) for p in done):
        yield passed(f"{title} answers, though no socket of it is on {publication.container_port}")
    else:
        yield _absent(stack, publication, sockets)


def _there(
    stack: Stack,
    publication: Publication,
    done: tuple[Publication, ...],
    sockets: Sockets,
    found: tuple[Listener, ...],
) -> Finding:
    """It listens on the port: also where the connections arrive?"""
    title, where = stack.title(stack.owner(publication)), ", ".join(dict.fromkeys(map(at, found)))
    served = {p: answers(stack, p) or is_served(stack, p, sockets) for p in done}
    deaf = tuple(p for p, is_heard in served.items() if is_heard is False)
    if not deaf and None in served.values():
        says = f"whether {where} of {title} serves what arrives could not be seen"
        return unknown(Unable(reason=says, would_help="run netdoctor as root on the engine's host"))
    if not deaf:
        return passed(f"{who(title, found)} listens on {where}", seen_by=sockets.seen_by, listeners=seen(found))
    reached = " and ".join(dict.fromkeys(a for p in deaf for a in arrives_at(stack, p)))
    me, port = who(title, found), in_words(publication)
    if all(is_loopback(x.address) for x in found):
        reason, says = "loopback-behind", f"{me} listens on {where} only, which connections to {port} never reach"
    elif len(deaf) < len(done) or all((":" in x.address) != (":" in reached) for x in found):
        here, there = ("IPv4", "IPv6") if ":" in reached else ("IPv6", "IPv4")
        reason, says = "other-family", f"{me} listens on {where} for {here} only, and {port} leads {there} to {reached}"
    else:
        networks = [e.network for e in stack.owner(publication).endpoints if found[0].address in e.addresses]
        whose = f", its address on {networks[0]}," if networks else ""
        says = f"{me} listens on {where}{whose} only, and connections to {port} arrive at {reached}"
        reason = "other-address"
    say = fail if is_asked(stack, publication, deaf) or not _has_another(stack, publication, deaf, sockets) else warn
    remedy = listen_outside(stack, publication, found)
    return say(reason, says, remedy=remedy, seen_by=sockets.seen_by, listeners=seen(found), arrives_at=reached)


def _absent(stack: Stack, publication: Publication, sockets: Sockets) -> Finding:
    """It does not listen on the port: where else?"""
    title, port = stack.title(stack.owner(publication)), publication.container_port
    spare = not is_asked(stack, publication) and _has_another(stack, publication, stack.done(publication), sockets)

    def sick(reason: str, says: str, remedy: Remedy) -> Finding:
        say = warn if spare else fail
        return say(reason, says, remedy=remedy, seen_by=sockets.seen_by, listeners=seen(sockets.listeners))

    same_port = [x for x in sockets.listeners if x.port == port]
    elsewhere = [x for x in sockets.listeners if x.protocol == publication.protocol and not is_loopback(x.address)]
    elsewhere = elsewhere or [x for x in sockets.listeners if x.protocol == publication.protocol]
    if same_port:
        other = same_port[0].protocol
        says = f"{who(title, same_port)} serves {port}/{other}, and {port}/{publication.protocol} is published"
        return sick("other-protocol", says, publish_other_protocol(stack, publication, other))
    if any(x.port == publication.host_port for x in elsewhere):
        says = f"the mapping is the wrong way round: {option(publication)} leads to {port} inside, "
        says += f"and {who(title, elsewhere)} listens on {publication.host_port}"
        return sick("other-port", says, swap(stack, publication))
    if elsewhere:
        ports = list(dict.fromkeys(x.port for x in elsewhere))
        shown = ", ".join(map(str, ports[:5])) + (", ..." if len(ports) > 5 else "")
        says = f"{who(title, elsewhere[:5])} listens on {shown}, and {option(publication)} leads to {port} inside"
        return sick("other-port", says, publish_instead(stack, publication, ports))
    soon = ready_soon(stack, stack.owner(publication))
    says = f"nothing listens in {title} behind {in_words(publication)}"
    says += "; it was just started and may still be getting ready" if soon else ""
    return sick("nothing-behind", says, read_log(stack, publication))


def _has_another(stack: Stack, publication: Publication, deaf: tuple[Publication, ...], sockets: Sockets) -> bool:
    """Whether the container is served by another way: of the same publication, or by another one of its own."""
    ways = [p for p in stack.owner(publication).published if p not in deaf]
    return any(is_served(stack, p, sockets) for p in ways if sockets.on(p.container_port, p.protocol))
