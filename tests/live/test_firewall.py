"""Whole runs of the command with a rule in the way: it is printed, its remedy works, and looking left nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.live.lab import Lab
from tests.live.test_whole_runs import facts, netdoctor


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """api reaches db."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    return lab


def inside(lab: Lab, short: str) -> str:
    """The tables of the container's namespace, by nftables and by the legacy backend."""
    pid = lab.inspect(short)["State"]["Pid"]
    return lab.enter(short, "nft", "list", "tables") + Path(f"/proc/{pid}/net/ip_tables_names").read_text()


def test_the_rule_is_printed_and_looking_for_it_leaves_nothing(lab: Lab) -> None:
    lab.host_rule("-I", "DOCKER-USER", "-i", lab.bridge("api"), "-p", "tcp", "--dport", "5432", "-j", "DROP")
    lab.times_out("api", "db", 5432)
    before = facts(), inside(lab, "api"), inside(lab, "db")
    done = netdoctor("-v", lab.name("api"), lab.name("db"))
    assert done.returncode == 1
    assert "rule 1 of DOCKER-USER" in " ".join(done.stdout.split())
    assert "-p tcp -m tcp --dport 5432" in " ".join(done.stdout.split())
    assert (facts(), inside(lab, "api"), inside(lab, "db")) == before


@pytest.mark.parametrize("place", ["host", "target", "native"])
def test_the_remedy_works_when_pasted(lab: Lab, place: str) -> None:
    if place == "host":
        lab.host_rule("-I", "DOCKER-USER", "-i", lab.bridge("api"), "-p", "tcp", "--dport", "5432", "-j", "DROP")
    elif place == "target":
        lab.rule("db", "-A", "INPUT", "-p", "tcp", "--dport", "5432", "-j", "REJECT")
    else:
        lab.native_rule(f"iifname {lab.bridge('api')} tcp dport 5432 counter drop")
    pair = (lab.name("api"), f"{lab.name('db')}:5432")
    report = json.loads(netdoctor("-f", "json", *pair).stdout)
    (cause,) = [r for r in report["results"] if r["root_cause"]]
    assert cause["check"] == "firewall.allows"
    for command in cause["remedy"]["run"]:
        subprocess.run(command.replace("sudo ", ""), shell=True, check=True, capture_output=True)
    (verify,) = cause["remedy"]["verify"]
    assert verify.split() == ["netdoctor", *pair]
    assert netdoctor(*pair).returncode == 0
