"""Every scenario of tests/live/scenarios, on a real engine, asked on every rung."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from netdoctor import registry
from netdoctor.examine import Examined, examine
from netdoctor.request import Request
from netdoctor.sources import open_live
from tests.live.lab import RUNGS, Case, Lab
from tests.live.table import SCENARIOS

CHECKS = tuple(registry.load())


@pytest.mark.parametrize("slug", sorted(SCENARIOS))
def test_scenario(slug: str) -> None:
    lab = Lab(slug)
    lab.remove()  # what a killed run left
    cases = 0
    try:
        for case in SCENARIOS[slug](lab):
            cases += 1
            for rung in RUNGS:
                complaint = wrong(case, rung, ask(case, rung))
                assert not complaint, complaint
    finally:
        lab.remove()
    assert cases, f"the scenario {slug} asks nothing"


def ask(case: Case, rung: str) -> Examined:
    """Put the case's question on one rung."""
    with open_live(rung=rung, timeout=2.0) as source:
        return examine(Request(source=case.source, target=case.target), source, CHECKS)


def wrong(case: Case, rung: str, examined: Examined) -> str:
    """What is wrong with a diagnosis, "" for nothing."""
    diagnosis = examined.diagnosis
    causes = tuple(sorted({j.result.code for j in diagnosis.causes}))
    warned = tuple(sorted({j.result.code for j in diagnosis.warnings}))
    told = "\n".join(
        f"  {j.result.finding.verdict} {j.result.code} on {j.name}: {j.result.finding.says} {j.because_of}" for j in diagnosis.results
    )
    where = f"{case.name} on rung {rung}: verdict {diagnosis.verdict}, causes {causes}, warnings {warned}\n{told}"
    if rung in case.rungs:
        if causes != tuple(sorted(case.finds)):
            return f"expected the causes {case.finds}; {where}"
    elif causes and causes != tuple(sorted(case.finds)):
        return f"a rung that cannot see it all named other causes than {case.finds}; {where}"
    elif case.finds and diagnosis.verdict == "healthy":
        return f"a rung that cannot see it called a sick stack healthy; {where}"
    if not case.finds and rung == "netns" and diagnosis.verdict != "healthy":
        return f"a healthy stack was not called healthy; {where}"
    if unexpected := set(warned) - set(case.warns):
        return f"unexpected warnings {unexpected}; {where}"
    if rung == "netns" and (missing := set(case.warns) - set(warned)):
        return f"missing warnings {missing}; {where}"
    return ""


Build = Callable[[Lab], Iterator[Case]]
