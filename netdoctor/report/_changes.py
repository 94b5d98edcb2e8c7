"""What changed between two captures, for a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from netdoctor.difference import Change, Part
from netdoctor.report import Options
from netdoctor.report._page import BOLD, DIM, GREEN, RED, Page
from netdoctor.report._sentences import counted

_TITLES = {
    Part.CAUSES: "Causes",
    Part.LINKS: "Links",
    Part.STATES: "Containers",
    Part.NETWORKS: "Networks",
    Part.LISTENERS: "Listeners",
    Part.NAMES: "Names and connections",
    Part.CONFIGURATION: "Configuration",
    Part.VOLUMES: "Volumes",
    Part.ADDRESSES: "Addresses",
    Part.ENGINE: "Engine",
}


def as_json(changes: Sequence[Change], _: Options) -> str:
    """`netdoctor/diff/1`: the changes in their order."""
    told = [
        {
            "part": c.fact.part.name.lower(),
            "subject": c.fact.subject,
            "what": c.fact.what,
            "before": c.before or None,
            "after": c.after or None,
        }
        for c in changes
    ]
    return json.dumps({"schema": "netdoctor/diff/1", "changes": told}, indent=2) + "\n"


def as_text(changes: Sequence[Change], options: Options) -> str:
    page = Page(options)
    page.prose(_headline(changes), BOLD)
    if options.quiet:
        return page.text
    for part, group in groupby(changes, key=lambda c: c.fact.part):
        page.gap()
        page.put((_TITLES[part], BOLD))
        for change in group:
            _cause(page, change) if part is Part.CAUSES else _change(page, change)
    return page.text


def _headline(changes: Sequence[Change]) -> str:
    if not changes:
        return "nothing changed"
    came = [c for c in changes if c.fact.part is Part.CAUSES and c.after and not c.before]
    went = [c for c in changes if c.fact.part is Part.CAUSES and c.before and not c.after]
    parts = [counted(len(changes), "change")]
    parts += [f"{counted(len(came), 'new cause')}"] if came else []
    parts += [f"{counted(len(went), 'cause')} gone"] if went else []
    return ", ".join(parts)


def _cause(page: Page, change: Change) -> None:
    for sign, style, says in (("-", GREEN, change.before), ("+", RED, change.after)):
        if says:
            page.prose(f"{sign} {says} ({change.fact.what})", style, indent=2, hang=2)


def _change(page: Page, change: Change) -> None:
    """In one line with an arrow if that fits, else one value below the other."""
    subject, what, before, after = change.fact.subject, change.fact.what, change.before, change.after
    if what == "there":
        sign, style, value = ("+", "", after) if after else ("-", "", before)
        page.put((f"  {sign} {subject}", style), (f"  {value}", DIM))
        return
    name = f"  {subject}: {what}  " if what else f"  {subject}  "
    arrow = f" {page.signs.arrow} "
    line = f"{before or 'none'}{arrow}{after or 'none'}"
    if page.cells(name + line) <= page.width:
        page.put((name, ""), (before or "none", DIM), (arrow, DIM), (after or "none", BOLD))
        return
    page.put((name.rstrip(), ""))
    for sign, value in (("-", before), ("+", after)):
        if value:
            text = f"    {sign} {value}"
            page.put((text if page.options.verbose else page.cut(text, page.room), BOLD if sign == "+" else DIM))


FORMATS = {"text": as_text, "json": as_json}
