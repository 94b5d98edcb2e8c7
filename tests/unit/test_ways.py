"""Which route a packet takes, by the rules and routes that VPNs set."""

from __future__ import annotations

from netdoctor.answers import HostFacts, HostInterface, HostRoute, RoutingRule
from netdoctor.ways import mtu_of, way_out

ETH0 = HostRoute(destination="0.0.0.0/0", gateway="192.0.2.1", interface="eth0")
LAN = HostRoute(destination="192.0.2.0/24", interface="eth0")
WG0 = HostRoute(destination="0.0.0.0/0", interface="wg0", table=51820)
PLAIN = HostFacts(routes=(ETH0, LAN))
# As wg-quick(8) sets it: all but its own marked packets, and the main table for what is more exact than its default.
WG_QUICK = HostFacts(
    interfaces=(HostInterface(name="wg0", mtu=1420),),
    routes=(ETH0, LAN, WG0),
    rules=(
        RoutingRule(priority=32764, table=254, suppress=0),
        RoutingRule(priority=32765, table=51820, mark="0xca6c/0xffffffff", inverted=True),
    ),
)


def taken(facts: HostFacts, destination: str, **told: str) -> str:
    route = way_out(facts, destination, **told)
    return "" if route is None else route.interface or route.kind


def test_the_longest_prefix_and_then_the_lowest_metric() -> None:
    slow = HostRoute(destination="0.0.0.0/0", interface="wlan0", metric=600)
    assert taken(HostFacts(routes=(slow, ETH0, LAN)), "203.0.113.1") == "eth0"
    assert way_out(PLAIN, "192.0.2.7") == LAN
    assert taken(PLAIN, "2001:db8::1") == ""


def test_a_route_without_a_carrier_is_none() -> None:
    down = HostRoute(destination="203.0.113.0/24", interface="br-1", down=True)
    assert taken(HostFacts(routes=(ETH0, down)), "203.0.113.1") == "eth0"


def test_a_vpn_takes_all_but_the_lan() -> None:
    route = way_out(WG_QUICK, "203.0.113.1")
    assert route == WG0
    assert mtu_of(WG_QUICK, WG0) == 1420
    assert taken(WG_QUICK, "192.0.2.7") == "eth0"


def test_rules_for_sources_and_interfaces() -> None:
    rules = (
        RoutingRule(priority=100, table=7, source="172.18.0.0/16"),
        RoutingRule(priority=101, action="unreachable", incoming="br-2"),
    )
    seven = HostRoute(destination="0.0.0.0/0", interface="tun0", table=7)
    facts = HostFacts(routes=(ETH0, seven), rules=rules)
    assert taken(facts, "203.0.113.1", source="172.18.0.2") == "tun0"
    assert taken(facts, "203.0.113.1", source="172.19.0.2") == "eth0"
    assert taken(facts, "203.0.113.1", incoming="br-2") == "unreachable"
