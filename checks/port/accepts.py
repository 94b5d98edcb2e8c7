"""Does a connection from the source come about, and does somebody take it?

What is asked
    A socket is opened inside the source's network namespace and connected to the address as the source writes it. What
    came of it, what happened in the moment after, and whether the process took the connection out of its accept queue
    (the kernel completes handshakes for a process that is stopped or hung, so a connect alone proves nothing). If the
    target is outside of the stack, the host tries as well: what it cannot reach either is not this engine's fault.

Healthy
    The connection is accepted and stays open. When the other side speaks its protocol, even to refuse a password, the
    network is well, and what is wrong is the application's. UDP has no handshake: silence proves nothing.

Sick
    refused: refused, though a process listens there: a rule with REJECT answers in its name.
    timed-out: nothing came back: a rule drops the packets.
    unreachable: no route, or nobody has the address; a rule with `icmp-host-prohibited` (firewalld) looks the same.
    closed-at-once: accepted, then closed or reset before a byte: an access list, or a proxy with nothing behind it.
    queue-full: the accept queue of the listener is full: the process does not accept fast enough, or not at all.
    turned-away: the server says at once that it serves nobody from that address: Redis in protected mode, MySQL or
        MariaDB without an account that may come from there.
    not-answering: the kernel accepts, the process does not: it is stopped (state T) or hung.
    other-protocol-spoken: the other side speaks another protocol than the address says (TLS against plain).

Remedy
    Remove the rule; restart or unburden the process; write the right scheme; have the server let others in. The finding
    says which.

By hand
    docker exec api nc -zv postgres 5432
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' api) -n nc -zv 172.18.0.2 5432
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' postgres) -n ss -ltn   # Recv-Q over Send-Q: it is full
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' postgres) -n iptables -S INPUT
    docker exec postgres cat /proc/net/arp

See also
    port.listening, port.interface, firewall.allows, dns.answer, container.running
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from netdoctor.api import (
    HOST,
    AskConnection,
    AskSockets,
    Attempt,
    Connection,
    Finding,
    Link,
    Reason,
    Remedy,
    Stack,
    Unable,
    asked_inside,
    check,
    fail,
    is_any_address,
    is_loopback,
    means_host,
    outside,
    passed,
    skip,
    through,
    unknown,
    warn,
)

from .._listeners import seen, serves
from .._publishing import arrives_at as places_inside
from ._attempts import decisive, nobody_has, queue_is_full, speaks_another, tried
from ._letting_in import let_in
from ._outside import judge_outside
from ._reach import arrivals, arrives_at, listeners_on
from ._remedies import ask_by_name, join_network, lift_rule, read_log, revive, speak, unburden
from ._virtual import virtual_address


@check(
    id="port.accepts",
    title="{target} accepts {source}'s connection",
    reasons=(
        Reason("refused", "refused, though a process listens there"),
        Reason("timed-out", "nothing came back"),
        Reason("unreachable", "there is no route to the address, or nobody has it"),
        Reason("closed-at-once", "accepted, then closed or reset before a byte", time_heals=True),
        Reason("turned-away", "the server says at once that it serves nobody from that address"),
        Reason("queue-full", "the accept queue is full: the process is not accepting", time_heals=True),
        Reason("not-answering", "only the kernel accepts: the process is stopped or hung", time_heals=True),
        Reason("other-protocol-spoken", "the other side speaks another protocol"),
    ),
    needs=(AskConnection, AskSockets),
    after=("address", "container", "network", "dns", "host", "firewall", "publish", "port.listening", "port.interface"),
    hop="accepts",
)
def accepts(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    idle = next((c for c in (source, target) if c and c.state.status != "running"), None)
    if idle is not None:
        yield skip(f"{stack.title(idle)} is {idle.state.status}; see container.running")
        return
    connection = stack.connection(link)
    if isinstance(connection, Unable):
        yield unknown(connection)
    elif not connection.resolved:
        yield skip(f"the name {link.address} has no address; see dns.resolves")
    elif (attempt := decisive(stack, link, connection)) is None:
        yield unknown(f"no connection to {link.address}:{link.port} was tried")
    elif attempt.outcome == "connected":
        yield _behind_the_proxy(stack, link, attempt) or _accepted(stack, link, connection, attempt)
    else:
        yield _failed(stack, link, connection, attempt)


def _behind_the_proxy(stack: Stack, link: Link, attempt: Attempt) -> Finding | None:
    """What the engine's proxy hides: it accepts at a published port, and hangs up or waits when nobody answers it.

    So where nothing was heard, the way from the host to the container itself decides.
    """
    publications = through(stack, link)
    if attempt.heard or not publications or (attempt.after != "open" and link.source != HOST):
        return None
    done = [d for p in publications for d in stack.done(p)]
    bound = [d for d in done if (":" in d.host_address) is (":" in attempt.address)] or done
    there = {a for d in bound for a in places_inside(stack, d)}
    asked = [q for p in publications for q in asked_inside(stack, p) if q.address in there]
    answers = [(q, a) for q in asked if isinstance(a := stack.told(q, Connection), Connection)]
    if not answers or any(a.works for _, a in answers):
        return None
    question, answer = answers[0]
    inner = replace(link, source=HOST, address=question.address, port=question.port)
    last = decisive(stack, inner, answer)
    if last is None or last.outcome == "connected":
        return None  # accepted, and nobody takes it: our own connection shows that as well
    if last.outcome == "refused" and not any(serves(x, last.address) for x in listeners_on(stack, inner) or ()):
        return skip(f"the engine's proxy accepts for {_meant(stack, link)}, with nothing behind: see publish.listener")
    return _failed(stack, inner, answer, last)


def _accepted(stack: Stack, link: Link, connection: Connection, attempt: Attempt) -> Finding:
    meant = _meant(stack, link)
    listeners = listeners_on(stack, link) or ()
    stopped = [x for x in listeners if x.process is not None and x.process.state in ("T", "t")]
    evidence = {"attempts": tried(connection), "queue": list(connection.queue), "heard": attempt.heard}
    if connection.stuck or (stopped and not connection.queue):
        names = [x.process.name for x in stopped if x.process is not None]
        why = f"its process {names[0]} is stopped" if names else "its process does not take it"
        says = f"the kernel accepts the connection for {meant}, and {why}: nobody answers"
        return fail("not-answering", says, remedy=revive(stack, link), seen_by=connection.seen_by, **evidence)
    if attempt.refusal:
        says = f'{meant} turns {stack.title(stack.source(link))} away at once: "{attempt.refusal}"'
        return fail(
            "turned-away", says, remedy=let_in(stack, link, attempt.heard), seen_by=connection.seen_by, **evidence
        )
    if attempt.after in ("closed", "reset"):
        says = f"{meant} accepts the connection and {'resets' if attempt.after == 'reset' else 'closes'} it at once"
        return warn("closed-at-once", says, remedy=read_log(stack, link), seen_by=connection.seen_by, **evidence)
    if speaks_another(link.scheme, attempt.heard):
        speaks = "another protocol" if attempt.heard == "other" else attempt.heard
        says = (
            f"{meant} speaks {speaks} on {link.port}, and {stack.title(stack.source(link))} comes with {link.scheme}://"
        )
        remedy = speak(stack, link, attempt.heard)
        return warn("other-protocol-spoken", says, remedy=remedy, seen_by=connection.seen_by, **evidence)
    says = (
        f"{meant} answers as {attempt.heard}"
        if attempt.heard not in ("", "other")
        else f"{meant} accepts the connection"
    )
    return passed(f"{says}, at {attempt.address}", seen_by=connection.seen_by, **evidence)


def _failed(stack: Stack, link: Link, connection: Connection, attempt: Attempt) -> Finding:
    source, meant = stack.title(stack.source(link)), _meant(stack, link)
    listeners = listeners_on(stack, link)
    address = f"[{attempt.address}]:{link.port}" if ":" in attempt.address else f"{attempt.address}:{link.port}"
    if not _leads_to_target(stack, link, attempt.address):
        listeners = ()  # the target may listen as it likes: it is not asked
    serving = [serves(x, a) for x in listeners or () for a in arrivals(stack, link, attempt.address)]

    def failed(reason: str, says: str, remedy: Remedy) -> Finding:
        evidence = {"attempts": tried(connection), "listeners": seen(listeners or ()), "queue": list(connection.queue)}
        return fail(reason, says, remedy=remedy, seen_by=connection.seen_by, **evidence)

    if connection.works is None:  # UDP, and nothing came back
        if True in serving or _is_published(stack, link):
            return passed(f"{meant} has {link.port}/udp open; its silence is not a fault", seen_by=connection.seen_by)
        return unknown(f"UDP is not acknowledged: nothing came back from {address}, which proves nothing")
    virtual = virtual_address(stack, link, connection, attempt)
    if virtual is not None:
        return virtual
    beyond = judge_outside(stack, link, connection, attempt) if outside(stack, link) else None
    if beyond is not None:
        return beyond
    if attempt.outcome == "refused":
        if any(serving):
            says = f"{address} refuses {source} although {meant} listens there: a rule with REJECT answers in its name"
            return failed("refused", says, lift_rule(stack, link, connection.trace))
        if stack.target(link) is not None and (listeners is None or None in serving):
            return unknown(f"{address} refuses {source}; why could not be seen, since the sockets of {meant} could not")
        return failed("refused", f"{address} refuses {source}: nobody listens there", read_log(stack, link))
    if attempt.outcome == "timed-out" and queue_is_full(connection, listeners or ()):
        says = f"the accept queue of {meant} on {link.port} is full: its process does not accept connections"
        return failed("queue-full", says, unburden(stack, link))
    if attempt.outcome in ("timed-out", "no-route") and nobody_has(stack, link, attempt):
        return failed(
            "unreachable", f"nobody on the network has the address {attempt.address}", ask_by_name(stack, link)
        )
    if attempt.outcome == "timed-out":
        says = f"nothing came back from {address} to {source}: something drops the packets"
        return failed("timed-out", says, lift_rule(stack, link, connection.trace))
    if attempt.outcome == "no-route":
        says = f"{address} answers with `no route to host`: a rule rejects {source}"
        return failed("unreachable", says, lift_rule(stack, link, connection.trace))
    if attempt.outcome in ("network-unreachable", "no-address"):
        family = "IPv6 " if ":" in attempt.address else ""
        return failed(
            "unreachable",
            f"{source} has no {family}route to {attempt.address}",
            join_network(stack, link, attempt.address),
        )
    return unknown(f"the connection to {address} could not be tried: {attempt.text}")


def _is_published(stack: Stack, link: Link) -> bool:
    """Whether the link goes through a publication, and a socket behind it is open for what arrives."""
    target, listeners = stack.target(link), listeners_on(stack, link) or ()
    if target is None or not through(stack, link):
        return False
    return any(serves(x, a) for x in listeners for a in arrives_at(stack, link, target))


def _leads_to_target(stack: Stack, link: Link, address: str) -> bool:
    target = stack.target(link)
    if target is None:
        return True
    if is_loopback(address):
        return stack.same_namespace(stack.source(link), target)
    if means_host(stack, stack.source(link), address):
        bound = {p.host_address for p in through(stack, link)}
        return target.on_host_network or any(not b or is_any_address(b) or b == address for b in bound)
    holder = stack.holder(address)
    return holder is None or stack.same_namespace(holder, target)


def _meant(stack: Stack, link: Link) -> str:
    target = stack.target(link)
    return stack.title(target) if target else link.address
