"""What a container's mounts are and lead to, as whom its processes work, and what lies at a path."""

from __future__ import annotations

from typing import Literal

import msgspec

from netdoctor.answers.question import Answer, Question

Kind = Literal[
    "directory", "file", "link", "socket", "pipe", "character-device", "block-device", "missing", "hung", "unseen"
]
"""What lies at a path. hung: the file system did not answer, so nobody knows. unseen: it may not be looked at, or the
file system answered with an error."""


# -- mounts -----------------------------------------------------------------------------------------------------------


class AskMounts(Question, frozen=True, kw_only=True):
    """What is mounted in the container, and what lies there, inside and on the host?"""

    container: str


class Mounted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of /proc/PID/mountinfo, proc(5); of several at one place the last hides the others."""

    path: str
    """Where it is mounted, in the root of whoever sees it."""
    device: str
    """`major:minor` of the file system; on btrfs another one than stat(2) tells of its files."""
    filesystem: str
    """ext4, overlay, tmpfs, nfs4, cifs, fuse.sshfs, ..."""
    root: str = "/"
    """The part of the file system that is mounted. `//deleted` at the end: it was removed, or another took its name."""
    source: str = ""
    """The device, `server:/export`, or whatever the file system writes there."""
    writable: bool = True
    """This mount; a read-write mount of a read-only file system can't be written to either."""
    filesystem_writable: bool = True
    executable: bool = True
    shared: bool = False
    """What is mounted below it elsewhere appears here too (`shared:N` or `master:N`)."""
    options: str = ""
    """The file system's own options: `size=65536k,nr_inodes=...` of a tmpfs, `addr=...` of NFS. Passwords are cut."""

    @property
    def deleted(self) -> bool:
        return self.root.endswith("//deleted")


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lies at a path, stat(2), symbolic links followed. Seen in a container, owner and group are the container's
    own numbers: 65534 for whom its user namespace does not know. -1 where nobody could tell.
    """

    kind: Kind
    error: str = ""
    """Why it is unseen, in the system's words: Permission denied, Stale file handle, ..."""
    owner: int = -1
    group: int = -1
    mode: int = -1
    """The twelve bits of chmod(2)."""
    device: int = 0
    inode: int = 0
    """Device and inode together are the same for the same file, wherever it is seen from; 0 where nobody could tell."""
    links: int = 0
    size: int = -1
    modified: float = 0.0
    changed: float = 0.0
    """mtime and ctime, in seconds."""
    empty: bool | None = None
    """Whether a directory holds nothing; None where that could not be seen without changing its access time."""
    acl: tuple[str, ...] | None = None
    """POSIX access ACL, acl(5), as getfacl writes it: `user::rwx`, `user:999:rw-`, `mask::r-x`. () where the mode says
    all; None where it could not be read."""

    @property
    def exists(self) -> bool:
        return self.kind not in ("missing", "hung", "unseen")


class Space(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How full a file system is, statvfs(3), in bytes; `available` is what others than root may take.

    `inodes` 0: the file system makes them as it needs them.
    """

    size: int
    free: int
    available: int
    inodes: int = 0
    inodes_free: int = 0


class MountPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mount of a container, or its root (`/`), or /dev/shm.

    `mounted` is what the kernel mounted there: None while the container does not run, and where something else took
    its place. `inside` is what the processes find there. `outside` is what lies at the source on the host, `on_host`
    the file system there. `beneath` is what the mount hides: what the image, or the mount around it, has at its place;
    `hidden` are the names in it, at most 20, that the mount does not have. `late` are the file systems that the host
    has mounted below the source and the container has not. `closed` are the folders on the way there that not everybody
    may enter. None: it could not be seen, or there is no such thing.
    """

    path: str
    mounted: Mounted | None = None
    inside: Place | None = None
    outside: Place | None = None
    on_host: Mounted | None = None
    beneath: Place | None = None
    hidden: tuple[str, ...] = ()
    late: tuple[Mounted, ...] = ()
    closed: tuple[Place, ...] = ()
    space: Space | None = None

    @property
    def hung(self) -> bool:
        """Its file system does not answer."""
        return any(p is not None and p.kind == "hung" for p in (self.inside, self.outside))


class Mounts(Answer, frozen=True, kw_only=True):
    """The mounts of a container. `table` are all in the order in which they were made, the kernel's own file systems
    (/proc, /sys, /dev and below) left out. `host_unseen` says why the host's side could not be looked at, "" if it was.
    """

    points: tuple[MountPoint, ...] = ()
    table: tuple[Mounted, ...] = ()
    host_unseen: str = ""

    def at(self, path: str) -> MountPoint | None:
        """The mount whose destination is written so."""
        return next((p for p in self.points if p.path == path), None)

    def over(self, mounted: Mounted) -> Mounted | None:
        """The later mount that lies on top of this one, at the same place or above, and hides it."""
        after = iter(self.table)
        next((m for m in after if m is mounted or m == mounted), None)
        return next((m for m in after if f"{mounted.path}/".startswith(f"{m.path.rstrip('/')}/")), None)


# -- processes --------------------------------------------------------------------------------------------------------


class AskProcesses(Question, frozen=True, kw_only=True):
    """As whom do the container's processes work?"""

    container: str


class Credentials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process and what the kernel lets it do, from /proc/PID/status, credentials(7). `pid` is the container's own
    number where it was seen from inside, the host's otherwise; `parent` likewise.
    """

    pid: int
    name: str
    parent: int = 0
    user: int = 0
    group: int = 0
    """The effective ones, as the container's own numbers."""
    groups: tuple[int, ...] = ()
    capabilities: int | None = None
    """The effective set, one bit each, capabilities(7); None where nobody could tell."""


class Processes(Answer, frozen=True, kw_only=True):
    """The processes of a container, the first one first, at most 64. `user_map` and `group_map` are those of its user
    namespace, user_namespaces(7): (inside, outside, how many); () where all numbers are the host's own.
    `label` is that of the security module, "" for none: `docker-default (enforce)`, `system_u:system_r:container_t:s0`.
    """

    processes: tuple[Credentials, ...] = ()
    user_map: tuple[tuple[int, int, int], ...] = ()
    group_map: tuple[tuple[int, int, int], ...] = ()
    label: str = ""


# -- one path ---------------------------------------------------------------------------------------------------------


class AskPath(Question, frozen=True, kw_only=True):
    """What lies at a path of the container, which need not run?"""

    container: str
    path: str


class PathFound(Answer, frozen=True, kw_only=True):
    """What lies at the path; the engine's API tells no owner."""

    place: Place


StorageQuestion = AskMounts | AskProcesses | AskPath
StorageAnswer = Mounts | Processes | PathFound
