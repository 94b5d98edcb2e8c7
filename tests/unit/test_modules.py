"""Modules are found where pkgutil finds them."""

from __future__ import annotations

import email
import importlib
import json
import pkgutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from netdoctor.modules import modules_in


def known(path: Iterable[str]) -> list[tuple[str, bool]]:
    return [(m.name, m.ispkg) for m in pkgutil.iter_modules(path)]


@pytest.mark.parametrize("name", ["netdoctor", "netdoctor.checks", "netdoctor.checks.port", "netdoctor.report"])
def test_of_our_packages(name: str) -> None:
    path = importlib.import_module(name).__path__
    assert list(modules_in(path).items()) == known(path)


def test_of_anybody_s_packages(tmp_path: Path) -> None:
    for path in (email.__path__, json.__path__, [str(Path(email.__file__).parents[1] / "lib-dynload")]):
        assert sorted(modules_in(path).items()) == sorted(known(path))
    (tmp_path / "module.py").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "data.json").touch()
    (tmp_path / "README").touch()
    (tmp_path / "__pycache__").mkdir()
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("inside/__init__.py", "")
        archive.writestr("alone.py", "")
    for path in ([str(tmp_path)], [str(tmp_path / "zipped.zip")], [str(tmp_path), str(tmp_path / "zipped.zip")]):
        assert sorted(modules_in(path).items()) == sorted(known(path))
    assert modules_in([str(tmp_path / "nowhere")]) == {}
