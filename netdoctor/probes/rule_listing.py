"""The output of `nft -a list ruleset`, nft(8): native nftables, which iptables-save does not show. Pure.

The text and not the JSON, which some builds of nft lack, and which does not hold the rule as a person would write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from netdoctor.answers import Rule
from netdoctor.patterns import lazily
from netdoctor.probes.rule_counters import Counted, Reading

_TABLE = lazily(r"table (?P<family>\S+) (?P<name>\S+) \{")
_CHAIN = lazily(r"chain (?P<name>\S+) \{")
_HOOK = lazily(r"type \S+ hook .*?;(?: policy (?P<policy>\w+);)?")
_HANDLE = lazily(r"\s*# handle (?P<handle>\d+)$")
_COUNTER = lazily(r"\bcounter packets (?P<packets>\d+) bytes \d+")
_QUOTED = lazily(r'"[^"]*"')
# xt is how nft shows a target of iptables in a table that iptables-save could not read.
_VERDICT = lazily(r'\b(?P<verdict>drop|reject|queue)\b|\bxt target "?(?P<target>DROP|REJECT|NFQUEUE)"?')


class _Line(NamedTuple):
    family: str
    table: str
    chain: str
    text: str


def read_listing(text: str, place: str, skip: frozenset[tuple[str, str]] = frozenset()) -> Reading:
    """What can stop packets, with its counters. `skip`: pairs of family and table that iptables-save has shown."""
    counted: list[Counted] = []
    chains: dict[str, None] = {}
    for line in _lines(text):
        if (line.family, line.table) in skip:
            continue
        chains[line.chain] = None
        if (one := _counted(line, place)) is not None:
            counted.append(one)
    return Reading(tuple(counted), (), tuple(chains))


def _counted(line: _Line, place: str) -> Counted | None:
    if hook := _HOOK.match(line.text):
        if hook["policy"] != "drop":
            return None
        return Counted(_rule(line, place, "drop", "policy drop", 0, False), 0)
    at = _HANDLE.search(line.text)
    words = line.text[: at.start()] if at else line.text
    verdict = _verdict(words)
    if verdict is None or at is None:
        return None
    counter = _COUNTER.search(words)
    # In a map of verdicts the counter is everybody's, whatever the map says; one with a name may be several rules'.
    counts = counter is not None and "vmap" not in words
    shown = _COUNTER.sub("counter", words)
    return Counted(
        _rule(line, place, verdict, shown, int(at["handle"]), counts), int(counter["packets"]) if counter else 0
    )


def _rule(
    line: _Line, place: str, verdict: Literal["drop", "reject", "queue"], text: str, handle: int, counts: bool
) -> Rule:
    return Rule(
        place=place,
        backend="nftables",
        family=line.family,
        table=line.table,
        chain=line.chain,
        verdict=verdict,
        text=text,
        handle=handle,
        counts=counts,
    )


def _verdict(words: str) -> Literal["drop", "reject", "queue"] | None:
    bare = _QUOTED.sub('""', words) if "xt target" not in words else words
    found = _VERDICT.search(bare)
    if found is None:
        return None
    said = found["verdict"] or found["target"].lower().removeprefix("nf")
    return "drop" if said == "drop" else "reject" if said == "reject" else "queue"


def _lines(text: str) -> Iterator[_Line]:
    """The rules and heads of all chains, each on one line; a long set within a rule goes over several."""
    family = table = chain = held = ""
    depth = 0  # of blocks that are no chain: sets, maps, flow tables, named counters
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if chain:
            held = f"{held} {line}".strip()
            bare = _QUOTED.sub("", held)
            if held == "}":
                chain = held = ""
            elif bare.count("{") <= bare.count("}"):
                yield _Line(family, table, chain, held)
                held = ""
        elif depth:
            depth += line.count("{") - line.count("}")
        elif found := _TABLE.match(line):
            family, table = found["family"], found["name"]
        elif found := _CHAIN.match(line):
            chain = found["name"]
        elif "{" in line:
            depth = line.count("{") - line.count("}")
