"""Run the checks. Pure: no socket, no clock that matters, no Docker; the same live, replayed and in tests."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from netdoctor.check import Check
from netdoctor.complaining import said_about
from netdoctor.finding import Finding, Verdict, unknown
from netdoctor.model import Link, Subject
from netdoctor.stack import Stack


class Result(msgspec.Struct, frozen=True):
    """What one check said of one subject, and how long it thought (milliseconds)."""

    check: Check
    subject: Subject
    finding: Finding
    ms: float = 0.0

    @property
    def failed(self) -> bool:
        return self.finding.verdict is Verdict.FAIL

    @property
    def code(self) -> str:
        """`port.interface/loopback-only`, or the bare ID where there is no reason."""
        return f"{self.check.id}/{self.finding.reason}" if self.finding.reason else self.check.id


def run(stack: Stack, subjects: Iterable[Subject], checks: Iterable[Check]) -> tuple[Result, ...]:
    """Every check on every subject of its kind, in the given order. A check that crashes is an `unknown`."""
    checks = tuple(checks)
    results: list[Result] = []
    for subject in subjects:
        for check in checks:
            if isinstance(subject, check.subject):
                started = time.perf_counter()
                findings = _judge(stack, subject, check)
                ms = (time.perf_counter() - started) * 1000 / max(len(findings), 1)
                results.extend(Result(check, subject, finding, ms) for finding in findings)
    return tuple(results)


def _judge(stack: Stack, subject: Subject, check: Check) -> list[Finding]:
    findings: list[Finding] = []
    try:
        for finding in check.judge(stack, subject):
            documented = _documented(check, finding)
            findings.append(_of_link(stack, subject, documented) if isinstance(subject, Link) else documented)
    except Exception as error:  # a third party's check must not end the run
        findings.append(unknown(f"the check {check.id} broke: {type(error).__name__}: {error}"))
    return findings


def _of_link(stack: Stack, link: Link, finding: Finding) -> Finding:
    """What is wrong with a link, with what its source complains of; of a link that nobody may want, as a warning."""
    if finding.verdict not in (Verdict.FAIL, Verdict.WARN):
        return finding
    evidence = dict(finding.evidence)
    if said := said_about(stack, link):
        evidence["log"] = list(said)
    if finding.verdict is Verdict.FAIL and not link.certain:
        says = f"{finding.says} (only a warning, since nothing but {link.known_from} tells of this link)"
        evidence["known_from"] = link.known_from
        return msgspec.structs.replace(finding, verdict=Verdict.WARN, says=says, evidence=evidence)
    return msgspec.structs.replace(finding, evidence=evidence)


def _documented(check: Check, finding: Finding) -> Finding:
    if finding.verdict in (Verdict.FAIL, Verdict.WARN) and check.reason(finding.reason) is None:
        return unknown(
            f"the check {check.id} gave the reason {finding.reason!r}, which it does not document: {finding.says}"
        )
    return finding
