"""The remedies of this family, all but the settings of servers (software.py). Each shows that it worked by `verify`."""

from __future__ import annotations

import ipaddress
import json
import re
import shlex

from netdoctor.api import Container, Link, Remedy, Stack, is_address

from .reach import verify


def ask_for_port(stack: Stack, link: Link, target: Container, right: int) -> Remedy:
    """Write the port that is open where the source is told the one that is not."""
    says = f"ask for port {right} instead of {link.port}, or have {stack.title(target)} listen on {link.port}"
    pattern = rf"(?<!\d){link.port}(?!\d)"
    return _retold(stack, link, says, pattern, str(right), str(link.port), verify(stack, link, port=right))


def ask_by_name(stack: Stack, link: Link) -> Remedy:
    """Write the target's name for an address that nobody has."""
    target = stack.target(link)
    if target is None or not is_address(link.address):
        return Remedy(
            says="find out who should have the address",
            run=(
                f"docker exec {stack.source(link).name} cat /etc/hosts",
                "docker network ls --quiet | xargs docker network inspect",
            ),
            verify=(verify(stack, link),),
        )
    name = target.service or target.name
    says = f"ask for `{name}` instead of {link.address}: addresses change whenever a container is started anew"
    return _retold(stack, link, says, re.escape(link.address), name, link.address, verify(stack, link, address=name))


def speak(stack: Stack, link: Link, heard: str) -> Remedy:
    """Write the scheme of the protocol that the other side speaks."""
    right = {"tls": {"http": "https", "ws": "wss", "redis": "rediss", "amqp": "amqps"}.get(link.scheme, "")}.get(
        heard, heard
    )
    plain = {"https": "http", "wss": "ws", "rediss": "redis", "amqps": "amqp"}.get(link.scheme, "")
    right = plain if heard not in ("tls", "other") and plain == heard else right
    says = (
        f"write {right}:// for {link.scheme}://" if right not in ("", "other") else "look at what listens on the port"
    )
    return _retold(
        stack, link, says, rf"\b{link.scheme}://", f"{right or link.scheme}://", link.scheme, verify(stack, link)
    )


def other_protocol(stack: Stack, link: Link, other: str) -> Remedy:
    """TCP for UDP, or the other way round."""
    source = stack.source(link)
    return Remedy(
        says=f"let {stack.title(source)} use {other.upper()}, or the server {link.protocol.upper()}",
        run=(_where_told(source, str(link.port)),),
        verify=(verify(stack, link, protocol=other),),
    )


def get_ready(stack: Stack, link: Link, target: Container, soon: bool) -> Remedy:
    """Wait for a server that is starting, or read in its log why it does not listen."""
    source = stack.source(link)
    compose = None
    if soon and target.project and target.project == source.project:
        wait = f"{target.service}:\n        condition: service_healthy"
        compose = f"services:\n  {source.service}:\n    depends_on:\n      {wait}"
    says = "its log says what it waits for, or why it failed"
    if soon:
        says = "wait for it (`netdoctor --wait 60s`); a health check and depends_on make that a habit"
    run = (f"docker logs --tail 50 {target.name}",)
    return Remedy(says=says, run=run, compose=compose, verify=(verify(stack, link),))


def read_log(stack: Stack, link: Link) -> Remedy:
    """Where only the other side knows why."""
    target = stack.target(link)
    if target is None:
        return Remedy(says=f"start the server behind {link.address}:{link.port}", verify=(verify(stack, link),))
    says = f"the log of {stack.title(target)} says why: an access list, a wrong protocol, a crash"
    return Remedy(says=says, run=(f"docker logs --tail 50 {target.name}",), verify=(verify(stack, link),))


def lift_rule(stack: Stack, link: Link) -> Remedy:
    """Show the rules between the two; which one it was, the checks of the firewall family tell."""
    target = stack.target(link)
    inside = []
    if target is not None and not stack.namespace_owner(target).on_host_network:
        enter = f"sudo nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {target.name}) -n"
        inside = [f"{enter} iptables -S INPUT"]
    return Remedy(
        says="find the rule with DROP or REJECT, and delete it: the same line with -D for -A",
        run=(*inside, "sudo iptables -S DOCKER-USER", "sudo iptables -S FORWARD"),
        verify=(verify(stack, link),),
    )


def revive(stack: Stack, link: Link) -> Remedy:
    """A process that is stopped or hung."""
    target = stack.target(link)
    name = target.name if target else ""
    run = (
        (f"docker logs --tail 50 {name}", f"docker top {name} -o pid,stat,wchan,args", f"docker restart {name}")
        if name
        else ()
    )
    return Remedy(says="restart it; before, see what it waits for", run=run, verify=(verify(stack, link),))


def unburden(stack: Stack, link: Link) -> Remedy:
    """A process that accepts too slowly, or not at all."""
    target = stack.target(link)
    says = (
        "restart it; if it is only slow, give it more workers and a longer queue (listen's backlog, net.core.somaxconn)"
    )
    compose = None
    if target is not None and target.project:
        compose = f"services:\n  {target.service}:\n    sysctls:\n      net.core.somaxconn: 4096"
    run = (f"docker restart {target.name}",) if target else ()
    return Remedy(says=says, run=run, compose=compose, verify=(verify(stack, link),))


def join_network(stack: Stack, link: Link, address: str) -> Remedy:
    """Bring the source onto the network that the address belongs to."""
    source, target = stack.source(link), stack.target(link)
    wanted = ipaddress.ip_address(address)
    known = [n for n in stack.networks if any(wanted in ipaddress.ip_network(s, strict=False) for s in n.subnets)]
    mine = {e.network_id for e in stack.endpoints(source)}
    joinable = [n for n in known if n.id not in mine and n.has_resolver]
    if joinable and target is not None:
        return Remedy(
            says=f"connect {stack.title(source)} to {joinable[0].name}, the network of that address",
            run=(f"docker network connect {joinable[0].name} {source.name}",),
            verify=(verify(stack, link),),
        )
    says = "give the network IPv6, or let the name mean an IPv4 address" if wanted.version == 6 else "give it a network"
    run = (f"docker inspect --format '{{{{json .NetworkSettings.Networks}}}}' {source.name}",)
    return Remedy(says=says, run=run, verify=(verify(stack, link),))


def _retold(stack: Stack, link: Link, says: str, pattern: str, instead: str, shown: str, verify: str) -> Remedy:
    """Change what the source is told: the line of the Compose file where the value is known, else where it stands."""
    source = stack.source(link)
    words = link.known_from.split()
    value = source.variable(words[1]) if words[:1] == ["environment"] else None
    if source.project and value is not None and re.search(pattern, value):
        line = f"      {words[1]}: {json.dumps(re.sub(pattern, instead, value))}"
        return Remedy(says=says, compose=f"services:\n  {source.service}:\n    environment:\n{line}", verify=(verify,))
    return Remedy(says=says, run=(_where_told(source, shown),), verify=(verify,))


def _where_told(source: Container, text: str) -> str:
    """Shows where in the container's configuration a text stands."""
    template = "{{range .Config.Env}}{{println .}}{{end}}{{range .Args}}{{println .}}{{end}}"
    return f"docker inspect --format '{template}' {source.name} | grep -n {shlex.quote(text)}"
