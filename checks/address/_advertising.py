"""What a server tells its clients: Kafka's advertised listeners, a Redis cluster's announced addresses, and such."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.api import (
    Connection,
    Container,
    Finding,
    Link,
    Mention,
    Remedy,
    Stack,
    Unable,
    fail,
    is_any_address,
    is_loopback,
    lazily,
    mentions,
    unknown,
    warn,
)

from .._remaking import Edit
from .._rewriting import apply, callable_name, rewrite, verify

_LISTENER = lazily(r"(?P<name>[A-Z][A-Z0-9_]*)://[^,]*?:(?P<port>\d{1,5})(?=,|$)")


def judge_advertised(stack: Stack, link: Link, source: Container, target: Container) -> Iterator[Finding]:
    """At most one finding. Where the target itself cannot be reached, what it would tell does not matter."""
    told = [
        m for m in mentions(target) if m.purpose == "advertised" and not is_any_address(m.host) and not _for_peers(m)
    ]
    if not told or stack.works(link) is False or stack.same_namespace(source, target):
        return
    meant = _for_this_port(target, told, link.port)
    tried = {m: _works(stack, link, source, m) for m in meant}
    if any(tried.values()):
        return
    blind = next((u for m in meant if tried[m] is None and isinstance(u := _asked(stack, link, m), Unable)), None)
    if blind is not None:
        yield unknown(blind)
        return
    first = meant[0]
    me, title = stack.title(source), stack.title(target)
    says = f"{title} sends its clients to {_place(first, link)}, which {me} cannot reach"
    if is_loopback(first.host):
        says += f": there it is {me} itself"
    other = next((m for m in told if m not in meant and m.port and _works(stack, link, source, m)), None)
    remedy = _remedy(stack, link, source, target, first, other)
    say = fail if _followed(target, first) else warn
    places = [_place(m, link) for m in meant]
    seen_by = _asked(stack, link, first).seen_by
    yield say("advertised", says, remedy=remedy, seen_by=seen_by, advertised=places, told_in=first.variable)


def _for_peers(mention: Mention) -> bool:
    return bool({"PEER", "PEERS"} & set(re.split(r"[^A-Z]+", mention.variable.upper())))


def _for_this_port(target: Container, told: list[Mention], port: int) -> list[Mention]:
    """The addresses that a client of this port is given: those of the listener that it came in by, if that is told."""
    names = {
        m["name"]
        for variable, value in target.environment
        if "LISTENERS" in variable.upper() and "ADVERTISED" not in variable.upper()
        for m in _LISTENER.finditer(value)
        if int(m["port"]) == port
    }
    return [m for m in told if m.scheme in names] or [m for m in told if m.port == port] or told


def _asked(stack: Stack, link: Link, mention: Mention) -> Connection | Unable:
    return stack.connection_to(link, mention.host, mention.port or link.port)


def _works(stack: Stack, link: Link, source: Container, mention: Mention) -> bool | None:
    """Whether the source can go there; None where nobody could try. localhost is told by the configuration."""
    connection = _asked(stack, link, mention)
    if not isinstance(connection, Unable):
        return connection.works
    port = mention.port or link.port
    return False if is_loopback(mention.host) and (port, link.protocol) not in source.exposed else None


def _followed(target: Container, mention: Mention) -> bool:
    """Whether every client goes where it is sent: for Kafka, Pulsar and a Redis cluster. Others do so on demand."""
    where = f"{mention.variable} {target.image}".lower()
    if "kafka" in where or "redpanda" in where or "pulsar" in where:
        return True
    command = " ".join(target.command)
    return "cluster" in mention.variable.lower() and (
        "--cluster-enabled yes" in command or not mention.variable.startswith("-")
    )


def _place(mention: Mention, link: Link) -> str:
    return f"{mention.host}:{mention.port or link.port}"


def _remedy(
    stack: Stack, link: Link, source: Container, target: Container, wrong: Mention, other: Mention | None
) -> Remedy:
    title = stack.title(target)
    if other is not None:
        says = f"Ask for {other.host}:{other.port}, the listener of {title} that is meant for this network"
        return rewrite(stack, link, other.host, other.port, says)
    name = callable_name(stack, source, target) or target.service or target.name
    says = f"Have {title} advertise {name}; clients on the host need a listener of their own"
    variable = "" if wrong.variable.startswith("-") else wrong.variable
    edits = [Edit(variable, f"//{wrong.host}", f"//{name}") if wrong.scheme else Edit(variable, wrong.host, name)]
    if wrong.variable == "--cluster-announce-ip":  # which takes no name
        edits = [Edit("", wrong.variable, "--cluster-announce-hostname"), Edit("", wrong.host, name)]
    remedy = apply(stack, link, says, edits=tuple(edits), of=target)
    return Remedy(says=remedy.says, run=remedy.run, compose=remedy.compose, verify=(verify(stack, link),))
