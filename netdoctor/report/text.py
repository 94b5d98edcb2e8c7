"""The report for a terminal, read by somebody whose production is down.

In this order: the verdict in one sentence, the path of each broken link, what to type, and last what all the checks
said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from netdoctor.diagnosis import Diagnosis, Judged
from netdoctor.finding import Verdict
from netdoctor.model import Link
from netdoctor.report import Options
from netdoctor.report._causes import put_block, tell_causes, tell_evidence
from netdoctor.report._links import draw_links, tell_origin
from netdoctor.report._page import BOLD, DIM, STRONG, Page
from netdoctor.report._sentences import LISTED, counted, headline, named, one_line, sentence


def render(diagnosis: Diagnosis, options: Options) -> str:
    """The report, or with `quiet` its first line."""
    page = Page(options)
    verdict, says = headline(diagnosis)
    if options.quiet:
        page.put((page.mark(verdict), ""), (" " + one_line(diagnosis, says), ""))
        return page.text
    page.marked(verdict, says, style=STRONG[verdict])
    _extent(page, diagnosis)
    if diagnosis.captured is not None:
        when = datetime.fromtimestamp(diagnosis.captured, UTC).strftime("%Y-%m-%d %H:%M UTC")
        page.prose(f"from a capture of {when}", DIM, indent=page.hang)
    draw_links(page, diagnosis)
    _notable(page, diagnosis)
    tell_causes(page, diagnosis)
    _warnings(page, diagnosis)
    _checks(page, diagnosis)
    _ignored(page, diagnosis)
    _footer(page, diagnosis)
    return page.text


def _extent(page: Page, diagnosis: Diagnosis) -> None:
    """How much is broken, where that is not plain: several links or causes."""
    causes, links = len(diagnosis.causes), len(diagnosis.links)
    if causes and links > 1:
        sick = sum(s.sick for s in diagnosis.links)
        says = f"{sick} of {links} links broken, by {counted(causes, 'cause')}" if sick else "no link is broken"
        page.prose(says, indent=page.hang)
    elif causes > 1:
        page.prose(f"the first of {causes} causes", indent=page.hang)
    elif links == 1 and diagnosis.verdict != "sick" and not diagnosis.links[0].sick:
        tell_origin(page, diagnosis.links[0], indent=page.hang)


def _notable(page: Page, diagnosis: Diagnosis) -> None:
    """Of a stack, what is well besides its links. (With -v it stands among all that passed.)"""
    if diagnosis.asked.target is not None or page.options.verbose:
        return
    kinds: dict[str, list[Judged]] = {}
    for judged in diagnosis.notable:
        kinds.setdefault(judged.result.check.id, []).append(judged)
    for some in kinds.values():
        shown = some if len(some) <= LISTED else some[: LISTED - 1]
        for judged in shown:
            page.marked(Verdict.PASS, sentence(judged), indent=2)
        if len(some) > len(shown):
            page.marked(Verdict.PASS, f"{len(some) - len(shown)} more like it (-v lists them)", indent=2)


def _warnings(page: Page, diagnosis: Diagnosis) -> None:
    warnings = [j for j in diagnosis.warnings if not j.because_of]
    if not warnings:
        return
    page.gap()
    page.put(("Warnings", BOLD))
    for judged in warnings:
        page.marked(Verdict.WARN, sentence(judged), judged.result.code, indent=2)
        remedy = judged.result.finding.remedy
        if page.options.verbose:
            tell_evidence(page, judged, indent=2 + page.hang)
        if remedy is not None:
            page.prose(f"What to do: {remedy.says}", DIM, indent=2 + page.hang)
            if page.options.verbose:
                put_block(page, "", remedy.run)
                put_block(page, "", [remedy.compose] if remedy.compose else [])
                page.gap()


def _checks(page: Page, diagnosis: Diagnosis) -> None:
    told = {id(j) for j in diagnosis.causes}
    unknown = [j for j in diagnosis.results if j.result.finding.verdict is Verdict.UNKNOWN]
    page.gap()
    if page.options.verbose or diagnosis.verdict != "healthy":
        page.put(("Checks", BOLD))
    for cause in diagnosis.causes:
        page.marked(Verdict.FAIL, cause.title, cause.result.code, indent=2)
        symptoms = [j for j in diagnosis.symptoms(cause) if id(j) not in told]
        told |= {id(j) for j in symptoms}
        _symptoms(page, diagnosis, symptoms)
    for judged in diagnosis.results:
        if judged.because_of and id(judged) not in told and judged.ignored is None:
            page.marked(judged.result.finding.verdict, judged.title, judged.result.code, indent=2)
            page.prose(f"because of {named(judged.because_of)}", DIM, indent=2 + page.hang)
    _unknown(page, diagnosis, unknown)
    passed = [j for j in diagnosis.results if j.result.finding.verdict is Verdict.PASS]
    if page.options.verbose:
        for judged in passed:
            page.marked(Verdict.PASS, judged.title, judged.result.check.id, indent=2)
            _subject(page, diagnosis, judged, indent=2 + page.hang)
            page.prose(sentence(judged), DIM, indent=2 + page.hang)
            tell_evidence(page, judged, indent=2 + page.hang)
        for judged in diagnosis.results:
            if judged.result.finding.verdict is Verdict.SKIP:
                page.marked(Verdict.SKIP, judged.title, judged.result.check.id, indent=2)
                _subject(page, diagnosis, judged, indent=2 + page.hang)
                page.prose(f"skipped: {sentence(judged)}", DIM, indent=2 + page.hang)
    elif passed:
        page.marked(Verdict.PASS, f"{counted(len(passed), 'check')} passed", indent=2)


def _subject(page: Page, diagnosis: Diagnosis, judged: Judged, indent: int) -> None:
    """Whose result it is, where titles alone can't tell: the link, if there are several."""
    if page.options.verbose and len(diagnosis.links) > 1 and isinstance(judged.result.subject, Link):
        page.prose(judged.name, DIM, indent=indent)


def _symptoms(page: Page, diagnosis: Diagnosis, symptoms: Sequence[Judged]) -> None:
    """What follows from a cause: a line for each check and reason, with -v for each result."""
    alike: dict[str, list[Judged]] = {}
    for number, judged in enumerate(symptoms):
        alike.setdefault(str(number) if page.options.verbose else judged.result.code, []).append(judged)
    if alike:
        page.put(("    because of that:", DIM))
    for first, *others in alike.values():
        says = sentence(first) + (f" (and {len(others)} like it)" if others else "")
        page.marked(first.result.finding.verdict, says, first.result.code, indent=4)
        if page.options.verbose:
            _subject(page, diagnosis, first, indent=4 + page.hang)
            tell_evidence(page, first, indent=4 + page.hang)


def _unknown(page: Page, diagnosis: Diagnosis, unknown: Sequence[Judged]) -> None:
    """What could not be checked, by the reason and what would help, which are often the same for many."""
    undecided = diagnosis.undecided
    reasons: dict[str, list[Judged]] = {}
    for judged in unknown if page.options.verbose else undecided:
        reasons.setdefault(sentence(judged), []).append(judged)
    for number, (says, results) in enumerate(reasons.items()):
        above = number == 0 and diagnosis.verdict == "unclear"
        page.marked(
            Verdict.UNKNOWN, "not checked, for the reason above:" if above else f"not checked: {says}", indent=2
        )
        shown = results if page.options.verbose or len(results) <= LISTED else results[: LISTED - 1]
        for judged in shown:
            page.marked(Verdict.UNKNOWN, judged.title, judged.result.check.id, indent=4)
            _subject(page, diagnosis, judged, indent=4 + page.hang)
        if len(results) > len(shown):
            page.put((f"    and {len(results) - len(shown)} more (-v)", DIM))
    if not page.options.verbose and len(unknown) > len(undecided):
        count = counted(len(unknown) - len(undecided), "check")
        fine = all(s.works for s in diagnosis.links)
        why = "the connection works all the same" if fine else "nothing that was found hangs on that"
        page.marked(Verdict.SKIP, f"{count} could not look; {why}", indent=2)


def _ignored(page: Page, diagnosis: Diagnosis) -> None:
    """What somebody said is known: how much it is, and in which words."""
    entries: dict[tuple[str, str], list[Judged]] = {}
    for judged in diagnosis.ignored:
        assert judged.ignored is not None
        entries.setdefault((judged.result.code, judged.ignored.reason), []).append(judged)
    for (code, reason), results in entries.items():
        on = named([j.name for j in results])
        page.marked(Verdict.SKIP, f"ignored: {code} on {on} ({reason})", indent=2)
        for judged in results if page.options.verbose else ():
            page.prose(f"{sentence(judged)} ({judged.ignored.where if judged.ignored else ''})", DIM, 2 + page.hang)


def _footer(page: Page, diagnosis: Diagnosis) -> None:
    engine = diagnosis.engine
    page.gap()
    told = diagnosis.causes or diagnosis.warnings
    if told and not page.options.verbose:
        page.prose(f"more: netdoctor explain {told[0].result.check.id}, or -v for all that was seen", DIM)
    how = " rootless" if engine.rootless else ""
    version = f" {engine.version}" if engine.version else ""
    page.prose(f"{engine.name}{version}{how}, {len(diagnosis.results)} results in {diagnosis.elapsed_ms:.0f} ms", DIM)
