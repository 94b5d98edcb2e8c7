"""The source of a mount: whether the engine made it, whether a file is meant, whether it is still the same."""

from __future__ import annotations

import posixpath

from netdoctor.api import Container, Engine, Mount, MountPoint, Mounts, Place, lazily

# Names of files that people mount one by one. What ends like a program or a database can be a folder too.
_LIKE_A_FILE = lazily(
    r"(?i)(.+\.(conf|cnf|cfg|ini|ya?ml|json|toml|xml|properties|env|pem|crt|cer|key|htpasswd|sh|sql|sock|rules|tmpl)"
    r"|\.env|Caddyfile|Corefile|passwd|group|shadow|hosts|resolv\.conf|localtime|timezone|machine-id|authorized_keys"
    r"|known_hosts|htpasswd|crontab|pg_hba\.conf|my\.cnf|php\.ini)"
)
# Of these the engine or the package manager of the host makes a new one now and then, with the same in it.
_OF_THE_SYSTEM = ("/etc/localtime", "/etc/timezone", "/etc/machine-id", "/etc/resolv.conf", "/etc/hosts")

_AFTER = 60.0
"""Seconds between the making of a container and its first start within which the engine makes missing sources."""


def like_a_file(path: str) -> bool:
    """Whether something at this path is a file as a rule."""
    return _LIKE_A_FILE.fullmatch(posixpath.basename(path)) is not None


def changes_by_itself(path: str) -> bool:
    """Whether another file of this name holds the same as a rule."""
    return path in _OF_THE_SYSTEM


def made_by_engine(engine: Engine, container: Container, mount: Mount, found: Place | None) -> bool:
    """Whether the engine made the directory, because the source of `-v` was missing: root's, and untouched since.

    One that somebody made for the container is older than that.
    """
    if mount.kind != "bind" or mount.given == "--mount" or found is None or found.kind != "directory":
        return False
    if found.owner > 0 and not {"rootless", "userns"} & {*engine.security}:
        return False
    state = container.state
    first = container.created <= found.modified <= container.created + _AFTER
    restarted = state.started > container.created + _AFTER
    again = restarted and state.started - 5 <= found.modified <= state.started + 1
    untouched = found.empty if found.empty is not None else found.links == 2
    return bool(untouched) and found.mode == 0o755 and (first or again)


def differs(point: MountPoint, mounts: Mounts) -> bool:
    """Whether the container has something else mounted than what lies at the source now."""
    inside, outside = point.inside, point.outside
    if inside is None or outside is None or not inside.inode or not outside.inode or point.mounted is None:
        return False
    if mounts.over(point.mounted) or len([m for m in mounts.table if m.path == point.mounted.path]) > 1:
        return False  # one mount on top of another: volume.nested
    return (inside.device, inside.inode) != (outside.device, outside.inode)


def same_text(one: Place, two: Place) -> bool:
    """Whether two files were last written at the same moment and are of the same size: a copy, in all likelihood."""
    exactly = one.modified % 1 and two.modified % 1  # some commands tell seconds alone
    same = one.modified == two.modified if exactly else int(one.modified) == int(two.modified)
    return one.size == two.size and same
