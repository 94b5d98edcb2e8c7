"""Has the network an address for everybody who wants one?

What is asked
    The subnets of the network, or the part of them that addresses are given out from (`--ip-range`), and who has one:
    its containers, its gateway, what is reserved. Whether a container could not start for want of one, which the
    engine writes down (`no available IPv4 addresses on this network's address pools`).

Healthy
    There are free ones, or nobody wants one: a small subnet that is filled exactly is no fault.

Sick
    no-address-left: a container could not be started because there was none. The subnet is small, or endpoints whose
    container is gone keep theirs. (Where no free subnet is left for a new network, `could not find an available,
    non-overlapping IPv4 address pool`, the engine makes no network at all.)

Remedy
    A network with a larger subnet; free the addresses of lost endpoints.

By hand
    docker inspect --format '{{.State.Error}}' api
    docker network inspect --format '{{json .IPAM.Config}} {{json .Containers}}' app-net

See also
    container.running, network.subnet
    https://docs.docker.com/engine/network/#subnet-allocation
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from netdoctor.api import (
    AskAttached,
    Attached,
    Container,
    Finding,
    Network,
    Reason,
    Remedy,
    Stack,
    check,
    fail,
    passed,
    skip,
)

from ._moving import move


@check(
    id="network.room",
    title="{name} has free addresses",
    reasons=(Reason("no-address-left", "a container could not start, because no address was left for it"),),
    needs=(AskAttached,),
)
def room(stack: Stack, network: Network) -> Iterator[Finding]:
    starved = [c for c in stack.starved(network) if not c.state.running]
    if starved:
        yield _full(stack, network, starved)
    elif network.scope == "swarm":
        yield skip(f"the addresses of {network.name} are the swarm's, on all of its nodes")
    elif not _pools(network):
        yield skip(f"{network.name} gives out no IPv4 addresses")
    else:
        yield passed(f"{network.name} has {_free(stack, network)} of {_size(network)} addresses free")


def _full(stack: Stack, network: Network, starved: list[Container]) -> Finding:
    names = " and ".join(stack.title(c) for c in starved)
    free, told = _free(stack, network), stack.attached(network)
    lost = told.lost if isinstance(told, Attached) else ()
    where = ", ".join(str(p) for p in _pools(network))
    says = f"{network.name} ({where}) had no address left for {names}"
    again = tuple(f"docker inspect --format '{{{{.State.Status}}}}' {c.name}" for c in starved)
    if lost:
        says += f"; {len(lost)} of them belong to containers that are gone: {', '.join(lost)}"
        run = (
            *(f"docker network disconnect --force {network.name} {name}" for name in lost),
            *(f"docker start {c.name}" for c in starved),
        )
        remedy = Remedy(says="Free the addresses of those, and start it", run=run, verify=again)
    elif free >= len(starved):
        says += f" when it was started; {free} are free now"
        run = tuple(f"docker start {c.name}" for c in starved)
        remedy = Remedy(says="Start it again", run=run, verify=again)
    else:
        remedy = move(
            stack, network, f"Make {network.name} anew with a larger subnet; meanwhile its containers are off it", again
        )
    held = [f"{name} {address}" for name, address in told.found] if isinstance(told, Attached) else []
    return fail("no-address-left", says, remedy=remedy, pools=where, held=held, wanted=[c.name for c in starved])


def _pools(network: Network) -> list[ipaddress.IPv4Network]:
    found = [ipaddress.ip_network(r, strict=False) for r in network.ranges or network.subnets]
    return [n for n in found if isinstance(n, ipaddress.IPv4Network)]


def _size(network: Network) -> int:
    """The addresses that containers can have: without those of the network and of broadcast, gateways and reserved."""
    subnets = [ipaddress.ip_network(s, strict=False) for s in network.subnets]
    never = {s.network_address for s in subnets} | {s.broadcast_address for s in subnets}
    never |= {ipaddress.ip_address(a) for a in (*network.gateways, *network.reserved)}
    return sum(p.num_addresses - sum(a in p for a in never) for p in _pools(network))


def _free(stack: Stack, network: Network) -> int:
    told = stack.attached(network)
    if isinstance(told, Attached):
        held = {address for _, address in told.found if address}
    else:
        held = {e.address for c in stack.containers for e in c.endpoints if e.network_id == network.id and e.address}
    pools = _pools(network)
    used = sum(any(ipaddress.ip_address(a) in p for p in pools) for a in held - set(network.gateways))
    return max(0, _size(network) - used)
