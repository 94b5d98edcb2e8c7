"""Every scenario of tests/live/scenarios, on a real engine, asked on every rung."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet

from tests.live.accuracy import note
from tests.live.asking import ask, causes, wrong
from tests.live.lab import RUNGS, Lab
from tests.live.table import SCENARIOS


def _parameter(slug: str) -> ParameterSet:
    scenario = SCENARIOS[slug]
    marks = {"engines_differ": scenario.engines_differ, "alone": scenario.alone}
    return pytest.param(slug, marks=[getattr(pytest.mark, name) for name, marked in marks.items() if marked])


@pytest.mark.parametrize("slug", [_parameter(slug) for slug in sorted(SCENARIOS)])
def test_scenario(slug: str) -> None:
    complaints: list[str] = []
    cases = 0
    with Lab(slug) as lab:
        for case in SCENARIOS[slug].build(lab):
            cases += 1
            for rung in RUNGS:
                diagnosis = ask(case, rung).diagnosis
                note(SCENARIOS[slug].family, case, rung, diagnosis, causes(diagnosis))
                complaints += filter(None, [wrong(case, rung, diagnosis)])
    assert cases, f"the scenario {slug} asks nothing"
    assert not complaints, "\n".join(complaints)
