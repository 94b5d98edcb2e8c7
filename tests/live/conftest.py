"""Everything below this folder needs an engine; without one it fails, it is not skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.timeout(120))
