"""What tests of the Engine API's client have in common."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.sources.docker_api import EngineAPI
from netdoctor.sources.endpoint import EndpointAddress
from tests.unit.fake_engine import FakeEngine


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: a socket's path has a limit of 107 characters.
    with tempfile.TemporaryDirectory(prefix="nd-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture
def engine(folder: Path) -> Iterator[FakeEngine]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "e.sock"))
        listener.listen()
        yield FakeEngine(listener)


@pytest.fixture
def api(engine: FakeEngine, folder: Path) -> Iterator[EngineAPI]:
    with EngineAPI(EndpointAddress(f"unix://{folder}/e.sock"), timeout=2) as found:
        yield found
