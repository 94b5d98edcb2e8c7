"""What the engine's host is asked: its kernel's settings and tables, as its own network namespace has them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from netdoctor.answers.question import HOST, Answer, Question

MAIN_TABLE = 254
"""RT_TABLE_MAIN: the routing table that is meant where none is named, ip-route(8)."""


class AskHost(Question, frozen=True, kw_only=True):
    """What do the kernel of the engine's host, its interfaces and its routes say?"""


def is_about_host(question: Question) -> bool:
    """Whether it is put to the engine's host, and to no container."""
    return isinstance(question, AskHost) or getattr(question, "container", "") == HOST


class HostInterface(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An interface of the host, rtnetlink(7). `addresses` have their prefix length: 172.18.0.1/16.

    `kind` is the driver's: bridge, veth, vxlan, macvlan, tun, wireguard, ..., "" for hardware and lo. `master` is the
    bridge that it is a port of. `peer` is the index of the other end (of a veth pair: maybe in another namespace) or of
    the interface that it is made on top of, 0 for none.
    """

    name: str
    index: int = 0
    up: bool = True
    carrier: bool = True
    """False for a bridge without a running container, and for a pulled cable."""
    mtu: int = 0
    kind: str = ""
    master: str = ""
    peer: int = 0
    addresses: tuple[str, ...] = ()


class HostRoute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One route of any table but `local`. `destination` is CIDR; `gateway` is "" for a directly connected network.

    `kind` is unicast, or blackhole, unreachable, prohibit, throw: those have no interface. A route by several ways
    (nexthops) is one of these for each.
    """

    destination: str
    gateway: str = ""
    interface: str = ""
    kind: str = "unicast"
    table: int = MAIN_TABLE
    metric: int = 0
    mtu: int = 0
    """What the route itself sets, 0 for nothing."""
    down: bool = False
    """The interface has no carrier (RTNH_F_LINKDOWN), or is dead."""


class RoutingRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One policy rule, ip-rule(8): whose packets look in which table; by priority, the lowest first.

    `action` is lookup, goto, nop, blackhole, unreachable or prohibit. `source` and `destination` are CIDR, "" for all.
    `mark` is `value/mask` in hexadecimal, "" for none; `table` 0 for none. The kernel's own three are left out.
    """

    priority: int
    action: str = "lookup"
    table: int = 0
    ipv6: bool = False
    inverted: bool = False
    """`not`: the rule is for all other packets."""
    source: str = ""
    destination: str = ""
    incoming: str = ""
    outgoing: str = ""
    mark: str = ""
    suppress: int = -1
    """suppress_prefixlength: routes of the table with a prefix as short as this, or shorter, do not count."""


class Fill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How full a table of the kernel is. `limit` 0: unknown or none.

    `overflows` is how many entries were refused since the machine started. `exempt` of the entries do not count towards
    the limit (neighbours on loopback, and permanent ones as an overlay network makes them), as far as they could be
    seen: those of other namespaces are not.
    """

    count: int
    limit: int
    overflows: int = 0
    exempt: int = 0


class HostFacts(Answer, frozen=True, kw_only=True):
    """The engine's host. `sysctls` are by their dotted names, `net.ipv4.ip_forward`; what the kernel lacks is missing.

    Per interface there are `net.ipv4.conf.NAME.forwarding` and `.rp_filter`, `net.ipv6.conf.NAME.forwarding` and
    `.disable_ipv6`, ports of bridges excepted. https://docs.kernel.org/networking/ip-sysctl.html
    """

    sysctls: Mapping[str, str] = {}
    interfaces: tuple[HostInterface, ...] = ()
    routes: tuple[HostRoute, ...] = ()
    rules: tuple[RoutingRule, ...] = ()
    conntrack: Fill | None = None
    """The connection tracking table of the namespace; None where the kernel has none."""
    neighbours: Mapping[str, Fill] = {}
    """The neighbour tables of the whole machine, all namespaces together: arp_cache and ndisc_cache."""
    servers: tuple[str, ...] = ()
    """The name servers of the host's /etc/resolv.conf."""
    forwarders: tuple[str, ...] = ()
    """Those of /run/systemd/resolve/resolv.conf, which engines go by where the only server is 127.0.0.53."""
    search: tuple[str, ...] = ()

    def interface(self, name: str) -> HostInterface | None:
        return next((i for i in self.interfaces if i.name == name), None)
