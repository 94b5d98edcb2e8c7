"""The JUnit report, against the schema of Ant's reports (tests/data/junit.xsd; Windy Road, Apache 2.0)."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from netdoctor.diagnosis import Diagnosis
from netdoctor.report import FORMATS, Options
from tests.unit import diagnoses
from tests.unit.diagnoses import CASES

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "data" / "junit.xsd")


def report(diagnosis: Diagnosis, **options: bool) -> ET.Element:
    return ET.fromstring(FORMATS["junit"](diagnosis, Options(**options)))


def outcomes(diagnosis: Diagnosis) -> dict[str, list[str]]:
    """The cases that do not pass, by what they are."""
    found: dict[str, list[str]] = {}
    for case in report(diagnosis).iter("testcase"):
        for child in case:
            found.setdefault(child.tag, []).append(case.get("classname", ""))
    return found


@pytest.mark.parametrize("case", [*CASES, "hostile", "long_names"])
def test_every_report_follows_the_schema(case: str) -> None:
    given = getattr(diagnoses, case.replace("-", "_"))()
    text = FORMATS["junit"](given, Options())
    SCHEMA.validate(text)
    text.encode("utf-8")
    assert FORMATS["junit"](given, Options(unicode=False)).isascii()


@pytest.mark.parametrize("case", CASES)
def test_the_counts_are_right(case: str) -> None:
    for suite in report(CASES[case]()):
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        for child, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(attribute) == str(len(suite.findall(f"testcase/{child}")))


def test_a_suite_for_each_link_then_each_container() -> None:
    names = [suite.get("name") for suite in report(diagnoses.whole_stack())]
    assert names[0] == "api -> postgres:5432/tcp"
    assert names[4:] == ["postgres", "api", "worker", "scheduler", "redis"]
    assert sum(len(suite.findall("testcase")) for suite in report(diagnoses.whole_stack())) == 19


def test_failures_say_why_and_what_to_do() -> None:
    assert outcomes(diagnoses.loopback()) == {"failure": ["port.accepts", "port.interface"]}
    cause = report(diagnoses.loopback()).find(".//failure[@type='port.interface/loopback-only']")
    assert cause is not None
    assert cause.get("message", "").startswith("postgres (process `postgres`) listens on 127.0.0.1:5432 only")
    assert "\n    docker restart postgres\n" in (cause.text or "")
    symptom = report(diagnoses.loopback()).find(".//failure[@type='port.accepts/refused']")
    assert symptom is not None
    assert "because of port.interface/loopback-only" in (symptom.text or "")


def test_what_decides_and_could_not_be_checked_is_an_error_else_skipped() -> None:
    assert outcomes(diagnoses.unclear()) == {
        "error": ["dns.resolves", "port.accepts", "port.interface", "port.listening"]
    }
    assert outcomes(diagnoses.warnings()) == {"skipped": ["dns.resolves"]}
    assert outcomes(diagnoses.whole_stack())["skipped"] == ["port.listening"] * 3


def test_warnings_pass_and_are_told() -> None:
    output = [suite.findtext("system-out") for suite in report(diagnoses.warnings())]
    assert any("publish.exposure/open: postgres is published" in (text or "") for text in output)
    assert "failure" not in outcomes(diagnoses.warnings())


def test_nothing_that_xml_forbids_and_nothing_that_is_obeyed() -> None:
    text = FORMATS["junit"](diagnoses.hostile(), Options())
    assert all(c in "\n\t" or c.isprintable() for c in text)
    assert "[31m" not in text
