"""Addresses of the host: whether this engine defines the name, and where the host's service listens."""

from __future__ import annotations

from netdoctor.api import (
    HOST,
    Connection,
    Container,
    Finding,
    Link,
    Listener,
    Lookup,
    Remedy,
    Sockets,
    Stack,
    Unable,
    fail,
    is_address,
    is_loopback,
    passed,
    unknown,
)

from .._rewriting import apply, by_name, callable_name, verify

# How servers that people run on their host are told to listen on one more address.
_LISTEN = {
    "postgres": (
        "sudo -u postgres psql -c \"ALTER SYSTEM SET listen_addresses = 'localhost,{gateway}'\"",
        "sudo systemctl restart postgresql",
    ),
    "redis-server": ("redis-cli -p {port} CONFIG SET bind '127.0.0.1 {gateway}'",),
}
_FORWARD = "socat TCP-LISTEN:{port},bind={gateway},fork,reuseaddr TCP:127.0.0.1:{port} &"


def judge_host(stack: Stack, link: Link, source: Container, target: Container | None) -> Finding:
    """host.docker.internal and gateways: is the name defined, and does the host serve the port for containers?"""
    me, works, connection = stack.title(source), stack.works(link), stack.connection(link)
    if source.id == HOST:
        return passed(f"{link.address} is the host itself")
    if source.on_host_network:
        return passed(f"{me} is on the host's network, where {link.address} is the host")
    if works:
        return passed(f"{link.address} is the host, and answers", seen_by=connection.seen_by)
    lookup = stack.lookup(source, link.address)
    if not is_address(link.address) and not stack.engine.desktop and not _given(source, link.address):
        if isinstance(lookup, Unable):
            return unknown(lookup)
        if lookup.outcome != "found":
            return _undefined(stack, link, target, lookup)
    listeners = _loopback_only(stack, link, target)
    refused = (
        isinstance(connection, Connection) and connection.last is not None and connection.last.outcome == "refused"
    )
    if listeners and (refused or isinstance(connection, Unable)):
        return _on_loopback(stack, link, target, listeners)
    host = _host_sockets(stack, target)
    if refused and isinstance(host, Unable) and (target is None or target.on_host_network):
        return unknown(host)
    return passed(f"{link.address} is the host")


def _given(source: Container, name: str) -> bool:
    return any(entry.partition(":")[0] == name for entry in source.extra_hosts)


def _undefined(stack: Stack, link: Link, target: Container | None, lookup: Lookup) -> Finding:
    source = stack.source(link)
    says = f"{link.address} means nothing to {stack.title(source)}: this engine defines it only where it is told to"
    if target is not None and callable_name(stack, source, target):
        remedy = by_name(stack, link, target)
    else:
        option = f"--add-host {link.address}:host-gateway"
        remedy = apply(stack, link, f"Give {stack.title(source)} the name", options=(option,))
    evidence = {"name": link.address, "outcome": lookup.outcome, "extra_hosts": list(source.extra_hosts)}
    return fail("engine-host-name", says, remedy=remedy, seen_by=lookup.seen_by, **evidence)


def _loopback_only(stack: Stack, link: Link, target: Container | None) -> tuple[Listener, ...]:
    """The host's listeners on the port, if all of them are on its loopback."""
    host = _host_sockets(stack, target)
    found = () if isinstance(host, Unable) else host.on(link.port, link.protocol)
    if not found and target is not None:  # without docker-proxy a publication has no socket
        bound = [p for p in target.published if (p.host_port, p.protocol) == (link.port, link.protocol)]
        found = tuple(Listener(address=p.host_address, port=link.port, protocol=link.protocol) for p in bound)
    return found if all(is_loopback(x.address) for x in found) else ()


def _host_sockets(stack: Stack, target: Container | None) -> Sockets | Unable:
    """The sockets of a container on the host's network are the host's."""
    return stack.sockets(target) if target is not None and target.on_host_network else stack.host_sockets()


def _on_loopback(stack: Stack, link: Link, target: Container | None, listeners: tuple[Listener, ...]) -> Finding:
    lookup, host = stack.lookup(stack.source(link), link.address), _host_sockets(stack, target)
    gateway = link.address if is_address(link.address) else next(iter(getattr(lookup, "addresses", ())), "172.17.0.1")
    process = next((x.process.name for x in listeners if x.process is not None), "")
    published = target is not None and not target.on_host_network
    who = f"{stack.title(target)} is published" if target and published else f"{process or 'the service'} listens"
    says = f"on the host {who} on {listeners[0].address}:{link.port} only, and containers arrive at {gateway}"
    if target is not None and published:
        remedy = by_name(stack, link, target)
    else:
        commands = _LISTEN.get(process, (_FORWARD,))
        remedy = Remedy(
            says=f"Have it listen on {gateway} as well, which only containers reach: by its own setting, or forwarded",
            run=tuple(c.format(port=link.port, gateway=gateway) for c in commands),
            verify=(f"ss -ltn 'sport = :{link.port}'", verify(stack, link)),
        )
    evidence = {"port": link.port, "listeners": [x.address for x in listeners], "process": process}
    return fail("host-loopback", says, remedy=remedy, seen_by=host.seen_by, **evidence)
