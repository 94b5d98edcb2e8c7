"""What a look at a path brought (file_facts.py, or the engine's API), as values. Pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from netdoctor.answers import Kind, Place, Space
from netdoctor.probes.credentials import Map, inside

_TAGS = {0x01: "user", 0x02: "user", 0x04: "group", 0x08: "group", 0x10: "mask", 0x20: "other"}
_NAMED = (0x02, 0x08)
# https://pkg.go.dev/io/fs#FileMode
_GO_KINDS: tuple[tuple[int, Kind], ...] = (
    (31, "directory"),
    (27, "link"),
    (25, "pipe"),
    (24, "socket"),
    (21, "character-device"),
    (26, "block-device"),
)
_ROOM = ("size", "free", "available", "inodes", "inodes_free")
_GO_BITS = ((23, 0o4000), (22, 0o2000), (20, 0o1000))


class Seen(NamedTuple):
    """What lies at a path, how full its file system is, who guards the way, and where it really is."""

    place: Place
    space: Space | None = None
    closed: tuple[Place, ...] = ()
    real: str = ""


def seen(told: Mapping[str, Any], users: Map = (), groups: Map = ()) -> Seen:
    """The reply of file_facts.py; `users` and `groups` turn its numbers into those of a container."""
    room = told.get("space")
    return Seen(
        place=place(told["place"], users, groups),
        space=Space(**dict(zip(_ROOM, room, strict=True))) if room else None,
        closed=tuple(place(one, users, groups) for one in told.get("closed", ())),
        real=told.get("real", ""),
    )


def place(told: Mapping[str, Any], users: Map = (), groups: Map = ()) -> Place:
    fields = dict(told)
    rules = fields.pop("acl", None)
    if "owner" in fields:
        fields["owner"], fields["group"] = inside(fields["owner"], users), inside(fields["group"], groups)
    return Place(**fields, acl=None if rules is None else access_list(rules, users, groups))


def access_list(rules: bytes, users: Map = (), groups: Map = ()) -> tuple[str, ...] | None:
    """An ACL as the kernel hands it out: a version (2), then entries of tag, permissions and number, little endian.

    https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/include/uapi/linux/posix_acl_xattr.h
    """
    if not rules:
        return ()
    if len(rules) < 4 or struct.unpack_from("<I", rules)[0] != 2:
        return None
    found = []
    for tag, bits, number in struct.iter_unpack("<HHI", rules[4 : 4 + (len(rules) - 4) // 8 * 8]):
        who = str(inside(number, users if tag == 0x02 else groups)) if tag in _NAMED else ""
        may = "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
        found.append(f"{_TAGS.get(tag, 'other')}:{who}:{may}")
    return tuple(found)


def place_of_api(mode: int, size: int) -> Place:
    """What `HEAD /containers/ID/archive` tells: no owner, no inode."""
    kind: Kind = next((kind for bit, kind in _GO_KINDS if mode & 1 << bit), "file")
    bits = mode & 0o777 | sum(bit for position, bit in _GO_BITS if mode & 1 << position)
    return Place(kind=kind, mode=bits, size=size)
