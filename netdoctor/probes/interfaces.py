"""Interfaces, addresses, routes and neighbours of a network namespace: proc(5) /proc/PID/net/*, netdevice(7)."""

from __future__ import annotations

import array
import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from netdoctor.answers import Interface, Route

_UP = 0x1  # IFF_UP, and RTF_UP of a route
_REJECT = 0x200  # RTF_REJECT: a route that leads nowhere
_SIOCGIFCONF, _SIOCGIFFLAGS = 0x8912, 0x8913
_IFREQ = 40 if struct.calcsize("P") == 8 else 32


def routes(text: str) -> tuple[Route, ...]:
    """/proc/PID/net/route: IPv4, addresses as numbers in the machine's own order."""
    found = []
    for line in text.splitlines()[1:]:
        part = line.split()
        if len(part) >= 8 and int(part[3], 16) & _UP and not int(part[3], 16) & _REJECT:
            network = f"{_ipv4(part[1])}/{_ipv4(part[7])}"
            gateway = "" if part[2] == "00000000" else _ipv4(part[2])
            found.append(Route(destination=str(ipaddress.ip_network(network)), gateway=gateway, interface=part[0]))
    return tuple(found)


def neighbour(text: str, address: str) -> Literal["complete", "incomplete", ""]:
    """/proc/PID/net/arp: whether the hardware address of an IPv4 address is known; "" when nobody asked for it."""
    for line in text.splitlines()[1:]:
        part = line.split()
        if len(part) >= 4 and part[0] == address:
            return "complete" if int(part[2], 16) & 0x2 else "incomplete"  # ATF_COM, linux/if_arp.h
    return ""


def addresses6(text: str) -> Iterator[tuple[str, str]]:
    """/proc/PID/net/if_inet6: pairs of interface and address."""
    for line in text.splitlines():
        part = line.split()
        if len(part) == 6:
            yield part[5], str(ipaddress.IPv6Address(int(part[0], 16)))


def local_addresses4(text: str) -> tuple[str, ...]:
    """/proc/PID/net/fib_trie: the IPv4 addresses of the namespace, which does not say on which interface."""
    found: dict[str, None] = {}
    address = ""
    for line in text.splitlines():
        word = line.split()
        if word[:1] == ["|--"] and len(word) > 1:
            address = word[1]
        elif word[:3] == ["/32", "host", "LOCAL"]:
            found[address] = None
    return tuple(found)


def on_interfaces(addresses: Iterable[str], known: tuple[Route, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of interface and address, told from the directly connected networks; loopback is on `lo`."""
    for address in addresses:
        number = ipaddress.ip_address(address)
        if number.is_loopback:
            yield "lo", address
        for route in known:
            if not route.gateway and number in ipaddress.ip_network(route.destination):
                yield route.interface, address
                break


def names(text: str) -> tuple[str, ...]:
    """/proc/PID/net/dev: the names of the interfaces."""
    return tuple(line.partition(":")[0].strip() for line in text.splitlines() if ":" in line)


def addresses4(line: socket.socket) -> Iterator[tuple[str, str]]:
    """Pairs of interface and IPv4 address in the socket's namespace. Raises OSError."""
    import fcntl  # there is none on Windows, where the other rungs work

    size = 256 * _IFREQ
    room = array.array("B", bytes(size))
    told = fcntl.ioctl(line, _SIOCGIFCONF, struct.pack("iP", size, room.buffer_info()[0]))
    for at in range(0, struct.unpack("iP", told)[0], _IFREQ):
        one = room[at : at + _IFREQ].tobytes()
        # An alias has a label of its own, eth0:1.
        yield one[:16].partition(b"\0")[0].decode().partition(":")[0], socket.inet_ntoa(one[20:24])


def is_up(line: socket.socket, name: str) -> bool:
    """Whether the interface of the socket's namespace is up. Raises OSError."""
    import fcntl

    told = fcntl.ioctl(line, _SIOCGIFFLAGS, struct.pack("16sH22x", name.encode()[:15], 0))
    return bool(struct.unpack_from("16xH", told)[0] & _UP)


def flags_say_up(text: str) -> bool:
    """/sys/class/net/NAME/flags, `0x1003`; without the file the interface passes for up."""
    return bool(int(text, 16) & _UP) if text else True


def interfaces(up: Mapping[str, bool], addresses: Iterable[tuple[str, str]]) -> tuple[Interface, ...]:
    """The answer: `up` by name, in order, and pairs of name and address."""
    pairs = tuple(addresses)
    return tuple(Interface(name=n, up=u, addresses=tuple(a for m, a in pairs if m == n)) for n, u in up.items())


def _ipv4(number: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(number, 16)))
