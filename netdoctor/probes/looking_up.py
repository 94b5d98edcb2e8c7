"""What a name means to a container: what getaddrinfo(3) of glibc would do with its files and its namespace."""

from __future__ import annotations

import ipaddress
import socket

from netdoctor.answers import Lookup
from netdoctor.probes.dns_exchange import OpenSocket, Told, ask_servers
from netdoctor.probes.resolver_files import ResolvConf, hosts_addresses, is_address, names_to_ask


def literal(name: str) -> str:
    """The address that the text itself is, in whatever spelling getaddrinfo takes (127.1, [::1]), else ""."""
    text = name.strip("[]")
    if is_address(text):
        return text
    if text[:1].isdigit() and not text.strip("0123456789abcdefxABCDEFX."):
        try:
            return socket.inet_ntoa(socket.inet_aton(text))
        except OSError:
            pass
    return ""


def look_up(name: str, hosts: str, conf: ResolvConf, open_socket: OpenSocket, ends: float) -> Lookup:
    """Literal address, hosts file (`hosts` is its text), then the servers, until `ends` (time.monotonic())."""
    in_hosts = hosts_addresses(hosts, name)
    shown = {"servers": conf.servers, "search": conf.search, "ndots": conf.ndots, "hosts": in_hosts}
    if address := literal(name):
        return Lookup(outcome="found", addresses=(address,), source="literal", asked=name, **shown)
    if in_hosts:
        return Lookup(outcome="found", addresses=in_order_of_use(in_hosts, open_socket), source="hosts", asked=name, **shown)
    if name.lower().rstrip(".").endswith(".localhost"):  # RFC 6761, 6.3; nss_myhostname does so, plain glibc asks
        return Lookup(outcome="found", addresses=("127.0.0.1",), source="hosts", asked=name, **shown)
    told = _search(name, conf, open_socket, ends)
    return Lookup(
        outcome=told.outcome,
        addresses=in_order_of_use(told.addresses, open_socket),
        source="dns" if told.outcome == "found" else "",
        rcode=told.rcode,
        asked=told.name,
        server=told.server,
        **shown,
    )


def _search(name: str, conf: ResolvConf, open_socket: OpenSocket, ends: float) -> Told:
    """The answer that glibc returns of all those along the search list (__res_context_search in resolv/res_query.c)."""
    heard: list[Told] = []
    for full in names_to_ask(name, conf.search, conf.ndots):
        told = ask_servers(full, conf.servers, open_socket, ends)
        if told.outcome == "found":
            return told
        heard.append(told)
        if told.outcome in ("silent", "no-server"):  # it would be the same with the next name
            break
    if heard[0].name == name.rstrip("."):  # asked as it is before the search list: that answer counts
        return heard[0]
    for outcome in ("empty", "failed"):
        for told in heard[:-1]:
            if told.outcome == outcome:
                return told
    return heard[-1]


def in_order_of_use(addresses: tuple[str, ...], open_socket: OpenSocket) -> tuple[str, ...]:
    """The order in which a program tries them, RFC 6724: IPv6 first where it has a route and a matching source.

    Addresses of one family stay as they came.
    """
    six = tuple(a for a in addresses if ":" in a)
    four = tuple(a for a in addresses if ":" not in a)
    if not six or not four:
        return addresses
    return six + four if _prefers_ipv6(six[0], open_socket) else four + six


def _prefers_ipv6(address: str, open_socket: OpenSocket) -> bool:
    try:
        with open_socket(socket.AF_INET6, socket.SOCK_DGRAM) as line:
            line.connect((address, 9))  # nothing is sent: the kernel only looks for a route and a source
            source = ipaddress.ip_address(line.getsockname()[0].partition("%")[0])
    except OSError:
        return False
    # Rule 5: labels must match. Only one label matters here, that of unique local addresses (fc00::/7).
    unique_local = ipaddress.ip_network("fc00::/7")
    return (source in unique_local) == (ipaddress.ip_address(address.partition("%")[0]) in unique_local)
