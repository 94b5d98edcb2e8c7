"""Formats are found, not listed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from netdoctor import report
from netdoctor.report import FORMATS, Options
from tests.unit.diagnoses import healthy


def test_every_module_is_a_format() -> None:
    modules = {p.stem for p in Path(report.__file__).parent.glob("*.py") if not p.stem.startswith("_")}
    assert set(FORMATS) == modules >= {"text", "json", "junit"}
    assert len(FORMATS) == len(modules)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_text_that_ends_in_a_line(name: str) -> None:
    assert FORMATS[name](healthy(), Options()).endswith("\n")


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
