"""Lines in the making for the terminal report: wrapping, cutting, marks and colours.

rich costs more to import than the rest of a report takes, so only what is needed of it is imported, and only then: its
styles for a terminal with colours, its cell widths for text beyond ASCII.
"""

from __future__ import annotations

import msgspec

from netdoctor.finding import Verdict
from netdoctor.report import Options
from netdoctor.report._plain import ascii_only, plain

BOLD, DIM, GREEN, RED, YELLOW, CYAN = "bold", "dim", "green", "bold red", "yellow", "cyan"


class Signs(msgspec.Struct, frozen=True):
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


_UNICODE = Signs("✓", "✗", "!", "?", "-", "✓", "✗", "·", "━", "┄", "→", "…")
_ASCII = Signs("ok", "FAIL", "warn", "?", "-", "+", "X", ".", "-", ".", "->", "...")

STYLE = {Verdict.PASS: GREEN, Verdict.FAIL: RED, Verdict.WARN: YELLOW, Verdict.UNKNOWN: YELLOW, Verdict.SKIP: DIM}
STRONG = {Verdict.PASS: "bold green", Verdict.FAIL: RED, Verdict.WARN: "bold yellow", Verdict.UNKNOWN: "bold yellow"}
Piece = tuple[str, str]
"""A text and its style, as rich names styles; "" for none."""


class Page:
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
        clean = [(self.clean(text), style) for text, style in pieces]
        while clean and not clean[-1][0].rstrip():
            clean.pop()
        if clean:
            clean[-1] = (clean[-1][0].rstrip(), clean[-1][1])
        self._lines.append("".join(self._painted(text, style) for text, style in clean))

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
        pieces = [(" " * indent, ""), (self.mark(verdict), STYLE[verdict]), (" " + first, style)]
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
