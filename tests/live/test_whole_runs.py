"""Whole runs of the command on live stacks: captures, waiting, vanishing containers, secrets, and no trace left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from netdoctor.answers import Asked, Question
from netdoctor.examine import examine
from netdoctor.request import Request
from netdoctor.sources import open_live
from netdoctor.sources.live import LiveSource
from netdoctor.stack import Stack
from tests.live.asking import CHECKS
from tests.live.lab import Lab
from tests.live.record import timeless

SERVER = ["labsrv", "http", "0.0.0.0", "5432"]


def netdoctor(*arguments: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a user has it, typed in the folder, or in this one."""
    argv = [sys.executable, "-m", "netdoctor", *arguments]
    variables = {**os.environ, **environment}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd=folder, env=variables)


def test_a_capture_gives_the_same_report_and_can_be_asked_again(lab: Lab, tmp_path: Path) -> None:
    lab.network("net")
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432)
    pair = (lab.name("api"), f"{lab.name('db')}:5432")
    case = tmp_path / "case.json.gz"
    taken = netdoctor("capture", "-o", str(case), *pair)
    assert taken.returncode == 0, taken.stderr
    replayed, live = (json.loads(netdoctor(*how, "-f", "json", *pair).stdout) for how in (("--from", str(case)), ()))
    assert replayed["captured"] is not None
    assert replayed["diagnosis"] == live["diagnosis"]
    again = netdoctor("--from", str(case), "-f", "json", *pair).stdout
    assert timeless(json.loads(again)) == timeless(replayed)
    assert netdoctor("--from", str(case), *reversed([pair[0], lab.name("db")]), "-q").returncode in (2, 3)


def test_waiting_ends_when_the_target_listens(lab: Lab) -> None:
    lab.network("net")
    lab.run("db", "sleep 4; exec labsrv http 0.0.0.0 5432", network="net")
    lab.run("api", network="net")
    assert netdoctor(lab.name("api"), f"{lab.name('db')}:5432").returncode == 1
    waited = netdoctor("--wait", "40s", lab.name("api"), f"{lab.name('db')}:5432")
    assert waited.returncode == 0, waited.stdout + waited.stderr


def test_waiting_in_vain_says_what_for(lab: Lab) -> None:
    lab.network("net")
    lab.run("db", network="net")
    lab.run("api", network="net")
    waited = netdoctor("--wait", "2s", lab.name("api"), f"{lab.name('db')}:5432")
    assert waited.returncode == 1
    assert "waited 2 s for" in waited.stderr
    assert "5432" in waited.stderr


def test_not_waiting_for_what_time_cannot_heal(lab: Lab) -> None:
    lab.network("one")
    lab.network("two")
    lab.run("db", SERVER, network="one")
    lab.run("api", network="two")
    started = time.monotonic()
    assert netdoctor("--wait", "50s", lab.name("api"), f"{lab.name('db')}:5432").returncode == 1
    assert time.monotonic() - started < 25


class Vanishing(LiveSource):
    """A live source whose target is removed between the reading and the asking."""

    lab: Lab

    def ask(self, stack: Stack, questions: Iterable[Question]) -> tuple[Asked, ...]:
        self.lab.docker("rm", "--force", self.lab.name("db"), check=False)
        return super().ask(stack, questions)


@pytest.mark.parametrize("rung", ["netns", "exec", "engine"])
def test_a_container_that_vanishes_while_it_is_looked_at(lab: Lab, rung: str) -> None:
    lab.network("net")
    lab.run("db", SERVER, network="net")
    lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    with open_live(rung=rung) as live:
        source = Vanishing(live.api, rung)
        source.lab = lab
        examined = examine(Request(source=lab.name("api"), target=f"{lab.name('db')}:5432"), source, CHECKS)
    assert examined.diagnosis.verdict in ("sick", "unclear")
    assert not any(" broke: " in j.result.finding.says for j in examined.diagnosis.results)


def test_a_stopped_source_is_judged_by_its_configuration(lab: Lab) -> None:
    lab.network("one")
    lab.network("two")
    lab.run("db", SERVER, network="one")
    lab.run("api", "exit 1", network="two")
    lab.until("api to end", lambda: lab.inspect("api")["State"]["Status"] == "exited")
    report = json.loads(netdoctor("-f", "json", lab.name("api"), f"{lab.name('db')}:5432").stdout)
    found = [f"{d['check']}/{d['reason']}" for d in report["diagnosis"]]
    assert found[0] == "network.shared/no-common-network"


SECRETS = {
    "environment": "Xq7environ9Zk2",
    "url": "Xq7inurl9Zk2",
    "command": "Xq7command9Zk2",
    "label": "Xq7label9Zk2",
    "log": "Xq7logline9Zk2",
    "health": "Xq7health9Zk2",
    "typed": "Xq7typed9Zk2",
}


def test_no_output_holds_a_secret(lab: Lab, tmp_path: Path) -> None:
    lab.network("net")
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net")
    lab.run(
        "api",
        f"echo 'could not connect: password={SECRETS['log']} host=db'; echo again {SECRETS['environment']}; sleep 3600",
        network="net",
        options=[
            "-e", f"DB_PASSWORD={SECRETS['environment']}",
            "-e", f"DATABASE_URL=postgres://me:{SECRETS['url']}@{lab.name('db')}:5432/app",
            "--label", f"api.token={SECRETS['label']}",
            "--health-cmd", f"echo --password {SECRETS['health']}; exit 1",
            "--health-interval", "1s", "--health-retries", "1",
        ],
    )  # fmt: skip
    lab.run("job", ["labsrv", "sleep", "--password", SECRETS["command"]], network="net", check=False)
    lab.listens("db", 5432)
    lab.until("the health check", lambda: lab.inspect("api")["State"]["Health"]["Status"] == "unhealthy")
    api = lab.name("api")
    typed = f"postgres://me:{SECRETS['typed']}@{lab.name('db')}:5432/app"
    said = ""
    for arguments in (
        ["-v", api, lab.name("db")],
        ["-v", "-f", "json", api, typed],
        ["-v", "-f", "junit", api, typed],
        ["-v", "-f", "json", lab.name("job"), f"{lab.name('db')}:5432"],
        [f"{api}x", typed],
        [api, typed.replace(":5432/", ":99999/")],
    ):
        done = netdoctor(*arguments)
        assert "Traceback" not in done.stderr
        said += done.stdout + done.stderr
    case = tmp_path / "case.json"
    assert netdoctor("capture", "-o", str(case), api, typed).returncode == 0
    said += case.read_text(encoding="utf-8")
    assert lab.name("db") in said
    for place, secret in SECRETS.items():
        assert secret not in said, f"the secret planted in the {place} came out"


def facts() -> dict[str, str]:
    """What the host and the engine show: containers, networks, rules without counters, routes, settings, namespaces."""

    def output(*argv: str) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def rules(*argv: str) -> str:
        return "\n".join(line for line in output(*argv).splitlines() if not line.startswith(("#", ":")))

    settings = output("sysctl", "--all", "--ignore", "--pattern", "^net[.]").splitlines()
    return {
        "containers": output("docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}"),
        "networks": output("docker", "network", "ls", "--no-trunc"),
        "volumes": output("docker", "volume", "ls"),
        "rules": rules("iptables-save") + rules("ip6tables-save") + rules("iptables-legacy-save"),
        "tables": output("nft", "list", "tables"),
        "routes": output("ip", "-4", "route", "show", "table", "all") + output("ip", "rule"),
        "settings": "\n".join(line for line in settings if "_count " not in line),
        "links": "\n".join(sorted(line.split(":")[1] for line in output("ip", "-o", "link").splitlines())),
        # Those of the lab's other engines come and go.
        "namespaces": "\n".join(sorted(p.name for p in Path("/run/netns").glob("*") if "netdoctor-" not in p.name)),
    }


@pytest.mark.parametrize("rung", ["netns", "exec", "engine"])
def test_a_diagnosis_leaves_no_trace(lab: Lab, rung: str) -> None:
    lab.network("net")
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432)
    before, files = facts(), lab.docker("diff", lab.name("api")).stdout + lab.docker("diff", lab.name("db")).stdout
    netdoctor("--rung", rung, lab.name("api"), f"{lab.name('db')}:5432")
    assert facts() == before
    assert lab.docker("diff", lab.name("api")).stdout + lab.docker("diff", lab.name("db")).stdout == files
    for name in ("api", "db"):
        left = lab.docker("top", lab.name(name)).stdout.splitlines()[1:]
        assert len(left) == 1, f"processes are left in {name}: {left}"


def test_two_runs_at_once_do_not_meet(lab: Lab) -> None:
    lab.network("net")
    lab.run("db", SERVER, network="net")
    lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    codes: list[int] = []
    ask = lambda: codes.append(netdoctor(lab.name("api"), f"{lab.name('db')}:5432").returncode)  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0, 0]
