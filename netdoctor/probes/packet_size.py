"""Do full-sized packets come through where small ones do? Echo requests of both sizes, icmp(7), RFC 792 and RFC 4443.

Nothing is sent on the connection itself: the server's kernel answers, its process sees nothing. The large size is the
one in which a full segment of this very TCP connection would travel; what the two ends have agreed on is in TCP_INFO.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Callable

from netdoctor.answers import PacketSize

TRIES = 3
SMALL, LEAST = 84, 576
"""Bytes of the small packet, and of one that every way must carry (RFC 791)."""
MOST = 10_000
"""Larger ones exist on loopback alone."""
_TIMESTAMPS = 1  # TCPI_OPT_TIMESTAMPS: twelve bytes of each segment are an option
_IP_MTU_DISCOVER, _IP_MTU = 10, 14
_IPV6_MTU_DISCOVER, _IPV6_MTU = 23, 24
_PROBE = 3  # IP_PMTUDISC_PROBE: don't fragment, and don't heed what is known of the way


def packet_size(
    line: socket.socket, address: str, ms: float, open_socket: Callable[[int, int, int], socket.socket], ends: float
) -> PacketSize | None:
    """For an open connection; `ms` is what the connect took. None where it could not be tried. Raises no OSError."""
    six = ":" in address
    try:
        size = _segment(line, six)
        if not LEAST < size <= MOST:
            return None
        kind, protocol = socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
        with open_socket(socket.AF_INET6 if six else socket.AF_INET, kind, protocol) as echo:
            if six:
                echo.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PROBE)
            else:
                echo.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PROBE)
            echo.connect((address, 0))
            return _Echoes(echo, six, min(0.5, max(0.1, 4 * ms / 1000)), ends).compare(size)
    except OSError:
        return None


def _segment(line: socket.socket, six: bool) -> int:
    """The bytes of an IP packet with a full segment, from tcp_info, include/uapi/linux/tcp.h."""
    info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    (segment,) = struct.unpack_from("=I", info, 16)  # tcpi_snd_mss
    option = 12 if info[5] & _TIMESTAMPS else 0  # tcpi_options
    return int(segment) + option + 20 + (40 if six else 20)


class _Echoes:
    """Echo requests to one address."""

    def __init__(self, line: socket.socket, six: bool, wait: float, ends: float) -> None:
        self._line = line
        self._six = six
        self._wait = wait
        self._ends = ends
        self._mark = os.urandom(2)
        self._number = 0
        self._told = 0

    def compare(self, size: int) -> PacketSize | None:
        if not self._comes_through(SMALL, 1):
            return None  # nobody answers echo requests there, which is no fault
        if self._comes_through(size, TRIES):
            return PacketSize(size=size, large=True)
        if self._told:  # a router said so: TCP hears of it too, and sends smaller packets
            return PacketSize(size=size, large=True, told=self._told)
        if not self._comes_through(SMALL, 1):
            return None
        low, high = LEAST, size
        while high - low > 1 and time.monotonic() < self._ends:
            middle = (low + high) // 2
            low, high = (middle, high) if self._comes_through(middle, 1) else (low, middle)
        return PacketSize(size=size, large=False, fits=low)

    def _comes_through(self, size: int, tries: int) -> bool:
        for _ in range(tries):
            self._number += 1
            try:
                self._line.send(self._request(size))
                if self._answered():
                    return True
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                level, name = (socket.IPPROTO_IPV6, _IPV6_MTU) if self._six else (socket.IPPROTO_IP, _IP_MTU)
                self._told = self._line.getsockopt(level, name)
                return False
        return False

    def _request(self, size: int) -> bytes:
        length = size - (48 if self._six else 28)
        message = struct.pack("!BBH", 128 if self._six else 8, 0, 0) + self._label() + bytes(length)
        if self._six:
            return message  # the kernel fills in the sum, which covers the addresses too
        return message[:2] + struct.pack("!H", _checksum(message)) + message[4:]

    def _label(self) -> bytes:
        """Identifier and sequence number."""
        return self._mark + struct.pack("!H", self._number)

    def _answered(self) -> bool:
        ends = time.monotonic() + self._wait
        while (left := ends - time.monotonic()) > 0:
            self._line.settimeout(left)
            try:
                said = self._line.recv(MOST + 100)
            except TimeoutError:
                return False
            reply = said if self._six else said[(said[0] & 15) * 4 :]
            # Some answer large requests with less: what counts is that ours arrived.
            if reply[:1] == (b"\x81" if self._six else b"\0") and reply[4:8] == self._label():
                return True
        return False


def _checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
