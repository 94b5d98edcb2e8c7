"""One of the two is on the host's network: which address does apply, and how to use it."""

from __future__ import annotations

from netdoctor.api import Container, Finding, Link, Remedy, Stack, fail, is_loopback, passed, skip

from .joining import lines, up, verify
from .places import beyond, found, literals, networks

_ADDRESSES = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
_GATEWAY = "{{(index .IPAM.Config 0).Gateway}}"


def from_host(stack: Stack, link: Link, source: Container, target: Container) -> Finding:
    """From the host's network, the addresses of containers apply, and their published ports; their names do not."""
    me, it = stack.title(source), stack.title(target)
    published = {p.host_port: p for p in (*target.published, *target.publications) if p.protocol == link.protocol}
    given = (*literals(stack, link), *found(stack, link))
    if set(given) & {a for e in networks(stack, target) for a in e.addresses}:
        return passed(f"{me} is on the host's network, which reaches the addresses of containers")
    if link.port in published and (is_loopback(link.address) or any(is_loopback(a) or beyond(stack, a) for a in given)):
        return passed(f"{me} is on the host's network, where {it} is published on port {link.port}")
    if literals(stack, link) and not is_loopback(link.address):
        return skip(f"{link.address} is an address, and {me} reaches those of containers from the host's network")
    address = next((a for e in networks(stack, target) for a in e.addresses), "")
    there = [p for p in published.values() if p.container_port == link.port and p.host_port]
    if there:
        host = there[0].host_address if there[0].host_address not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
        right, shown = f"{host}:{there[0].host_port}", f"docker port {target.name}"
    else:
        right = f"{address}:{link.port}" if address else ""
        shown = f"docker inspect --format '{_ADDRESSES}' {target.name}"
    instead = f"from there {it} is {right}" if right else f"from there {it} is reached by a published port only"
    what = (
        f"nothing of {it} is at {link.address}"
        if is_loopback(link.address)
        else f"the name {link.address} means nothing"
    )
    advice = f"Let {me} ask for {right or 'a published port'}"
    if not there:
        advice += f" (to last, publish the port: -p 127.0.0.1:{link.port}:{link.port} for {it})"
    remedy = Remedy(
        says=f"{advice}.", run=(shown,), verify=(f"netdoctor {source.name} {right}" if right else verify(stack, link),)
    )
    if source.project and networks(stack, target):
        also = lines(stack, source, tuple(e.network for e in networks(stack, target)[:1]))
        says = f"{advice}; or, if it need not be on the host's network, take it off."
        remedy = Remedy(says=says, run=(up(source),), compose=also, verify=(verify(stack, link),))
    says = f"{me} is on the host's network, where {what}: {instead}"
    return fail("host-network", says, remedy=remedy, address=link.address, instead=right)


def to_host(stack: Stack, link: Link, source: Container, target: Container) -> Finding:
    """A container on the host's network is, for all others, the host itself."""
    me, it = stack.title(source), stack.title(target)
    if is_loopback(link.address) or literals(stack, link):
        return skip(f"{link.address} is no name: address.host has the answer")
    if any(beyond(stack, a) for a in found(stack, link)):
        return skip(f"{link.address} leads {me} out to the host, where {it} is")
    gateway = next((e.gateway for e in networks(stack, source) if e.gateway), "")
    says = f"{it} is on the host's network, so it has no name for {me}: it is the host itself, host.docker.internal"
    name = f"{link.address}:host-gateway"
    if source.project:
        added = f'services:\n  {source.service}:\n    extra_hosts:\n      - "{name}"'
        advice = f"Let the name mean the host; {it} has to listen on all addresses."
        remedy = Remedy(says=advice, run=(up(source),), compose=added, verify=(verify(stack, link),))
    else:
        advice = (
            f"Create {me} anew with --add-host {name}; {it} has to listen on all addresses. The host's address there:"
        )
        shown = f"docker network inspect --format '{_GATEWAY}' {networks(stack, source)[0].network}"
        again = f"netdoctor {source.name} {gateway or 'host.docker.internal'}:{link.port}"
        remedy = Remedy(says=advice, run=(shown,), verify=(again,))
    return fail("host-network", says, remedy=remedy, address=link.address, gateway=gateway)
