"""What resolv.conf(5) and hosts(5) say, and which names are asked in which order. Pure.

The reading is glibc's. musl's differs: it asks all servers at once and takes the first answer, never searches for a
name with `ndots` dots, and stops searching at a name that exists without an address. With one server and a container's
name both come to the same.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import msgspec


class ResolvConf(msgspec.Struct, frozen=True):
    """resolv.conf(5): at most three servers; the last of several `search` and `domain` lines counts."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1


def read_resolv_conf(text: str) -> ResolvConf:
    """What the file says; lines that say nothing are passed over."""
    servers: list[str] = []
    search: tuple[str, ...] = ()
    ndots = 1
    for line in text.splitlines():
        if line[:1] in ("#", ";"):
            continue
        word, *rest = line.split() or [""]
        if word == "nameserver" and rest and is_address(rest[0].partition("%")[0]):
            servers.append(rest[0])
        elif word in ("search", "domain"):
            search = tuple(d.rstrip(".") for d in rest[: 1 if word == "domain" else None] if d.rstrip("."))
        elif word == "options":
            for option in rest:
                name, _, value = option.partition(":")
                if name == "ndots" and value.isdigit():
                    ndots = min(int(value), 15)  # RES_MAXNDOTS
    return ResolvConf(tuple(servers[:3]), search, ndots)


def external_servers(text: str) -> tuple[tuple[str, bool], ...]:
    """The servers behind the engine's resolver, from the comment that engines leave since 25.0, () for none.

    `# ExtServers: [192.0.2.53 host(127.0.0.53)]`: pairs of address, and whether it is asked from the host's namespace.
    https://github.com/moby/moby/blob/master/daemon/libnetwork/internal/resolvconf/resolvconf.go
    """
    found: list[tuple[str, bool]] = []
    for line in re.findall(r"(?m)^# ExtServers: \[(.*)\]", text):
        for word in line.split():
            match = re.fullmatch(r"host\((.+)\)", word)
            address = (match[1] if match else word).partition("%")[0]
            if is_address(address):
                found.append((address, match is not None))
    return tuple(found)


def hosts_addresses(text: str, name: str) -> tuple[str, ...]:
    """The addresses that a hosts file has for the name, in the order of its lines; case does not count."""
    wanted = name.lower()
    found: dict[str, None] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if wanted in (n.lower() for n in names) and is_address(address.partition("%")[0]):
            found[address] = None
    return tuple(found)


def names_to_ask(name: str, search: tuple[str, ...], ndots: int) -> Iterator[str]:
    """Full names without the final dot, in glibc's order (__res_context_search in resolv/res_query.c).

    A name with at least `ndots` dots is asked as it is before the search list, any other one after it.
    """
    if name.endswith("."):
        yield name.rstrip(".")
        return
    first = name.count(".") >= ndots
    if first:
        yield name
    for domain in search:
        yield f"{name}.{domain}"
    if not first:
        yield name


def is_name(name: str) -> bool:
    """Whether the text can be asked for at all: no label empty or longer than 63 bytes, RFC 1035, 2.3.4."""
    labels = name.removesuffix(".").encode(errors="replace").split(b".")
    return all(0 < len(label) < 64 for label in labels) and sum(len(label) + 1 for label in labels) < 255


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
