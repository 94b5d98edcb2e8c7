"""Every recorded stack gives the report that it gave when it was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.live.record import FIXTURES, expected

CAPTURES = sorted(p for p in FIXTURES.glob("*/*.json") if not p.name.endswith(".report.json"))


def test_there_are_fixtures() -> None:
    assert len(CAPTURES) > 50


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda p: p.stem)
def test_replay(capture: Path) -> None:
    recorded = json.loads(capture.with_suffix(".report.json").read_text(encoding="utf-8"))
    assert expected(capture) == recorded
