"""A table of the kernel that fills up: how the checks of it judge."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import Fill, Finding, Remedy, Stack, fail, passed, warn

from ._ways import unanswered

FULL, NEARLY = 0.99, 0.90
"""Shares of the limit. At the very limit the kernel still makes room now and then, so a full table is seen below it."""


def judge(
    stack: Stack, what: str, fill: Fill, remedy: Remedy, seen_by: str, *, has_room: bool = False
) -> Iterator[Finding]:
    """`what` is the table in words: "the connection tracking table". `has_room`, however many entries it holds."""
    counted = fill.count - fill.exempt
    evidence = {"count": fill.count, "exempt": fill.exempt, "limit": fill.limit, "refused": fill.overflows}
    share = counted / fill.limit if fill.limit and not has_room else 0.0
    says = f"{what} holds {counted} of {fill.limit} entries"
    if share < NEARLY:
        yield passed(says, seen_by=seen_by, **evidence)
    elif share < FULL:
        yield warn(
            "nearly-full", f"{says}: when it is full, packets are dropped", remedy=remedy, seen_by=seen_by, **evidence
        )
    else:
        # What this stack needs may all be in the table already: only what gets no answer suffers from it.
        say = fail if unanswered(stack) else warn
        yield say("full", f"{says}, so packets are dropped", remedy=remedy, seen_by=seen_by, **evidence)
