"""Every scenario of tests/live/scenarios, on a real engine, asked on every rung."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet

from tests.live.accuracy import note
from tests.live.asking import ask, causes, wrong
from tests.live.lab import RUNGS, Lab
from tests.live.table import SCENARIOS


def _parameter(slug: str) -> ParameterSet:
    return pytest.param(slug, marks=[pytest.mark.engines_differ] if SCENARIOS[slug].engines_differ else [])


@pytest.mark.parametrize("slug", [_parameter(slug) for slug in sorted(SCENARIOS)])
def test_scenario(slug: str) -> None:
    lab = Lab(slug)
    lab.remove()  # what a killed run left
    complaints: list[str] = []
    cases = 0
    try:
        for case in SCENARIOS[slug].build(lab):
            cases += 1
            for rung in RUNGS:
                diagnosis = ask(case, rung).diagnosis
                note(SCENARIOS[slug].family, case, rung, diagnosis, causes(diagnosis))
                complaints += filter(None, [wrong(case, rung, diagnosis)])
    finally:
        lab.remove()
    assert cases, f"the scenario {slug} asks nothing"
    assert not complaints, "\n".join(complaints)
