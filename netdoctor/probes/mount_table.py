"""/proc/PID/mountinfo, proc(5): pure. Which mount a path is on, and which file systems can keep a caller waiting."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netdoctor.answers import Mounted
from netdoctor.patterns import lazily

_KERNELS_OWN = {
    "proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts", "securityfs", "debugfs", "tracefs", "bpf", "pstore",
    "configfs", "binfmt_misc", "hugetlbfs", "fusectl", "rpc_pipefs", "nsfs",
}  # fmt: skip
_LOCAL = {
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "reiserfs", "jfs", "bcachefs", "overlay", "aufs", "tmpfs",
    "ramfs", "rootfs", "devtmpfs", "squashfs", "erofs", "iso9660", "udf", "vfat", "exfat", "ntfs3", "nilfs2", "minix",
    *_KERNELS_OWN,
}  # fmt: skip
_ESCAPED = lazily(r"\\([0-7]{3})")


def read(text: str) -> tuple[Mounted, ...]:
    """All lines, in the order in which the mounts were made."""
    return tuple(found for line in text.splitlines() if (found := _line(line)) is not None)


def _line(line: str) -> Mounted | None:
    """`36 35 98:0 /root /place rw,noatime shared:1 master:2 - ext3 /dev/sda1 rw,errors=continue`"""
    mount, _, filesystem = line.partition(" - ")
    part, what = mount.split(" "), filesystem.split(" ")
    if len(part) < 6 or len(what) < 3:
        return None
    flags, options = part[5].split(","), what[2].split(",")
    kind = what[0]
    return Mounted(
        path=_plain(part[4]),
        device=part[2],
        filesystem=kind,
        root=_plain(part[3]),
        source=_plain(what[1]),
        writable="ro" not in flags,
        filesystem_writable="ro" not in options,
        executable="noexec" not in flags,
        shared=any(tag.startswith(("shared:", "master:")) for tag in part[6:]),
        # An overlay's options are the paths of its layers, hundreds of them.
        options="" if kind == "overlay" else ",".join(o for o in map(_plain, options) if o not in ("rw", "ro")),
    )


def _plain(text: str) -> str:
    """Blanks, tabs, line ends and backslashes stand as `\\040`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text) if "\\" in text else text


def layers(text: str) -> tuple[str, ...]:
    """The folders of the image's layers under an overlay at `/`, the uppermost first; none for any other root."""
    for line in text.splitlines():
        mount, _, filesystem = line.partition(" - ")
        part, what = mount.split(" "), filesystem.split(" ")
        if len(part) > 4 and part[4] == "/" and what[0] == "overlay" and len(what) > 2:
            found = re.search(r"(?:^|,)lowerdir=([^,]*)", what[2])
            return tuple(_plain(p) for p in found[1].split(":")) if found else ()
    return ()


def covering(table: Iterable[Mounted], path: str) -> Mounted | None:
    """The mount that a path is on, as long as no symbolic link leads elsewhere; of several at one place the last."""
    best: Mounted | None = None
    for one in table:
        inside = path == one.path or path.startswith(one.path.rstrip("/") + "/")
        if inside and (best is None or len(one.path) >= len(best.path)):
            best = one
    return best


def can_hang(mounted: Mounted | None) -> bool:
    """Whether somebody else than this kernel answers for the file system: a server, or a process (FUSE)."""
    return mounted is not None and mounted.filesystem not in _LOCAL


def of_interest(table: Iterable[Mounted], destinations: Iterable[str]) -> tuple[Mounted, ...]:
    """Without the kernel's own file systems, and the files that the engine mounts into every container."""
    kept = {*destinations, "/", "/dev/shm"}  # noqa: S108  not a file of ours
    own = ("/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/dev", "/proc", "/sys")
    return tuple(
        m
        for m in table
        if m.path in kept
        or not (m.filesystem in _KERNELS_OWN or m.path in own or m.path.startswith(("/dev/", "/proc/", "/sys/")))
    )
