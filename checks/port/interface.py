"""Does the server listen on the address at which the source's packets arrive?

What is asked
    Of the sockets on the port: to which addresses are they bound, and is one of the addresses at which the source
    reaches the target among them? 127.0.0.1 is another one in every network namespace: a server that listens there
    serves its own container, and the sidecars that share its namespace, and nobody else.

Healthy
    The server listens on all addresses (0.0.0.0, or :: serving both families), or on the one that the source uses.
    A socket bound to :: is dual-stack unless IPV6_V6ONLY is set on it; where nobody could see that, the live
    connection decides.

Sick
    loopback-only: it listens on 127.0.0.1 or ::1 alone. From inside its container it works, so a health check passes;
    a published port accepts and hangs up. It is the default of many development servers.
    other-address: it listens on one address alone, which is that of another network.
    other-family: it listens for IPv6 only and is reached by IPv4, or the other way round.

Remedy
    Bind 0.0.0.0. The finding names the setting: `listen_addresses`, `bind`, `bind-address`, `--host`, `server.address`.
    That opens nothing to the world; only `-p` does.

By hand
    docker exec postgres ss -ltnp                             # Local Address: 127.0.0.1:5432 is loopback only
    docker exec postgres cat /proc/net/tcp                    # 0100007F is 127.0.0.1, 00000000 is 0.0.0.0; 0A listens
    docker exec postgres netstat -ltn
    docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' postgres

See also
    port.listening, port.accepts, publish.listener, address.host
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    HOST,
    AskConnection,
    AskLookup,
    AskSockets,
    Container,
    Finding,
    Link,
    Listener,
    Reason,
    Sockets,
    Stack,
    Unable,
    check,
    fail,
    is_any_address,
    is_loopback,
    passed,
    skip,
    through,
    unknown,
)

from .._listeners import at, seen, serves, who
from .._software import listen_everywhere
from ._reach import arrives_at, port_behind, vouched


@check(
    id="port.interface",
    title="{target} listens where {source} connects",
    reasons=(
        Reason("loopback-only", "the process listens on the container's own loopback only"),
        Reason("other-address", "the process listens on an address that the source does not reach"),
        Reason("other-family", "the process listens for IPv6 only and is reached by IPv4, or the other way round"),
    ),
    needs=(AskSockets, AskLookup, AskConnection),
    after=("container.running", "address"),
    hop="interface",
)
def interface(stack: Stack, link: Link) -> Iterator[Finding]:
    target = stack.target(link)
    if target is None or not target.state.running:
        yield skip(
            f"{stack.title(target)} is not running" if target else f"no container is known behind {link.address}"
        )
        return
    if link.source == HOST and through(stack, link):
        yield skip(f"the host asks for what {stack.title(target)} publishes; see publish.listener")
        return
    sockets = stack.sockets(target)
    if isinstance(sockets, Unable):
        yield passed("the connection was accepted") if vouched(stack, link) else unknown(sockets)
        return
    listeners = sockets.on(port_behind(stack, link, target), link.protocol)
    if not listeners:
        yield skip("nothing listens on the port; see port.listening")
        return
    addresses = arrives_at(stack, link, target)
    served = [serves(x, a) for x in listeners for a in addresses]
    nowhere = not addresses and not all(is_loopback(x.address) for x in listeners)
    if vouched(stack, link) or any(served) or nowhere:
        where = ", ".join(dict.fromkeys(map(at, listeners)))
        yield passed(f"{who(stack.title(target), listeners)} listens on {where}", seen_by=sockets.seen_by)
    elif None in served:
        says = f"whether {at(listeners[0])} of {stack.title(target)} takes IPv4 as well could not be seen"
        yield unknown(Unable(reason=says, would_help="run netdoctor as root on the engine's host"))
    else:
        yield _misplaced(stack, link, target, sockets, listeners, addresses)


def _misplaced(
    stack: Stack,
    link: Link,
    target: Container,
    sockets: Sockets,
    listeners: tuple[Listener, ...],
    addresses: tuple[str, ...],
) -> Finding:
    title, source = stack.title(target), stack.title(stack.source(link))
    where = ", ".join(dict.fromkeys(map(at, listeners)))
    reached = " and ".join(addresses)
    reason = _reason(stack, target, listeners, addresses)
    if reason == "loopback-only":
        says = f"{who(title, listeners)} listens on {where} only, so no other container can connect"
    elif reason == "other-family":
        here, there = ("IPv6", "IPv4") if ":" in listeners[0].address else ("IPv4", "IPv6")
        says = f"{who(title, listeners)} listens on {where} for {here} only, and {source} comes by {there} to {reached}"
    else:
        networks = [e.network for e in stack.endpoints(target) if any(x.address in e.addresses for x in listeners)]
        whose = f", its address on {networks[0]}," if networks else ""
        says = f"{who(title, listeners)} listens on {where}{whose} only, and {source} comes to {reached}"
    return fail(
        reason,
        says,
        remedy=listen_everywhere(stack, link, target, listeners, listeners[0].port),
        seen_by=sockets.seen_by,
        listeners=seen(listeners),
        reached=list(addresses),
    )


def _reason(stack: Stack, target: Container, listeners: tuple[Listener, ...], addresses: tuple[str, ...]) -> str:
    if all(is_loopback(x.address) for x in listeners):
        return "loopback-only"
    six = {":" in a for a in addresses}
    own = {a for e in stack.endpoints(target) for a in e.addresses}
    shared_place = [x for x in listeners if is_any_address(x.address) or x.address in own]
    if shared_place and all((":" in x.address) not in six for x in shared_place):
        return "other-family"
    return "other-address"
