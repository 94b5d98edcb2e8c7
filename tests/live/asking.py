"""Put a case's question to netdoctor on one rung, and say what is wrong with the diagnosis."""

from __future__ import annotations

from netdoctor import registry
from netdoctor.diagnosis import Diagnosis
from netdoctor.examine import Examined, examine
from netdoctor.request import Request
from netdoctor.sources import open_live
from tests.live.lab import Case

CHECKS = tuple(registry.load())


def ask(case: Case, rung: str) -> Examined:
    """The diagnosis of the live stack, as the command line would make it."""
    with open_live(rung=rung, timeout=2.0) as source:
        return examine(Request(source=case.source, target=case.target, project=case.project), source, CHECKS)


def causes(diagnosis: Diagnosis) -> tuple[str, ...]:
    return tuple(sorted({j.result.code for j in diagnosis.causes}))


def wrong(case: Case, rung: str, diagnosis: Diagnosis) -> str:
    """What is wrong with a diagnosis, "" for nothing."""
    found, expected = causes(diagnosis), tuple(sorted(case.finds))
    warned = {j.result.code for j in diagnosis.warnings}
    complaint = ""
    # A rung that sees less may find some of several causes, and no other.
    if found != expected and (rung in case.rungs or not set(found) <= {*expected, *case.instead}):
        complaint = f"expected the causes {expected}"
    elif rung == "netns" and case.project and len(diagnosis.causes) != len(expected):
        complaint = f"{len(diagnosis.causes)} causes for {len(expected)}: what one thing breaks is said once"
    elif case.finds and diagnosis.verdict == "healthy" and rung not in case.blind:
        complaint = "a sick stack was called healthy"
    elif not case.finds and rung == "netns" and diagnosis.verdict != "healthy":
        complaint = "a healthy stack was not called healthy"
    elif unexpected := warned - {*case.warns, *case.finds}:  # a rung that sees less may only warn of a cause
        complaint = f"unexpected warnings {sorted(unexpected)}"
    elif rung == "netns" and (missing := set(case.warns) - warned):
        complaint = f"missing warnings {sorted(missing)}"
    if not complaint:
        return ""
    told = "\n".join(
        f"  {j.result.finding.verdict} {j.result.code} on {j.name}: {j.result.finding.says} {' '.join(j.because_of)}"
        for j in diagnosis.results
    )
    said = f"verdict {diagnosis.verdict}, causes {found}, warnings {sorted(warned)}"
    return f"{case.name} on rung {rung}: {complaint}; {said}\n{told}"
