"""The JSON report: the contract of docs/report-1.schema.json, key by key."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netdoctor import __version__
from netdoctor.check import HOPS
from netdoctor.diagnosis import Diagnosis
from netdoctor.finding import fail
from netdoctor.report import FORMATS, Options
from netdoctor.request import Request
from tests.unit import diagnoses
from tests.unit.diagnoses import CASES

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report-1.schema.json").read_text(encoding="utf-8"))


def report(diagnosis: Diagnosis, **options: bool) -> dict[str, Any]:
    text = FORMATS["json"](diagnosis, Options(**options))
    text.encode("utf-8")
    written: dict[str, Any] = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return written


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("case", [*CASES, "hostile", "long_names"])
def test_every_report_follows_the_schema(case: str) -> None:
    given = getattr(diagnoses, case.replace("-", "_"))()
    jsonschema.validate(report(given), SCHEMA, format_checker=jsonschema.FormatChecker())


def test_keys_in_their_order() -> None:
    written = report(diagnoses.loopback())
    assert list(written) == SCHEMA["required"]
    assert list(written["asked"]) == ["source", "target", "port", "project"]
    assert list(written["engine"]) == ["name", "version", "api", "rootless"]
    assert list(written["diagnosis"][0]) == ["check", "reason", "subject", "says"]
    link = SCHEMA["properties"]["links"]["items"]["required"]
    assert list(written["links"][0]) == link
    assert list(written["results"][0]) == SCHEMA["properties"]["results"]["items"]["required"]
    assert list(written["results"][0]["remedy"]) == ["says", "run", "compose", "verify"]
    assert [h["hop"] for h in written["links"][0]["path"]] == list(HOPS)


def test_what_it_says() -> None:
    written = report(diagnoses.loopback())
    assert written["netdoctor"] == __version__
    assert written["verdict"] == "sick"
    assert written["elapsed_ms"] == 212
    assert written["captured"] is None
    assert [(c["check"], c["reason"], c["subject"]) for c in written["diagnosis"]] == [
        ("port.interface", "loopback-only", "api -> postgres:5432/tcp")
    ]
    symptom = next(r for r in written["results"] if r["check"] == "port.accepts")
    assert symptom["root_cause"] is False
    assert symptom["because_of"] == ["port.interface/loopback-only"]
    assert len(written["results"]) == 7
    assert [lk["works"] for lk in report(diagnoses.healthy())["links"]] == [True]
    assert [lk["works"] for lk in report(diagnoses.unclear())["links"]] == [None]


def test_a_capture_has_its_time() -> None:
    assert report(diagnoses.loopback(captured=diagnoses.TAKEN))["captured"] == "2026-11-23T22:10:00Z"


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        (None, None, None),
        ("postgres", "postgres", None),
        ("postgres:5433", "postgres", 5433),
        ("postgresql://postgres:secret@db:5432/myapp", "db", 5432),
        ("[::1]:80", "::1", 80),
    ],
)
def test_what_was_asked_holds_no_password(target: str | None, host: str | None, port: int | None) -> None:
    given = diagnoses.diagnosis({}, [], request=Request(source="api", target=target, project="shop"))
    assert report(given)["asked"] == {"source": "api", "target": host, "port": port, "project": "shop"}


def test_verbosity_changes_nothing() -> None:
    assert report(diagnoses.loopback(), verbose=True) == report(diagnoses.loopback(), quiet=True)


def test_text_beyond_ascii_is_kept_and_what_terminals_obey_is_escaped() -> None:
    given = diagnoses.diagnosis(
        {diagnoses.LINK: diagnoses.REFUSED},
        [(diagnoses.ACCEPTS, diagnoses.LINK, fail("refused", "Größe \x9b31m \u202e \x1b[2J \udcff"))],
    )
    text = FORMATS["json"](given, Options())
    assert "Größe" in text
    assert all(c == "\n" or c.isprintable() for c in text)
    assert report(given)["diagnosis"][0]["says"] == "Größe \x9b31m \u202e \x1b[2J \udcff"
    assert FORMATS["json"](given, Options(unicode=False)).isascii()


def test_odd_evidence_of_a_third_party_does_not_end_the_run() -> None:
    odd: dict[str, Any] = {
        "nan": math.nan,
        "set": {"b", "a"},
        "keys": {(1, 2): object, None: b"x"},
        "deep": [(1, {2: math.inf})],
    }
    given = diagnoses.diagnosis(
        {diagnoses.LINK: diagnoses.REFUSED}, [(diagnoses.ACCEPTS, diagnoses.LINK, fail("refused", "x", **odd))]
    )
    evidence = report(given)["results"][0]["evidence"]
    assert evidence["nan"] == "nan"
    assert evidence["set"] == ["a", "b"]
    assert evidence["deep"] == [[1, {"2": "inf"}]]
    for name in FORMATS:
        assert FORMATS[name](given, Options(verbose=True))
