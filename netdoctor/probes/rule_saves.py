"""The output of iptables-save -c and its siblings, iptables-save(8). Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Literal

from netdoctor.answers import Rule
from netdoctor.patterns import lazily
from netdoctor.probes.rule_counters import Counted, Reading

_VERDICTS: dict[str, Literal["drop", "reject", "queue"]] = {
    "DROP": "drop",
    "REJECT": "reject",
    "NFQUEUE": "queue",
    "QUEUE": "queue",
}
_POLICY = lazily(r":(?P<chain>\S+) (?P<policy>\S+) \[(?P<packets>\d+):\d+\]")
_RULE = lazily(r"\[(?P<packets>\d+):\d+\] (?P<text>-A (?P<chain>\S+).*)")
FORWARD_SHOWN = 200
"""Rules of the FORWARD chain that are kept."""


def read_save(text: str, place: str, backend: Literal["iptables-nft", "iptables-legacy"], family: str) -> Reading:
    """What can stop packets, with its counters; lines that say nothing of it are passed over."""
    table = ""
    counted: list[Counted] = []
    forward: list[str] = []
    chains: dict[str, None] = {}
    seen: Counter[tuple[str, str]] = Counter()

    def keep(chain: str, verdict: str, words: str, number: int, packets: str) -> None:
        rule = Rule(
            place=place,
            backend=backend,
            family=family,
            table=table,
            chain=chain,
            verdict=_VERDICTS[verdict],
            text=words,
            number=number,
        )
        counted.append(Counted(rule, int(packets)))

    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif policy := _POLICY.match(line):
            chains[policy["chain"]] = None
            if policy["policy"] in _VERDICTS:
                keep(policy["chain"], policy["policy"], f"policy {policy['policy']}", 0, policy["packets"])
        elif rule := _RULE.match(line):
            chain, words = rule["chain"], rule["text"]
            seen[table, chain] += 1
            if (table, chain) == ("filter", "FORWARD") and len(forward) < FORWARD_SHOWN:
                forward.append(words)
            if (verdict := _target(words)) in _VERDICTS:
                keep(chain, verdict, words, seen[table, chain], rule["packets"])
    return Reading(tuple(counted), tuple(forward), tuple(chains))


def tables_of(text: str) -> frozenset[str]:
    """The tables that the output has."""
    return frozenset(line[1:].strip() for line in text.splitlines() if line.startswith("*"))


def _target(words: str) -> str:
    """Where the rule jumps, "" for nowhere. A comment may hold `-j DROP` as well."""
    if not any(f"-j {verdict}" in words for verdict in _VERDICTS):
        return ""  # nearly all rules: splitting a shell's words is dear
    try:
        parts = shlex.split(words)
    except ValueError:
        parts = words.split()
    return next((parts[i + 1] for i, part in enumerate(parts[:-1]) if part == "-j"), "")
