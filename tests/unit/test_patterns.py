"""Patterns that are compiled when they are used are the patterns of `re`."""

from __future__ import annotations

import re
import sys

import pytest

from netdoctor import registry, secrecy
from netdoctor.patterns import _Lazy, lazily

URL = r"(?P<scheme>[a-z]+)://(?P<host>\w+)"


@pytest.mark.parametrize("holds", ["", "://"])
@pytest.mark.parametrize("text", ["", "db", "http://db", "at http://db and http://cache", "://"])
def test_the_same_matches_whether_or_not_the_text_holds_what_it_must(text: str, holds: str) -> None:
    lazy, known = lazily(URL, re.IGNORECASE, holds=holds), re.compile(URL, re.IGNORECASE)
    for found, wanted in (
        (lazy.match(text), known.match(text)),
        (lazy.fullmatch(text), known.fullmatch(text)),
        (lazy.search(text), known.search(text)),
    ):
        assert (found and found.span()) == (wanted and wanted.span())
    assert [m.span() for m in lazy.finditer(text)] == [m.span() for m in known.finditer(text)]
    assert lazy.sub(lambda m: m["host"].upper(), text) == known.sub(lambda m: m["host"].upper(), text)


def test_every_pattern_of_ours_compiles() -> None:
    """Nothing compiles them at import, so a fault in one would wait for the text that needs it."""
    registry.load()
    ours = [module for name, module in sys.modules.items() if name.startswith("netdoctor.")]
    values = [*(value for module in ours for value in vars(module).values()), *secrecy._ATTACHED]
    lazy = [value for value in values if isinstance(value, _Lazy)]
    assert len(lazy) > 20
    assert all(isinstance(pattern._compiled, re.Pattern) for pattern in lazy)
