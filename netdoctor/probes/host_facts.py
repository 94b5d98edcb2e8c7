"""The host's own network namespace: its sysctls, interfaces, routes and tables, and its resolver file."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from netdoctor.answers import Fill, HostFacts, HostInterface
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.host_routes import interfaces, neighbours, routes, rules
from netdoctor.probes.inside import Inside
from netdoctor.probes.resolver_files import read_resolv_conf
from netdoctor.probes.route_netlink import NETLINK_ROUTE

# https://docs.kernel.org/networking/ip-sysctl.html and nf_conntrack-sysctl.html; bridge-nf-call-* in ip-sysctl as well.
_SYSCTLS = (
    "net.core.somaxconn",
    "net.ipv4.ip_forward",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_no_pmtu_disc",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_mtu_probing",
    "net.ipv6.bindv6only",
    "net.bridge.bridge-nf-call-arptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.bridge.bridge-nf-call-iptables",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
)
_PER_INTERFACE = (("ipv4", "forwarding"), ("ipv4", "rp_filter"), ("ipv6", "disable_ipv6"), ("ipv6", "forwarding"))


def host_facts(inside: Inside) -> HostFacts:
    """What the host's kernel says in the namespace. Raises CannotAsk."""
    try:
        with inside.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as netlink:
            netlink.settimeout(1.0)
            own = interfaces(netlink)
            tables = routes(netlink, {i.index: i.name for i in own})
            policy = rules(netlink)
            told = neighbours(netlink)
    except OSError as error:
        raise CannotAsk(f"the kernel does not tell the host's routes ({error.strerror or error})") from error
    # /proc/sys/net is that of the namespace of whoever reads it, and not that of a PID.
    sysctls = inside.namespace.act(lambda: dict(_read(_names(own))))
    conf = read_resolv_conf(inside.read("/etc/resolv.conf"))
    return HostFacts(
        sysctls=sysctls,
        interfaces=own,
        routes=tables,
        rules=policy,
        conntrack=_conntrack(sysctls, inside.table("stat/nf_conntrack")),
        neighbours=told,
        servers=conf.servers,
        forwarders=read_resolv_conf(inside.read("/run/systemd/resolve/resolv.conf")).servers,
        search=conf.search,
    )


def _names(own: Iterable[HostInterface]) -> Iterator[tuple[str, str]]:
    """Pairs of a sysctl's name and its file under /proc/sys."""
    for name in _SYSCTLS:
        yield name, name.replace(".", "/")
    # A bridge's ports forward nothing themselves, and a host has one for each container.
    for interface in ("all", "default", *(i.name for i in own if not i.master)):
        for family, setting in _PER_INTERFACE:
            yield f"net.{family}.conf.{interface}.{setting}", f"net/{family}/conf/{interface}/{setting}"


def _read(names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, file in names:
        with suppress(OSError):  # the kernel has no such setting, or the interface has gone
            yield name, Path(f"/proc/sys/{file}").read_text("ascii", "replace").strip()


def _conntrack(sysctls: Mapping[str, str], stat: str) -> Fill | None:
    count, limit = (sysctls.get(f"net.netfilter.nf_conntrack_{name}", "") for name in ("count", "max"))
    if not count.isdigit() or not limit.isdigit():
        return None
    return Fill(count=int(count), limit=int(limit), overflows=_drops(stat))


def _drops(stat: str) -> int:
    """/proc/PID/net/stat/nf_conntrack: the column `drop` of all processors; hexadecimal, one line for each."""
    head, *lines = stat.splitlines() or [""]
    with suppress(ValueError):
        column = head.split().index("drop")
        return sum(int(line.split()[column], 16) for line in lines)
    return 0
