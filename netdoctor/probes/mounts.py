"""AskMounts: what a rung saw inside a container, put together with the host's side and the mount table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from netdoctor.answers import Mounted, MountPoint, Mounts, PathFound, Place, Space
from netdoctor.model import Container, Mount
from netdoctor.probes import mount_table
from netdoctor.probes.child_process import Look
from netdoctor.probes.clock import Clock
from netdoctor.probes.credentials import maps
from netdoctor.probes.host_side import HostSide, around, source_of
from netdoctor.probes.seen_places import Seen, seen

SHM = "/dev/shm"  # noqa: S108  every container has it, 64 MiB large unless somebody said otherwise


class View(NamedTuple):
    """What is seen from inside: the mount table, and what lies at paths."""

    table: tuple[Mounted, ...] = ()
    at: Mapping[str, Seen] = {}


def points(container: Container) -> tuple[str, ...]:
    """The paths whose mounts are told: the destinations, the root, /dev/shm."""
    return tuple(dict.fromkeys((*(m.destination for m in container.mounts), "/", SHM)))


def put_together(container: Container, host: HostSide, view: View, clock: Clock) -> Mounts:
    """The answer. What of the host cannot be seen is left out."""
    outside = _outside(container, host, clock)
    beneath = _beneath(container, host, outside, clock)
    hidden = _hidden(container, host, beneath, clock)
    by_path = {m.destination: m for m in container.mounts}
    found = []
    for path in points(container):
        mount, within = by_path.get(path), view.at.get(path)
        there = outside.get(source_of(mount)) if mount is not None else None
        space = (within.space if within is not None else None) or _room(container, host, there, path, outside)
        if mount is None and within is None and space is None:
            continue
        found.append(
            MountPoint(
                path=path,
                mounted=_mounted(view, path, within),
                inside=within.place if within is not None else None,
                outside=there.place if there is not None else None,
                on_host=mount_table.covering(host.table, source_of(mount)) if there is not None and mount else None,
                beneath=beneath[path][0] if path in beneath else None,
                hidden=hidden.get(path, ()),
                late=late(host.table, view.table, mount) if mount is not None and there is not None else (),
                closed=within.closed if within is not None else (),
                space=space,
            )
        )
    return Mounts(
        points=tuple(found),
        table=mount_table.of_interest(view.table, by_path),
        host_unseen=host.unseen,
    )


def _outside(container: Container, host: HostSide, clock: Clock) -> dict[str, Seen]:
    """What lies at the sources, by path of the host; and at the place of inner mounts in the sources of outer ones."""
    if host.unseen:
        return {}
    sources = [source for m in container.mounts if (source := source_of(m)) and host.is_there(m)]
    covered = [path for m in container.mounts if (path := _in_outer(container, m))]
    return host.at((*sources, *covered, host.folder), clock)


def _in_outer(container: Container, mount: Mount) -> str:
    """The path on the host that an inner mount covers, "" for one that lies in no other."""
    outer = around(container, mount)
    source = source_of(outer) if outer is not None else ""
    return source + mount.destination[len((outer or mount).destination.rstrip("/")) :] if source else ""


_Beneath = Mapping[str, tuple[Place, frozenset[str]]]
"""By destination: what the mount covers, and the names in it if it is a folder of the image."""


def _beneath(container: Container, host: HostSide, outside: Mapping[str, Seen], clock: Clock) -> _Beneath:
    if host.unseen:
        return {}
    outer = {m.destination: path for m in container.mounts if (path := _in_outer(container, m))}
    alone = [m.destination for m in container.mounts if around(container, m) is None]
    covered = {destination: (outside[path].place, frozenset[str]()) for destination, path in outer.items()}
    return {**host.in_image(container, alone, clock), **covered}


def _hidden(container: Container, host: HostSide, beneath: _Beneath, clock: Clock) -> dict[str, tuple[str, ...]]:
    """What the image has in a folder that a mount covers, and the mount has not, by destination."""
    sources = {m.destination: source_of(m) for m in container.mounts if beneath.get(m.destination, ("", None))[1]}
    mine = host.names((s for s in sources.values() if s), clock) if sources else {}
    stubs = _stubs(host, {sources[path]: beneath[path][1] for path in sources}, mine, clock)
    return {
        path: tuple(sorted(beneath[path][1] - (mine[source] - stubs.get(source, set())))[:20])
        for path, source in sources.items()
        if source in mine
    }


_DEPENDENCIES = {"node_modules", "vendor", "venv", ".venv"}


def _stubs(
    host: HostSide, image: Mapping[str, frozenset[str]], mine: Mapping[str, frozenset[str]], clock: Clock
) -> dict[str, set[str]]:
    """By source, the empty folders that were made as mount points of volumes: they do not have what the image has."""
    paths = {f"{s}/{name}": (s, name) for s in mine for name in _DEPENDENCIES & mine[s] & image[s]}
    found: dict[str, set[str]] = {}
    for path, there in host.at(paths, clock).items():
        if there.place.empty:
            found.setdefault(paths[path][0], set()).add(paths[path][1])
    return found


_DISKS = (
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "zfs",
    "f2fs",
    "vfat",
    "exfat",
    "ntfs3",
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
)


def late(on_host: Iterable[Mounted], inside: Iterable[Mounted], mount: Mount) -> tuple[Mounted, ...]:
    """The disks that the host has below the source of a mount, and the container does not have below its destination.

    What containers, packages and the system mount for themselves is nobody's data, so only disks and shares count.
    """
    source, inside = source_of(mount).rstrip("/"), tuple(inside)
    if not source or not inside:
        return ()
    have = {m.device for m in inside}
    return tuple(
        m
        for m in on_host
        if m.path.startswith(f"{source}/")
        and m.device not in have
        and (m.filesystem in _DISKS or m.filesystem.startswith("fuse."))
        and not m.path.startswith(("/run/", "/snap/", "/boot/", "/var/lib/", "/var/snap/", "/proc/", "/sys/", "/dev/"))
    )


def _mounted(view: View, path: str, within: Seen | None) -> Mounted | None:
    """The last mount at the place to which the path really leads."""
    real = within.real if within is not None and within.real else _usual(path)
    return next((m for m in reversed(view.table) if m.path in (real, path)), None)


def _usual(path: str) -> str:
    """Where the path leads in nearly every image, for who cannot see symbolic links."""
    for link, target in (("/var/run/", "/run/"), ("/var/lock/", "/run/lock/")):
        if path.startswith(link):
            return target + path.removeprefix(link)
    return path


def _room(
    container: Container, host: HostSide, there: Seen | None, path: str, outside: Mapping[str, Seen]
) -> Space | None:
    """Of a container that does not run: the file system of the source, and the engine's own for its root."""
    if there is not None:
        return there.space
    if path == "/" and not container.state.running and host.folder in outside:
        return outside[host.folder].space
    return None


# -- by root, from outside --------------------------------------------------------------------------------------------


def view_of(pid: int, paths: Iterable[str], host: HostSide, clock: Clock) -> View:
    """What the process `pid` has at these paths. Raises OSError when it is gone."""
    folder = Path(f"/proc/{pid}")
    users, groups = maps(pid)
    table = mount_table.read((folder / "mountinfo").read_text("utf-8", "replace"))
    wanted = tuple(dict.fromkeys(paths))
    looks = []
    for path in wanted:
        mounted = mount_table.covering(table, path)
        hanging = mounted.device if mounted is not None and mount_table.can_hang(mounted) else ""
        looks.append(Look("path", pid, path, filesystem=hanging))
    told = host.looking.at(looks, clock)
    return View(table, {path: seen(one, users, groups) for path, one in zip(wanted, told, strict=True)})


# -- one path of a container that does not run ------------------------------------------------------------------------


def path_at_rest(container: Container, path: str, host: HostSide, clock: Clock) -> PathFound | None:
    """What the container will find at the path, from its mounts' sources and its layers; None where nobody can tell."""
    holding = [m for m in container.mounts if path == m.destination or path.startswith(m.destination.rstrip("/") + "/")]
    if holding:
        mount = max(holding, key=lambda m: len(m.destination))
        source = source_of(mount)
        if not source:
            return None
        there = source + path[len(mount.destination.rstrip("/")) :]
        return PathFound(place=host.at((there,), clock)[there].place)
    layers = host.whole(container)
    if not layers:
        return None
    told = host.looking.at((Look("layers", host.pid, path, layers),), clock)
    return PathFound(place=seen(told[0]).place)
