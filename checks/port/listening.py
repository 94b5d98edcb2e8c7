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
    AskConnection,
    AskSockets,
    Container,
    Finding,
    Link,
    Listener,
    Reason,
    Remedy,
    Sockets,
    Stack,
    Unable,
    check,
    fail,
    passed,
    skip,
    unknown,
)

from .reach import at, port_behind, ready_soon, seen, verify, who


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
    port = port_behind(stack, link, target)
    sockets = stack.sockets(target)
    if isinstance(sockets, Unable):
        yield passed("the connection was accepted") if stack.works(link) else unknown(sockets)
    elif found := sockets.on(port, link.protocol):
        yield passed(
            f"{who(title, found)} listens on {', '.join(map(at, found))}", seen_by=sockets.seen_by, listeners=seen(found)
        )
    elif stack.works(link):
        yield passed(f"no socket of {title} is on {port}/{link.protocol}, and the connection was accepted all the same")
    else:
        yield _absent(stack, link, target, sockets, port)


def _absent(stack: Stack, link: Link, target: Container, sockets: Sockets, port: int) -> Finding:
    title = stack.title(target)
    asked = f"{port}/{link.protocol}"
    evidence = {"seen_by": sockets.seen_by, "listeners": seen(sockets.listeners), "unix": list(sockets.unix)}
    soon = ready_soon(stack, target)
    same_port = [x for x in sockets.listeners if x.port == port]
    elsewhere = [x for x in sockets.listeners if x.protocol == link.protocol]
    paths = _server_paths(sockets.unix, port, bool(elsewhere))
    if same_port:
        other = same_port[0].protocol
        says = f"{who(title, same_port)} has {port} open for {other.upper()}, and {link.protocol.upper()} is asked for"
        remedy = Remedy(
            says=f"let {stack.title(stack.source(link))} use {other.upper()}, or the server {link.protocol.upper()}",
            run=(_where_told(stack, link),),
            verify=(f"{verify(stack, link).removesuffix('/udp')}{'/udp' if other == 'udp' else ''}",),
        )
        return fail("other-protocol", says, remedy=remedy, **evidence)
    if paths:
        says = f"{title} serves the Unix socket {paths[0]} only, and nothing listens on {asked}"
        says += "; it was just started and may still be initialising" if soon else ""
        return fail("unix-socket-only", says, remedy=_open_network(stack, link, target, paths[0]), **evidence)
    if elsewhere:
        ports = sorted({x.port for x in elsewhere})
        shown = ", ".join(map(str, ports[:5])) + (", ..." if len(ports) > 5 else "")
        says = f"{who(title, elsewhere[:5])} listens on {shown}, not on {asked}"
        return fail("other-port", says, remedy=_ask_for(stack, link, target, elsewhere), **evidence)
    says = f"nothing listens in {title}, neither on {asked} nor on another port"
    says += "; it was just started and may still be getting ready" if soon else ""
    return fail("nothing-listens", says, remedy=_get_ready(stack, link, target, soon), **evidence)


def _server_paths(paths: tuple[str, ...], port: int, serves_network: bool) -> list[str]:
    """The Unix sockets that stand for this port, or for the whole server where it has no network socket at all."""
    named = [p for p in paths if PurePosixPath(p).name == f".s.PGSQL.{port}"]
    known = [p for p in paths if PurePosixPath(p).name.startswith(".s.PGSQL.") or p.endswith((".sock", ".socket"))]
    return named or ([] if serves_network else known)


def _ask_for(stack: Stack, link: Link, target: Container, elsewhere: list[Listener]) -> Remedy:
    source = stack.source(link)
    open_to_all = [x for x in elsewhere if not x.address.startswith("127.") and x.address != "::1"] or elsewhere
    right = open_to_all[0].port
    variable = link.known_from.split()[1] if link.known_from.startswith("environment ") else ""
    value = source.variable(variable) if variable else None
    compose = None
    if source.project and value is not None and str(link.port) in value:
        compose = f"services:\n  {source.service}:\n    environment:\n      {variable}: {_quoted(value.replace(str(link.port), str(right)))}"
    return Remedy(
        says=f"ask for port {right} instead of {link.port}, or have {stack.title(target)} listen on {link.port}",
        run=() if compose else (_where_told(stack, link), f"docker logs --tail 50 {target.name}"),
        compose=compose,
        verify=(verify(stack, link, port=right),),
    )


def _open_network(stack: Stack, link: Link, target: Container, path: str) -> Remedy:
    setting = "`listen_addresses = '*'` (PostgreSQL)" if ".s.PGSQL." in path else "a network address"
    if "mysql" in path or "maria" in path:
        setting = "no `skip-networking`, and `bind-address = 0.0.0.0` (MySQL, MariaDB)"
    if "redis" in path:
        setting = f"`port {link.port}` (Redis)"
    return Remedy(
        says=f"give the server {setting}, or wait until it has initialised",
        run=(f"docker inspect --format '{{{{json .Path}}}} {{{{json .Args}}}}' {target.name}", f"docker logs --tail 50 {target.name}"),
        verify=(verify(stack, link),),
    )


def _get_ready(stack: Stack, link: Link, target: Container, soon: bool) -> Remedy:
    compose = None
    source = stack.source(link)
    if soon and target.service and source.service and target.project == source.project:
        condition = f"{target.service}:\n        condition: service_healthy"
        compose = f"services:\n  {source.service}:\n    depends_on:\n      {condition}"
    return Remedy(
        says="wait for it (netdoctor --wait 60s), and have its health check say when it is ready"
        if soon
        else "its log says what it waits for or why it failed",
        run=(f"docker logs --tail 50 {target.name}",),
        compose=compose,
        verify=(verify(stack, link),),
    )


def _where_told(stack: Stack, link: Link) -> str:
    return f"docker inspect --format '{{{{json .Config.Env}}}} {{{{json .Args}}}}' {stack.source(link).name}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
