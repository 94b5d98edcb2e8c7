"""The report in Markdown, for an issue or a comment: GitHub Flavored Markdown, https://github.github.com/gfm/"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.diagnosis import Diagnosis, Judged
from netdoctor.finding import Remedy, Verdict
from netdoctor.report import Options
from netdoctor.report._plain import ascii_only, in_lines, plain
from netdoctor.report._sentences import counted, headline, named, place, sentence

_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.WARN: "⚠️", Verdict.UNKNOWN: "❔", Verdict.SKIP: "⏭️"}


def render(diagnosis: Diagnosis, options: Options) -> str:
    text = "\n".join(_lines(diagnosis, options)) + "\n"
    return text if options.unicode else ascii_only(text)


def _lines(diagnosis: Diagnosis, options: Options) -> Iterator[str]:
    verdict, says = headline(diagnosis)
    yield f"## {_SIGNS[verdict]} {_words(says)}"
    if options.quiet:
        return
    yield from _links(diagnosis)
    for cause in diagnosis.causes:
        broken = sorted({state.name for state in diagnosis.broken_by(cause)})
        more = f"breaks {named(broken)}" if len(diagnosis.links) > 1 and broken else ""
        yield from _finding(cause, more, titled=sentence(cause) != says)
    for warning in diagnosis.warnings:
        if not warning.because_of:
            yield from _finding(warning, "", titled=True)
    yield from _checks(diagnosis)
    engine = diagnosis.engine
    ignored = f", {counted(len(diagnosis.ignored), 'finding')} ignored" if diagnosis.ignored else ""
    yield ""
    yield f"{_words(f'{engine.name} {engine.version}'.strip())}, {len(diagnosis.results)} results{ignored}"


def _links(diagnosis: Diagnosis) -> Iterator[str]:
    if not diagnosis.links:
        return
    yield ""
    yield "| link | works | broken at |"
    yield "|---|---|---|"
    for state in diagnosis.links:
        at = [h.hop for h in state.path if h.broken_here] or [h.hop for h in state.path if h.verdict is Verdict.FAIL]
        works = {True: "yes", False: "no", None: "not tried"}[state.works]
        yield f"| {_cell(f'{state.source} → {place(state)}')} | {works} | {at[0] if at else ''} |"


def _finding(judged: Judged, more: str, *, titled: bool) -> Iterator[str]:
    finding = judged.result.finding
    if titled:
        yield ""
        yield f"### {_SIGNS[finding.verdict]} {_words(sentence(judged))}"
    yield ""
    yield f"`{judged.result.code}` on {_code(judged.name)}{f', {_words(more)}' if more else ''}"
    evidence = [(str(k).replace("_", " "), in_lines(v)) for k, v in finding.evidence.items()]
    if any(lines for _, lines in evidence):
        yield ""
        yield from _block("", [f"{name}: {line}" for name, lines in evidence for line in lines])
    if finding.remedy is not None:
        yield from _remedy(finding.remedy)


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield ""
    yield f"**What to do:** {_words(remedy.says)}"
    if remedy.compose is not None:
        yield ""
        yield from _block("yaml", remedy.compose.splitlines())
    for title, commands in (("", remedy.run), ("Check with:", remedy.verify)):
        if commands:
            yield ""
            if title:
                yield title
                yield ""
            yield from _block("sh", [line for command in commands for line in command.splitlines()])


def _checks(diagnosis: Diagnosis) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{counted(len(diagnosis.results), 'result')}</summary>"
    yield ""
    yield "| | check | subject | says |"
    yield "|---|---|---|---|"
    for judged in diagnosis.results:
        sign = _SIGNS[judged.result.finding.verdict]
        yield f"| {sign} | `{judged.result.code}` | {_cell(judged.name)} | {_cell(sentence(judged))} |"
    yield ""
    yield "</details>"


def _block(language: str, lines: list[str]) -> Iterator[str]:
    """A fenced block, with a fence that none of its lines can close."""
    lines = [plain(line) for line in lines]
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    yield f"{fence}{language}"
    yield from lines
    yield fence


def _words(text: str) -> str:
    """Text that is no markup: what Markdown and HTML would read is escaped; a backtick keeps its meaning in pairs."""
    text = plain(text)
    if text.count("`") % 2:
        text = text.replace("`", "'")
    parts = text.split("`")
    return "`".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\*_[]<>#|~!@" else c for c in text).replace("&", "&amp;")


def _code(text: str) -> str:
    return f"`{plain(text).replace('`', chr(39))}`"


def _cell(text: str) -> str:
    return _escaped(plain(text).replace("`", "'"))
