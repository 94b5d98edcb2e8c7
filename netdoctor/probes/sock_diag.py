"""A client for NETLINK_SOCK_DIAG, sock_diag(7): the sockets of the namespace that the netlink socket was made in.

Sixteen times cheaper than /proc/PID/net/tcp (the kernel walks a table of the whole machine for that), and it tells
IPV6_V6ONLY and the backlog. Layouts: include/uapi/linux/inet_diag.h and netlink.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Literal

from netdoctor.probes.tables import Row

NETLINK_SOCK_DIAG = 4

MOST = 5000
"""Rows read of one dump: a busy proxy has a hundred thousand connections, and the first ones show where they lead."""

_SOCK_DIAG_BY_FAMILY, _TCPDIAG_GETSOCK = 20, 18
_REQUEST, _DUMP = 0x1, 0x300  # NLM_F_REQUEST, NLM_F_ROOT | NLM_F_MATCH
_ERROR, _DONE = 2, 3
_V6ONLY = 11  # INET_DIAG_SKV6ONLY, which comes unasked with bound and listening IPv6 sockets
_HEADER = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_OLD_REQUEST, _OLD_STATES = struct.Struct("=B3x"), struct.Struct("=I4x")  # struct inet_diag_req
_SOCKET_ID = struct.Struct("!HH16s16s4x8s")  # ports, addresses, interface, cookie; INET_DIAG_NOCOOKIE is all ones
_MESSAGE = struct.Struct("=BBBB2s2s16s16sI8sIIIII")
_ATTRIBUTE = struct.Struct("=HH")


def dump(netlink: socket.socket, family: int, protocol: Literal["tcp", "udp"], states: int) -> list[Row]:
    """The sockets of one family (AF_INET, AF_INET6) and protocol in the states of the bit mask, `MOST` at most.

    Raises OSError, with ENOENT or EINVAL where the kernel has no sock_diag for it.
    """
    number = socket.IPPROTO_TCP if protocol == "tcp" else socket.IPPROTO_UDP
    _send(netlink, _DUMP, _ASKED.pack(family, number, 0, states) + bytes(_SOCKET_ID.size))
    return _received(netlink, protocol)


def _received(netlink: socket.socket, protocol: Literal["tcp", "udp"]) -> list[Row]:
    found: list[Row] = []
    while True:
        received = netlink.recv(1 << 16)
        at = 0
        while at + _HEADER.size <= len(received):
            length, kind, _, _, _ = _HEADER.unpack_from(received, at)
            if kind == _DONE:
                return found
            body = received[at + _HEADER.size : at + length]
            if kind == _ERROR:
                raise _error(body)
            if len(found) < MOST:
                found.append(_row(body, protocol))
            at += (length + 3) & ~3


def connections(netlink: socket.socket, states: int) -> list[Row]:
    """TCP sockets in the states of the bit mask, of IPv4 and IPv6 in one walk, `MOST` at most.

    By the older message of inet_diag, which asks for no family: the kernel walks the table of the whole machine once
    instead of twice, and that is what a look at a container's connections costs. Raises OSError.
    """
    asked = _OLD_REQUEST.pack(socket.AF_INET) + bytes(_SOCKET_ID.size) + _OLD_STATES.pack(states)
    header = _HEADER.pack(_HEADER.size + len(asked), _TCPDIAG_GETSOCK, _REQUEST | _DUMP, 1, 0)
    netlink.send(header + asked)
    return _received(netlink, "tcp")


def find_tcp(netlink: socket.socket, local: tuple[str, int], remote: tuple[str, int]) -> Row | None:
    """The TCP socket with just these two ends, else the listener that would take such a connection, else None.

    The ends are as the socket's owner sees them. Raises OSError.
    """
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    ends = socket.inet_pton(family, local[0]), socket.inet_pton(family, remote[0])
    socket_id = _SOCKET_ID.pack(local[1], remote[1], *(end.ljust(16, b"\0") for end in ends), b"\xff" * 8)
    _send(netlink, 0, _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0) + socket_id)
    received = netlink.recv(1 << 16)
    length, kind, _, _, _ = _HEADER.unpack_from(received)
    body = received[_HEADER.size : length]
    if kind != _ERROR:
        return _row(body, "tcp")
    error = _error(body)
    if error.errno == errno.ENOENT:
        return None
    raise error


def _send(netlink: socket.socket, flags: int, request: bytes) -> None:
    netlink.send(_HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST | flags, 1, 0) + request)


def _error(body: bytes) -> OSError:
    code = -struct.unpack_from("=i", body)[0] or errno.EINVAL
    return OSError(code, os.strerror(code))


def _row(body: bytes, protocol: Literal["tcp", "udp"]) -> Row:
    family, state, _, _, port, remote_port, address, remote, *_, waiting, backlog, _, inode = _MESSAGE.unpack_from(body)
    size = 4 if family == socket.AF_INET else 16
    return Row(
        protocol=protocol,
        state=state,
        address=socket.inet_ntop(family, address[:size]),
        port=int.from_bytes(port, "big"),
        remote=socket.inet_ntop(family, remote[:size]),
        remote_port=int.from_bytes(remote_port, "big"),
        waiting=waiting,
        backlog=backlog,
        inode=inode,
        only_v6=_only_v6(body[_MESSAGE.size :]) if family == socket.AF_INET6 else None,
    )


def _only_v6(attributes: bytes) -> bool | None:
    at = 0
    while at + _ATTRIBUTE.size <= len(attributes):
        length, kind = _ATTRIBUTE.unpack_from(attributes, at)
        if length < _ATTRIBUTE.size:
            break
        if kind == _V6ONLY:
            return attributes[at + _ATTRIBUTE.size] != 0
        at += (length + 3) & ~3
    return None
