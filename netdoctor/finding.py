"""What a check says: verdict, reason, sentence, evidence and remedy.

A check yields findings made by the functions below; the engine adds which check and which subject they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from netdoctor.answers import Unable

Evidence = Mapping[str, object]
"""What was seen, by name: strings, numbers, booleans, None, lists and mappings of them. Shown with -v, and in JSON."""


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105  a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    UNKNOWN = "unknown"


class Remedy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """How to mend it. `run` can be pasted as it is; for a container that Compose made, `compose` holds the lines of
    the Compose file instead, since what is done by hand is forgotten on the next `up`. `verify` shows that it worked.
    """

    says: str
    run: tuple[str, ...] = ()
    compose: str | None = None
    verify: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement on one subject."""

    verdict: Verdict
    says: str
    reason: str | None = None
    evidence: Evidence = {}
    remedy: Remedy | None = None
    seen_by: str = ""
    explains: bool = True
    """Whether other failures can be because of this one."""
    notable: bool = False
    """Whether somebody who asks for a stack wants to hear it though all is well."""


def passed(says: str, *, seen_by: str = "", **evidence: object) -> Finding:
    """All is well; `says` tells what was seen, e.g. "postgres listens on 0.0.0.0:5432"."""
    return Finding(verdict=Verdict.PASS, says=says, evidence=evidence, seen_by=seen_by)


def noted(says: str, *, seen_by: str = "", **evidence: object) -> Finding:
    """As `passed`, and the report of a stack tells it: "postgres keeps its data in the volume pgdata"."""
    return Finding(verdict=Verdict.PASS, says=says, evidence=evidence, seen_by=seen_by, notable=True)


def warn(reason: str, says: str, *, remedy: Remedy | None = None, seen_by: str = "", **evidence: object) -> Finding:
    """Not the cause of a broken link, but it will hurt."""
    return Finding(verdict=Verdict.WARN, reason=reason, says=says, remedy=remedy, evidence=evidence, seen_by=seen_by)


def fail(reason: str, says: str, *, remedy: Remedy | None = None, seen_by: str = "", **evidence: object) -> Finding:
    """Sick, for one of the check's documented reasons."""
    return Finding(verdict=Verdict.FAIL, reason=reason, says=says, remedy=remedy, evidence=evidence, seen_by=seen_by)


def explaining_nothing(finding: Finding) -> Finding:
    """The same, and nothing else fails because of it: data that lies in the wrong place stops nobody."""
    return msgspec.structs.replace(finding, explains=False)


def skip(says: str) -> Finding:
    """Does not apply, or another check has the answer."""
    return Finding(verdict=Verdict.SKIP, says=says)


def unknown(why: Unable | str) -> Finding:
    """Could not be checked: neither sick nor healthy. The reason, and what would allow it, are the sentence."""
    if isinstance(why, str):
        return Finding(verdict=Verdict.UNKNOWN, says=why)
    says = f"{why.reason}; {why.would_help}" if why.would_help else why.reason
    return Finding(verdict=Verdict.UNKNOWN, says=says, seen_by=why.seen_by)
