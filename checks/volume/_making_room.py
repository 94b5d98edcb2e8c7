"""Remedies for a file system without room."""

from __future__ import annotations

import shlex

from netdoctor.api import Container, Mount, MountPoint, Remedy, Stack

from .._remaking import again


def make_room(
    stack: Stack, container: Container, point: MountPoint, mount: Mount | None, *, in_memory: bool, where: str
) -> Remedy:
    """A larger tmpfs; or what fills the disk, so that somebody can choose what may go."""
    path = shlex.quote(point.path)
    verify = (f"docker exec {container.name} df {path}",)
    if point.path == "/dev/shm":  # noqa: S108  of the container
        return _larger_shm(stack, container, verify)
    if in_memory:
        return _larger_tmpfs(stack, container, point, mount, verify)
    if mount is None:
        says = (
            "See what the engine's disk is full of. docker builder prune and docker image prune remove what no "
            "container uses; logs stay small with max-size (--log-opt, or logging: in the Compose file)."
        )
        logs = shlex.quote(f"{stack.engine.folder}/containers")
        run: tuple[str, ...] = ("docker system df", f"find {logs} -name '*-json.log*' -size +100M -exec ls -lh {{}} +")
        return Remedy(says=says, run=run, verify=verify)
    says = f"See what fills {where}, and remove what nobody needs, or make it larger."
    if container.state.running:
        look = f"docker exec {container.name} du -xsh {path}"
    else:
        look = f"du -xsh {shlex.quote(mount.source)}"
    return Remedy(says=says, run=(look,), verify=verify if container.state.running else (look,))


def _larger_shm(stack: Stack, container: Container, verify: tuple[str, ...]) -> Remedy:
    says = "Give it more shared memory: it takes only as much of it as it uses."
    if container.project:
        lines = f"services:\n  {container.service}:\n    shm_size: 512m"
        run = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=verify)
    return Remedy(says=says, run=tuple(again(stack, container, (), ("--shm-size 512m",))), verify=verify)


def _larger_tmpfs(
    stack: Stack, container: Container, point: MountPoint, mount: Mount | None, verify: tuple[str, ...]
) -> Remedy:
    room = point.space
    wanted = f"{max(2 * room.size >> 20, 1) if room is not None else 64}m"
    path = shlex.quote(point.path)
    if mount is None or mount.kind != "tmpfs":
        says = f"Make the tmpfs that is mounted at {point.path} larger, or remove what nobody needs there."
        host = point.on_host.path if point.on_host is not None and mount is not None else ""
        run: tuple[str, ...] = (f"mount -o remount,size={wanted} {shlex.quote(host)}",) if host else ()
        return Remedy(says=says, run=run or (f"docker exec {container.name} du -xsh {path}",), verify=verify)
    says = "Make it larger: what lies in it is lost with that, as with every stop."
    if container.project:
        lines = f"services:\n  {container.service}:\n    tmpfs:\n      - {point.path}:size={wanted}"
        run = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=verify)
    kept = tuple(m for m in container.mounts if m != mount)
    options = (f"--tmpfs {shlex.quote(f'{point.path}:size={wanted}')}",)
    return Remedy(says=says, run=tuple(again(stack, container, (), options, mounts=kept)), verify=verify)
