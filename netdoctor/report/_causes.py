"""The causes of the terminal report: sentence, evidence and what to type.

Commands are never wrapped and stand alone on their lines, so that they can be pasted whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netdoctor.diagnosis import Diagnosis, Judged, LinkState
from netdoctor.finding import Remedy
from netdoctor.model import Link
from netdoctor.report._page import BOLD, CYAN, DIM, RED, Page, Piece
from netdoctor.report._plain import in_lines
from netdoctor.report._sentences import LISTED, named, place, sentence


def tell_causes(page: Page, diagnosis: Diagnosis) -> None:
    causes = diagnosis.causes
    for number, cause in enumerate(causes, start=1):
        page.gap()
        if len(causes) > 1:
            page.prose(f"{number}. {sentence(cause)}", RED, hang=3)
        if len(diagnosis.links) > 1:
            _breaks(page, diagnosis.broken_by(cause))
        _likewise(page, diagnosis, cause)
        tell_evidence(page, cause)
        if cause.result.finding.remedy is not None:
            page.gap()
            _remedy(page, cause.result.finding.remedy)


def _breaks(page: Page, states: Iterable[LinkState]) -> None:
    """The links that a cause breaks: those who ask, for each port asked for."""
    sources: dict[str, list[str]] = {}
    for state in states:
        sources.setdefault(place(state), []).append(state.source)
    for address, names in sources.items():
        page.prose(f"breaks {named(names)} {page.signs.arrow} {address}", indent=2, hang=2)


def _likewise(page: Page, diagnosis: Diagnosis, cause: Judged) -> None:
    """What the same fault is called on other subjects than links, which are told of already."""
    others = (j for j in diagnosis.shown_by(cause) if not isinstance(j.result.subject, Link))
    for says in dict.fromkeys(map(sentence, others)):
        if says != sentence(cause):
            page.prose(f"likewise: {says}", indent=2, hang=2)


def tell_evidence(page: Page, judged: Judged, indent: int = 2) -> None:
    finding = judged.result.finding
    for key, value in finding.evidence.items():
        lines = in_lines(value)
        name = str(key).replace("_", " ") + ":"
        if not lines:
            if page.options.verbose:
                page.put((" " * indent + name, DIM), (" none", ""))
            continue
        if len(lines) == 1:
            _fitted(page, [(" " * indent + name, DIM)], " " + lines[0])
            continue
        page.put((" " * indent + name, DIM))
        left_out = 0 if page.options.verbose else max(len(lines) - LISTED, 0)
        if left_out:
            page.put((" " * (indent + 2) + f"{page.signs.more} {left_out} before (-v)", DIM))
        for line in lines[left_out:]:
            _fitted(page, [(" " * (indent + 2), "")], line)
    if finding.seen_by and page.options.verbose:
        page.put((" " * indent + "seen by:", DIM), (f" {finding.seen_by}", ""))


def _fitted(page: Page, start: list[Piece], text: str) -> None:
    """One line of evidence: cut to the terminal's width, or whole with -v."""
    room = page.room - sum(page.cells(t) for t, _ in start)
    page.put(*start, (text if page.options.verbose else page.cut(text, room), ""))


def _remedy(page: Page, remedy: Remedy) -> None:
    page.prose(f"What to do: {remedy.says}", BOLD, indent=2)
    # Lines for the Compose file that a command then brings into force come before it.
    brings_up = any(command.startswith("docker compose") and " up" in command for command in remedy.run)
    if remedy.compose is not None and brings_up:
        put_block(page, "In the Compose file:", [remedy.compose])
        put_block(page, "Then:", remedy.run)
    else:
        put_block(page, "", remedy.run)
        if remedy.compose is not None:
            put_block(page, "In the Compose file, then `docker compose up -d`:", [remedy.compose])
    put_block(page, "Check with:", remedy.verify)


def put_block(page: Page, heading: str, lines: Sequence[str]) -> None:
    """Lines to paste: whole, alone, with nothing around them."""
    if not lines:
        return
    if heading:
        page.gap()
        page.prose(heading, indent=2)
    page.gap()
    for command in lines:
        for line in command.rstrip("\n").split("\n"):
            page.put(("    " + line, CYAN))
