"""Formats are found, not listed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from netdoctor import report
from netdoctor.finding import Remedy, fail
from netdoctor.report import FORMATS, Options
from tests.unit.diagnoses import CASES, INTERFACE, LINK, REFUSED, diagnosis, healthy, hostile


def test_every_module_is_a_format() -> None:
    modules = {p.stem for p in Path(report.__file__).parent.glob("*.py") if not p.stem.startswith("_")}
    assert set(FORMATS) == modules >= {"text", "json", "junit"}
    assert len(FORMATS) == len(modules)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_text_that_ends_in_a_line(name: str) -> None:
    assert FORMATS[name](healthy(), Options()).endswith("\n")


@pytest.mark.parametrize("case", sorted(CASES))
def test_github_annotates_each_cause_and_each_warning(case: str) -> None:
    given = CASES[case]()
    _, *lines = FORMATS["github"](given, Options()).splitlines()
    kinds = [re.match(r"::(error|warning) title=[^:]+::", line) for line in lines]
    assert all(kinds)
    assert sum(m is not None and m[1] == "error" for m in kinds) == len(given.causes)


def test_no_container_gives_github_a_command() -> None:
    text = FORMATS["github"](hostile(), Options())
    assert all(line.startswith("::") for line in text.splitlines()[1:])
    assert "\x1b" not in text
    assert "\r" not in text


def test_no_container_writes_html() -> None:
    evil = fail("loopback-only", "<script>alert(1)</script>", remedy=Remedy(says="<b>", run=("<i>",)), x="<a href=x>")
    for name in ("html", "markdown"):
        text = FORMATS[name](diagnosis({LINK: REFUSED}, [(INTERFACE, LINK, evil)]), Options())
        outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert not re.search(r"(?<!\\)<(script|b>|i>|a )", outside.replace("<b>What to do:", ""))
        assert "\x1b" not in FORMATS[name](hostile(), Options())


def test_no_line_closes_a_block_of_markdown() -> None:
    evil = fail("loopback-only", "it says ``` too", x=["```", "````", "# not a title"])
    text = FORMATS["markdown"](diagnosis({LINK: REFUSED}, [(INTERFACE, LINK, evil)]), Options())
    assert text.count("`````\n") == 2


def test_an_unknown_format_is_none() -> None:
    assert "yaml" not in FORMATS
    assert "_plain" not in FORMATS
    with pytest.raises(KeyError):
        FORMATS["yaml"]


def test_a_format_is_imported_only_when_it_is_asked_for() -> None:
    program = (
        "import sys; from netdoctor.report import FORMATS; assert 'junit' in FORMATS and list(FORMATS)\n"
        "print(*[m for m in sys.modules if m.startswith('netdoctor.report.') or m == 'rich'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
