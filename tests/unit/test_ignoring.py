"""What somebody said is known: heard of no more, counted, and ended when its day has passed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "netdoctor" / "demo.json"
KNOWN = 'finding = "port.interface/loopback-only"\nreason = "a tunnel stands before it"\n'


def run(folder: Path, *arguments: str, capture: Path = DEMO) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "netdoctor", "--from", str(capture), *arguments, "shop/api", "postgres"]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)


def labelled(folder: Path, label: str) -> Path:
    """The demo's capture, with a label on its database."""
    content: dict[str, Any] = json.loads(DEMO.read_text(encoding="utf-8"))
    for container in content["stack"]["containers"]:
        if container["name"] == "shop-postgres-1":
            container["labels"]["netdoctor.ignore"] = label
    path = folder / "case.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "table"), [("netdoctor.toml", "[[ignore]]\n"), ("pyproject.toml", "[[tool.netdoctor.ignore]]\n")]
)
def test_an_entry_of_a_file_takes_the_cause_and_its_symptoms_away(tmp_path: Path, name: str, table: str) -> None:
    (tmp_path / name).write_text(table + KNOWN + 'on = "postgres"\n')
    done = run(tmp_path, "-f", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["diagnosis"], report["ignored"]) == (0, "healthy", [], 1)
    failed = {r["check"]: r["ignored"]["reason"] for r in report["results"] if r["verdict"] == "fail"}
    assert failed == dict.fromkeys(("port.interface", "port.accepts"), "a tunnel stands before it")
    assert "1 finding ignored" in run(tmp_path, "-q").stdout
    text = run(tmp_path).stdout
    assert "ignored: port.interface/loopback-only on api -> postgres:5432/tcp (a tunnel stands before it)" in " ".join(
        text.split()
    )
    assert '<skipped message="ignored (a tunnel' in run(tmp_path, "-f", "junit").stdout


def test_an_entry_for_another_subject_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "netdoctor.toml").write_text("[[ignore]]\n" + KNOWN + 'on = "redis*"\n')
    assert run(tmp_path).returncode == 1


def test_a_day_that_has_passed_ends_it_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "netdoctor.toml").write_text("[[ignore]]\n" + KNOWN + "until = 2026-01-31\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "was to be ignored until 2026-01-31, which is over" in done.stderr
    (tmp_path / "netdoctor.toml").write_text("[[ignore]]\n" + KNOWN + "until = 2999-01-31\n")
    assert run(tmp_path).returncode == 0


def test_a_label_holds_for_its_container(tmp_path: Path) -> None:
    label = "publish.exposure: a lab; port.interface/loopback-only until 2999-01-31: a tunnel"
    # publish.exposure is not asked for a pair, and does no harm here
    capture = labelled(tmp_path, label.partition("; ")[2])
    assert run(tmp_path, capture=capture).returncode == 0
    refused = run(tmp_path, capture=labelled(tmp_path, "port.interface"))
    assert refused.returncode == 1
    assert "the label netdoctor.ignore of shop-postgres-1: port.interface is ignored for no reason" in refused.stderr


def test_checks_are_left_out_by_the_file(tmp_path: Path) -> None:
    (tmp_path / "netdoctor.toml").write_text('skip = ["port"]\n')
    report = json.loads(run(tmp_path, "-f", "json").stdout)
    assert not [r for r in report["results"] if r["check"].startswith("port.")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[ignore]]\nfinding = 'port.interfaces'\nreason = 'x'\n", "there is no finding 'port.interfaces'"),
        ("[[ignore]]\nfinding = 'port.interface/bound'\nreason = 'x'\n", "there is no finding 'port.interface/bound'"),
        ("[[ignore]]\nfinding = 'port'\n", "port is ignored for no reason"),
        ("[[ignore]]\nfinding = 'port'\nreason = 'x'\nuntil = 'soon'\n", "'soon' is no day"),
        ("[[ignore]]\nfinding = 'port'\nreason = 'x'\nwho = 'me'\n", "an ignore has no 'who'"),
        ("ignore = 3\n", "each begun by [[ignore]]"),
        ("skip = 'port'\n", "skip should be a list"),
        ("skip = ['ports']\n", "there is no check or family called 'ports'"),
        ("wait = 3\n", "sets 'wait'"),
        ("skip = [\n", "netdoctor.toml is not TOML"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "netdoctor.toml").write_text(text)
    done = run(tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
