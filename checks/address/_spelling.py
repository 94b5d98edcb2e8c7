"""Names as they are written: what clients refuse, and what a browser cannot know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.api import (
    Container,
    Finding,
    Link,
    Mention,
    Remedy,
    Sockets,
    Stack,
    is_loopback,
    lazily,
    mentions,
    passed,
    warn,
)

from .._remaking import Edit, again
from .._rewriting import apply, callable_name, rewrite, verify

_LABEL = lazily(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # RFC 952, RFC 1123
_STRICT = ("http", "https", "ws", "wss")


def judge_name(stack: Stack, link: Link, target: Container | None) -> Finding:
    """A name: what it resolves to is judged elsewhere, how it is written here."""
    name, me = link.address.rstrip("."), stack.title(stack.source(link))
    if link.scheme not in _STRICT or all(_LABEL.fullmatch(label) for label in name.split(".")):
        return passed(f"{me} asks for the name {link.address}")
    better = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-").lower()
    says = f"{name} is no valid host name: it resolves, but many HTTP clients and servers refuse it"
    return warn("not-a-host-name", says, remedy=_alias(stack, link, target, better), name=name, scheme=link.scheme)


def _alias(stack: Stack, link: Link, target: Container | None, better: str) -> Remedy:
    says = f"Give it the alias {better}, and ask for that"
    remedy = rewrite(stack, link, better, link.port, says)
    shared = stack.shared_networks(stack.source(link), target) if target is not None else ()
    if target is None or not shared:
        return remedy
    if target.project:
        lines = f"services:\n  {target.service}:\n    networks:\n      default:\n        aliases: [{better}]"
        compose = f"{lines}\n{remedy.compose.partition(chr(10))[2]}" if remedy.compose else lines
        return Remedy(says=says, run=("docker compose up -d",), compose=compose, verify=remedy.verify)
    place = shared[0]
    kept = "".join(f" --alias {a}" for a in place.aliases if not target.id.startswith(a) and a != target.name)
    kept += f" --ip {place.fixed_address}" if place.fixed_address else ""
    again = f"docker network connect --alias {better}{kept} {place.network} {target.name}"
    run = (f"docker network disconnect {place.network} {target.name}", again, *remedy.run)
    return Remedy(says=says, run=run, verify=remedy.verify)


def told_to_browsers(stack: Stack, link: Link, source: Container, target: Container) -> Iterator[Finding]:
    """Variables that a front end's build takes along, and that name the target."""
    names = {target.name, target.service, *(n for e in stack.endpoints(target) for n in stack.names(target, e))} - {""}
    for mention in mentions(source):
        if mention.purpose == "client" and mention.scheme in _STRICT and is_loopback(mention.host):
            yield from _perhaps_localhost(stack, link, source, target, mention)
        if mention.purpose != "browser" or mention.host.lower() not in {n.lower() for n in names}:
            continue
        port = mention.port or link.port
        host_port = next((p.host_port for p in target.published if p.container_port == port), 0)
        says = f"{mention.variable} tells browsers to ask {mention.host}, a name that only containers know"
        edits = _edits(source, mention.variable, mention.host, port, host_port or port)
        advice = f"Give browsers the published port, and build {stack.title(source)} again where this is built in"
        remedy = apply(stack, link, advice, edits=edits)
        if not host_port:
            remedy = _published(stack, target, port, remedy, link)
        yield warn("browser-address", says, remedy=remedy, variable=mention.variable, host=mention.host, port=port)
        return


def _perhaps_localhost(
    stack: Stack, link: Link, source: Container, target: Container, mention: Mention
) -> Iterator[Finding]:
    """API_URL=http://localhost:8080, which is right in a browser on the host, and wrong for the source itself."""
    published = any(p.host_port == mention.port for p in target.published)
    sockets = stack.sockets(source)
    served = isinstance(sockets, Sockets) and sockets.on(mention.port)
    if published and not served and (mention.host, mention.port) != (link.address, link.port):
        me = stack.title(source)
        here = f"{mention.host}:{mention.port}"
        says = f"{mention.variable} says {here}: right in a browser on this host; for {me} it is {me} itself"
        name = callable_name(stack, source, target) or target.service or target.name
        inside = next(p.container_port for p in target.published if p.host_port == mention.port)
        edits = (Edit(mention.variable, here, f"{name}:{inside}"),) if mention.where.startswith("environment") else ()
        remedy = apply(stack, link, f"Where {me} itself asks, write {name}:{inside}", edits=edits)
        yield warn("localhost", says, remedy=remedy, variable=mention.variable, address=mention.host, port=mention.port)


def _edits(source: Container, variable: str, host: str, port: int, right: int) -> tuple[Edit, ...]:
    value = source.variable(variable) or ""
    old = f"{host}:{port}" if f"{host}:{port}" in value else host
    return (Edit(variable, old, f"localhost:{right}"),)


def _published(stack: Stack, target: Container, port: int, remedy: Remedy, link: Link) -> Remedy:
    """The same, with the target published first."""
    if target.project:
        lines = f'services:\n  {target.service}:\n    ports: ["{port}:{port}"]'
        compose = f"{lines}\n{remedy.compose.partition(chr(10))[2]}" if remedy.compose else lines
        return Remedy(says=remedy.says, run=("docker compose up -d",), compose=compose, verify=remedy.verify)
    run = (*again(stack, target, (), (f"--publish {port}:{port}",)), *remedy.run)
    return Remedy(says=remedy.says, run=run, verify=(verify(stack, link),))
