"""The two DNS messages that a resolver's client needs: the query for an address, and the answer. RFC 1035, section 4.

dnspython is not used: as much of it as reads one answer takes 60 to 85 ms to import (importlib.metadata, email and idna
come with it, and a class for every kind of record), a third of a run. Names are written and passed over here, and never
decoded, which leaves little to get wrong; the tests compare what is read with what dnspython reads.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Literal

import msgspec

Kind = Literal["A", "AAAA"]

NOERROR, NXDOMAIN = 0, 3

_NUMBERS: dict[Kind, int] = {"A": 1, "AAAA": 28}
_IN = 1
_RESPONSE, _TRUNCATED, _RECURSION_DESIRED, _OPCODE, _RCODE = 0x8000, 0x0200, 0x0100, 0x7800, 0xF
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_WITHOUT_QUESTION = (1, 2, 4, 5)
"""The response codes with which some servers leave out the question."""

# https://www.iana.org/assignments/dns-parameters
_RCODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE", "DSOTYPENI",
)  # fmt: skip


class Answer(msgspec.Struct, frozen=True):
    """What a server says. `truncated`: not all of it, so ask over TCP."""

    rcode: int
    truncated: bool
    addresses: tuple[str, ...]

    @property
    def rcode_name(self) -> str:
        return _RCODES[self.rcode] if self.rcode < len(_RCODES) else str(self.rcode)


def query(name: str, kind: Kind) -> bytes:
    """A query for the addresses of the full `name`, written without the final dot. Raises ValueError for no name."""
    labels = [_label(label) for label in name.split(".")]
    written = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(written) > 255:
        raise ValueError(f"the name {name} is too long")
    number = int.from_bytes(os.urandom(2), "big")
    question = written + struct.pack("!HH", _NUMBERS[kind], _IN)
    return _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + question


def _label(label: str) -> bytes:
    written = label.encode() if label.isascii() else label.encode("idna")
    if not 0 < len(written) < 64:
        raise ValueError(f"{label!r} is no part of a name")
    return written


def read(wire: bytes, asked: bytes) -> Answer | None:
    """What `wire` answers to the query `asked`; None where it is not an answer to that, or no whole message."""
    try:
        number, flags, questions, answers, _, _ = _HEADER.unpack_from(wire)
        rcode, at = flags & _RCODE, _HEADER.size
        if number != int.from_bytes(asked[:2], "big") or not flags & _RESPONSE or flags & _OPCODE:
            return None
        question = asked[at:]
        if questions == 1:
            # Letters of either case are the same, and nothing else in a question is a letter.
            if wire[at : at + len(question)].lower() != question.lower():
                return None
            at += len(question)
        elif questions or rcode not in _WITHOUT_QUESTION:
            return None
        kind = int.from_bytes(question[-4:-2], "big")
        found: dict[str, None] = {}
        for _ in range(answers):  # the aliases on the way among them
            at = _behind_name(wire, at)
            of_kind, of_class, _, length = _RECORD.unpack_from(wire, at)
            at += _RECORD.size + length
            if at > len(wire):
                return None
            if (of_kind, of_class) == (kind, _IN):
                family = socket.AF_INET if kind == _NUMBERS["A"] else socket.AF_INET6
                found[socket.inet_ntop(family, wire[at - length : at])] = None
    except (IndexError, ValueError, struct.error):
        return None
    return Answer(rcode, bool(flags & _TRUNCATED), tuple(found))


def _behind_name(wire: bytes, at: int) -> int:
    """Where the name that begins at `at` ends: with a zero, or with a pointer to the rest of it (section 4.1.4)."""
    while length := wire[at]:
        if length >= 0xC0:
            return at + 2
        if length >= 0x40:
            raise ValueError("neither a label nor a pointer")
        at += 1 + length
    return at + 1
