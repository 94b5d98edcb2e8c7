"""`python -m docs.picture`: docs/report.svg, the README's picture, from the report of the demo's capture.

What is drawn is what a terminal with colours shows. The picture asks no server for a font, and two runs draw the same.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI, TerminalTheme
from rich.text import Text

import netdoctor
from netdoctor import registry
from netdoctor.examine import examine
from netdoctor.report import FORMATS, Options
from netdoctor.sources.replay import CaptureSource

HERE = Path(__file__).parent
PICTURE = HERE / "report.svg"
DEMO = Path(netdoctor.__file__).parent / "demo.json"
FONTS = "'DejaVu Sans Mono', Menlo, Consolas, ui-monospace, monospace"


def picture() -> str:
    """The SVG."""
    source = CaptureSource(DEMO)
    diagnosis = examine(source.request, source, tuple(registry.load())).diagnosis
    report = FORMATS["text"](diagnosis, Options(colour=True))
    lines = [Text.from_ansi(line) for line in report.splitlines()[:-1]]  # the last one tells how long it took
    asked = " ".join(filter(None, ("netdoctor", source.request.source, source.request.target)))
    return drawn(lines, asked)


def drawn(lines: list[Text], title: str, theme: TerminalTheme = MONOKAI) -> str:
    """Lines of a terminal as SVG, as wide as the widest."""
    width = max(80, *(line.cell_len for line in lines))
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, soft_wrap=True)
    svg = console.export_svg(title=title, theme=theme, unique_id="netdoctor")
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*;", f"font-family: {FONTS};", svg)
    svg = svg.replace("<text ", '<text xml:space="preserve" ')  # librsvg drops leading blanks otherwise
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def main() -> None:
    PICTURE.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
