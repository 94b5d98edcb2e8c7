"""How a container is given another address: the remedy that the checks of this family share.

Environment and command cannot be changed while a container lives. Compose makes a new one from changed lines; a
container of `docker run` is made again from what the engine knows of it, and its environment never leaves the shell.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from netdoctor.api import (
    HOST,
    Container,
    Link,
    Mention,
    Remedy,
    Stack,
    Unable,
    is_any_address,
    is_loopback,
    mentions,
    port_variable,
)

from ._remaking import Edit, again, replaced
from ._updating import update

HOST_NAME = "host.docker.internal"
_LATER = "limits, capabilities and devices are not in these lines: add what you had given"


def told(stack: Stack, link: Link) -> Mention | None:
    """The first place in the source's configuration that the link's address stands in."""
    return next(iter(all_told(stack, link)), None)


def all_told(stack: Stack, link: Link) -> tuple[Mention, ...]:
    """All places in the source's configuration that the link's address stands in with its port, else without one."""
    found = [m for m in mentions(stack.source(link)) if m.host == link.address and m.purpose in ("client", "proxy")]
    by_port = (tuple(m for m in found if m.port == port) for port in (link.port, 0))
    return next((some for some in by_port if some), ())


def callable_name(stack: Stack, source: Container, target: Container) -> str:
    """The name by which the source reaches the target on a network that both are on, "" for none."""
    owner = stack.namespace_owner(target)
    for endpoint in stack.shared_networks(source, target):
        names = stack.names(owner, endpoint)
        for name in (target.service, *endpoint.aliases, owner.name):
            if name.lower() in names and not owner.id.startswith(name):
                return name
    return ""


def verify(stack: Stack, link: Link) -> str:
    """The command that asks again, with whatever the configuration says by then."""
    target = None if link.source == HOST else stack.target(link)
    host = f"[{link.address}]" if ":" in link.address else link.address
    return f"netdoctor {stack.source(link).name} {target.name if target else shlex.quote(f'{host}:{link.port}')}"


def port_inside(stack: Stack, link: Link, target: Container) -> int:
    """The target's own port, where the link's is the one that it is published on."""
    sockets = stack.sockets(target)
    open_here = (link.port, link.protocol) in target.exposed
    if not isinstance(sockets, Unable):
        open_here = bool(sockets.on(link.port, link.protocol))
    bound = [p for p in (*target.published, *target.publications) if p.protocol == link.protocol]
    inside = next((p.container_port for p in bound if p.host_port == link.port), link.port)
    return link.port if open_here else inside


def by_name(stack: Stack, link: Link, target: Container | None) -> Remedy:
    """Ask for the target by its name, and for its port inside."""
    source = stack.source(link)
    me = stack.title(source)
    if target is None:
        says = f"Write the name of the container that serves {link.port} where {me} is told {link.address}"
        run = ("docker ps --format 'table {{.Names}}\t{{.Networks}}\t{{.Ports}}'",)
        return Remedy(says=says, run=run, verify=(verify(stack, link),))
    port = port_inside(stack, link, target)
    if source.id == HOST:
        return _by_publication(stack, link, target, port)
    if stack.namespace_owner(target).on_host_network:
        says = f"Ask for {HOST_NAME}:{port}, since {stack.title(target)} is on the host's network"
        return rewrite(stack, link, HOST_NAME, port, says, options=(f"--add-host {HOST_NAME}:host-gateway",))
    name = callable_name(stack, source, target) or target.service or target.name
    written = f"[{link.address}]" if ":" in link.address else link.address
    return rewrite(stack, link, name, port, f"Ask for {name}:{port} instead of {written}:{link.port}")


def _by_publication(stack: Stack, link: Link, target: Container, port: int) -> Remedy:
    """The host has no name for a container: what lasts there is a published port."""
    done = [p for p in target.published if (p.container_port, p.protocol) == (port, link.protocol)]
    title = stack.title(target)
    if done:
        at = f"localhost:{done[0].host_port}"
        says = f"Ask for {at}, where {title} publishes its port {port}"
        return Remedy(says=says, run=(f"docker port {target.name}",), verify=(f"netdoctor host {at}",))
    says = f"Publish it (-p 127.0.0.1:{port}:{port} for {title}), and ask for localhost:{port}; this shows its address"
    show = "docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' " + target.name
    return Remedy(says=says, run=(show,), verify=(f"netdoctor host {target.name}:{port}",))


def rewrite(stack: Stack, link: Link, host: str, port: int, says: str, options: tuple[str, ...] = ()) -> Remedy:
    """Write `host:port` where the source is told the link's address."""
    source = stack.source(link)
    told_in = all_told(stack, link)
    edits = tuple(dict.fromkeys(e for mention in told_in for e in _edits(source, mention, host, port or link.port)))
    if edits:
        return apply(stack, link, says, edits=edits, options=options)
    if source.id == HOST:  # typed, and told nowhere that we could look
        again = f"[{host}]" if ":" in host else host
        return Remedy(says=says, verify=(f"netdoctor host {shlex.quote(f'{again}:{port or link.port}')}",))
    # It was typed, and stands in no variable: files of the application are left.
    text = f"{link.address}:{link.port}" if is_loopback(link.address) or is_any_address(link.address) else link.address
    grep = f"grep -rnF {shlex.quote(text)} /etc /app /srv /opt /usr/src 2>/dev/null"
    look = f"docker exec {source.name} sh -c {shlex.quote(grep)}"
    return Remedy(says=says, run=(look,), verify=(verify(stack, link),))


def _edits(source: Container, mention: Mention, host: str, port: int) -> Iterator[Edit]:
    """The fewest changes that make the mention say `host:port`."""
    variable = mention.variable if mention.where.startswith("environment") else ""
    value = (source.variable(variable) if variable else " ".join(source.command)) or ""
    written = f"[{mention.host}]" if f"[{mention.host}]" in value else mention.host
    joined = next((j for j in (":", ",") if f"{written}{j}{mention.port}" in value), "")
    if joined:
        yield Edit(variable, f"{written}{joined}{mention.port}", f"{host}{joined}{port}")
    elif written in value:
        sibling = port_variable(variable, dict(source.environment)) if variable else ""
        before = next((b for b in ("@", "//") if f"{b}{written}" in value), "")
        implied = f":{port}" if before and not sibling and port != mention.port else ""  # the scheme's port was meant
        yield Edit(variable, f"{before}{written}", f"{before}{host}{implied}")
        if sibling and port != mention.port:
            yield Edit(sibling, str(mention.port), str(port))


def apply(
    stack: Stack,
    link: Link,
    says: str,
    *,
    edits: tuple[Edit, ...] = (),
    extra: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
    of: Container | None = None,
) -> Remedy:
    """Make the source (or `of`) anew, changed by `edits`, by `extra` variables and by `options` of `docker create`."""
    source, target = of or stack.source(link), stack.target(link)
    extra = extra or {}
    check = (verify(stack, link),)
    if source.project:
        return Remedy(
            says=says,
            run=(f"docker compose up -d {source.service}",),
            compose=_compose(source, edits, extra, options),
            verify=check,
        )
    if source.swarm_service:
        return Remedy(says=says, run=(update(source, edits, extra, options),), verify=check)
    network, join = _common(stack, source, target) if target is not None and edits and of is None else ("", [])
    variables = [f"--env {k}={shlex.quote(v)}" for k, v in extra.items()]
    made = again(stack, source, edits, [*options, *variables], network)
    return Remedy(says=f"{says} ({_LATER})", run=(*join, *made), verify=check)


# -- Compose --------------------------------------------------------------------------------------------------------


def _compose(source: Container, edits: Iterable[Edit], extra: Mapping[str, str], options: Iterable[str]) -> str:
    import json

    lines = ["services:", f"  {source.service}:"]
    values = dict(extra)
    for edit in edits:
        value = values.get(edit.variable, source.variable(edit.variable) or "")
        values[edit.variable] = value.replace(edit.old, edit.new, 1)
    values.pop("", None)
    if command := [e for e in edits if not e.variable]:
        old, new = source.command, replaced(source.command, command)
        first = source.entry_words
        if first is not None and tuple(new[:first]) == old[:first]:
            lines.append(f"    command: {json.dumps(new[first:])}")
        else:
            lines += [f"    entrypoint: {json.dumps(new)}", "    command: []"]
    hosts = [o.removeprefix("--add-host ") for o in options if o.startswith("--add-host ")]
    lines += ["    extra_hosts:", *(f"      - {json.dumps(h)}" for h in hosts)] if hosts else []
    if values:
        keep = "  # <secret-..>: leave what stands there" if "<secret-" in "".join(values.values()) else ""
        lines += [f"    environment:{keep}", *(f"      {k}: {json.dumps(v)}" for k, v in values.items())]
    return "\n".join(lines).replace("$", "$$")


def _common(stack: Stack, source: Container, target: Container) -> tuple[str, list[str]]:
    """A network with names for both where they have none, and the commands that make it and bring the target there."""
    if callable_name(stack, source, target) or source.on_host_network or target.on_host_network:
        return "", []
    places = {c.id: [e.network for e in stack.endpoints(c)] for c in (source, target)}
    known = [n for n in (*places[source.id], *places[target.id]) if n not in ("bridge", "host", "none")]
    network = known[0] if known else "app-net"
    commands = [] if known else [f"docker network create {network}"]
    if network not in places[target.id]:
        commands.append(f"docker network connect {network} {target.name}")
    return ("" if network in places[source.id] else network), commands
