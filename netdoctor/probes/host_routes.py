"""Interfaces, routes, rules and neighbour tables as answers, from what rtnetlink tells."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping

import netdoctor.probes.route_netlink as rt
from netdoctor.answers import Fill, HostInterface, HostRoute, RoutingRule

_UP, _LOWER_UP = 0x1, 0x10000  # IFF_*
_DEAD, _LINKDOWN = 0x1, 0x10  # RTNH_F_*
_CLONED = 0x200  # RTM_F_CLONED: a cached exception, no route of the table
_LOCAL_TABLE = 255
_KINDS = {1: "unicast", 6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}  # RTN_*; local and the like not
_ACTIONS = {1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}  # FR_ACT_*
_PERMANENT = 0x80  # NUD_PERMANENT
_LOOPBACK = 1  # the interface's index, in every namespace
_TABLES_OF_THE_KERNEL = {(0, 255), (32766, 254), (32767, 253)}  # priority and table: local, main, default
_NEXT_HOP = struct.Struct("=HBBi")  # rtnexthop: length, flags, hops, index


def interfaces(netlink: socket.socket) -> tuple[HostInterface, ...]:
    """Raises OSError."""
    links = tuple(rt.dump(netlink, rt.LINK))
    names = {m.fixed[2]: rt.text(m.attributes.get(3)) for m in links}  # IFLA_IFNAME
    own: dict[int, list[str]] = {}
    for message in rt.dump(netlink, rt.ADDRESS):
        _, length, _, _, index = message.fixed
        # IFA_LOCAL is the own address; of a point-to-point interface IFA_ADDRESS is the other end's.
        text = rt.address(message.attributes.get(2) or message.attributes.get(1))
        own.setdefault(index, []).append(f"{text}/{length}")
    return tuple(_interface(m, names, own.get(m.fixed[2], ())) for m in links)


def _interface(message: rt.Message, names: Mapping[int, str], addresses: Iterable[str]) -> HostInterface:
    _, _, index, flags, _ = message.fixed
    told = message.attributes
    return HostInterface(
        name=names[index],
        index=index,
        up=bool(flags & _UP),
        carrier=bool(flags & _LOWER_UP),
        mtu=rt.number(told.get(4)),  # IFLA_MTU
        kind=rt.text(rt.attributes(told.get(18, b"")).get(1)),  # IFLA_LINKINFO, IFLA_INFO_KIND
        master=names.get(rt.number(told.get(10)), ""),  # IFLA_MASTER
        peer=rt.number(told.get(5)),  # IFLA_LINK
        addresses=tuple(addresses),
    )


def routes(netlink: socket.socket, names: Mapping[int, str]) -> tuple[HostRoute, ...]:
    """Of both families; `names` are the interfaces' by index. Raises OSError."""
    families = (socket.AF_INET, socket.AF_INET6)
    return tuple(r for f in families for m in rt.dump(netlink, rt.ROUTE, f) for r in _route(m, names))


def _route(message: rt.Message, names: Mapping[int, str]) -> Iterator[HostRoute]:
    family, length, _, _, short_table, _, _, kind, flags = message.fixed
    told = message.attributes
    table = rt.number(told.get(15)) or short_table  # RTA_TABLE
    if kind not in _KINDS or table == _LOCAL_TABLE or flags & _CLONED:
        return
    destination = rt.address(told.get(1)) or ("0.0.0.0" if family == socket.AF_INET else "::")  # noqa: S104  a route's
    for gateway, index, state in _ways(message):
        yield HostRoute(
            destination=f"{destination}/{length}",
            gateway=gateway,
            interface=names.get(index, "") if kind == 1 else "",
            kind=_KINDS[kind],
            table=table,
            metric=rt.number(told.get(6)),  # RTA_PRIORITY
            mtu=rt.number(rt.attributes(told.get(8, b"")).get(2)),  # RTA_METRICS, RTAX_MTU
            down=bool(state & (_DEAD | _LINKDOWN)),
        )


def _ways(message: rt.Message) -> Iterator[tuple[str, int, int]]:
    """Gateway, index of the interface and flags of each next hop."""
    told = message.attributes
    hops = told.get(9)  # RTA_MULTIPATH
    if hops is None:
        yield _gateway(told), rt.number(told.get(4)), message.fixed[8]  # RTA_OIF
        return
    at = 0
    while at + _NEXT_HOP.size <= len(hops):
        length, flags, _, index = _NEXT_HOP.unpack_from(hops, at)
        if length < _NEXT_HOP.size:
            break
        yield _gateway(rt.attributes(hops[at + _NEXT_HOP.size : at + length])), index, flags
        at += (length + 3) & ~3


def _gateway(told: rt.Attributes) -> str:
    via = told.get(18)  # RTA_VIA: a gateway of the other family, after two bytes that name it
    return rt.address(told.get(5)) or (rt.address(via[2:]) if via else "")  # RTA_GATEWAY


def rules(netlink: socket.socket) -> tuple[RoutingRule, ...]:
    """Of both families, by priority, without the kernel's own three. Raises OSError."""
    families = (socket.AF_INET, socket.AF_INET6)
    found = [_rule(m) for f in families for m in rt.dump(netlink, rt.RULE, f)]
    return tuple(sorted((r for r in found if r is not None), key=lambda r: (r.ipv6, r.priority)))


def _rule(message: rt.Message) -> RoutingRule | None:
    family, to_length, from_length, _, short_table, action, flags = message.fixed
    told = message.attributes
    priority, table = rt.number(told.get(6)), rt.number(told.get(15)) or short_table  # FRA_PRIORITY, FRA_TABLE
    mark, mask = rt.number(told.get(10)), rt.number(told.get(16))  # FRA_FWMARK, FRA_FWMASK
    rule = RoutingRule(
        priority=priority,
        action=_ACTIONS.get(action, "nop"),
        table=table if action == 1 else 0,
        ipv6=family == socket.AF_INET6,
        inverted=bool(flags & 0x2),  # FIB_RULE_INVERT
        source=f"{rt.address(told[2])}/{from_length}" if 2 in told else "",  # FRA_SRC
        destination=f"{rt.address(told[1])}/{to_length}" if 1 in told else "",  # FRA_DST
        incoming=rt.text(told.get(3)),  # FRA_IIFNAME
        outgoing=rt.text(told.get(17)),  # FRA_OIFNAME
        mark=f"{mark:#x}/{mask:#x}" if mark or (mask and mask != 0xFFFFFFFF) else "",
        suppress=-1 if rt.number(told.get(14)) == 0xFFFFFFFF or 14 not in told else rt.number(told[14]),
    )
    plain = RoutingRule(priority=priority, table=table, ipv6=rule.ipv6)
    return None if (priority, table) in _TABLES_OF_THE_KERNEL and rule == plain else rule


def neighbours(netlink: socket.socket) -> Mapping[str, Fill]:
    """The machine's neighbour tables, which all namespaces share, by name. Raises OSError."""
    families: Mapping[int, str] = {socket.AF_INET: "arp_cache", socket.AF_INET6: "ndisc_cache"}
    exempt = {
        name: sum(
            bool(m.fixed[2] & _PERMANENT) or m.fixed[1] == _LOOPBACK for m in rt.dump(netlink, rt.NEIGHBOUR, family)
        )
        for family, name in families.items()
    }
    found: dict[str, Fill] = {}
    for message in rt.dump(netlink, rt.NEIGHBOUR_TABLE):
        name, told = families.get(message.fixed[0]), message.attributes
        if (
            name is None or not {4, 5, 7} <= told.keys()
        ):  # the parameters of one interface come in messages of their own
            continue
        # NDTA_CONFIG begins with two 16-bit sizes, then the number of entries; NDTA_STATS holds 64-bit numbers:
        # table_fulls is the eleventh.
        _, _, count = struct.unpack_from("=HHI", told[5])
        (overflows,) = struct.unpack_from("=Q", told[7].ljust(88, b"\0"), 80)
        found[name] = Fill(count=count, limit=rt.number(told[4]), overflows=overflows, exempt=exempt[name])
    return found
