"""The entry points found are those that importlib.metadata finds."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from pathlib import Path

import pytest

from netdoctor.entry_points import EntryPoint, entry_points

GROUP = "netdoctor.checks"


def known(group: str = GROUP) -> set[EntryPoint]:
    found = importlib.metadata.entry_points(group=group)
    return {EntryPoint(p.name, p.module, p.dist.name if p.dist else "") for p in found}


def distribution(info: Path, name: str, points: str = "") -> None:
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n\nName: no header any more\n")
    (info / "entry_points.txt").write_text(points)


def test_those_of_this_environment() -> None:
    for group in (GROUP, "console_scripts", "pytest11", "no such group"):
        assert set(entry_points(group)) == known(group)
    assert ("netdoctor", "netdoctor.checks", "docker-netdoctor") in entry_points(GROUP)


def test_a_third_party_s_in_every_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    distribution(
        tmp_path / "acme_checks-1.0.dist-info",
        "acme-checks",
        "[console_scripts]\nacme = acme:main\n"
        "[netdoctor.checks]\n# remark = no\nacme=acme.checks [extra]\nb = acme.b:B\n",
    )
    distribution(tmp_path / "old.egg-info", "old", "[netdoctor.checks]\nold = old_checks\n")
    (tmp_path / "older.egg-info").write_text("Name: older")
    found = entry_points(GROUP)
    assert {("acme", "acme.checks", "acme-checks"), ("b", "acme.b", "acme-checks"), ("old", "old_checks", "old")} < {
        *found
    }
    assert set(found) == known()


def test_the_first_of_two_installations_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path / "b/acme-1.0.dist-info", "acme", "[netdoctor.checks]\nacme = old\n")
    monkeypatch.syspath_prepend(str(tmp_path / "b"))
    distribution(tmp_path / "a/Acme-2.0.dist-info", "Acme")
    monkeypatch.syspath_prepend(str(tmp_path / "a"))
    assert "acme" not in {p.name for p in entry_points(GROUP)}
    assert set(entry_points(GROUP)) == known()


def test_an_egg_and_a_zipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    egg = tmp_path / "acme-1.0-py3.11.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO/PKG-INFO").write_text("Name: acme\n")
    (egg / "EGG-INFO/entry_points.txt").write_text("[netdoctor.checks]\nacme = acme.checks\n")
    monkeypatch.syspath_prepend(str(egg))
    assert ("acme", "acme.checks", "acme") in entry_points(GROUP)
    assert set(entry_points(GROUP)) == known()
    zipped = tmp_path / "zipped.egg"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 2.1\nName: zipped\nVersion: 1\n")
        archive.writestr("EGG-INFO/entry_points.txt", "[netdoctor.checks]\nzipped = zipped.checks\n")
    monkeypatch.syspath_prepend(str(zipped))
    assert ("zipped", "zipped.checks", "zipped") in entry_points(GROUP)
    assert set(entry_points(GROUP)) == known()


def test_a_finder_of_its_own_kind_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found(importlib.metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            return {"METADATA": "Name: frozen\n", "entry_points.txt": "[netdoctor.checks]\nfrozen = f\n"}.get(filename)

        def locate_file(self, path: object) -> Path:
            return Path(str(path))

    class Finder:
        @staticmethod
        def find_spec(*_: object) -> None:
            return None

        @staticmethod
        def find_distributions(_context: object) -> list[Found]:
            return [Found()]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert ("frozen", "f", "frozen") in entry_points(GROUP)
