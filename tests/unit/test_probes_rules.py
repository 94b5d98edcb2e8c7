"""Rules as the engines of three generations and nft printed them (tests/data/rules), and whose counter moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from netdoctor.answers import Rule
from netdoctor.probes.packet_rounds import Round, certain, culprits
from netdoctor.probes.rule_counters import Counted, Key, Reading
from netdoctor.probes.rule_listing import read_listing
from netdoctor.probes.rule_saves import read_save, tables_of

DATA = Path(__file__).parents[1] / "data" / "rules"


def saved(name: str) -> Reading:
    backend = "iptables-legacy" if name == "legacy" else "iptables-nft"
    return read_save((DATA / f"{name}.save").read_text(), "host", backend, "ip")  # type: ignore[arg-type]


def of(reading: Reading, chain: str) -> list[tuple[int, str, int]]:
    return [(c.rule.number, c.rule.verdict, c.packets) for c in reading.counted if c.rule.chain == chain]


def test_rules_of_an_old_engine() -> None:
    told = saved("engine-20.10")
    # The first rule's comment holds `-j ACCEPT`, and that is not where it leads.
    assert of(told, "DOCKER-USER") == [(1, "reject", 1), (2, "drop", 1)]
    assert of(told, "FORWARD") == [(0, "drop", 0), (19, "drop", 48)]
    assert [c.rule.text for c in told.counted if c.rule.is_policy] == ["policy DROP"]
    assert of(told, "DOCKER-ISOLATION-STAGE-2")[1] == (2, "drop", 42)
    assert told.forward[0] == "-A FORWARD -j DOCKER-USER"
    assert {"DOCKER", "DOCKER-USER", "POSTROUTING"} <= set(told.chains)


def test_rules_of_a_new_engine() -> None:
    told = saved("engine-28.5")
    raw = [c.rule for c in told.counted if c.rule.table == "raw"]
    assert raw[0].text == "-A PREROUTING -d 172.18.0.2/32 ! -i fwa -j DROP"
    assert [c.packets for c in told.counted if c.rule.table == "raw" and c.packets]
    assert of(told, "DOCKER-FORWARD") == [(7, "drop", 22)]


def test_rules_of_the_legacy_backend() -> None:
    told = saved("legacy")
    assert of(told, "FORWARD") == [(1, "drop", 0)]
    assert of(told, "OUTPUT") == [(0, "drop", 0)]
    assert {c.rule.backend for c in told.counted} == {"iptables-legacy"}


def test_native_rules_with_and_without_counters() -> None:
    text = (DATA / "nftables-1.0.6.listing").read_text()
    skip = frozenset({("ip", "nat"), ("ip", "filter")})
    told = read_listing(text, "host", skip)
    assert {(c.rule.family, c.rule.table, c.rule.chain) for c in told.counted} == {("inet", "labf", "lfwd")}
    assert [(c.rule.handle, c.rule.verdict, c.rule.counts, c.packets) for c in told.counted] == [
        (0, "drop", False, 0),  # the policy
        (2, "drop", True, 1),
        (5, "reject", False, 0),
        (7, "drop", False, 0),  # a map of verdicts: its counter is everybody's
    ]
    assert told.counted[1].rule.text == 'tcp dport 8080 counter drop comment "dropped"'
    assert len(read_listing(text, "host").counted) > len(told.counted)


def test_a_long_set_in_a_rule_goes_over_several_lines() -> None:
    text = (
        "table ip t { # handle 1\n\tchain c { # handle 2\n\t\tip saddr { 10.0.0.1,\n\t\t\t     10.0.0.2 } "
        "counter packets 3 bytes 180 drop # handle 7\n\t}\n}\n"
    )
    (only,) = read_listing(text, "host").counted
    assert (only.rule.text, only.packets) == ("ip saddr { 10.0.0.1, 10.0.0.2 } counter drop", 3)


def test_the_tables_that_were_shown() -> None:
    assert tables_of((DATA / "engine-28.5.save").read_text()) == {"raw", "filter", "nat"}


# -- whose counter moved ------------------------------------------------------------------------------------------

RULE = Rule(
    place="host",
    backend="iptables-nft",
    family="ip",
    table="filter",
    chain="DOCKER-USER",
    verdict="drop",
    text="-A DOCKER-USER -j DROP",
    number=3,
)
OTHER = replace(RULE, chain="INPUT", text="-A INPUT -j DROP", number=1)


def rounds(*moved: dict[Key, int]) -> list[Round]:
    return [
        Round(sent, 0, one, {key: Counted(key[0], 0) for key in one})
        for sent, one in zip((7, 11, 0, 60), moved, strict=False)
    ]


@pytest.mark.parametrize(
    ("moved", "found"),
    [
        ((7, 11), True),
        ((8, 14), True),  # others were dropped as well
        ((7, 10), False),
        ((100, 0), False),  # somebody else's packets
        ((0, 0), False),
    ],
)
def test_a_rule_counts_at_least_what_was_sent_each_time(moved: tuple[int, int], found: bool) -> None:
    assert bool(culprits(rounds(*({(RULE, 0): n} for n in moved)))) == found


def test_of_two_rules_the_one_that_follows_closely() -> None:
    seen = rounds({(RULE, 0): 7, (OTHER, 0): 40}, {(RULE, 0): 12, (OTHER, 0): 55})
    assert culprits(seen) == [(RULE, 0)]
    alike = rounds({(RULE, 0): 7, (OTHER, 0): 7})
    assert culprits(alike) == [(RULE, 0), (OTHER, 0)]


@pytest.mark.parametrize(
    ("moved", "sure"),
    [
        ((7, 11), True),
        ((9, 11), True),
        ((20, 25), False),  # others are dropped all the time: is it they alone?
        ((20, 25, 16, 75), True),
        ((20, 25, 16, 18), False),
        ((90, 95, 88, 150), False),  # so many that nothing stands out of them
    ],
)
def test_where_others_are_dropped_all_the_time(moved: tuple[int, ...], sure: bool) -> None:
    assert (certain(rounds(*({(RULE, 0): n} for n in moved))) is not None) == sure


def test_a_rule_keeps_its_name_while_others_come_and_go() -> None:
    before = Reading((Counted(RULE, 5), Counted(RULE, 6)))
    after = Reading((Counted(replace(RULE, number=9), 5), Counted(replace(RULE, number=10), 13)))
    assert before.by_rule().keys() == after.by_rule().keys()
    moved = {k: c.packets - before.by_rule()[k].packets for k, c in after.by_rule().items()}
    assert sorted(moved.values()) == [0, 7]
