"""What is written is what is there: README, docs/checks.md, the packages, and the rules that hold for every check."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from docs.make import CHECKS, README, checks_page, readme
from netdoctor import registry
from netdoctor.check import Check

ROOT = Path(__file__).parents[2]
REGISTRY = registry.load()
HEADINGS = ("What is asked", "Healthy", "Sick", "Remedy", "By hand", "See also")


def test_every_check_loads() -> None:
    assert REGISTRY.complaints == []
    assert len(REGISTRY) >= 14


def test_readme_shows_the_real_help() -> None:
    text = README.read_text(encoding="utf-8")
    assert "Usage: netdoctor" in text
    assert text == readme(text), "run `make docs`"


def test_checks_page_is_made_from_the_checks() -> None:
    assert CHECKS.read_text(encoding="utf-8") == checks_page(), "run `make docs`"


def test_readme_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?m)(?:^ {4}|`)make ([a-z-]+)", README.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"the README names `make {target}`"


def test_every_family_is_packaged() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    ours = {"netdoctor." + ".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("checks/**/__init__.py")}
    engine = {".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("netdoctor/**/__init__.py")}
    assert set(packages) == ours | engine


@pytest.mark.parametrize("check", list(REGISTRY), ids=lambda c: c.id)
def test_check_is_documented_and_placed(check: Check) -> None:
    family, _, name = check.id.partition(".")
    assert check.judge.__module__ == f"netdoctor.checks.{family}.{name.replace('-', '_')}"
    for heading in HEADINGS:
        assert heading in check.manual, f"{check.id} has no paragraph {heading!r}"
    for reason in check.reasons:
        assert reason.slug in check.manual, f"{check.id}/{reason.slug} is not in its manual"
    known = {c.id for c in REGISTRY} | {c.family for c in REGISTRY} | {"firewall"}  # its family comes later
    known |= {f"{c.id}/{r.slug}" for c in REGISTRY for r in c.reasons}
    assert set(check.after) <= known


def test_no_check_waits_for_itself() -> None:
    """Two failures of which each is the other's symptom would have no cause."""
    later = {c.id: {o.id for o in REGISTRY for a in _after(c) if a in (o.id, o.family)} - {c.id} for c in REGISTRY}
    for check in REGISTRY:
        before, todo = set[str](), list(later[check.id])
        while todo:
            one = todo.pop()
            if one not in before:
                before.add(one)
                todo += later[one]
        assert check.id not in before, f"{check.id} comes after itself"


def _after(check: Check) -> tuple[str, ...]:
    return (*check.after, *(a for reason in check.reasons for a in reason.after))


def _recorded() -> set[tuple[str, str, str | None]]:
    """Check, verdict and reason of every result of every recorded stack."""
    found: set[tuple[str, str, str | None]] = set()
    for path in ROOT.glob("fixtures/*/*.report.json"):
        for result in json.loads(path.read_text(encoding="utf-8"))["results"]:
            found.add((result["check"], result["verdict"], result["reason"]))
    return found


RECORDED = _recorded()


@pytest.mark.parametrize("check", list(REGISTRY), ids=lambda c: c.id)
def test_every_reason_has_recorded_stacks(check: Check) -> None:
    shown = {reason for known, verdict, reason in RECORDED if known == check.id and verdict in ("fail", "warn")}
    assert {r.slug for r in check.reasons} - shown == set(), "no recorded stack shows these"
    assert (check.id, "pass", None) in RECORDED, "and none where it passes"
