"""The report as one page that can be sent around: no script, nothing that is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape

from netdoctor.diagnosis import Diagnosis, Judged, LinkState
from netdoctor.finding import Remedy, Verdict
from netdoctor.report import Options
from netdoctor.report._plain import in_lines, plain
from netdoctor.report._sentences import counted, headline, named, place, sentence

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.35rem } h2 { font-size: 1.1rem; margin-top: 2rem } small, .dim { color: #656d76 }
pre { background: #f6f8fa; padding: .7rem 1rem; overflow-x: auto; border-radius: 6px } pre, code { font-size: .85rem }
table { border-collapse: collapse } td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top }
.fail { color: #c62828 } .pass { color: #1a7f37 } .warn, .unknown { color: #9a6700 } .skip { color: #656d76 }
.path span { display: inline-block; margin-right: .6rem; padding: 0 .5rem; border: 1px solid; border-radius: 4px }
.here { font-weight: 700; border-width: 2px !important }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3 } pre { background: #161b22 } .fail { color: #ff7b72 }
  .pass { color: #3fb950 } .warn, .unknown { color: #d29922 } small, .dim, .skip { color: #8b949e }
}
"""
_SIGNS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.WARN: "!", Verdict.UNKNOWN: "?", Verdict.SKIP: "-"}


def render(diagnosis: Diagnosis, options: Options) -> str:
    """One page, whatever the options say."""
    text = "\n".join(_page(diagnosis)) + "\n"
    return text if options.unicode else text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _page(diagnosis: Diagnosis) -> Iterator[str]:
    verdict, says = headline(diagnosis)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy"'
    yield "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>netdoctor: {_text(says)}</title><style>{_STYLE}</style></head><body>"
    yield f'<h1 class="{verdict}">{_SIGNS[verdict]} {_words(says)}</h1>'
    if diagnosis.captured is not None:
        when = datetime.fromtimestamp(diagnosis.captured, UTC).strftime("%Y-%m-%d %H:%M UTC")
        yield f'<p class="dim">from a capture of {when}</p>'
    for cause in diagnosis.causes:
        broken = sorted({state.name for state in diagnosis.broken_by(cause)})
        more = f"breaks {named(broken)}" if broken and len(diagnosis.links) > 1 else ""
        yield from _finding(cause, more, titled=sentence(cause) != says)
    for warning in (w for w in diagnosis.warnings if not w.because_of):
        yield from _finding(warning, "", titled=True)
    if diagnosis.links:
        yield "<h2>Links</h2><table>"
        for state in sorted(diagnosis.links, key=lambda s: (not s.sick, s.works is True)):
            yield from _link(state)
        yield "</table>"
    yield f"<h2>Checks</h2><details><summary>{counted(len(diagnosis.results), 'result')}</summary><table>"
    yield from (_row(judged) for judged in diagnosis.results)
    yield "</table></details>"
    for judged in diagnosis.ignored:
        if judged.ignored is not None:
            known = f"ignored: {judged.result.code} on {judged.name} ({judged.ignored.reason})"
            yield f'<p class="dim">{_text(known)}</p>'
    yield f"<p><small>{_text(f'{diagnosis.engine.name} {diagnosis.engine.version}')}</small></p></body></html>"


def _finding(judged: Judged, more: str, *, titled: bool) -> Iterator[str]:
    finding = judged.result.finding
    if titled:
        yield f'<h2 class="{finding.verdict}">{_SIGNS[finding.verdict]} {_words(sentence(judged))}</h2>'
    yield f"<p><code>{_text(judged.result.code)}</code> on {_text(judged.name)}{', ' if more else ''}{_text(more)}</p>"
    lines = [
        f"{str(key).replace('_', ' ')}: {line}" for key, value in finding.evidence.items() for line in in_lines(value)
    ]
    if lines:
        yield _pre(lines)
    if finding.remedy is not None:
        yield from _remedy(finding.remedy)


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield f"<p><b>What to do:</b> {_words(remedy.says)}</p>"
    if remedy.compose is not None:
        yield "<p>In the Compose file:</p>" + _pre(remedy.compose.splitlines())
    if remedy.run:
        yield _pre([line for command in remedy.run for line in command.splitlines()])
    if remedy.verify:
        yield "<p>Check with:</p>" + _pre([line for command in remedy.verify for line in command.splitlines()])


def _link(state: LinkState) -> Iterator[str]:
    hops = [h for h in state.path if h.verdict is not Verdict.SKIP]
    stations = "".join(
        f'<span class="{h.verdict}{" here" if h.broken_here else ""}" title="{_text(h.says)}">'
        f"{_SIGNS[h.verdict]} {_text(h.hop)}</span>"
        for h in hops
    )
    yield f'<tr><td>{_text(state.source)} → {_text(place(state))}</td><td class="path">{stations}</td></tr>'


def _row(judged: Judged) -> str:
    verdict = judged.result.finding.verdict
    return (
        f'<tr><td class="{verdict}">{_SIGNS[verdict]}</td><td><code>{_text(judged.result.code)}</code></td>'
        f"<td>{_text(judged.name)}</td><td>{_words(sentence(judged))}</td></tr>"
    )


def _pre(lines: list[str]) -> str:
    return f"<pre>{escape(chr(10).join(plain(line) for line in lines))}</pre>"


def _text(text: str) -> str:
    return escape(plain(text))


def _words(text: str) -> str:
    """A sentence, in which what stands between backticks is code."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    return "".join(f"<code>{escape(p)}</code>" if number % 2 else escape(p) for number, p in enumerate(parts))
