"""A client for netlink(7), first of all rtnetlink(7): links, addresses, routes, rules, neighbour tables.

They are those of the namespace that the socket was made in. Reads only, and needs no right.
Layouts: include/uapi/linux/{rtnetlink,if_link,if_addr,fib_rules,neighbour}.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Mapping

import msgspec

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
MOST = 20000
"""Messages read of one dump: a router with the whole internet's table has a million."""

LINK, ADDRESS, ROUTE, NEIGHBOUR, RULE, NEIGHBOUR_TABLE = 18, 22, 26, 30, 34, 66  # RTM_GET*

Attributes = Mapping[int, bytes]

_REQUEST, _DUMP = 0x1, 0x300  # NLM_F_REQUEST, NLM_F_ROOT | NLM_F_MATCH
_ERROR, _DONE = 2, 3
_NESTED = 0x3FFF  # NLA_TYPE_MASK: without NLA_F_NESTED and NLA_F_NET_BYTEORDER
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


class Message(msgspec.Struct, frozen=True):
    """The fixed part of a message, as its layout unpacks it, and its attributes by type."""

    fixed: tuple[int, ...]
    attributes: Attributes


LAYOUTS: Mapping[int, struct.Struct] = {
    LINK: struct.Struct("=BxHiII"),  # ifinfomsg: family, type, index, flags, change
    ADDRESS: struct.Struct("=BBBBI"),  # ifaddrmsg: family, prefix length, flags, scope, index
    ROUTE: struct.Struct("=BBBBBBBBI"),  # rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
    NEIGHBOUR: struct.Struct("=BxxxiHBB"),  # ndmsg: family, index, state, flags, type
    RULE: struct.Struct("=BBBBBxxBI"),  # fib_rule_hdr: family, dst_len, src_len, tos, table, action, flags
    NEIGHBOUR_TABLE: struct.Struct("=Bxxx"),  # ndtmsg: family
}


def dump(netlink: socket.socket, what: int, family: int = socket.AF_UNSPEC) -> Iterator[Message]:
    """All that the kernel has of one kind, `MOST` at most. Raises OSError."""
    layout = LAYOUTS[what]
    for body in messages(netlink, what, bytes([family]).ljust(layout.size, b"\0")):
        yield Message(layout.unpack_from(body), attributes(body[layout.size :]))


def messages(netlink: socket.socket, what: int, request: bytes) -> Iterator[bytes]:
    """The bodies of a dump's messages, `MOST` at most. Raises OSError."""
    netlink.send(_HEADER.pack(_HEADER.size + len(request), what, _REQUEST | _DUMP, 1, 0) + request)
    told = 0
    while True:
        received = netlink.recv(1 << 17)
        at = 0
        while at + _HEADER.size <= len(received):
            length, kind, _, _, _ = _HEADER.unpack_from(received, at)
            if kind == _DONE:
                return
            if kind == _ERROR:
                code = -struct.unpack_from("=i", received, at + _HEADER.size)[0] or errno.EINVAL
                raise OSError(code, os.strerror(code))
            told += 1
            if told <= MOST:
                yield received[at + _HEADER.size : at + length]
            at += (length + 3) & ~3


def attributes(data: bytes) -> Attributes:
    """A run of attributes by type; nested ones are bytes for this function again."""
    return dict(_attributes(data))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        yield kind & _NESTED, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def number(data: bytes | None) -> int:
    """An unsigned number in the machine's own order, 0 for none."""
    return int.from_bytes(data, "little" if struct.pack("=H", 1)[0] else "big") if data else 0


def text(data: bytes | None) -> str:
    """A name that ends with a zero byte, "" for none."""
    return data.partition(b"\0")[0].decode(errors="replace") if data else ""


def address(data: bytes | None) -> str:
    """An IPv4 or IPv6 address, "" for none."""
    if data is None or len(data) not in (4, 16):
        return ""
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)
