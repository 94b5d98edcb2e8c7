"""Can the source leave the stack?

What is asked
    Where the target is outside of the stack: the networks of the source, the route in its own namespace that leads to
    the target, whether the gateway of that route answers, and whether the host itself reaches the target.

Healthy
    The connection works, whatever the networks look like: through a proxy that is on an internal network too, say. An
    internal network is healthy as long as nothing outside is asked for.

Sick
    internal-only    All networks of the source are internal. Engine 20.10 drops what leaves them (a timeout), newer
                     ones give no default route (`Network is unreachable`); names outside do not resolve either.
    wrong-gateway    The default route leaves by the one of several networks that leads nowhere: an internal one, one
                     without address translation, one whose gateway nobody has; or there is none any more. Up to engine
                     27 it is that of the first network by name, from 28 on that of the highest gw-priority.
    not-masqueraded  The network does not translate addresses (enable_ip_masquerade=false, or the gateway mode
                     `routed`), and outside nobody knows a way back to those of its containers.

Remedy
    A network more, which leads out; the default route by that one; a network with translation.

By hand
    docker network inspect --format '{{.Name}} internal={{.Internal}} {{json .Options}}' app-net
    docker exec api ip route                        # or: docker exec api cat /proc/net/route
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' api) -n ip route get 203.0.113.80
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' api) -n ip neigh

See also
    dns.upstream, network.shared, host.forwarding, port.accepts
    https://docs.docker.com/reference/cli/docker/network/create/#internal
    https://docs.docker.com/engine/network/#connecting-to-multiple-networks
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskHost,
    AskLookup,
    AskNamespace,
    AskUpstream,
    Finding,
    Link,
    Network,
    Reason,
    Stack,
    Unable,
    check,
    fail,
    outside,
    passed,
    skip,
    unknown,
)

from ._leaving import Way, gateway_is_dead, is_ours, is_translated, leads_out, of, way
from ._opening import leave_by, restart, right_gateway, translate, way_out_for
from ._places import in_words, networks, on_host


@check(
    id="network.way-out",
    title="{source} can leave the stack",
    reasons=(
        Reason("internal-only", "the target is outside, and all networks of the source are internal"),
        Reason("wrong-gateway", "the default route leaves by a network that leads nowhere"),
        Reason("not-masqueraded", "the source leaves with an address to which nobody outside can answer"),
    ),
    needs=(AskConnection, AskLookup, AskNamespace, AskUpstream, AskHost),
    after=("network.exists",),
    hop="route",
)
def way_out(stack: Stack, link: Link) -> Iterator[Finding]:
    source = stack.source(link)
    me, mine = stack.title(source), networks(stack, source)
    if not outside(stack, link):
        yield skip(f"{link.address} is not outside of the stack")
    elif not source.state.running:
        yield skip(f"{me} is not running, so it goes nowhere")
    elif on_host(stack, source):
        yield passed(f"{me} is on the host's network, and leaves as the host does")
    elif not mine:
        yield skip(f"{me} is on no network: network.shared has the answer")
    elif not stack.works(link) and all((n := stack.network(e.network_id)) is not None and n.internal for e in mine):
        says = f"{link.address} is outside, and {me} is on {in_words(mine)} only, which leads nowhere else (internal)"
        remedy = way_out_for(stack, link, source)
        yield fail("internal-only", says, remedy=remedy, networks=[e.network for e in mine])
    else:
        yield _by_route(stack, link)


def _by_route(stack: Stack, link: Link) -> Finding:
    me, found = stack.title(stack.source(link)), way(stack, link)
    seen_by = stack.inside(stack.source(link)).seen_by
    works = stack.works(link)
    if isinstance(found, Unable):
        return passed(f"{me} reaches {link.address}") if works else unknown(found)
    sick = None if works else _sick(stack, link, found, seen_by)
    says = f"{me} leaves {found.in_words}" if found.in_words else f"{me} has no IPv4 route to {link.address}"
    return sick or passed(says, seen_by=seen_by, **found.evidence)


def _sick(stack: Stack, link: Link, found: Way, seen_by: str) -> Finding | None:
    me, network = stack.title(stack.source(link)), found.network
    others = [n for n in of(stack, link) if n != network and leads_out(n)]
    if not found.in_words:
        return _lost(stack, link, others, seen_by) if others else None
    if found.route is not None and gateway_is_dead(stack, link):
        says = f"{me} leaves {found.in_words}, and nobody there has that address"
        remedy = leave_by(stack, link, network, others) if others else right_gateway(stack, link, network)
        return fail("wrong-gateway", says, remedy=remedy, seen_by=seen_by, **found.evidence)
    if network is None or leads_out(network) or not is_ours(stack, link):
        return None
    why = "is internal" if network.internal else "does not translate addresses, so that no answer comes back"
    says = f"{me} leaves {found.in_words}, and {network.name} {why}"
    if others:
        says += f"; {others[0].name} would lead out"
        remedy = leave_by(stack, link, network, others)
        return fail("wrong-gateway", says, remedy=remedy, seen_by=seen_by, **found.evidence)
    if is_translated(network):
        return None
    remedy = translate(stack, link, network)
    return fail("not-masqueraded", says, remedy=remedy, seen_by=seen_by, **found.evidence)


def _lost(stack: Stack, link: Link, others: list[Network], seen_by: str) -> Finding | None:
    """No route leads there at all, although one of the networks does."""
    source = stack.source(link)
    if ":" in link.address:  # the routes of IPv6 are not looked at
        return None
    says = f"{stack.title(source)} has no route to {link.address}, although {others[0].name} leads out"
    names = [n.name for n in others]
    return fail("wrong-gateway", says, remedy=restart(stack, link), seen_by=seen_by, networks=names)
