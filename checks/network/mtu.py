"""Do the network's packets fit the path?

What is asked
    How large packets may be on the network (its MTU), and on the interface of the host that they leave by. And of every
    connection that was accepted: do packets of the full size that it will use come through, where small ones do? That
    is tried with echo requests that may not be fragmented, a few kilobytes in all; the server's process sees none.

Healthy
    Full-sized packets come through, or a router says what size does, which TCP heeds. An MTU smaller than the host's is
    well, and a larger one on the host too. Where echo requests are not answered at all, nothing is said.

Sick
    larger-than-path: full-sized packets get lost without a word: what is small works, and a large answer stalls (a TLS
    handshake, `git clone`, a query with many rows). A tunnel, a VPN or an interface with a smaller MTU is on the way,
    and the ICMP message that says so is filtered. A warning where the network's MTU is larger than that of the
    interface it leaves by, and something outside of the stack is asked for: it works as long as those messages do.

Remedy
    Give the network the MTU of the path: `com.docker.network.driver.mtu`. In daemon.json `"mtu"` is for the default
    bridge, and `"default-network-opts"` for networks to come.

By hand
    docker run --rm --network app-net busybox ping -c1 -s 1472 -M do 192.0.2.1     # 1472 and 28 are 1500 bytes
    ip link show eth0 ; docker network inspect -f '{{.Options}}' app-net

See also
    port.accepts, firewall.allows
    https://docs.docker.com/engine/network/drivers/bridge/#options
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskHost,
    Attempt,
    Finding,
    HostFacts,
    Link,
    Network,
    PacketSize,
    Reason,
    Remedy,
    Stack,
    Unable,
    check,
    fail,
    mtu_of,
    passed,
    unknown,
    warn,
    way_out,
)

from .._bridges import interface
from .._replacing import with_option
from ._joining import verify
from ._places import beyond

_OPTION = "com.docker.network.driver.mtu"
_USUAL = 1500
_SURELY = 1200
"""Bytes that every path carries these days; who filters echo requests by their size does it below."""


@check(
    id="network.mtu",
    title="packets of {name} fit the path",
    reasons=(Reason("larger-than-path", "the network's packets are larger than the path carries"),),
    needs=(AskConnection, AskHost),
    after=("network.exists",),
    decisive=False,
)
def mtu(stack: Stack, network: Network) -> Iterator[Finding]:
    ways = [(k, a) for k in stack.links if (a := _over(stack, network, k)) is not None]
    lost = next(((k, a, p) for k, a in ways if (p := a.packets) is not None and _stalls(stack, a, p)), None)
    if lost is not None:
        yield _stalled(stack, network, *lost)
        return
    facts = stack.host_facts()
    outside = [(k, a) for k, a in ways if beyond(stack, a.address)]
    tried = [a.packets.size for _, a in ways if a.packets is not None]
    if isinstance(facts, HostFacts) and outside:
        yield from _configured(stack, network, facts, *outside[0])
    elif tried:
        yield passed(f"packets of {max(tried)} bytes come through on {network.name}", seen_by="netns", size=max(tried))
    elif isinstance(facts, Unable):
        yield unknown(facts)
    else:
        yield passed(f"nothing that was asked about leaves {network.name} for the world outside")


def _over(stack: Stack, network: Network, link: Link) -> Attempt | None:
    """The link's attempt, where it leaves by this network."""
    connection = stack.connection(link)
    attempt = None if isinstance(connection, Unable) else connection.last
    mine = [e for e in stack.endpoints(stack.source(link)) if e.network_id == network.id]
    if attempt is None or not mine:
        return None
    if attempt.own:
        return attempt if attempt.own in mine[0].addresses else None
    wanted = ipaddress.ip_address(attempt.address)
    return attempt if any(wanted in ipaddress.ip_network(s, strict=False) for s in network.subnets) else None


def _stalls(stack: Stack, attempt: Attempt, packets: PacketSize) -> bool:
    return not packets.large and (packets.fits >= _SURELY or not beyond(stack, attempt.address))


def _stalled(stack: Stack, network: Network, link: Link, attempt: Attempt, packets: PacketSize) -> Finding:
    name = stack.name(link)
    says = f"packets of {packets.size} bytes get lost on the way of {name} without a word, up to {packets.fits} arrive"
    evidence = {"link": name, "address": attempt.address, "size": packets.size, "fits": packets.fits}
    remedy = _smaller(stack, network, link, packets.fits)
    return fail("larger-than-path", says, remedy=remedy, seen_by="netns", **evidence)


def _configured(stack: Stack, network: Network, facts: HostFacts, link: Link, attempt: Attempt) -> Iterator[Finding]:
    bridge = facts.interface(interface(network))
    own = int(network.options.get(_OPTION) or (bridge.mtu if bridge is not None else _USUAL))
    route = way_out(facts, attempt.address, source=attempt.own, incoming=interface(network))
    path = mtu_of(facts, route) if route is not None else 0
    if route is None or not path or own <= path:
        yield passed(
            f"packets of {network.name} ({own} bytes) fit the way out", seen_by=facts.seen_by, mtu=own, path=path
        )
        return
    says = f"{network.name} has an MTU of {own}, and leaves for {attempt.address} by {route.interface} with {path}"
    says += ": large packets depend on ICMP messages that many filter"
    remedy = _smaller(stack, network, link, path)
    yield warn("larger-than-path", says, remedy=remedy, seen_by=facts.seen_by, mtu=own, path=path)


def _smaller(stack: Stack, network: Network, link: Link, fits: int) -> Remedy:
    again = verify(stack, link)
    if network.name == "bridge":
        says = f'Write "mtu": {fits} into /etc/docker/daemon.json, restart the engine, and make the containers anew.'
        run = ("cat /etc/docker/daemon.json", "sudo systemctl restart docker")
        return Remedy(says=says, run=run, verify=(again,))
    target = stack.target(link)
    ends = [(stack.source(link), "")]
    if target is not None and any(e.network_id == network.id for e in stack.endpoints(target)):
        ends.insert(0, (target, "" if link.address in target.addresses else link.address))
    return with_option(stack, network, _OPTION, str(fits), tuple(ends), again)
