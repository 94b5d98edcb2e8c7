"""Everything below this folder needs an engine; without one it fails, it is not skipped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lab import Lab
from tests.live.turns import turn
from tests.live.undo import left_behind

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """An engine of the lab, or one that was named on purpose; never the machine's own by default."""
    if "NETDOCTOR_LAB" in os.environ:
        for slug in left_behind():
            Lab(slug).remove()
    elif "DOCKER_HOST" not in os.environ:
        pytest.fail(
            "run `make test`, or: tests/lab/engine a up && tests/lab/engine a run .venv/bin/python -m pytest ..."
        )


@pytest.fixture(autouse=True)
def its_turn(request: pytest.FixtureRequest) -> Iterator[None]:
    with turn(alone=request.node.get_closest_marker("alone") is not None):
        yield


@pytest.fixture
def slug(request: pytest.FixtureRequest) -> str:
    """The test's name, short enough for a name of the DNS to begin with it (63 bytes, RFC 1035)."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:50].strip("-")


@pytest.fixture
def lab(slug: str) -> Iterator[Lab]:
    with Lab(slug) as made:
        yield made
