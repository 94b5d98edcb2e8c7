"""One of the two is on the host's network: which address does apply, and how to use it."""

from __future__ import annotations

from netdoctor.api import HOST, Container, Finding, Link, Remedy, Stack, fail, is_loopback, passed, skip

from ._joining import lines, up, verify
from ._places import beyond, found, literals, networks

_ADDRESSES = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
_GATEWAY = "{{(index .IPAM.Config 0).Gateway}}"


def from_host(stack: Stack, link: Link, source: Container, target: Container) -> Finding:
    """From the host's network, the addresses of containers apply, and their published ports; their names do not."""
    me, it = stack.title(source), stack.title(target)
    given = (*literals(stack, link), *found(stack, link))
    local = is_loopback(link.address)
    if set(given) & {a for e in networks(stack, target) for a in e.addresses}:
        reaches = "the host" if source.id == HOST else f"{me} is on the host's network, which"
        return passed(f"{reaches} reaches the addresses of containers")
    if _published(link, target, by_host_port=True) and (
        local or any(is_loopback(a) or beyond(stack, a) for a in given)
    ):
        return passed(f"{me} is on the host's network, where {it} is published on port {link.port}")
    if literals(stack, link) and not local:
        return skip(f"{link.address} is an address, and {me} reaches those of containers from the host's network")
    right, command = _from_there(stack, link, target)
    what = f"nothing of {it} is at {link.address}" if local else f"the name {link.address} means nothing"
    says = f"{me} is on the host's network, where {what}: from there {it} is {right or 'a published port only'}"
    if source.id == HOST:
        says = f"the host knows no container by the name {link.address}: from there {it} is {right}"
    advice = f"Let {me} ask for {right or 'a port that is published'}"
    if not _published(link, target):
        advice += (
            f"; to last, publish it (-p 127.0.0.1:{link.port}:{link.port} for {it}) and ask for 127.0.0.1:{link.port}"
        )
    again = f"netdoctor {source.name} {right}" if right else verify(stack, link)
    remedy = Remedy(says=f"{advice}.", run=(command,), verify=(again,))
    if source.project and networks(stack, target) and not local:
        told = lines(stack, (source,), networks(stack, target)[0].network)
        advice = f"Take {me} off the host's network. If it has to be there: {advice[0].lower()}{advice[1:]}."
        remedy = Remedy(says=advice, run=(up(source),), compose=told, verify=(verify(stack, link),))
    return fail("host-network", says, remedy=remedy, address=link.address, instead=right)


def _published(link: Link, target: Container, *, by_host_port: bool = False) -> str:
    """Where the host's side of the target's port is (or that of its own port of this number), "" for nowhere."""
    for p in (*target.published, *target.publications):
        if (
            link.port == (p.host_port if by_host_port else p.container_port)
            and link.protocol == p.protocol
            and p.host_port
        ):
            everywhere = p.host_address in ("", "0.0.0.0", "::")  # noqa: S104 (compared, not bound)
            return f"{'127.0.0.1' if everywhere else p.host_address}:{p.host_port}"
    return ""


def _from_there(stack: Stack, link: Link, target: Container) -> tuple[str, str]:
    """The address that the host's namespace has for the target, "" for none, and the command that shows it."""
    published = _published(link, target)
    if published:
        return published, f"docker port {target.name}"
    address = next((a for e in networks(stack, target) for a in e.addresses), "")
    return f"{address}:{link.port}" if address else "", f"docker inspect --format '{_ADDRESSES}' {target.name}"


def to_host(stack: Stack, link: Link, source: Container, target: Container) -> Finding:
    """A container on the host's network is, for all others, the host itself."""
    me, it, name = stack.title(source), stack.title(target), f"{link.address}:host-gateway"
    if is_loopback(link.address) or literals(stack, link):
        return skip(f"{link.address} is no name: address.host has the answer")
    if any(beyond(stack, a) for a in found(stack, link)):
        return skip(f"{link.address} leads {me} out to the host, where {it} is")
    gateway = next((e.gateway for e in networks(stack, source) if e.gateway), "")
    says = f"{it} is on the host's network, so it has no name for {me}: it is the host itself, host.docker.internal"
    if source.project:
        told = f'services:\n  {source.service}:\n    extra_hosts:\n      - "{name}"'
        advice = f"Let the name mean the host; {it} has to listen on all addresses."
        remedy = Remedy(says=advice, run=(up(source),), compose=told, verify=(verify(stack, link),))
    else:
        advice = f"Create {me} anew with --add-host {name}; {it} has to listen on all addresses. Till then the host is:"
        command = f"docker network inspect --format '{_GATEWAY}' {networks(stack, source)[0].network}"
        again = f"netdoctor {source.name} {gateway or 'host.docker.internal'}:{link.port}"
        remedy = Remedy(says=advice, run=(command,), verify=(again,))
    return fail("host-network", says, remedy=remedy, address=link.address, gateway=gateway)
