"""The kernel's socket tables as rows, from wherever they were read: /proc/PID/net/* (proc(5)) or sock_diag(7).

What is left out, and how one port's rows become one listener, is decided here once for every rung.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from netdoctor.answers import Listener, Peer, Process, Sockets

# include/net/tcp_states.h; UDP borrows 1 for connected and 7 for merely bound.
ESTABLISHED, SYN_SENT, BOUND, CLOSE_WAIT, LISTEN = 1, 2, 7, 8, 10

ENGINE_RESOLVER = "127.0.0.11"
"""The engine's own resolver listens there, in every namespace that it gives names to; it is not the application."""

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared with, never bound to

_PEER_STATES: Mapping[int, Literal["established", "syn-sent", "close-wait"]] = {
    ESTABLISHED: "established",
    SYN_SENT: "syn-sent",
    CLOSE_WAIT: "close-wait",
}


class Row(msgspec.Struct, frozen=True):
    """One socket. `waiting` is rqueue, for a listener the accept queue; `inode` 0 belongs to no process (yet).

    `only_v6` is IPV6_V6ONLY, None where the table does not tell it; `backlog` likewise.
    """

    protocol: Literal["tcp", "udp"]
    state: int
    address: str
    port: int
    remote: str
    remote_port: int
    waiting: int = 0
    backlog: int | None = None
    inode: int = 0
    only_v6: bool | None = None


def plain(address: str) -> str:
    """An IPv4 address that an IPv6 socket uses (::ffff:10.0.0.7) as IPv4; anything else as it is."""
    if address.startswith("::ffff:") and "." in address:
        return address[7:]
    return address


def rows(text: str, protocol: Literal["tcp", "udp"]) -> Iterator[Row]:
    """The rows of /proc/PID/net/{tcp,tcp6,udp,udp6}; lines that are none are passed over."""
    for line in text.splitlines():
        part = line.split()
        if len(part) < 10 or not part[0].endswith(":") or ":" not in part[1]:
            continue
        address, port = _place(part[1])
        remote, remote_port = _place(part[2])
        waiting = int(part[4].partition(":")[2], 16)
        yield Row(protocol, int(part[3], 16), address, port, remote, remote_port, waiting, None, int(part[9]))


def _place(text: str) -> tuple[str, int]:
    """`0100007F:1F90` is 127.0.0.1 port 8080: each 32 bits of the address as a number in the machine's own order."""
    number, _, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(number[i : i + 8], 16)) for i in range(0, len(number), 8))
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed), int(port, 16)


def unix_paths(text: str) -> tuple[str, ...]:
    """The paths of listening sockets in /proc/PID/net/unix, once each; abstract ones (@) have none."""
    found: dict[str, None] = {}
    for line in text.splitlines()[1:]:
        part = line.split(maxsplit=7)
        # __SO_ACCEPTCON, include/uapi/linux/net.h: it listens.
        if len(part) == 8 and int(part[3], 16) & 0x10000 and not part[7].startswith("@"):
            found[part[7]] = None
    return tuple(found)


def tcp_in_use(table: Callable[[str], str]) -> int | None:
    """How many TCP sockets the namespace has that listen or are connected, by /proc/PID/net/sockstat and sockstat6.

    None where the kernel does not tell. `table` reads a file of that folder.
    """
    found = [
        int(line.split()[2])
        for name in ("sockstat", "sockstat6")
        for line in table(name).splitlines()
        if line.startswith(("TCP: inuse ", "TCP6: inuse "))
    ]
    return sum(found) if found else None


def is_listening(row: Row) -> bool:
    """A TCP listener or a bound UDP socket of the application."""
    if plain(row.address) == ENGINE_RESOLVER or not row.port:
        return False
    return row.state == (LISTEN if row.protocol == "tcp" else BOUND)


def sockets(
    table: Iterable[Row],
    unix: tuple[str, ...] = (),
    *,
    owners: Callable[[frozenset[int]], Mapping[int, Process]],
    serves_ipv4: Callable[[tuple[int, ...]], Mapping[int, bool | None]],
) -> Sockets:
    """The answer. `owners` finds the processes of inodes; `serves_ipv4` settles TCP ports of `::` without V6ONLY."""
    table = tuple(table)
    listening = [row for row in table if is_listening(row)]
    holders = owners(frozenset(row.inode for row in listening if row.inode))
    undecided = sorted({r.port for r in listening if _is_open_question(r, listening)})
    settled = serves_ipv4(tuple(undecided)) if undecided else {}
    merged: dict[tuple[str, str, int], Listener] = {}
    for row in listening:
        listener = _listener(row, listening, holders.get(row.inode), settled)
        key = (row.protocol, row.address, row.port)
        before = merged.get(key)
        # Several sockets on one port are workers with SO_REUSEPORT: the most burdened one speaks for all.
        if before is None or listener.waiting > before.waiting:
            merged[key] = listener
    return Sockets(
        listeners=tuple(sorted(merged.values(), key=lambda x: (x.protocol, x.port, x.address))),
        peers=_peers(table, {row.port for row in listening if row.protocol == "tcp"}),
        unix=unix,
    )


def _listener(row: Row, listening: list[Row], holder: Process | None, settled: Mapping[int, bool | None]) -> Listener:
    return Listener(
        address=plain(row.address),
        port=row.port,
        protocol=row.protocol,
        dual=_dual(row, listening, settled),
        process=holder,
        waiting=row.waiting if row.protocol == "tcp" else 0,  # for UDP it counts bytes
        backlog=row.backlog if row.protocol == "tcp" else None,
    )


def _dual(row: Row, listening: list[Row], settled: Mapping[int, bool | None]) -> bool | None:
    if ":" not in plain(row.address):
        return None
    if row.address != "::":
        return False
    if row.only_v6 is not None:
        return not row.only_v6
    if _has_ipv4_twin(row, listening):
        return False
    return settled.get(row.port) if row.protocol == "tcp" else None


def _is_open_question(row: Row, listening: list[Row]) -> bool:
    return row.protocol == "tcp" and row.address == "::" and row.only_v6 is None and not _has_ipv4_twin(row, listening)


def _has_ipv4_twin(row: Row, listening: list[Row]) -> bool:
    """Two sockets cannot both serve IPv4 on all addresses of one port, so beside 0.0.0.0 the `::` is IPv6 only."""
    return any(r.address == EVERYWHERE[0] and r.port == row.port and r.protocol == row.protocol for r in listening)


def _peers(table: Iterable[Row], served: set[int]) -> tuple[Peer, ...]:
    """Where the namespace's processes connect to, each once: neither loopback nor what came in to a listener."""
    found: dict[Peer, None] = {}
    for row in table:
        state = _PEER_STATES.get(row.state)
        if row.protocol == "tcp" and state is not None and row.port not in served:
            remote = ipaddress.ip_address(plain(row.remote))
            if not remote.is_loopback and not remote.is_unspecified:
                found[Peer(address=str(remote), port=row.remote_port, state=state)] = None
    return tuple(found)
