"""Does anything else claim the addresses of the network?

What is asked
    The subnets of the network, against the other networks of the engine and against the routes of its host: the LAN,
    VPNs, the bridges of other programs. And where a connection fails, whether that is why: the address asked for lies
    in the network's subnet and nobody on it has it, or the host's way to a container leads elsewhere.

Healthy
    Nothing overlaps. The engine chooses subnets that the host has no route for; overlaps come from `--subnet`, and from
    VPNs that connect later. A wider route that the subnet is a part of (10.0.0.0/8 of a VPN) takes nothing away from
    the network, and is healthy until somebody asks for a machine in that very part.

Sick
    overlaps-route    A route of the host is for addresses inside the subnet. What is asked for there by containers, and
                      by the host itself, goes to the bridge and not to the LAN or VPN; or the other way round. A fail
                      where it is why a connection fails, else a warning.
    overlaps-network  Another network of the engine has addresses of this one (an overlay network of a swarm, mostly): a
                      container on both reaches only one of them. A warning; a fail where the node could not make the
                      network for it, and a container did not start (`attaching to network failed`).

Remedy
    The network made anew with a subnet that the engine chooses; default-address-pools (daemon.json) keep the engine out
    of the ranges of a company for good.

By hand
    docker network inspect --format '{{.Name}} {{json .IPAM.Config}}' $(docker network ls -q)
    ip route show table all
    ip route get 198.51.100.7                        # br-... or docker0: the packets go to a network of the engine

See also
    address.host, network.way-out, network.room
    https://docs.docker.com/engine/network/#subnet-allocation
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskHost,
    AskLookup,
    Container,
    Finding,
    HostFacts,
    HostRoute,
    Link,
    Network,
    Reason,
    Remedy,
    Stack,
    check,
    fail,
    is_address,
    passed,
    skip,
    unknown,
    warn,
)

from ._joining import verify
from ._moving import move
from ._places import networks, on_host
from ._routes import claiming, foreign, inside, led_away, overlapping


@check(
    id="network.subnet",
    title="nothing else claims the subnet of {name}",
    reasons=(
        Reason("overlaps-route", "a route of the host is for addresses inside the network's subnet"),
        Reason("overlaps-network", "another network of the engine has addresses of this one"),
    ),
    needs=(AskHost, AskConnection, AskLookup),
    decisive=False,
)
def subnet(stack: Stack, network: Network) -> Iterator[Finding]:
    if network.on_the_lan or not network.subnets:
        yield skip(f"the addresses of {network.name} are those of the LAN, or none at all")
        return
    others = [n for n in stack.networks if n.id != network.id and not n.on_the_lan and overlapping(n, network)]
    if others:
        yield _with_network(stack, network, others[0])
    facts = stack.host_facts()
    if isinstance(facts, HostFacts):
        yield _broken(stack, network, facts) or _suspected(stack, network, facts)
    elif not others:
        yield unknown(facts)


def _broken(stack: Stack, network: Network, facts: HostFacts) -> Finding | None:
    """A link that fails because of a route, and how."""
    for link in stack.links:
        if stack.works(link) is not False:
            continue
        for address, route, says in (*_swallowed(stack, link, network, facts), *_astray(stack, link, network, facts)):
            remedy = _remedy(stack, network, (verify(stack, link),))
            evidence = {"address": address, **_evidence(network, route)}
            return fail("overlaps-route", says, remedy=remedy, seen_by=facts.seen_by, **evidence)
    return None


Wrong = tuple[str, HostRoute, str]
"""An address, the route that is for it, and what is wrong, in words."""


def _swallowed(stack: Stack, link: Link, network: Network, facts: HostFacts) -> Iterator[Wrong]:
    """An address in the subnet that nobody on the network has: it is a machine's of the LAN or VPN."""
    bare = link.address.strip("[]")
    for address in (bare,) if is_address(bare) else stack.found(link):
        if network not in stack.having(address) or stack.holder(address) is not None or address in network.gateways:
            continue
        for route in claiming(address, foreign(stack, facts)):
            me, where = stack.title(stack.source(link)), f"the subnet {_subnets(network)} of {network.name}"
            says = f"{me} asks for {address}, to which the host's route {_shown(route)} leads; but it lies in {where}"
            yield address, route, f"{says}, which swallows the packets"


def _astray(stack: Stack, link: Link, network: Network, facts: HostFacts) -> Iterator[Wrong]:
    """A container's own address: what the host has for it, answers from outside or its own packets, goes elsewhere."""
    if network.driver != "bridge":  # an overlay has no interface on the host
        return
    source, target = stack.source(link), stack.target(link)
    meant = source if target is None else target if on_host(stack, source) else None
    for endpoint in networks(stack, meant) if meant is not None else ():
        mine = endpoint.network_id == network.id and endpoint.address
        route = led_away(facts, network, endpoint.address) if mine else None
        if route is not None:
            says = f"the host's route {_shown(route)} takes what is for {endpoint.address} on {network.name}"
            yield endpoint.address, route, f"{says}, whose subnet is {_subnets(network)}"


def _suspected(stack: Stack, network: Network, facts: HostFacts) -> Finding:
    found, seen_by = inside(network, foreign(stack, facts)), facts.seen_by
    if not found:
        return passed(f"no route of the host leads into {_subnets(network)} of {network.name}", seen_by=seen_by)
    says = f"the host's route {_shown(found[0])} leads into the subnet {_subnets(network)} of {network.name}"
    remedy = _remedy(stack, network, (f"ip route show to match {found[0].destination}",))
    return warn("overlaps-route", says, remedy=remedy, seen_by=seen_by, **_evidence(network, found[0]))


def _with_network(stack: Stack, network: Network, other: Network) -> Finding:
    says = f"{other.name} ({_subnets(other)}) has addresses of {network.name} ({_subnets(network)})"
    look = f"docker network inspect --format '{{{{json .IPAM.Config}}}}' {network.name} {other.name}"
    movable = network if network.scope == "local" else other
    remedy = _remedy(stack, movable, (look,))
    kept_out = [c for c in stack.containers if _KEPT_OUT in c.state.error and _is_on(c, network)]
    if kept_out:
        says += f", so that it cannot be made on this node, and {stack.title(kept_out[0])} could not be started"
    say = fail if kept_out else warn
    return say("overlaps-network", says, remedy=remedy, other=other.name, subnets=list(other.subnets))


_KEPT_OUT = "attaching to network failed"
"""What the engine says of a container when its node cannot make an overlay network within twenty seconds."""


def _is_on(container: Container, network: Network) -> bool:
    return any(e.network_id == network.id or e.network == network.name for e in container.endpoints)


def _remedy(stack: Stack, network: Network, check: tuple[str, ...]) -> Remedy:
    if network.name == "bridge":
        says = 'Give the default bridge a subnet that nobody else has: "bip" in daemon.json; then restart the engine'
        return Remedy(says=says, run=("cat /etc/docker/daemon.json",), verify=check)
    says = f"Make {network.name} anew, for the engine to choose a free subnet; meanwhile its containers are off it"
    return move(stack, network, says, check)


def _subnets(network: Network) -> str:
    return ", ".join(network.subnets)


def _shown(route: HostRoute) -> str:
    return f"{route.destination} {f'via {route.gateway} ' if route.gateway else ''}on {route.interface}"


def _evidence(network: Network, route: HostRoute) -> dict[str, object]:
    return {
        "subnets": list(network.subnets),
        "route": route.destination,
        "interface": route.interface,
        "gateway": route.gateway,
    }
