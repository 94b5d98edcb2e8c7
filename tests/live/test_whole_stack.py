"""The command with nothing typed, in the folder of a Compose project of five services; its maps and captures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.live.lab import Lab
from tests.live.record import timeless
from tests.live.scenarios.stack import Project
from tests.live.test_whole_runs import netdoctor

PORT = 18482


@pytest.fixture
def shop(lab: Lab) -> Project:
    return Project(lab, PORT)


def test_the_folder_tells_which_stack_is_meant(lab: Lab, shop: Project, tmp_path: Path) -> None:
    folder = tmp_path / lab.slug
    (folder / "src").mkdir(parents=True)
    (folder / "compose.yaml").write_text("services: {}\n")
    lab.run("stranger", options=["-e", "REDIS_URL=redis://nobody:6379/0"])
    report = json.loads(netdoctor("-f", "json", folder=folder).stdout)
    assert report["verdict"] == "healthy"
    assert report["asked"]["project"] == lab.slug
    assert len(report["links"]) == 5
    assert all(link["works"] for link in report["links"])
    below = netdoctor("-q", folder=folder / "src")
    assert (below.returncode, below.stdout) == (0, "✓ all 5 links work\n")
    (tmp_path / "compose.yaml").write_text("name: somebody-else-s\n")
    named = netdoctor("-q", folder=tmp_path, COMPOSE_PROJECT_NAME=lab.slug)
    assert named.stdout == below.stdout
    everybody = netdoctor(folder=tmp_path)
    assert everybody.returncode == 0
    assert f"! {lab.name('stranger')} → nobody:6379" in everybody.stdout
    assert netdoctor("--fail-on", "warn", folder=tmp_path).returncode == 1


def test_one_fault_of_many_links_in_every_report(lab: Lab, shop: Project, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json.gz", tmp_path / "bad.json.gz"
    pair = (lab.name("worker-1"), "postgres")
    assert netdoctor("capture", "-o", str(good), "-p", lab.slug).returncode == 0
    shop.redis("--bind", "127.0.0.1")
    lab.refused("worker-1", "redis-1", 6379)
    assert netdoctor("capture", "-o", str(bad), "-p", lab.slug).returncode == 0
    live = netdoctor("-p", lab.slug)
    assert live.returncode == 1
    assert live.stdout.count("listens on 127.0.0.1:6379 only") == 1
    assert "2 of 5 links broken, by 1 cause" in live.stdout
    drawn = netdoctor("map", "-p", lab.slug).stdout
    assert drawn.count("✗ → redis:6379") == 2
    assert drawn.count("✓ → postgres:5432") == 2

    def report(*arguments: str) -> dict[str, Any]:
        return timeless(json.loads(netdoctor("-f", "json", *arguments).stdout))

    now, then = report("-p", lab.slug), report("--from", str(bad))
    assert then == report("--from", str(bad))
    assert then["diagnosis"] == now["diagnosis"]
    assert [link["works"] for link in then["links"]] == [link["works"] for link in now["links"]]
    assert netdoctor("--from", str(bad), *pair).returncode == 0
    assert netdoctor("--from", str(bad), "worker", "redis").returncode == 1
    changed = netdoctor("diff", str(good), str(bad))
    assert changed.returncode == 1
    assert "--bind" in changed.stdout
    assert netdoctor("diff", str(good), str(good)).returncode == 0
