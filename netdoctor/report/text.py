"""The report for a terminal, read by somebody whose production is down.

In this order: the verdict in one sentence, the path of each broken link, what to type, and last what all the checks
said. Commands are never wrapped and stand alone on their lines, so that they can be pasted whole.

rich costs more to import than the rest of a report takes, so only what is needed of it is imported, and only then: its
styles for a terminal with colours, its cell widths for text beyond ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from netdoctor.diagnosis import Diagnosis, Hop, Judged, LinkState
from netdoctor.finding import Remedy, Verdict
from netdoctor.model import Link
from netdoctor.report import Options
from netdoctor.report._plain import ascii_only, in_lines, plain

DRAWN = 4
"""So many different paths are drawn; what they have in common is clear by then."""
LISTED = 6
"""So many lines of a kind, then a count."""

BOLD, DIM, GREEN, RED, YELLOW, CYAN = "bold", "dim", "green", "bold red", "yellow", "cyan"


@dataclass(frozen=True)
class _Signs:
    """`passed` to `skipped` mark lines. The others draw paths, one character each: `reached`, `broken`, ..."""

    passed: str
    failed: str
    warned: str
    unknown: str
    skipped: str
    reached: str
    broken: str
    beyond: str
    line: str
    dots: str
    arrow: str
    more: str


_UNICODE = _Signs("✓", "✗", "!", "?", "-", "✓", "✗", "·", "━", "┄", "→", "…")
_ASCII = _Signs("ok", "FAIL", "warn", "?", "-", "+", "X", ".", "-", ".", "->", "...")


def render(diagnosis: Diagnosis, options: Options) -> str:
    """The report, or with `quiet` its first line."""
    page = _Page(options)
    verdict, sentence = _headline(diagnosis)
    if options.quiet:
        page.put((page.mark(verdict), ""), (" " + _quiet(diagnosis, sentence), ""))
        return page.text
    page.marked(verdict, sentence, style=_STRONG[verdict])
    _extent(page, diagnosis)
    if diagnosis.captured is not None:
        when = datetime.fromtimestamp(diagnosis.captured, UTC).strftime("%Y-%m-%d %H:%M UTC")
        page.prose(f"from a capture of {when}", DIM, indent=page.hang)
    _links(page, diagnosis)
    _causes(page, diagnosis)
    _warnings(page, diagnosis)
    _checks(page, diagnosis)
    _footer(page, diagnosis)
    return page.text


# -- the page ---------------------------------------------------------------------------------------------------------

_STYLE = {Verdict.PASS: GREEN, Verdict.FAIL: RED, Verdict.WARN: YELLOW, Verdict.UNKNOWN: YELLOW, Verdict.SKIP: DIM}
_STRONG = {Verdict.PASS: "bold green", Verdict.FAIL: RED, Verdict.WARN: "bold yellow", Verdict.UNKNOWN: "bold yellow"}
Piece = tuple[str, str]
"""A text and its style, as rich names styles; "" for none."""


class _Page:
    """Lines in the making. All text passes `put`, so nothing that came out of a container reaches the terminal raw."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.signs = _UNICODE if options.unicode else _ASCII
        self.room = max(options.width, 40)
        self.width = min(self.room, 100)
        """Of prose: longer lines are hard to read."""
        self.hang = len(self.signs.failed) + 1
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def put(self, *pieces: Piece) -> None:
        """One line, never wrapped."""
        self._lines.append("".join(self._painted(self.clean(text), style) for text, style in pieces).rstrip(" "))

    def gap(self) -> None:
        """An empty line, if the last one is not."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def prose(self, text: str, style: str = "", indent: int = 0, hang: int = 0) -> None:
        """Words, wrapped; lines after the first are indented by `hang` more."""
        for number, line in enumerate(self.wrapped(text, self.width - indent, hang)):
            self.put((" " * (indent + (hang if number else 0)), ""), (line, style))

    def marked(self, verdict: Verdict, text: str, code: str = "", style: str = "", indent: int = 0) -> None:
        """A tick or a cross, words, and a dim code at the right where there is room for it, else below."""
        first, *rest = self.wrapped(text, self.width - indent - self.hang)
        pieces = [(" " * indent, ""), (self.mark(verdict), _STYLE[verdict]), (" " + first, style)]
        used = indent + self.hang + self.cells(first)
        fits = not rest and used + 2 + len(code) <= self.width
        if code and fits:
            pieces.append((" " * (self.width - used - len(code)) + code, DIM))
        self.put(*pieces)
        for line in rest:
            self.put((" " * (indent + self.hang) + line, style))
        if code and not fits:
            self.put((" " * (self.width - len(code)) + code, DIM))

    def mark(self, verdict: Verdict) -> str:
        signs = self.signs
        mark = {
            Verdict.PASS: signs.passed,
            Verdict.FAIL: signs.failed,
            Verdict.WARN: signs.warned,
            Verdict.UNKNOWN: signs.unknown,
            Verdict.SKIP: signs.skipped,
        }[verdict]
        return mark.ljust(self.hang - 1)

    def clean(self, text: str) -> str:
        text = plain(text)
        return text if self.options.unicode else ascii_only(text)

    def cells(self, text: str) -> int:
        """The columns that the text takes on a terminal."""
        text = self.clean(text)
        if text.isascii():
            return len(text)
        from rich.cells import cell_len

        return cell_len(text)

    def cut(self, text: str, width: int) -> str:
        """The text, or as much of it as fits with a sign that there is more."""
        text = self.clean(text)
        if self.cells(text) <= width:
            return text
        more = self.signs.more
        if text.isascii():
            return text[: width - len(more)] + more
        from rich.cells import set_cell_size

        return set_cell_size(text, width - len(more)) + more

    def wrapped(self, text: str, width: int, hang: int = 0) -> list[str]:
        """The text in lines of at most `width` columns, those after the first of `hang` less."""
        lines = [""]
        for word in self.clean(text).split():
            room = width - (hang if len(lines) > 1 else 0)
            if lines[-1] and self.cells(f"{lines[-1]} {word}") > room:
                lines.append(word)  # a word that is too long stays whole: it may be a path or a URL
            else:
                lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
        return lines

    def _painted(self, text: str, style: str) -> str:
        if not (style and text and self.options.colour):
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


# -- the verdict ------------------------------------------------------------------------------------------------------


def _headline(diagnosis: Diagnosis) -> tuple[Verdict, str]:
    """The verdict in one sentence."""
    if diagnosis.verdict == "sick":
        failed = [j for j in diagnosis.results if j.result.failed]
        return Verdict.FAIL, _sentence((diagnosis.causes or failed)[0])
    if diagnosis.verdict == "unclear":
        return Verdict.UNKNOWN, f"{_doubt(diagnosis)}: {_sentence(diagnosis.undecided[0])}"
    sick = [s for s in diagnosis.links if s.sick]
    if sick:
        return Verdict.UNKNOWN, f"no check failed, and yet {sick[0].source} cannot connect to {_address(sick[0])}"
    count = len(diagnosis.warnings)
    return Verdict.PASS, _healthy(diagnosis) + (f", with {_count(count, 'warning')}" if count else "")


def _doubt(diagnosis: Diagnosis) -> str:
    """What nobody could tell: whether a link works, if that is it."""
    open_links = [s for s in diagnosis.links if s.works is None]
    if len(open_links) > 1:
        return f"could not tell whether {len(open_links)} of {len(diagnosis.links)} links work"
    if open_links:
        return f"could not tell whether {open_links[0].source} reaches {_address(open_links[0])}"
    return f"could not check that {diagnosis.undecided[0].title}"


def _extent(page: _Page, diagnosis: Diagnosis) -> None:
    """How much is broken, where that is not plain: several links or causes."""
    causes, links = len(diagnosis.causes), len(diagnosis.links)
    if causes and links > 1:
        sick = sum(s.sick for s in diagnosis.links)
        page.prose(f"{sick} of {links} links broken, by {_count(causes, 'cause')}", indent=page.hang)
    elif causes > 1:
        page.prose(f"the first of {causes} causes", indent=page.hang)
    elif links == 1 and not diagnosis.links[0].sick:
        _origin(page, diagnosis.links[0], indent=page.hang)


def _healthy(diagnosis: Diagnosis) -> str:
    working = [s for s in diagnosis.links if s.works]
    if len(diagnosis.links) == 1 and working:
        return f"{working[0].source} reaches {_address(working[0])}{_took(working[0])}"
    if working and len(working) == len(diagnosis.links):
        return f"all {len(working)} links work"
    passed = [j for j in diagnosis.results if j.result.finding.verdict is Verdict.PASS]
    if len(diagnosis.links) == 1:
        state = diagnosis.links[0]
        return f"nothing wrong was found between {state.source} and {_address(state)}"
    if working:
        return f"{len(working)} of {len(diagnosis.links)} links work, and nothing wrong was found with the others"
    return f"nothing wrong was found; {_count(len(passed), 'check')} passed"


def _quiet(diagnosis: Diagnosis, sentence: str) -> str:
    causes = diagnosis.causes
    if not causes:
        return sentence
    more = f" and {_count(len(causes) - 1, 'more cause')}" if len(causes) > 1 else ""
    return f"{sentence} ({causes[0].result.code}){more}"


def _sentence(judged: Judged) -> str:
    return judged.result.finding.says


def _address(state: LinkState) -> str:
    suffix = "" if state.link.protocol == "tcp" else f"/{state.link.protocol}"
    target = f"[{state.target}]" if ":" in state.target else state.target
    return f"{target}:{state.link.port}{suffix}"


def _took(state: LinkState) -> str:
    return "" if state.connect_ms is None else f" (connected in {state.connect_ms:.1f} ms)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _named(names: Sequence[str], most: int = LISTED) -> str:
    """`a`, `a and b`, `a, b, c and 7 more`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


# -- the links --------------------------------------------------------------------------------------------------------


def _links(page: _Page, diagnosis: Diagnosis) -> None:
    """The broken ones drawn, then those that nobody could try, then those that work."""
    sick = [s for s in diagnosis.links if s.sick]
    groups = list(_alike(sick))
    drawn = groups if page.options.verbose else groups[:DRAWN]
    for group in drawn:
        page.gap()
        _path(page, group[0])
        if len(group) > 1 and not page.options.verbose:
            page.prose(f"the same from {_named([s.source for s in group[1:]])}", indent=2)
        for state in group[1:] if page.options.verbose else ():
            page.gap()
            _path(page, state)
    page.gap()
    _listed(page, Verdict.FAIL, [s for group in groups[len(drawn) :] for s in group], "broken")
    rest = [s for s in diagnosis.links if not s.sick]
    if page.options.verbose:
        for state in rest:
            page.gap()
            _path(page, state)
        return
    if len(diagnosis.links) == 1:
        return
    _listed(page, Verdict.UNKNOWN, [s for s in rest if not s.works], "not tried, or silent")
    _listed(page, Verdict.PASS, [s for s in rest if s.works], "working")


def _alike(states: Iterable[LinkState]) -> Iterator[list[LinkState]]:
    """Links to the same port that break at the same place, together."""
    groups: dict[tuple[object, ...], list[LinkState]] = {}
    for state in states:
        pattern = tuple((h.hop, h.verdict, h.broken_here) for h in state.path)
        groups.setdefault((_address(state), state.link.address, *pattern), []).append(state)
    yield from groups.values()


def _listed(page: _Page, verdict: Verdict, states: Sequence[LinkState], kind: str) -> None:
    shown = states if len(states) <= LISTED else states[: LISTED - 1]
    for state in shown:
        says = f"{state.source} {page.signs.arrow} {_address(state)}{_took(state)}"
        where = [h.hop for h in state.path if h.broken_here]
        page.marked(verdict, says + (f", broken at {where[0]}" if verdict is Verdict.FAIL and where else ""), indent=2)
    if len(states) > len(shown):
        page.marked(verdict, f"{len(states) - len(shown)} more {kind} (-v lists them)", indent=2)


def _path(page: _Page, state: LinkState) -> None:
    """Drawn in one line if it fits, without the ends if they are too long, else from top to bottom."""
    hops = [h for h in state.path if h.verdict is not Verdict.SKIP]
    target = _address(state)
    names = page.cells(state.source) + page.cells(target) + 2
    track = sum(len(h.hop) + 2 for h in hops) + 2
    if page.options.verbose or track + 2 > page.room:
        page.put((f"  {state.source} {page.signs.arrow} {target}", BOLD))
        _downwards(page, hops)
    elif names + track + 2 > page.room:
        page.put((f"  {state.source} {page.signs.arrow} {target}", BOLD))
        _across(page, hops, "", "")
    else:
        _across(page, hops, state.source, target)
    _origin(page, state)


def _stations(hops: Sequence[Hop]) -> Iterator[tuple[Hop, bool, bool]]:
    """Each hop, whether it is broken, and whether it lies beyond the first that is."""
    broken = {h.hop for h in hops if h.broken_here} or {h.hop for h in hops if h.verdict is Verdict.FAIL}
    beyond = False
    for hop in hops:
        is_broken = hop.hop in broken
        yield hop, is_broken, beyond
        beyond = beyond or is_broken or hop.verdict is Verdict.FAIL


def _sign(page: _Page, hop: Hop, broken: bool, beyond: bool) -> Piece:
    signs = page.signs
    if broken:
        return signs.broken, RED
    if hop.verdict is Verdict.FAIL:
        return signs.beyond, DIM
    if hop.verdict is Verdict.UNKNOWN:
        return "?", DIM if beyond else YELLOW
    if hop.verdict is Verdict.WARN:
        return "!", YELLOW
    return signs.reached, DIM if beyond else GREEN


def _across(page: _Page, hops: Sequence[Hop], source: str, target: str) -> None:
    signs = page.signs
    track: list[Piece] = [("  " + (source + " " if source else ""), BOLD)]
    labels: list[Piece] = [(" " * (page.cells(source) + 3 if source else 2), "")]
    style, line = GREEN, signs.line
    lead = 1
    for hop, broken, beyond in _stations(hops):
        if beyond:
            style, line = DIM, signs.dots
        before = (len(hop.hop) - 1) // 2
        track += [(line * (lead + before), style), _sign(page, hop, broken, beyond)]
        labels += [(" " * lead, ""), (hop.hop, RED if broken else DIM if beyond else "")]
        if broken or hop.verdict is Verdict.FAIL:
            style, line = DIM, signs.dots
        track.append((line * (len(hop.hop) - before - 1), style))
        lead = 2
    track.append((line, style))
    if target:
        track.append((" " + target, BOLD))
    page.put(*track)
    page.put(*labels)


def _downwards(page: _Page, hops: Sequence[Hop]) -> None:
    for hop, broken, beyond in _stations(hops):
        sign, style = _sign(page, hop, broken, beyond)
        says = hop.says if page.options.verbose else ""
        first, *rest = page.wrapped(says, page.width - 17)
        name = hop.hop.ljust(11)
        words = DIM if beyond and not broken else ""
        page.put((f"    {sign} ", style), (name, RED if broken else words), (first, words))
        for text in rest:
            page.put((" " * 17 + text, words))


def _origin(page: _Page, state: LinkState, indent: int = 2) -> None:
    """Where the address and the port were found, unless the user typed them."""
    link = state.link
    if link.address != state.target:
        where = f" ({link.known_from})" if link.known_from else ""
        address = f"[{link.address}]" if ":" in link.address else link.address
        page.prose(f"{state.source} asks for {address}:{link.port}{where}", DIM, indent=indent)
    elif link.known_from and link.known_from != "the command line":
        page.prose(f"port {link.port} from {link.known_from}", DIM, indent=indent)


# -- the causes -------------------------------------------------------------------------------------------------------


def _causes(page: _Page, diagnosis: Diagnosis) -> None:
    causes = diagnosis.causes
    for number, cause in enumerate(causes, start=1):
        page.gap()
        if len(causes) > 1:
            page.prose(f"{number}. {_sentence(cause)}", RED, hang=3)
        if len(diagnosis.links) > 1:
            _breaks(page, diagnosis.broken_by(cause))
        _evidence(page, cause)
        if cause.result.finding.remedy is not None:
            page.gap()
            _remedy(page, cause.result.finding.remedy)


def _breaks(page: _Page, states: Iterable[LinkState]) -> None:
    """The links that a cause breaks: those who ask, for each port asked for."""
    sources: dict[str, list[str]] = {}
    for state in states:
        sources.setdefault(_address(state), []).append(state.source)
    for address, names in sources.items():
        page.prose(f"breaks {_named(names)} {page.signs.arrow} {address}", indent=2, hang=2)


def _evidence(page: _Page, judged: Judged, indent: int = 2) -> None:
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


def _fitted(page: _Page, start: list[Piece], text: str) -> None:
    """One line of evidence: cut to the terminal's width, or whole with -v."""
    room = page.room - sum(page.cells(t) for t, _ in start)
    page.put(*start, (text if page.options.verbose else page.cut(text, room), ""))


def _remedy(page: _Page, remedy: Remedy) -> None:
    page.prose(f"What to do: {remedy.says}", BOLD, indent=2)
    # Lines for the Compose file that a command then brings into force come before it.
    brings_up = any(command.startswith("docker compose") and " up" in command for command in remedy.run)
    if remedy.compose is not None and brings_up:
        _block(page, "In the Compose file:", [remedy.compose])
        _block(page, "Then:", remedy.run)
    else:
        _block(page, "", remedy.run)
        if remedy.compose is not None:
            _block(page, "In the Compose file, then `docker compose up -d`:", [remedy.compose])
    _block(page, "Check with:", remedy.verify)


def _block(page: _Page, heading: str, lines: Sequence[str]) -> None:
    """Lines to paste: whole, alone, with nothing around them."""
    if not lines:
        return
    if heading:
        page.gap()
        page.put(("  " + heading, ""))
    page.gap()
    for command in lines:
        for line in command.rstrip("\n").split("\n"):
            page.put(("    " + line, CYAN))


# -- the rest ---------------------------------------------------------------------------------------------------------


def _warnings(page: _Page, diagnosis: Diagnosis) -> None:
    warnings = [j for j in diagnosis.warnings if not j.because_of]
    if not warnings:
        return
    page.gap()
    page.put(("Warnings", BOLD))
    for judged in warnings:
        page.marked(Verdict.WARN, _sentence(judged), judged.result.code, indent=2)
        remedy = judged.result.finding.remedy
        if page.options.verbose:
            _evidence(page, judged, indent=2 + page.hang)
        if remedy is not None:
            page.prose(f"What to do: {remedy.says}", DIM, indent=2 + page.hang)
            if page.options.verbose:
                _block(page, "", remedy.run)
                _block(page, "", [remedy.compose] if remedy.compose else [])
                page.gap()


def _checks(page: _Page, diagnosis: Diagnosis) -> None:
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
        if judged.result.failed and id(judged) not in told:
            page.marked(Verdict.FAIL, judged.title, judged.result.code, indent=2)
            page.prose(f"because of {_named(judged.because_of)}", DIM, indent=2 + page.hang)
    _unknown(page, diagnosis, unknown)
    passed = [j for j in diagnosis.results if j.result.finding.verdict is Verdict.PASS]
    if page.options.verbose:
        for judged in passed:
            page.marked(Verdict.PASS, judged.title, judged.result.check.id, indent=2)
            _subject(page, diagnosis, judged, indent=2 + page.hang)
            page.prose(_sentence(judged), DIM, indent=2 + page.hang)
            _evidence(page, judged, indent=2 + page.hang)
        for judged in diagnosis.results:
            if judged.result.finding.verdict is Verdict.SKIP:
                page.marked(Verdict.SKIP, judged.title, judged.result.check.id, indent=2)
                _subject(page, diagnosis, judged, indent=2 + page.hang)
                page.prose(f"skipped: {_sentence(judged)}", DIM, indent=2 + page.hang)
    elif passed:
        page.marked(Verdict.PASS, f"{_count(len(passed), 'check')} passed", indent=2)


def _subject(page: _Page, diagnosis: Diagnosis, judged: Judged, indent: int) -> None:
    """Whose result it is, where titles alone can't tell: the link, if there are several."""
    if page.options.verbose and len(diagnosis.links) > 1 and isinstance(judged.result.subject, Link):
        page.prose(judged.name, DIM, indent=indent)


def _symptoms(page: _Page, diagnosis: Diagnosis, symptoms: Sequence[Judged]) -> None:
    """What follows from a cause: a line for each check and reason, with -v for each result."""
    alike: dict[str, list[Judged]] = {}
    for number, judged in enumerate(symptoms):
        alike.setdefault(str(number) if page.options.verbose else judged.result.code, []).append(judged)
    if alike:
        page.put(("    because of that:", DIM))
    for first, *others in alike.values():
        says = _sentence(first) + (f" (and {len(others)} like it)" if others else "")
        page.marked(first.result.finding.verdict, says, first.result.code, indent=4)
        if page.options.verbose:
            _subject(page, diagnosis, first, indent=4 + page.hang)
            _evidence(page, first, indent=4 + page.hang)


def _unknown(page: _Page, diagnosis: Diagnosis, unknown: Sequence[Judged]) -> None:
    """What could not be checked, by the reason and what would help, which are often the same for many."""
    undecided = diagnosis.undecided
    reasons: dict[str, list[Judged]] = {}
    for judged in unknown if page.options.verbose else undecided:
        reasons.setdefault(_sentence(judged), []).append(judged)
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
        count = _count(len(unknown) - len(undecided), "check")
        page.marked(Verdict.SKIP, f"{count} could not look; the connection works all the same", indent=2)


def _footer(page: _Page, diagnosis: Diagnosis) -> None:
    engine = diagnosis.engine
    page.gap()
    told = diagnosis.causes or diagnosis.warnings
    if told and not page.options.verbose:
        page.prose(f"more: netdoctor explain {told[0].result.check.id}, or -v for all that was seen", DIM)
    how = " rootless" if engine.rootless else ""
    version = f" {engine.version}" if engine.version else ""
    page.prose(f"{engine.name}{version}{how}, {len(diagnosis.results)} results in {diagnosis.elapsed_ms:.0f} ms", DIM)
