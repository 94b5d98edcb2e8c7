"""Which way a packet takes on the host, by its rules and routes: what `ip route get` would say. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from netdoctor.answers import HostFacts, HostRoute, RoutingRule

_MAIN, _DEFAULT = 254, 253
_KERNELS = ((32766, _MAIN), (32767, _DEFAULT))
"""The kernel's own rules after that for the table `local`, ip-rule(8)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def way_out(facts: HostFacts, destination: str, *, source: str = "", incoming: str = "") -> HostRoute | None:
    """The route that an unmarked packet to `destination` takes, None for none.

    `source` and `incoming` (the interface that it comes in by) matter where rules ask for them.
    """
    wanted = ipaddress.ip_address(destination)
    six = wanted.version == 6
    rules = [*(r for r in facts.rules if r.ipv6 == six)]
    rules += [RoutingRule(priority=p, table=t, ipv6=six) for p, t in _KERNELS]
    for rule in sorted(rules, key=lambda r: r.priority):
        if not _matches(rule, wanted, source, incoming):
            continue
        if rule.action == "lookup":
            route = _best((r for r in facts.routes if r.table == rule.table), wanted)
            if route is None or route.kind == "throw" or _prefix(route) <= rule.suppress:
                continue
            return route
        if rule.action in ("blackhole", "unreachable", "prohibit"):
            return HostRoute(destination=f"{destination}/{wanted.max_prefixlen}", kind=rule.action)
    return None


def mtu_of(facts: HostFacts, route: HostRoute) -> int:
    """Bytes that the route carries: its own limit, else its interface's; 0 where nobody knows."""
    interface = facts.interface(route.interface)
    return route.mtu or (interface.mtu if interface is not None else 0)


def _matches(rule: RoutingRule, destination: Address, source: str, incoming: str) -> bool:
    mark, _, _ = rule.mark.partition("/")
    told = (
        not rule.source or (bool(source) and _within(ipaddress.ip_address(source), rule.source)),
        not rule.destination or _within(destination, rule.destination),
        not rule.incoming or rule.incoming == incoming,
        not rule.outgoing,  # for sockets that are bound to an interface
        not mark or int(mark, 16) == 0,
    )
    return all(told) != rule.inverted


def _best(routes: Iterable[HostRoute], wanted: Address) -> HostRoute | None:
    fitting = [r for r in routes if not r.down and _within(wanted, r.destination)]
    return min(fitting, key=lambda r: (-_prefix(r), r.metric), default=None)


def _within(address: Address, network: str) -> bool:
    return address in ipaddress.ip_network(network, strict=False)


def _prefix(route: HostRoute) -> int:
    return int(route.destination.partition("/")[2])
