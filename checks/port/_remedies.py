"""The remedies of this family, all but the settings of servers (software.py). Each shows that it worked by `verify`."""

from __future__ import annotations

import ipaddress
import shlex

from netdoctor.api import HOST, Container, Link, Remedy, Stack, Trace, Unable

from .._listeners import verify
from .._rewriting import callable_name, rewrite
from .._rules import called, listing, where


def ask_for_port(stack: Stack, link: Link, target: Container, right: int) -> Remedy:
    """Write the port that is open where the source is told the one that is not."""
    says = f"Ask for port {right} instead of {link.port}, or have {stack.title(target)} listen on {link.port}"
    return _checked(rewrite(stack, link, link.address, right, says), verify(stack, link, port=right))


def ask_by_name(stack: Stack, link: Link) -> Remedy:
    """Write the target's name for an address that nobody has."""
    source, target = stack.source(link), stack.target(link)
    name = callable_name(stack, source, target) if target is not None else ""
    if name:
        says = f"Ask for {name} instead of {link.address}: addresses change whenever a container is started anew"
        return _checked(rewrite(stack, link, name, link.port, says), verify(stack, link, address=name))
    return Remedy(
        says=f"Write the name of the container that serves {link.port}, which nobody has at that address",
        run=(*_where_told(source, link.address), "docker ps --format 'table {{.Names}}\t{{.Networks}}\t{{.Ports}}'"),
        verify=(verify(stack, link),),
    )


# The scheme of the same protocol with TLS, or without.
_WITH_TLS = {"http": "https", "ws": "wss", "redis": "rediss", "amqp": "amqps", "ldap": "ldaps", "smtp": "smtps"}


def speak(stack: Stack, link: Link, heard: str) -> Remedy:
    """Write the scheme of the protocol that the other side speaks."""
    plain = {tls: bare for bare, tls in _WITH_TLS.items()}.get(link.scheme, "")
    right = _WITH_TLS.get(link.scheme, "") if heard == "tls" else heard if heard == plain else ""
    says = f"Look at what listens on {link.port}, and ask for what is meant"
    if right:
        says = f"Write {right}:// instead of {link.scheme}://"
    return Remedy(says=says, run=_where_told(stack.source(link), f"{link.scheme}://"), verify=(verify(stack, link),))


def other_protocol(stack: Stack, link: Link, other: str) -> Remedy:
    """TCP for UDP, or the other way round."""
    source = stack.source(link)
    return Remedy(
        says=f"Let {stack.title(source)} use {other.upper()}, or the server {link.protocol.upper()}",
        run=_where_told(source, str(link.port)),
        verify=(verify(stack, link, protocol=other),),
    )


def get_ready(stack: Stack, link: Link, target: Container, soon: bool) -> Remedy:
    """Wait for a server that is starting, or read in its log why it does not listen."""
    source = stack.source(link)
    compose = None
    if soon and target.project and target.project == source.project:
        wait = f"{target.service}:\n        condition: service_healthy"
        compose = f"services:\n  {source.service}:\n    depends_on:\n      {wait}"
    says = "Read its log, which says what it waits for, or why it failed"
    if soon:
        says = "Wait for it (`netdoctor --wait 60s`); a health check and depends_on make that a habit"
    run = (f"docker logs --tail 50 {target.name}",)
    return Remedy(says=says, run=run, compose=compose, verify=(verify(stack, link),))


def read_log(stack: Stack, link: Link) -> Remedy:
    """Where only the other side knows why."""
    target = stack.target(link)
    if target is None:
        inside = _serve_inside(stack, link.port) if link.source == HOST else ()
        if inside:
            names = ", ".join(c.name for c in inside[:3]) + (" and others" if len(inside) > 3 else "")
            says = f"Publish {link.port} of the one that is meant: inside, it is a port of {names}"
            run = (f"netdoctor host {inside[0].name}:{link.port}",)
            return Remedy(says=says, run=run, verify=(verify(stack, link),))
        return Remedy(says=f"Start the server behind {link.address}:{link.port}", verify=(verify(stack, link),))
    says = f"Read in the log of {stack.title(target)} why: an access list, a wrong protocol, a crash"
    return Remedy(says=says, run=(f"docker logs --tail 50 {target.name}",), verify=(verify(stack, link),))


def _serve_inside(stack: Stack, port: int) -> tuple[Container, ...]:
    """The running containers that listen on the port in a network namespace of their own, or expose it."""
    apart = [c for c in stack.containers if c.state.running and not c.on_host_network]
    seen = [(c, stack.sockets(c)) for c in apart]
    return tuple(c for c, s in seen if (port, "tcp") in c.exposed or (not isinstance(s, Unable) and s.on(port, "tcp")))


def lift_rule(stack: Stack, link: Link, trace: Trace | None) -> Remedy:
    """List the rules that may be it, or those between the two where nobody could look; firewall.allows says which."""
    check = (verify(stack, link),)
    if trace is not None and trace.rule is not None:
        return Remedy(says=f"Lift {called(trace.rule)} {where(stack, trace.rule)}", verify=check)
    if trace is not None and trace.suspects:
        run = tuple(dict.fromkeys(listing(stack, rule) for rule in trace.suspects))
        return Remedy(says="Find the rule among those that do not count what they drop", run=run, verify=check)
    if trace is not None and trace.sent and not trace.unread:
        says = "No rule counted the packets: look where they end, at the interfaces and routes of both"
        return Remedy(says=says, run=_look_inside(stack, link, "ip -s link"), verify=check)
    run = (*_look_inside(stack, link, "iptables -S INPUT"), "sudo iptables -S DOCKER-USER", "sudo iptables -S FORWARD")
    says = "Find the rule with DROP or REJECT, and delete it: the same line with -D for -A"
    return Remedy(says=says, run=run, verify=check)


def _look_inside(stack: Stack, link: Link, command: str) -> tuple[str, ...]:
    """The command in the target's network namespace, where it has one of its own."""
    target = stack.target(link)
    if target is None or stack.namespace_owner(target).on_host_network:
        return ()
    return (f"sudo nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {target.name}) -n {command}",)


def revive(stack: Stack, link: Link) -> Remedy:
    """A process that is stopped or hung."""
    target = stack.target(link)
    name = target.name if target else ""
    run = (
        (f"docker logs --tail 50 {name}", f"docker top {name} -o pid,stat,wchan,args", f"docker restart {name}")
        if name
        else ()
    )
    return Remedy(says="Restart it; before, see what it waits for", run=run, verify=(verify(stack, link),))


def unburden(stack: Stack, link: Link) -> Remedy:
    """A process that accepts too slowly, or not at all."""
    target = stack.target(link)
    says = (
        "Restart it; if it is only slow, give it more workers and a longer queue (listen's backlog, net.core.somaxconn)"
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
    if joinable and target is not None and source.id != HOST:
        return Remedy(
            says=f"Connect {stack.title(source)} to {joinable[0].name}, the network of that address",
            run=(f"docker network connect {joinable[0].name} {source.name}",),
            verify=(verify(stack, link),),
        )
    says = "Give the network IPv6, or let the name mean an IPv4 address" if wanted.version == 6 else "Give it a network"
    show = f"docker inspect --format '{{{{json .NetworkSettings.Networks}}}}' {source.name}"
    run = () if source.id == HOST else (show,)
    return Remedy(says=says, run=run, verify=(verify(stack, link),))


def _checked(remedy: Remedy, command: str) -> Remedy:
    return Remedy(says=remedy.says, run=remedy.run, compose=remedy.compose, verify=(command,))


def _where_told(source: Container, text: str) -> tuple[str, ...]:
    """Shows where in the container's configuration a text stands; that of the host's programs nobody knows."""
    if source.id == HOST:
        return ()
    template = "{{range .Config.Env}}{{println .}}{{end}}{{range .Args}}{{println .}}{{end}}"
    return (f"docker inspect --format '{template}' {source.name} | grep -n {shlex.quote(text)}",)
