"""The JUnit report, for CI: a suite per link and container, a case per check.

A failed check is a failure. What could not be checked and decides is an error, as the exit code says; what does not
decide, what another check has answered, and what somebody said is known, is skipped. A warning passes, and stands in
its suite's output. The attributes are those of the schema that Ant's own reports follow, which asks for more than any
reader does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from textwrap import indent
from xml.etree import ElementTree as ET

from netdoctor.diagnosis import Diagnosis, Judged
from netdoctor.finding import Verdict
from netdoctor.report import Options
from netdoctor.report._plain import in_lines, plain


def render(diagnosis: Diagnosis, options: Options) -> str:
    """One file, whatever the options say."""
    suites = ET.Element("testsuites")
    for number, (name, results) in enumerate(_by_subject(diagnosis).items()):
        suites.append(_suite(diagnosis, number, name, results))
    ET.indent(suites)
    body = ET.tostring(suites, encoding="unicode")
    # A program that writes the text decides the encoding; without a declaration XML is UTF-8.
    return (body if options.unicode else body.encode("ascii", "xmlcharrefreplace").decode("ascii")) + "\n"


def _by_subject(diagnosis: Diagnosis) -> dict[str, list[Judged]]:
    """The results by the subject's name: the links in their order, then the containers."""
    found: dict[str, list[Judged]] = {state.name: [] for state in diagnosis.links}
    for judged in diagnosis.results:
        found.setdefault(judged.name, []).append(judged)
    return {name: sorted(results, key=_code) for name, results in found.items() if results}


def _code(judged: Judged) -> str:
    return judged.result.code


def _suite(diagnosis: Diagnosis, number: int, name: str, results: list[Judged]) -> ET.Element:
    undecided = {id(j) for j in diagnosis.undecided}
    cases = [_case(j, id(j) in undecided) for j in results]
    suite = ET.Element(
        "testsuite",
        {
            "name": _token(name),
            "package": "netdoctor",
            "id": str(number),
            "timestamp": datetime.fromtimestamp(diagnosis.taken_at, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": _token(diagnosis.engine.host_name) or "localhost",
            "tests": str(len(cases)),
            **{f"{child}s": str(sum(c.find(child) is not None for c in cases)) for child in ("failure", "error")},
            "skipped": str(sum(c.find("skipped") is not None for c in cases)),
            "time": _seconds(sum(j.result.ms for j in results)),
        },
    )
    ET.SubElement(suite, "properties")
    suite.extend(cases)
    warnings = [j for j in results if j.result.finding.verdict is Verdict.WARN and j.ignored is None]
    ET.SubElement(suite, "system-out").text = _legal("\n\n".join(_details(j) for j in warnings))
    ET.SubElement(suite, "system-err")
    return suite


def _case(judged: Judged, decides: bool) -> ET.Element:
    finding = judged.result.finding
    case = ET.Element(
        "testcase",
        {"name": _token(judged.title), "classname": judged.result.check.id, "time": _seconds(judged.result.ms)},
    )
    says = _legal(finding.says)
    if judged.ignored is not None:
        ET.SubElement(case, "skipped", message=_legal(f"ignored ({judged.ignored.reason}): {finding.says}"))
    elif finding.verdict is Verdict.FAIL:
        ET.SubElement(case, "failure", message=says, type=judged.result.code).text = _legal(_details(judged))
    elif finding.verdict is Verdict.UNKNOWN and decides:
        ET.SubElement(case, "error", message=says, type="unknown").text = says
    elif finding.verdict in (Verdict.UNKNOWN, Verdict.SKIP):
        ET.SubElement(case, "skipped", message=says)
    return case


def _details(judged: Judged) -> str:
    return "\n".join(_lines(judged))


def _lines(judged: Judged) -> Iterator[str]:
    finding = judged.result.finding
    yield f"{judged.result.code}: {finding.says}"
    if judged.because_of:
        yield f"because of {', '.join(judged.because_of)}"
    for key, value in finding.evidence.items():
        yield f"{key}: {'; '.join(in_lines(value))}"
    if finding.seen_by:
        yield f"seen by: {finding.seen_by}"
    if finding.remedy is not None:
        yield f"\nWhat to do: {finding.remedy.says}"
        yield from _indented(finding.remedy.run)
        if finding.remedy.compose is not None:
            yield "In the Compose file:"
            yield from _indented([finding.remedy.compose])
        if finding.remedy.verify:
            yield "Check with:"
            yield from _indented(finding.remedy.verify)


def _indented(texts: Iterable[str]) -> Iterator[str]:
    return (indent(text, "    ") for text in texts)


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.3f}"


def _legal(text: str) -> str:
    """The text without what XML forbids (https://www.w3.org/TR/xml/#charsets), nor what a log viewer would obey."""
    return "\n".join(map(plain, text.splitlines()))


def _token(text: str) -> str:
    """The schema's `token`: one line, single spaces."""
    return " ".join(_legal(text).split())
