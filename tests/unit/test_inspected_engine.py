"""What engines say of themselves, and what the model makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.model import Engine
from netdoctor.sources import inspected

VERSION = {"Version": "28.5.2", "ApiVersion": "1.51", "Components": [{"Name": "Engine"}]}
INFO = {
    "Name": "vm",
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "KernelVersion": "6.1",
    "SecurityOptions": ["name=seccomp,profile=builtin"],
    "DockerRootDir": "/var/lib/docker",
}


def test_engine() -> None:
    assert inspected.engine(VERSION, INFO, unix=True, kernel="6.1") == Engine(
        version="28.5.2",
        api="1.51",
        os="Debian GNU/Linux 12 (bookworm)",
        host_name="vm",
        local=True,
        folder="/var/lib/docker",
        security=("seccomp",),
    )


@pytest.mark.parametrize(
    ("info", "unix", "expected"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, True, {"rootless": True}),
        ({"Rootless": True}, True, {"rootless": True}),
        ({}, False, {"local": False}),
        ({"KernelVersion": "6.6.12-linuxkit"}, True, {"local": False}),
        ({"OperatingSystem": "Docker Desktop"}, True, {"desktop": True, "local": False}),
        ({"Name": "colima"}, True, {"desktop": True, "local": False}),
    ],
)
def test_kinds_of_engine(info: dict[str, Any], unix: bool, expected: dict[str, bool]) -> None:
    found = inspected.engine(VERSION, INFO | info, unix=unix, kernel="6.1")
    assert {name: getattr(found, name) for name in expected} == expected


def test_podman_is_told_by_its_components() -> None:
    version = {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}, {"Name": "Conmon"}]}
    assert inspected.engine(version, {}, unix=True, kernel="").name == "podman"
