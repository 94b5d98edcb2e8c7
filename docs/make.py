"""`make docs`: docs/checks.md from the checks' own docstrings, and the help block of the README.

A test compares both with what this makes, so that they cannot go stale.
"""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from netdoctor import registry
from netdoctor.cli import cli

HERE = Path(__file__).parent
CHECKS = HERE / "checks.md"
README = HERE.parent / "README.md"


def checks_page() -> str:
    """Every check's manual, by family."""
    parts = [
        "# The checks\n\nMade by `make docs` from the checks' docstrings; `netdoctor explain ID` prints the same.\n"
    ]
    for check in registry.load():
        reasons = "\n".join(f"| `{r.slug}` | {r.says} |" for r in check.reasons)
        parts.append(
            f"## {check.id}\n\n*{check.asks}*\n\n| reason | what was seen |\n|---|---|\n{reasons}\n\n"
            f"```text\n{check.manual}\n```\n"
        )
    return "\n".join(parts)


def help_text() -> str:
    """`netdoctor --help` at 80 columns."""
    return CliRunner().invoke(cli, ["--help"], prog_name="netdoctor", terminal_width=80).output


def readme(text: str) -> str:
    """The README with today's help block."""
    block = f"<!-- help: netdoctor --help -->\n```text\n{help_text().rstrip()}\n```\n<!-- end -->"
    return re.sub(r"<!-- help: netdoctor --help -->.*?<!-- end -->", lambda _: block, text, count=1, flags=re.DOTALL)


def main() -> None:
    CHECKS.write_text(checks_page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
