"""The door through which checks come in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor import registry
from netdoctor.entry_points import EntryPoint
from netdoctor.registry import UnknownCheck

GOOD = """
from collections.abc import Iterator
from netdoctor.api import Finding, Link, Reason, Stack, check, passed

@check(id="acme.sings", title="{target} sings", reasons=(Reason("mute", "it is mute"),))
def sings(stack: Stack, link: Link) -> Iterator[Finding]:
    yield passed("la")
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EntryPoint]:
    package = tmp_path / "acme_checks"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "good.py").write_text(GOOD)
    (package / "broken.py").write_text("raise RuntimeError('boom')")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield EntryPoint("acme", "acme_checks")
    for name in [n for n in sys.modules if n.startswith("acme_checks")]:
        del sys.modules[name]


def test_a_third_party_is_a_guest_like_ours_and_its_broken_module_is_named(third_party: EntryPoint) -> None:
    loaded = registry.load([third_party])
    assert [c.id for c in loaded] == ["acme.sings"]
    [complaint] = loaded.complaints
    assert "acme_checks.broken" in complaint
    assert "RuntimeError: boom" in complaint


def test_a_package_that_is_missing_is_named() -> None:
    loaded = registry.load([EntryPoint("gone", "no_such_package")])
    assert len(loaded) == 0
    assert "no_such_package" in loaded.complaints[0]


def test_choosing_by_family_and_id() -> None:
    ours = registry.load()
    assert {c.family for c in ours.choose(only=["dns", "port.accepts"])} == {"dns", "port"}
    assert "port.accepts" not in {c.id for c in ours.choose(skip=["port.accepts"])}
    assert {c.family for c in ours.choose(skip=["dns"])} == {c.family for c in ours} - {"dns"}


@pytest.mark.parametrize("wanted", ["port.acepts", "dnss", "nothing.alike"])
def test_an_id_that_does_not_exist_is_told_with_its_neighbours(wanted: str) -> None:
    with pytest.raises(UnknownCheck, match="no check or family") as refused:
        registry.load().choose(only=[wanted])
    assert "did you mean" in str(refused.value) or "netdoctor checks" in str(refused.value)
    with pytest.raises(UnknownCheck):
        registry.load().find(wanted)
