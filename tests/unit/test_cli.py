"""The command line as a user meets it: exit codes, one clear sentence for bad input, and no traceback. No engine."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DEMO = Path(__file__).parents[2] / "netdoctor" / "demo.json"


def netdoctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user would; no engine can be found by chance."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "NETDOCTOR_"))}
    return subprocess.run(
        [sys.executable, "-m", "netdoctor", *arguments],
        capture_output=True, text=True, check=False, timeout=60,
        env={**clean, "DOCKER_HOST": "unix:///nowhere/docker.sock", "COLUMNS": "80", **environment},
    )  # fmt: skip


def complains(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One sentence on standard error, nothing on standard output, the right exit code."""
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
    complaint = [line for line in done.stderr.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert len(complaint) == 1, done.stderr


def replay(*arguments: str) -> subprocess.CompletedProcess[str]:
    return netdoctor("--from", str(DEMO), *arguments)


# -- what is well ---------------------------------------------------------------------------------------------------


def test_demo_names_the_cause() -> None:
    done = netdoctor("demo")
    assert done.returncode == 0
    assert "127.0.0.1:5432" in done.stdout
    assert "listen_addresses" in done.stdout


def test_a_sick_capture_ends_with_1_and_a_healthy_pair_of_it_with_0() -> None:
    assert replay("api", "postgres").returncode == 1
    assert netdoctor("diagnose", "--from", str(DEMO), "api", "postgres").returncode == 1
    assert replay("--fail-on", "never", "api", "postgres").returncode == 0


def test_what_was_not_captured_is_unclear() -> None:
    done = replay("web", "redis:6379")
    assert done.returncode == 3
    assert "was not" in done.stdout


def test_json_is_alone_on_standard_output() -> None:
    report = json.loads(replay("-f", "json", "api", "postgres").stdout)
    assert report["schema"] == "netdoctor/report/1"
    assert report["verdict"] == "sick"
    assert [(d["check"], d["reason"]) for d in report["diagnosis"]] == [("port.interface", "loopback-only")]
    assert list(report) == [
        "schema", "netdoctor", "asked", "engine", "captured", "verdict", "diagnosis", "links", "results", "ignored",
        "elapsed_ms",
    ]  # fmt: skip


def test_several_reports_in_one_run(tmp_path: Path) -> None:
    xml = tmp_path / "r.xml"
    done = replay("-f", "junit", "-o", str(xml), "-f", "json", "api", "postgres")
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "sick"
    assert ET.parse(xml).getroot().tag in ("testsuites", "testsuite")


def test_quiet_is_one_line() -> None:
    assert len(replay("-q", "api", "postgres").stdout.splitlines()) == 1


def test_no_colour_and_no_progress_where_nobody_looks() -> None:
    done = replay("api", "postgres")
    assert "\x1b" not in done.stdout + done.stderr


def test_only_and_skip() -> None:
    assert replay("--only", "container", "api", "postgres").returncode in (0, 3)
    assert replay("--skip", "port", "api", "postgres").returncode in (0, 3)


def test_waiting_ends_at_once_on_what_time_cannot_heal() -> None:
    done = replay("--wait", "30s", "api", "postgres")
    assert done.returncode == 1
    assert "not waiting" in done.stderr


def test_checks_and_explain() -> None:
    listed = netdoctor("checks").stdout
    assert "port.interface" in listed
    assert "loopback-only" in listed
    for wanted in ("port.interface", "port.interface/loopback-only"):
        assert "By hand" in netdoctor("explain", wanted).stdout


def test_a_typed_password_is_shown_nowhere() -> None:
    for form in ("text", "json", "junit"):
        done = replay("-f", form, "-v", "api", "postgresql://shop:tr0ub4dor&3@postgres:5432/shop")
        assert done.returncode == 1
        assert "tr0ub4dor" not in done.stdout + done.stderr


# -- what is not ----------------------------------------------------------------------------------------------------


def test_no_engine() -> None:
    complains(netdoctor("api", "postgres"), 4, "/nowhere/docker.sock")


def test_an_engine_without_permission() -> None:
    """As another user, in a fork: the interpreter of a virtual environment may be out of that user's reach."""
    from netdoctor.sources.docker_api import EngineAPI
    from netdoctor.sources.endpoint import EndpointAddress
    from netdoctor.sources.errors import Forbidden

    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as server:
        Path(folder).chmod(0o755)
        path = Path(folder) / "docker.sock"
        server.bind(str(path))
        server.listen()
        path.chmod(0)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setuid(65534)
            try:
                EngineAPI(EndpointAddress(f"unix://{path}")).ping()
            except Forbidden as refused:
                os.write(write, str(refused).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        sentence = os.read(read, 4096).decode()
    assert "docker.sock" in sentence
    assert "sudo" in sentence


@pytest.fixture
def silent_engine(tmp_path: Path) -> Iterator[str]:
    """Accepts connections and never answers."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        held: list[socket.socket] = []

        def hold() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=hold, daemon=True).start()
        yield f"unix://{path}"


def test_an_engine_that_hangs(silent_engine: str) -> None:
    complains(netdoctor("-H", silent_engine, "api", "postgres"), 4, "did not answer")


def test_host_and_context_together() -> None:
    complains(netdoctor("-H", "unix:///x", "-c", "there", "api", "db"), 2, "context")


def test_a_context_that_does_not_exist() -> None:
    complains(netdoctor("-c", "nosuch", "api", "db"), 2, "nosuch")


def test_an_unknown_source_is_told_with_its_neighbours() -> None:
    complains(replay("apii", "postgres"), 2, "apii", "did you mean", "api")


def test_an_ambiguous_prefix() -> None:
    stack = json.loads(DEMO.read_text())["stack"]
    ids = [c["id"] for c in stack["containers"]]
    text = DEMO.read_text()
    for number, container in enumerate(ids):
        text = text.replace(container, f"abcd{number}{container[5:]}")
    twins = DEMO.with_name("twins.json")
    try:
        twins.write_text(text)
        complains(netdoctor("--from", str(twins), "abcd", "postgres"), 2, "abcd", "several")
    finally:
        twins.unlink()


@pytest.mark.parametrize("port", ["0", "70000", "abc", "-1", "5432x"])
def test_a_port_that_is_none(port: str) -> None:
    complains(replay("api", f"postgres:{port}"), 2, "1 to 65535")


@pytest.mark.parametrize("arguments", [["--timeout", "soon"], ["--wait", "ever"], ["-f", "pdf"], ["--rung", "ladder"]])
def test_a_value_that_is_none(arguments: list[str]) -> None:
    complains(replay(*arguments, "api", "postgres"), 2, arguments[1])


@pytest.mark.parametrize("arguments", [["--only", "port.interfce"], ["--skip", "nosuch"]])
def test_a_check_that_does_not_exist(arguments: list[str]) -> None:
    complains(replay(*arguments, "api", "postgres"), 2, arguments[1])


def test_explaining_a_check_that_does_not_exist() -> None:
    complains(netdoctor("explain", "port.interfce"), 2, "port.interface")


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    complains(replay("-o", str(tmp_path / "no" / "r.txt"), "api", "postgres"), 2, "cannot be written")


def test_two_reports_on_standard_output() -> None:
    complains(replay("-f", "json", "-f", "text", "api", "postgres"), 2, "standard output")


def test_a_capture_is_not_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "case.json"
    there.write_text("mine")
    complains(netdoctor("capture", "-o", str(there)), 2, "exists already")
    assert there.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.json", None, "no file"),
        ("text.json", b"hello", "not JSON"),
        ("empty.json", b"", "empty"),
        ("cut.json", b'{"schema": "netdoctor/capture/1", "stack": {"eng', "cut off"),
        ("newer.json", b'{"schema": "netdoctor/capture/2"}', "newer"),
        ("other.json", b'{"schema": "netdoctor/report/1"}', "not a capture"),
        ("cut.json.gz", gzip.compress(b'{"schema": "netdoctor/capture/1"}' * 100, mtime=0)[:-20], "cut off"),
        ("bomb.json.gz", gzip.compress(b" " * (100 << 20)), "too large"),
    ],
)
def test_a_capture_that_is_none(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    complains(netdoctor("--from", str(path), "api", "postgres"), 2, words)


def test_a_capture_of_100_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    complains(netdoctor("--from", str(path), "api", "postgres"), 2, "too large")


def test_a_broken_third_party_check_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "__init__.py").write_text("raise RuntimeError('boom')")
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[netdoctor.checks]\nacme = acme\n")
    done = netdoctor("--from", str(DEMO), "api", "postgres", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "acme" in done.stderr
    assert "boom" in done.stderr
    assert "Traceback" not in done.stderr
    assert "127.0.0.1:5432" in done.stdout


def test_docker_plugin_metadata() -> None:
    argv = "import sys; sys.argv = ['docker-netdoctor', 'docker-cli-plugin-metadata']"
    script = f"{argv}; from netdoctor.cli import plugin; plugin()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["SchemaVersion"] == "0.1.0"
