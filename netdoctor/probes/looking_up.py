"""What a name means to a container: what getaddrinfo(3) of glibc would do with its files and its namespace."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

from msgspec.structs import replace

from netdoctor.answers import Lookup
from netdoctor.probes.dns_exchange import OpenSocket, Told, ask_servers
from netdoctor.probes.resolver_files import ResolvConf, hosts_addresses, is_address, is_name, names_to_ask

_UNIQUE_LOCAL = ipaddress.ip_network("fc00::/7")


def literal(name: str) -> str:
    """The address that the text itself is, in whatever spelling getaddrinfo takes (127.1, [::1]), else ""."""
    text = name.strip("[]")
    if is_address(text):
        return text
    if text[:1].isdigit() and not text.strip("0123456789abcdefxABCDEFX."):
        with suppress(OSError):
            return socket.inet_ntoa(socket.inet_aton(text))
    return ""


def by_files(name: str, hosts: str, conf: ResolvConf) -> Lookup:
    """What the files, given as text and as read, make of the name: "unresolved" where the servers decide."""
    in_hosts = hosts_addresses(hosts, name)
    blank = Lookup(
        outcome="unresolved", asked=name, servers=conf.servers, search=conf.search, ndots=conf.ndots, hosts=in_hosts
    )
    if address := literal(name):
        return replace(blank, outcome="found", addresses=(address,), source="literal")
    if in_hosts:
        return replace(blank, outcome="found", addresses=in_hosts, source="hosts")
    if name.lower().rstrip(".").endswith(".localhost"):  # RFC 6761, 6.3; nss_myhostname does so, plain glibc asks
        return replace(blank, outcome="found", addresses=("127.0.0.1",), source="hosts")
    return blank if is_name(name) else replace(blank, outcome="unknown")


def look_up(name: str, hosts: str, conf: ResolvConf, open_socket: OpenSocket, ends: float) -> Lookup:
    """Literal address, hosts file (`hosts` is its text), then the servers, until `ends` (time.monotonic())."""
    lookup = by_files(name, hosts, conf)
    if lookup.outcome == "unresolved":
        told = _search(name, conf, open_socket, ends)
        lookup = replace(
            lookup,
            outcome=told.outcome,
            addresses=told.addresses,
            source="dns" if told.outcome == "found" else "",
            rcode=told.rcode,
            asked=told.name,
            server=told.server,
        )
    return replace(lookup, addresses=_in_order_of_use(lookup.addresses, open_socket))


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


def _in_order_of_use(addresses: tuple[str, ...], open_socket: OpenSocket) -> tuple[str, ...]:
    """The order in which a program tries them, RFC 6724: IPv6 first where it has a route and a matching source.

    Addresses of one family stay as they came.
    """
    six = tuple(a for a in addresses if ":" in a)
    if not six or len(six) == len(addresses):
        return addresses
    return ipv6_goes(addresses, first=_prefers_ipv6(six[0], open_socket))


def ipv6_goes(addresses: tuple[str, ...], *, first: bool) -> tuple[str, ...]:
    """The addresses with those of IPv6 first or last."""
    return tuple(sorted(addresses, key=lambda a: (":" in a) is not first))


def _prefers_ipv6(address: str, open_socket: OpenSocket) -> bool:
    try:
        with open_socket(socket.AF_INET6, socket.SOCK_DGRAM) as line:
            line.connect((address, 9))  # nothing is sent: the kernel only looks for a route and a source
            source = ipaddress.ip_address(line.getsockname()[0].partition("%")[0])
    except OSError:
        return False
    # Rule 5: labels must match. Only one label matters here, that of unique local addresses.
    return (source in _UNIQUE_LOCAL) == (ipaddress.ip_address(address.partition("%")[0]) in _UNIQUE_LOCAL)
