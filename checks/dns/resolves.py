"""Does the source's own resolver know the name?

What is asked
    What getaddrinfo would tell the source: its /etc/hosts, then the servers of its /etc/resolv.conf with its search
    list and ndots. On a user-defined network the server is the engine's own, 127.0.0.11, which knows the running
    containers of the source's networks by name, alias, host name and short ID, and hands everything else on to the
    host's servers.

Healthy
    The name has an address; dns.answer says whether it is the right one. Literal addresses and localhost need none.

Sick
    unknown-name: nobody on the source's networks bears it. A typo, the name of the image, the separators of Compose v1
    (`shop_db_1`), an alias of another network, an alias that a manual `network connect` lost. Stopped containers have
    no names: then the container is the cause. With an unreachable upstream the engine's resolver keeps silent about
    unknown names, or says SERVFAIL (`EAI_AGAIN`, "Temporary failure in name resolution"): it is the same fault.
    server-failed: the server answered SERVFAIL or REFUSED; one behind the engine's resolver is named.
    server-silent: the server did not answer in time. dns.upstream names a dead one for the world outside.
    no-server: the container has no name server, or none that packets reach: the rules that lead to 127.0.0.11 can be
    flushed inside a container (`iptables -t nat -F`).

Remedy
    Ask for the name that the container has, or give it the one that is asked for: an alias.

By hand
    docker exec api getent hosts postgres
    docker exec api cat /etc/resolv.conf /etc/hosts
    docker inspect --format '{{json .NetworkSettings.Networks}}' postgres
    docker network inspect app-net --format '{{range .Containers}}{{println .Name}}{{end}}'

See also
    dns.answer, network.shared, network.default-bridge, container.running, address.host
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskLogs,
    AskLookup,
    AskUpstream,
    Finding,
    Link,
    Lookup,
    Reason,
    Remedy,
    Stack,
    Unable,
    Upstream,
    check,
    could_not_resolve,
    fail,
    is_address,
    is_loopback,
    passed,
    skip,
    unknown,
)

from ._naming import EMBEDDED, HOST_NAMES, bearers_here, guess, is_single_label, is_stack_name, named_networks
from ._remedies import ask_the_engine, define_host, list_names, mend_server, rename


@check(
    id="dns.resolves",
    title="{source} resolves the name {address}",
    reasons=(
        Reason("unknown-name", "nobody on the source's networks bears the name", time_heals=True),
        Reason("server-failed", "the name server answers SERVFAIL or REFUSED", time_heals=True),
        Reason("server-silent", "the name server does not answer", time_heals=True),
        Reason("no-server", "the container has no usable name server"),
    ),
    needs=(AskLookup, AskLogs, AskUpstream),
    after=(
        "address.host",
        "container.running",
        "network.exists",
        "network.shared",
        "network.default-bridge",
        "network.subnet",
        "network.way-out",
        "dns.upstream",
    ),
    hop="name",
)
def resolves(stack: Stack, link: Link) -> Iterator[Finding]:
    source = stack.source(link)
    if is_address(link.address.strip("[]")) or is_loopback(link.address):
        yield skip(f"{link.address} is no name that has to be looked up")
        return
    if source.state.status != "running":
        yield _by_its_log(stack, link)
        return
    lookup = stack.lookup(source, link.address)
    if isinstance(lookup, Unable):
        yield unknown(lookup)
    elif lookup.outcome == "found":
        says = f"{link.address} is {' and '.join(lookup.addresses)} for {stack.title(source)}"
        yield passed(says, seen_by=lookup.seen_by, source=lookup.source, server=lookup.server, hosts=list(lookup.hosts))
    else:
        yield _unresolved(stack, link, lookup)


def _by_its_log(stack: Stack, link: Link) -> Finding:
    """Of a container that has ended, over a name perhaps that nobody bears."""
    source = stack.source(link)
    if could_not_resolve(stack, source, link.address) and not bearers_here(stack, source, link.address):
        told = Lookup(outcome="unknown", seen_by="engine")
        if is_single_label(link.address) or is_stack_name(stack, link.address):
            return _unknown_name(stack, link, told)
    return skip(f"{stack.title(source)} is not running, so it resolves nothing")


def _unresolved(stack: Stack, link: Link, lookup: Lookup) -> Finding:
    source, name = stack.title(stack.source(link)), link.address
    server = lookup.server or ", ".join(lookup.servers)
    known = bearers_here(stack, stack.source(link), name)
    # The engine's resolver hands a name that it does not know on: what its upstream then does is not the fault.
    handed_on = bool(named_networks(stack, stack.source(link))) and server in ("", EMBEDDED)
    nobodys = not known and (is_single_label(name) or is_stack_name(stack, name))
    if known and lookup.outcome in ("unknown", "empty"):
        says = f"{name} is a name of {stack.title(known[0])}, but {source} asks {server}, which does not know it"
        return _failed(lookup, "unknown-name", says, ask_the_engine(stack, link))
    if lookup.outcome in ("unknown", "empty") or (nobodys and (handed_on or lookup.outcome == "unresolved")):
        return _unknown_name(stack, link, lookup)
    if lookup.outcome == "silent" and not lookup.server and len(lookup.servers) > 1:
        says = f"{server} did not answer {source} for {name} in time, of which the second may only have come too late"
        return unknown(Unable(reason=says, would_help="run netdoctor as root on the engine's host"))
    if lookup.outcome == "unresolved":
        says = f"{name} does not resolve in {source}, and the tools of its image do not tell why"
        return unknown(Unable(reason=says, would_help="run netdoctor as root on the engine's host"))
    if lookup.outcome == "no-server" and EMBEDDED in lookup.servers:
        says = f"{source} cannot reach the engine's resolver {EMBEDDED}: the rules that lead there are lost"
        return _failed(lookup, "no-server", says, mend_server(stack, link, EMBEDDED, known=True))
    if lookup.outcome == "no-server":
        says = f"{source} has no name server that can be asked" + (f": {server} cannot be reached" if server else "")
        return _failed(lookup, "no-server", says, ask_the_engine(stack, link))
    upstream = stack.upstream(stack.source(link), name)
    if handed_on and not known and isinstance(upstream, Unable) and lookup.outcome == "failed":
        # Newer engines say SERVFAIL for a server behind them that is dead as well.
        return unknown(upstream)
    failing = next((s for s in upstream.servers if s.rcode), None) if isinstance(upstream, Upstream) else None
    server = f"{failing.address} behind {server}" if failing is not None and server == EMBEDDED else server
    remedy = mend_server(stack, link, server, known=bool(known) and server == EMBEDDED)
    if lookup.outcome == "failed":
        says = f"the name server {server} of {source} answers {lookup.rcode or 'with an error'} for {name}"
        return _failed(lookup, "server-failed", says, remedy)
    return _failed(lookup, "server-silent", f"the name server {server} of {source} does not answer for {name}", remedy)


def _unknown_name(stack: Stack, link: Link, lookup: Lookup) -> Finding:
    source, name = stack.source(link), link.address
    networks = tuple(e.network for e in named_networks(stack, source))
    where = f"nobody on {' or '.join(networks)}" if networks else f"nobody that {stack.title(source)} can ask about"
    if name.lower() in HOST_NAMES:
        says = f"this engine does not define {name} in {stack.title(source)}"
        return _failed(lookup, "unknown-name", says, define_host(stack, link))
    if not is_single_label(name) and not is_stack_name(stack, name):
        says = f"no name server knows {name}; {stack.title(source)} asked {lookup.server or 'its servers'}"
        return _failed(lookup, "unknown-name", says, list_names(stack, link, networks))
    guessed = guess(stack, link)
    if guessed is None:
        return _failed(lookup, "unknown-name", f"{where} is called {name}", list_names(stack, link, networks))
    return _failed(lookup, "unknown-name", f"{where} is called {name}: {guessed.why}", rename(stack, link, guessed))


def _failed(lookup: Lookup, reason: str, says: str, remedy: Remedy) -> Finding:
    return fail(
        reason,
        says,
        remedy=remedy,
        seen_by=lookup.seen_by,
        outcome=lookup.outcome,
        rcode=lookup.rcode,
        asked=lookup.asked,
        servers=list(lookup.servers),
        search=list(lookup.search),
        ndots=lookup.ndots,
    )
