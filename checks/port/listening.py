"""Does anything listen on the port at all?

What is asked
    Which sockets are open in the network namespace of the target, and is one of them on the port that the source asks
    for? Sockets of every container in a shared namespace count; the engine's own resolver (127.0.0.11) does not.
    What the image EXPOSEs plays no part: it is a note, not a socket.

Healthy
    A process listens on the port, whatever the address: `port.interface` judges that.

Sick
    nothing-listens: no process has the port open, nor any other one. The server failed, waits for something, or is
    still starting: it says so in its log, and waiting may be all that is needed.
    other-port: the server listens, on another port than the one asked for.
    other-protocol: the port is open for UDP and TCP is asked for, or the other way round.
    unix-socket-only: the server serves a Unix socket and no network (`listen_addresses = ''`, `skip-networking`). The
    images of databases do this while they initialise.

Remedy
    Ask for the port that is open; have the server open the one that is asked for; or wait for it with a health check
    and `depends_on: condition: service_healthy`.

By hand
    docker logs --tail 50 postgres
    docker exec postgres cat /proc/net/tcp /proc/net/tcp6     # state 0A listens; the port is the hexadecimal number
    docker exec postgres ss -ltnp                             # where the image has it

See also
    port.interface, port.accepts, address.port, container.healthy
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from netdoctor.api import (
    HOST,
    AskConnection,
    AskSockets,
    Container,
    Finding,
    Link,
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
    through,
    unknown,
)

from .._listeners import at, ready_soon, seen, who
from .._software import listen_everywhere
from ._reach import port_behind, vouched
from ._remedies import ask_for_port, get_ready, other_protocol


@check(
    id="port.listening",
    title="{target} listens on {port}",
    reasons=(
        Reason("nothing-listens", "no process listens on any port", time_heals=True),
        Reason("other-port", "the process listens on another port", time_heals=True),
        Reason("other-protocol", "the port is open for UDP instead of TCP, or the other way round"),
        Reason("unix-socket-only", "the process serves only a Unix socket", time_heals=True),
    ),
    needs=(AskSockets, AskConnection),
    after=("container.running", "address"),
    hop="listener",
)
def listening(stack: Stack, link: Link) -> Iterator[Finding]:
    target = stack.target(link)
    if target is None:
        yield skip(f"no container of this stack is known to stand behind {link.address}")
        return
    title = stack.title(target)
    if not target.state.running:
        yield skip(f"{title} is not running, so it listens nowhere")
        return
    if link.source == HOST and through(stack, link):
        yield skip(f"the host asks for what {title} publishes; see publish.listener")
        return
    port = port_behind(stack, link, target)
    sockets = stack.sockets(target)
    if isinstance(sockets, Unable):
        yield passed("the connection was accepted") if vouched(stack, link) else unknown(sockets)
    elif found := sockets.on(port, link.protocol):
        where = ", ".join(map(at, found))
        yield passed(f"{who(title, found)} listens on {where}", seen_by=sockets.seen_by, listeners=seen(found))
    elif vouched(stack, link):
        yield passed(f"no socket of {title} is on {port}/{link.protocol}, and the connection was accepted all the same")
    else:
        yield _absent(stack, link, target, sockets, port)


def _absent(stack: Stack, link: Link, target: Container, sockets: Sockets, port: int) -> Finding:
    def failed(reason: str, says: str, remedy: Remedy) -> Finding:
        listeners = seen(sockets.listeners)
        return fail(reason, says, remedy=remedy, seen_by=sockets.seen_by, listeners=listeners, unix=list(sockets.unix))

    title = stack.title(target)
    asked = f"{port}/{link.protocol}"
    soon = ready_soon(stack, target)
    same_port = [x for x in sockets.listeners if x.port == port]
    elsewhere = [x for x in sockets.listeners if x.protocol == link.protocol]
    elsewhere.sort(key=lambda x: is_loopback(x.address))
    if same_port:
        other = same_port[0].protocol
        says = f"{who(title, same_port)} has {port} open for {other.upper()}, and {link.protocol.upper()} is asked for"
        return failed("other-protocol", says, other_protocol(stack, link, other))
    if paths := _server_paths(sockets.unix, port, bool(elsewhere)):
        says = f"{title} serves the Unix socket {paths[0]} only, so nothing listens on {asked}"
        says += "; it was just started and may still be initialising" if soon else ""
        remedy = listen_everywhere(stack, link, target, sockets.listeners, port)
        return failed("unix-socket-only", says, remedy)
    if elsewhere:
        ports = list(dict.fromkeys(x.port for x in elsewhere))
        shown = ", ".join(map(str, ports[:5])) + (", ..." if len(ports) > 5 else "")
        remedy = ask_for_port(stack, link, target, ports[0])
        return failed("other-port", f"{who(title, elsewhere[:5])} listens on {shown}, not on {asked}", remedy)
    says = f"nothing listens in {title}: neither on {asked} nor on any other {link.protocol.upper()} port"
    says += "; it was just started and may still be getting ready" if soon else ""
    return failed("nothing-listens", says, get_ready(stack, link, target, soon))


def _server_paths(paths: tuple[str, ...], port: int, serves_network: bool) -> list[str]:
    """The Unix sockets that stand for this port, or for the whole server where it has no network socket at all."""
    named = [p for p in paths if PurePosixPath(p).name == f".s.PGSQL.{port}"]
    known = [p for p in paths if PurePosixPath(p).name.startswith(".s.PGSQL.") or p.endswith((".sock", ".socket"))]
    return named or ([] if serves_network else known)
