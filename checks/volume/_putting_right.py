"""Remedies for mounts: what is mounted there now, something else, or the same with what was missing."""

from __future__ import annotations

import posixpath
import shlex

from netdoctor.api import Container, Mount, MountPoint, Remedy, Stack

from .._remaking import again
from ._moving import mounts_of


def restart(container: Container, mount: Mount, says: str) -> Remedy:
    """Mount what lies at the source now."""
    return Remedy(says=f"{says}.", run=(f"docker restart {container.name}",), verify=(inside(container, mount),))


def inside(container: Container, mount: Mount) -> str:
    """The command that shows what the container has there."""
    return f"docker exec {container.name} ls -ld {shlex.quote(mount.destination)}"


def start(container: Container) -> str:
    return f"docker start {container.name}"


def bring_back(container: Container, mount: Mount, point: MountPoint) -> Remedy:
    """The source again: out of the container, where that still has the file; else a new folder."""
    source = shlex.quote(mount.source)
    verify = (f"ls -ld {source}",)
    if container.state.running:
        if point.inside is not None and point.inside.kind == "file":
            copy = f"docker exec {container.name} cat {shlex.quote(mount.destination)} > {source}"
            says = f"{container.name} still has the file: write it back to the host, and restart it."
            return Remedy(says=says, run=(copy, f"docker restart {container.name}"), verify=verify)
        says = f"Bring {mount.source} back (is its disk mounted?); only if it may be empty, make it anew. Then restart."
        return Remedy(says=says, run=(f"mkdir -p {source}", f"docker restart {container.name}"), verify=verify)
    says = f"Bring {mount.source} back (is its disk mounted?); only if it may be empty, make it anew. Then start it."
    return Remedy(says=says, run=(f"mkdir -p {source}", start(container)), verify=verify)


def anew(stack: Stack, container: Container, mount: Mount, point: MountPoint, *, wants_file: bool) -> Remedy:
    """Away with the empty folder. A container that had it keeps a folder at the place, so it is made again."""
    source = shlex.quote(mount.source)
    verify = (f"ls -ld {source}", mounts_of(container))
    if not wants_file:
        says = (
            f"If {mount.source} is the right path, put there what {container.name} wants, and restart it; if it is a "
            "mistyped one, remove the empty folder and make the container anew with the right path."
        )
        return Remedy(says=says, run=(f"rmdir {source}", *_anew(stack, container)), verify=verify)
    image_has_it = point.beneath is not None and point.beneath.kind == "file"
    says = "Remove the empty folder, put the file there (or correct the path), and make the container anew."
    fetch: tuple[str, ...] = ()
    if image_has_it:
        says = "Remove the empty folder, put the file there (here the image's own, to begin with), and start it."
        fetch = from_image(container, mount.destination, mount.source)
    made = (start(container),) if image_has_it and not container.state.running else _anew(stack, container)
    return Remedy(says=says, run=(f"rmdir {source}", *fetch, *made), compose=_line(container, mount), verify=verify[:1])


def _anew(stack: Stack, container: Container) -> tuple[str, ...]:
    if container.project:
        return (f"docker compose -p {container.project} up -d --force-recreate {container.service}",)
    return tuple(again(stack, container, (), ()))


def _line(container: Container, mount: Mount) -> str | None:
    """Compose's long form, which fails instead of making a folder."""
    if not container.project:
        return None
    return (
        f"services:\n  {container.service}:\n    volumes:\n      - type: bind\n        source: {mount.source}\n"
        f"        target: {mount.destination}\n        bind:\n          create_host_path: false"
    )


def from_image(container: Container, path: str, target: str, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the image has at a path, or these in it, copied to the host: out of a container that is never started."""
    helper = f"{container.name}-image"
    copy = f"docker cp {helper}:{shlex.quote(path)} {shlex.quote(target)}"
    if names:
        listed = " ".join(map(shlex.quote, names))
        inner = f'{helper}:{shlex.quote(path.rstrip("/"))}/"$name" {shlex.quote(target)}/'
        copy = f"for name in {listed}; do docker cp {inner}; done"
    return f"docker create --name {helper} {container.image}", copy, f"docker rm {helper}"


def another_kind(container: Container, mount: Mount, kind: str) -> Remedy:
    """A file for a file, a folder for a folder."""
    source = shlex.quote(mount.source)
    if kind == "directory":
        says = (
            f"If {mount.source} is an empty folder that came about by mistake, remove it and put the file there; if "
            "the file lies in it, write its whole path before the colon."
        )
        return Remedy(
            says=says, run=(f"ls -la {source}", f"rmdir {source}", start(container)), verify=(f"ls -l {source}",)
        )
    inner = posixpath.join(mount.destination, posixpath.basename(mount.source))
    says = f"Mount the file on a file: {mount.source} at {inner}; or a folder of the host at {mount.destination}."
    return Remedy(says=says, run=(f"ls -ld {source}",), verify=(mounts_of(container),))


def fill(stack: Stack, container: Container, mount: Mount, point: MountPoint, missed: str) -> Remedy:
    """What the image has at the place, brought back: by a volume on it, or by a copy into the host's folder."""
    path = posixpath.join(mount.destination, missed)
    if missed in ("node_modules", "vendor", "venv", ".venv") or mount.kind == "volume":
        return _brought_back(stack, container, mount, path)
    says = (
        f"Put what is missing into {mount.source}: here what the image has at {mount.destination} and the folder does "
        "not. Or mount something smaller."
    )
    copied = from_image(container, mount.destination, mount.source, point.hidden or (missed,))
    return Remedy(
        says=says, run=(*copied, f"docker restart {container.name}"), verify=(f"ls -la {shlex.quote(mount.source)}",)
    )


def _brought_back(stack: Stack, container: Container, mount: Mount, path: str) -> Remedy:
    if mount.kind == "volume":
        says = (
            f"An old volume hides what the image has at {mount.destination} since. Copy what is missing out of the "
            "image into it; nothing that lies in it is removed."
        )
        helper = f"{container.name}-image"
        into = shlex.quote(mount.destination)
        run: tuple[str, ...] = (
            f"docker create --name {helper} {container.image}",
            f"docker cp {helper}:{shlex.quote(path)} - | docker cp - {container.name}:{into}",
            f"docker rm {helper}",
            f"docker restart {container.name}",
        )
        return Remedy(says=says, run=run, verify=(mounts_of(container),))
    says = f"Give {path} a volume of its own over the mount: it begins with what the image has there."
    if container.project:
        lines = f"services:\n  {container.service}:\n    volumes:\n      - {path}"
        run = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=(mounts_of(container),))
    made = tuple(again(stack, container, (), (f"--volume {shlex.quote(path)}",)))
    return Remedy(says=says, run=made, verify=(mounts_of(container),))
