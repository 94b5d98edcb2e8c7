"""Who may do what with a file, by the kernel's rules: owner, mode, ACL, capabilities, user namespaces."""

from __future__ import annotations

from typing import Any

import pytest

from checks.volume._permission import ENTER, READ, WRITE, may, may_use
from netdoctor.answers import Credentials, Place, Processes

ALL = (1 << 41) - 1
"""Every capability."""


def folder(owner: int = 0, mode: int = 0o755, **more: Any) -> Place:
    return Place(**{"kind": "directory", "owner": owner, "group": owner, "mode": mode, "acl": (), **more})


@pytest.mark.parametrize(
    ("who", "place", "expected"),
    [
        ({"user": 1000}, folder(1000), True),
        ({"user": 1000}, folder(0), False),
        ({"user": 1000}, folder(0, 0o777), True),
        ({"user": 1000, "groups": (50,)}, folder(0, 0o775, group=50), True),
        ({"user": 1000, "group": 50}, folder(1000, 0o075, group=50), False),  # the first class decides
        ({"user": 0, "capabilities": ALL}, folder(1000, 0o700), True),
        ({"user": 0}, folder(1000, 0o755), False),  # root without CAP_DAC_OVERRIDE
        ({"user": 0, "capabilities": None}, folder(1000, 0o755), None),
        ({"user": 0, "capabilities": None}, folder(0, 0o755), True),
        ({"user": 5}, folder(-1), None),
        ({"user": 1000}, folder(0, 0o775, acl=("user::rwx", "user:1000:rwx", "group::r-x", "mask::rwx")), True),
        ({"user": 1000}, folder(0, 0o755, acl=("user::rwx", "user:1000:rwx", "group::r-x", "mask::r-x")), False),
        ({"user": 9, "group": 7}, folder(0, 0o775, acl=("group::r-x", "group:7:rwx", "mask::rwx", "other::---")), True),
    ],
)  # fmt: skip
def test_who_may_use(who: dict[str, Any], place: Place, expected: bool | None) -> None:
    one = Credentials(pid=1, name="app", **{"capabilities": 0, **who})
    assert may_use(one, place, (), None) is expected


def test_the_way_there_and_user_namespaces() -> None:
    user = Credentials(pid=1, name="app", user=1000, capabilities=0)
    assert may_use(user, folder(1000), (folder(0, 0o700),), None) is False
    root = Credentials(pid=1, name="app", user=0, capabilities=ALL)
    remapped = Processes(user_map=((0, 100000, 65536),), group_map=((0, 100000, 65536),))
    assert may(root, folder(65534), WRITE | ENTER, remapped) is False, "its namespace does not know the owner"
    assert may(root, folder(999), WRITE | ENTER, remapped) is True
    reader = Credentials(pid=1, name="app", user=5, capabilities=1 << 2)
    assert may(reader, folder(0, 0o700), READ | ENTER) is True
    assert may(reader, folder(0, 0o700), WRITE) is False
