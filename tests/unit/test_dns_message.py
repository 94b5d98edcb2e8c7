"""DNS messages are written and read as dnspython writes and reads them."""

from __future__ import annotations

import random
from typing import get_args

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from netdoctor.probes.dns_message import Answer, Kind, query, read

KINDS: tuple[Kind, ...] = get_args(Kind)
NAMES = ["db", "DB.Example", "a.b.c.d", "_srv.my-db_1.test", "x" * 63 + ".test", "bücher.example", "日本"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_query(name: str, kind: Kind) -> None:
    wire = query(name, kind)
    assert wire == dns.message.make_query(f"{name}.", kind, id=int.from_bytes(wire[:2], "big")).to_wire()


@pytest.mark.parametrize("name", ["", "a..b", ".a", "x" * 64, ".".join(["x" * 60] * 5), "ü" * 63])
def test_no_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|label"):
        query(name, "A")


def reference(wire: bytes, asked: bytes) -> Answer | None:
    message, sent = dns.message.from_wire(wire), dns.message.from_wire(asked)
    if not sent.is_response(message):
        return None
    wanted = sent.question[0].rdtype
    found = [record.address for group in message.answer if group.rdtype == wanted for record in group]
    return Answer(int(message.rcode()), bool(message.flags & dns.flags.TC), tuple(dict.fromkeys(found)))


def responses(kind: Kind) -> dict[str, tuple[bytes, bytes]]:
    """Pairs of reply and query, by what is special about them."""
    asked = query("db.example", kind)
    own, other = {"A": ("10.0.0.7 10.0.0.8", "::1"), "AAAA": ("fd00::7 ::ffff:10.0.0.7", "10.0.0.1")}[kind]
    other_kind = next(k for k in KINDS if k != kind)

    def made(rcode: int = 0, flags: int = 0, *records: tuple[str, str, str]) -> dns.message.Message:
        message = dns.message.make_response(dns.message.from_wire(asked))
        message.set_rcode(dns.rcode.Rcode(rcode))
        message.flags |= flags
        for name, of_kind, values in records:
            message.answer.append(dns.rrset.from_text(name, 60, "IN", of_kind, *values.split()))
        return message

    plain = made(0, dns.flags.RA, ("db.example.", kind, own))
    aliases = made(0, 0, ("db.example.", "CNAME", "x.db.example."), ("x.db.example.", "CNAME", "y."), ("y.", kind, own))
    more = made(0, 0, ("db.example.", other_kind, other), ("db.example.", kind, own))
    more.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns.example."))
    more.additional.append(dns.rrset.from_text("ns.example.", 60, "IN", kind, *own.split()))
    edns = made(0, 0, ("db.example.", kind, own))
    edns.use_edns(0)
    without = made(2)
    without.question.clear()
    without_and_well = made(0, 0, ("db.example.", kind, own))
    without_and_well.question.clear()
    asked_otherwise = dns.message.make_response(
        dns.message.make_query("other.", kind, id=int.from_bytes(asked[:2], "big"))
    )
    known = {
        "plain": plain,
        "aliases": aliases,
        "other sections and kinds": more,
        "EDNS": edns,
        "nothing": made(),
        "truncated": made(0, dns.flags.TC, ("db.example.", kind, own.split()[0])),
        "no question in an error": without,
        "no question in an answer": without_and_well,
        "another name": asked_otherwise,
        **{f"code {code}": made(code) for code in range(12)},
    }
    wires = {what: message.to_wire() for what, message in known.items()}
    wires["the name in capitals"] = plain.to_wire().replace(b"example", b"EXAMPLE")
    wires["another number"] = bytes([asked[0] ^ 1]) + plain.to_wire()[1:]
    wires["a query"] = asked
    return {what: (wire, asked) for what, wire in wires.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer(kind: Kind) -> None:
    for what, (wire, asked) in responses(kind).items():
        assert read(wire, asked) == reference(wire, asked), what


@pytest.mark.parametrize("code", range(16))
def test_the_names_of_codes(code: int) -> None:
    assert Answer(code, False, ()).rcode_name == dns.rcode.to_text(dns.rcode.Rcode.make(code))


def test_what_is_cut_off_or_damaged_is_no_answer_and_no_crash() -> None:
    wire, asked = responses("A")["aliases"]
    assert all(read(wire[:length], asked) is None for length in range(len(wire)))
    chance = random.Random(7)  # the same damage every time
    for _ in range(3000):
        damaged = bytearray(wire)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(wire))] = chance.randrange(256)
        read(bytes(damaged), asked)
