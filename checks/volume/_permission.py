"""Whether a process may write to a place: by its credentials against owner, mode and ACL. Nothing is tried.

The rules are the kernel's: path_resolution(7), acl(5), capabilities(7), user_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.api import Credentials, Mounted, Place, Processes

READ, WRITE, ENTER = 4, 2, 1

DAC_OVERRIDE, _DAC_READ_SEARCH = 1 << 1, 1 << 2
_OVERFLOW = 65534

# Whose server, or whose process, decides for itself.
_OWN_RULES = ("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse", "vboxsf", "prl_fs", "ceph", "glusterfs", "afs")


def decides_itself(mounted: Mounted | None) -> bool:
    """Whether the file system has rules of its own: a server that takes root for nobody, a virtual machine's share."""
    return mounted is not None and (mounted.filesystem in _OWN_RULES or mounted.filesystem.startswith("fuse."))


def may(who: Credentials, place: Place, want: int, processes: Processes | None = None) -> bool | None:
    """Whether the process may do all of `want` (READ | WRITE | ENTER) with the place; None where nobody can tell."""
    if place.mode < 0 or place.owner < 0:
        return None
    if _is_capable(who, place, want, processes):
        return True
    if who.capabilities is None and who.user == 0 and place.owner != 0:
        return None  # root as a rule has the capability, and can have lost it
    return (_class_bits(who, place) & want) == want


def _is_capable(who: Credentials, place: Place, want: int, processes: Processes | None) -> bool:
    if who.capabilities is None:
        return False
    mapped = processes is not None and processes.user_map
    if mapped and _OVERFLOW in (place.owner, place.group):
        return False  # the capability holds for what the user namespace knows
    if who.capabilities & DAC_OVERRIDE:
        return place.kind == "directory" or not want & ENTER or bool(place.mode & 0o111)
    readable = READ | ENTER if place.kind == "directory" else READ
    return bool(who.capabilities & _DAC_READ_SEARCH) and not want & ~readable


def _class_bits(who: Credentials, place: Place) -> int:
    """The bits that hold for the process: the first class that it is in decides, acl(5)."""
    if who.user == place.owner:
        return place.mode >> 6 & 7
    rules = [rule.split(":") for rule in place.acl or ()]
    mask = next((_bits(may) for kind, _, may in rules if kind == "mask"), 7)
    for kind, name, granted in rules:
        if kind == "user" and name == str(who.user):
            return _bits(granted) & mask
    groups = {who.group, *who.groups}
    mine = [_bits(granted) & mask for kind, name, granted in rules if kind == "group" and name and int(name) in groups]
    if place.group in groups:
        owning = next((_bits(granted) & mask for kind, name, granted in rules if kind == "group" and not name), None)
        mine.append(place.mode >> 3 & 7 if owning is None else owning)
    if mine:
        return max(mine, key=lambda bits: (bits & WRITE, bits))
    return place.mode & 7


def _bits(granted: str) -> int:
    return sum(bit for letter, bit in (("r", READ), ("w", WRITE), ("x", ENTER)) if letter in granted)


def may_use(
    who: Credentials, place: Place, closed: Iterable[Place], processes: Processes | None, want: int = WRITE
) -> bool | None:
    """Whether the process may WRITE there (make files in a directory, or write to anything else), or READ it."""
    want = want | ENTER if place.kind == "directory" else want
    verdicts = [may(who, place, want, processes), *(may(who, folder, ENTER, processes) for folder in closed)]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def in_words(place: Place) -> str:
    """`0:0 (mode 755)`."""
    return f"{place.owner}:{place.group} (mode {place.mode:o})"
