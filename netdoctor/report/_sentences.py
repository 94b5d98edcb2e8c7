"""The sentences of the terminal report: the verdict in one line, and how things are called and counted."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.diagnosis import Diagnosis, Judged, LinkState
from netdoctor.finding import Verdict

LISTED = 6
"""So many lines of a kind, then a count."""


def headline(diagnosis: Diagnosis) -> tuple[Verdict, str]:
    """The verdict in one sentence."""
    if diagnosis.verdict == "sick":
        failed = [j for j in diagnosis.results if j.result.failed]
        return Verdict.FAIL, sentence((diagnosis.causes or failed)[0])
    if diagnosis.verdict == "unclear" and diagnosis.undecided:
        return Verdict.UNKNOWN, f"{_doubt(diagnosis)}: {sentence(diagnosis.undecided[0])}"
    sick = [s for s in diagnosis.links if s.sick]
    if sick:
        return Verdict.UNKNOWN, f"no check failed, and yet {sick[0].source} cannot connect to {place(sick[0])}"
    count = sum(not j.because_of for j in diagnosis.warnings)
    known = f"; {counted(len(diagnosis.ignored), 'finding')} ignored" if diagnosis.ignored else ""
    doubtful = count and any(s.works is False and not s.ignored for s in diagnosis.links)
    also = f", with {counted(count, 'warning')}" if count else ""
    return Verdict.WARN if doubtful else Verdict.PASS, f"{_healthy(diagnosis)}{also}{known}"


def _doubt(diagnosis: Diagnosis) -> str:
    """What nobody could tell: whether a link works, if that is it."""
    open_links = [s for s in diagnosis.links if s.works is None]
    if len(open_links) > 1:
        return f"could not tell whether {len(open_links)} of {len(diagnosis.links)} links work"
    if open_links:
        return f"could not tell whether {open_links[0].source} reaches {place(open_links[0])}"
    return f"could not check that {diagnosis.undecided[0].title}"


def _healthy(diagnosis: Diagnosis) -> str:
    working = [s for s in diagnosis.links if s.works]
    if len(diagnosis.links) == 1 and working:
        return f"{working[0].source} reaches {place(working[0])}{took(working[0])}"
    if working and len(working) == len(diagnosis.links):
        return f"all {len(working)} links work"
    passed = [j for j in diagnosis.results if j.result.finding.verdict is Verdict.PASS]
    doubtful = [s for s in diagnosis.links if s.works is False and not s.ignored]
    if doubtful and diagnosis.warnings:
        first = f"{doubtful[0].source} cannot connect to {place(doubtful[0])}"
        if len(diagnosis.links) == 1:
            return f"{first}, if it wants to at all"
        only = "links work; " if len(doubtful) == 1 else f"links work, {len(doubtful)} do not: "
        return f"{len(working)} of {len(diagnosis.links)} {only}{first}, if it wants to at all"
    if len(diagnosis.links) == 1:
        state = diagnosis.links[0]
        return f"nothing wrong was found between {state.source} and {place(state)}"
    if working:
        return f"{len(working)} of {len(diagnosis.links)} links work, and nothing wrong was found with the others"
    return f"nothing wrong was found; {counted(len(passed), 'check')} passed"


def one_line(diagnosis: Diagnosis, says: str) -> str:
    """The headline with the code of the cause, and how many there are besides."""
    causes = diagnosis.causes
    if not causes:
        return says
    more = f" and {counted(len(causes) - 1, 'more cause')}" if len(causes) > 1 else ""
    sick = sum(s.sick for s in diagnosis.links)
    extent = f"; {sick} of {len(diagnosis.links)} links broken" if len(diagnosis.links) > 1 else ""
    return f"{says} ({causes[0].result.code}){more}{extent}"


def sentence(judged: Judged) -> str:
    return judged.result.finding.says


def place(state: LinkState) -> str:
    """Where the link leads: `postgres:5432`, `[fd00::2]:53/udp`."""
    suffix = "" if state.link.protocol == "tcp" else f"/{state.link.protocol}"
    target = f"[{state.target}]" if ":" in state.target else state.target
    return f"{target}:{state.link.port}{suffix}"


def took(state: LinkState) -> str:
    return "" if state.connect_ms is None else f" (connected in {state.connect_ms:.1f} ms)"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def named(names: Sequence[str], most: int = LISTED) -> str:
    """`a`, `a and b`, `a, b, c and 7 more`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
