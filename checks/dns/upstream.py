"""Do the name servers for the world outside answer?

What is asked
    Where the source asks for a name outside the stack: what its own resolver says, and what each of the servers says
    to which such names go. On a user-defined network these stand behind the engine's resolver, 127.0.0.11: the ones of
    `--dns`, of daemon.json, or of the host's resolv.conf at the time when the container was started. The engine asks
    them from the container's network namespace, or from the host's.

Healthy
    All of them answer; an error (SERVFAIL, REFUSED) is an answer, which dns.resolves judges. As long as only names of
    the stack are asked for, a dead server outside is nobody's fault: the engine knows those names by itself.

Sick
    server-silent    A server does not answer, or cannot be reached. Engine 20.10 keeps silent then, newer ones say
                     SERVFAIL: `EAI_AGAIN`, "Temporary failure in name resolution". Names of containers still resolve.
                     A warning where another server answered in time: each name still takes seconds longer.
    loopback-server  The server is a loopback address, 127.0.0.53 of the host's systemd-resolved perhaps, which in the
                     container is the container itself, and nothing there answers.

Remedy
    Servers that answer, for the container (`dns:`, `--dns`) or for all of them (daemon.json). A container that was
    started before the host changed its servers needs a restart.

By hand
    docker exec api cat /etc/resolv.conf            # engine 25 and later: `# ExtServers` are those behind 127.0.0.11
    docker inspect --format '{{json .HostConfig.Dns}}' api
    docker exec api nslookup example.com 192.0.2.53
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' api) -n dig @192.0.2.53 example.com

See also
    dns.resolves, network.way-out
    https://docs.docker.com/engine/network/#dns-services
    https://docs.docker.com/engine/daemon/troubleshoot/#dns-resolver-issues
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netdoctor.api import (
    AskLookup,
    AskSockets,
    AskUpstream,
    Finding,
    Link,
    Lookup,
    NameServer,
    Reason,
    Sockets,
    Stack,
    Unable,
    Upstream,
    check,
    fail,
    is_address,
    is_loopback,
    outside,
    passed,
    skip,
    unknown,
    warn,
)

from ._naming import EMBEDDED
from ._servers import choose_servers, resolver_is_alive


@check(
    id="dns.upstream",
    title="{source} resolves names outside the stack",
    reasons=(
        Reason("server-silent", "a name server for the world outside does not answer", time_heals=True),
        Reason("loopback-server", "the name server is a loopback address, where nothing in the container answers"),
    ),
    needs=(AskLookup, AskUpstream, AskSockets),
    after=(
        "address.host",
        "container.running",
        "network.exists",
        "network.shared",
        "network.default-bridge",
        "network.subnet",
        "network.way-out",
        "host.forwarding",
    ),
    hop="name",
    decisive=False,
)
def upstream(stack: Stack, link: Link) -> Iterator[Finding]:
    source = stack.source(link)
    if not source.state.running:
        yield skip(f"{stack.title(source)} is not running, so it resolves nothing")
        return
    lookup = stack.lookup(source, link.address)
    if is_address(link.address.strip("[]")) or not outside(stack, link):
        yield skip(f"{link.address} is not a name outside the stack")
    elif isinstance(lookup, Unable):
        yield unknown(lookup)
    elif lookup.source == "hosts":
        yield passed(f"{link.address} is in /etc/hosts, so no server is asked", seen_by=lookup.seen_by)
    else:
        yield _judged(stack, link, lookup, stack.upstream(source, link.address))


def _judged(stack: Stack, link: Link, lookup: Lookup, told: Upstream | Unable) -> Finding:
    me = stack.title(stack.source(link))
    if isinstance(told, Unable):
        return _unseen(stack, link, lookup, told)
    if not told.servers:
        return skip(f"{me} has no name server: dns.resolves has the answer")
    dead = [s for s in told.servers if not s.answers]
    if not dead or (told.servers[0].answers and lookup.outcome == "found"):
        good = [s for s in told.servers if s.answers]
        return passed(f"the name server {_shown(good[0])} of {me} answers", seen_by=told.seen_by, **_seen(told))
    say = warn if lookup.outcome == "found" else fail
    if len(dead) < len(told.servers):
        others = [s for s in told.servers if s.answers]
        says = f"the name server {_shown(dead[0])} of {me} does not answer; {_shown(others[0])} does, seconds later"
        return _found(stack, link, say, "server-silent", says, told)
    if all(_is_own_loopback(stack, link, s) for s in dead):
        return _found(stack, link, say, "loopback-server", _itself(me, dead[0].address), told)
    if dead[0].host_hears and not dead[0].from_host and not is_loopback(dead[0].address):
        says = (
            f"the name server {dead[0].address} answers the host, and not {me}: its questions get lost between the two"
        )
        return _found(stack, link, say, "server-silent", says, told)
    says = f"the name server{'s' if len(dead) > 1 else ''} {' and '.join(map(_shown, dead))} of {me} "
    says += "do not answer" if len(dead) > 1 else "does not answer"
    if new := [s for s in told.host_servers if s.answers]:
        says += f"; the host asks {new[0].address}, which does"
    return _found(stack, link, say, "server-silent", says, told)


def _unseen(stack: Stack, link: Link, lookup: Lookup, why: Unable) -> Finding:
    """The servers could not be asked one by one, and what the container's own resolver says has to do."""
    source, owner = stack.source(link), stack.namespace_owner(stack.source(link))
    me, behind = stack.title(source), EMBEDDED in lookup.servers
    if lookup.outcome in ("found", "unknown", "empty"):
        return passed(f"the name servers of {me} answer", seen_by=lookup.seen_by, outcome=lookup.outcome)
    if not behind and lookup.servers and all(map(is_loopback, lookup.servers)):
        return _found(stack, link, fail, "loopback-server", _itself(me, lookup.servers[0]), lookup)
    one_by_one = behind or len(lookup.servers) == 1 or lookup.server  # else the tool may not have come to the second
    if lookup.outcome == "silent" and one_by_one and (not behind or resolver_is_alive(stack, source)):
        own = owner.dns if behind else lookup.servers
        servers = " and ".join(own) or "behind the engine's resolver"
        reason = "loopback-server" if own and all(map(is_loopback, own)) else "server-silent"
        says = f"the name servers {servers} of {me} do not answer"
        says += f", and {EMBEDDED} knows the names of containers" if behind else ""
        return _found(stack, link, fail, reason, says, lookup)
    return unknown(why)


def _is_own_loopback(stack: Stack, link: Link, server: NameServer) -> bool:
    """Whether the server is asked at the container's own loopback, and nobody serves names there."""
    if server.from_host or not is_loopback(server.address):
        return False
    sockets = stack.sockets(stack.source(link))
    return not isinstance(sockets, Sockets) or not sockets.on(53, "udp")


def _itself(me: str, server: str) -> str:
    return f"the name server {server} of {me} is {me} itself, where nothing answers names"


def _shown(server: NameServer) -> str:
    return f"{server.address} (asked from the host)" if server.from_host else server.address


def _found(
    stack: Stack, link: Link, say: Callable[..., Finding], reason: str, says: str, told: Upstream | Lookup
) -> Finding:
    remedy = choose_servers(stack, link, told)
    return say(reason, says, remedy=remedy, seen_by=told.seen_by, **_seen(told))


def _seen(told: Upstream | Lookup) -> dict[str, object]:
    if isinstance(told, Lookup):
        return {"servers": list(told.servers), "outcome": told.outcome, "rcode": told.rcode}
    servers = [{"address": s.address, "outcome": s.outcome, "rcode": s.rcode} for s in told.servers]
    return {"servers": servers, "known_from": told.known_from}
