"""What a start may cost: every run imports every check, so each of them and what it brings along is paid for each time.

Nothing is timed here, since machines differ: told are the things that were seen to be dear.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

DEAR = {
    "argparse", "asyncio", "concurrent", "csv", "dataclasses", "dns", "docker", "email", "gzip", "hashlib", "http",
    "importlib.metadata", "importlib.resources", "json", "logging", "psutil", "random", "rich", "shutil", "ssl",
    "subprocess", "tarfile", "tempfile", "tomllib", "xml", "zipfile",
}  # fmt: skip
"""Each takes 1 to 80 ms; most of a run needs none of them. Import them in the function that does."""

RUN = """
import netdoctor.cli, netdoctor.examine, netdoctor.report.text, netdoctor.sources.live, netdoctor.probes.netns_rung
from netdoctor import registry, sources
import netdoctor.sources.docker_api
"""


def told(code: str) -> list[str]:
    """The lines that a Python of its own prints for the code."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


def imported(code: str, wanted: Iterable[str]) -> list[str]:
    return told(f"{code}\nimport sys\nfor name in {sorted(wanted)!r}:\n    if name in sys.modules: print(name)")


def test_help_needs_nothing_but_click() -> None:
    ours = {"msgspec", "netdoctor.model", "netdoctor.registry", "netdoctor.report", "netdoctor.sources"}
    assert imported("import netdoctor.cli", DEAR | ours) == []


def test_a_run_imports_nothing_dear() -> None:
    assert imported(RUN + "registry.load()", DEAR) == [], "import it in the function that needs it"


def test_loading_the_checks_compiles_no_pattern() -> None:
    compiled = told(
        RUN
        + """
import re._compiler as compiler
before = compiler.compile
compiler.compile = lambda pattern, flags=0: print(repr(pattern)) or before(pattern, flags)
registry.load()
"""
    )
    slug = "'[a-z][a-z0-9-]*'"  # of the card, compiled once for all checks
    assert [p for p in compiled if p != slug] == [], "write lazily(...) for re.compile(...)"
