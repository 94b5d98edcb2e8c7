"""Remedies for what may not be written to, or not be run."""

from __future__ import annotations

import posixpath
import shlex

import msgspec

from netdoctor.api import Container, Mount, MountPoint, Remedy, Stack, Unable, keeps

from .._remaking import again
from ._access import Access
from ._moving import mounts_of

_SCRATCH = ("/tmp", "/run", "/var/run", "/var/cache", "/var/log", "/var/tmp")  # noqa: S108  of a container


def own(stack: Stack, container: Container, mount: Mount, allowed: Access) -> Remedy:
    """The folder for the user of the process: on the host itself, or by a container where the host is elsewhere."""
    if allowed.place is not None and allowed.place.kind == "socket":
        return _join_group(stack, container, allowed.place.group)
    verify = (_listing(container, mount),)
    again_up = f"docker restart {container.name}"
    if allowed.remote:
        says = (
            f"Its server decides ({allowed.remote}): have it export the folder to this user, or with no_root_squash if "
            "the entry point changes owners as root; or run the container as the user that the server lets in."
        )
        return Remedy(says=says, run=(_listing(container, mount), _who(container)), verify=verify)
    if allowed.user < 0:
        return _own_by_name(stack, container, mount)
    says = f"Give what lies there to the user of the process, {allowed.user}, once; or run the container as the owner."
    owner = _outside(stack, container, allowed)
    if stack.engine.local and mount.source:
        return Remedy(says=says, run=(f"chown -R {owner} {shlex.quote(mount.source)}", again_up), verify=verify)
    run = _by_container(container, mount, f"{allowed.user}:{allowed.group}")
    return Remedy(says=says, run=(run, again_up), verify=verify)


def _own_by_name(stack: Stack, container: Container, mount: Mount) -> Remedy:
    """Nobody saw the process: the image knows the number of its user, if it has one."""
    says = "Give what lies there to the user as whom the server works, once."
    verify = (_listing(container, mount),)
    user = container.user.partition(":")[0]
    if user in ("", "root", "0") and (kept := keeps(container)) is not None:
        user = kept.software.user  # whom its entry point becomes
    if user and not user.isdigit() and stack.engine.local and mount.source:
        number = f"$(docker run --rm --network none --entrypoint id {container.image} -u {user})"
        run = (f'chown -R "{number}" {shlex.quote(mount.source)}', f"docker restart {container.name}")
        return Remedy(says=says, run=run, verify=verify)
    return Remedy(says=says, run=(_who(container), _listing(container, mount)), verify=verify)


def _by_container(container: Container, mount: Mount, owner: str) -> str:
    wanted = f"--user 0 --network none --entrypoint chown --volumes-from {container.name}"
    return f"docker run --rm {wanted} {container.image} -R {owner} {shlex.quote(mount.destination)}"


def _outside(stack: Stack, container: Container, allowed: Access) -> str:
    """The user and group as the host numbers them."""
    told = stack.processes(container)
    users, groups = ((), ()) if isinstance(told, Unable) else (told.user_map, told.group_map)
    return f"{_on_host(allowed.user, users)}:{_on_host(allowed.group, groups)}"


def _on_host(number: int, known: tuple[tuple[int, int, int], ...]) -> int:
    for inner, outer, length in known:
        if inner <= number < inner + length:
            return outer + number - inner
    return number


def _join_group(stack: Stack, container: Container, group: int) -> Remedy:
    says = f"Let it be in the group of the socket, {group}."
    if container.project:
        lines = f'services:\n  {container.service}:\n    group_add:\n      - "{group}"'
        run: tuple[str, ...] = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=(_who(container),))
    return Remedy(
        says=says, run=tuple(again(stack, container, (), (f"--group-add {group}",))), verify=(_who(container),)
    )


def _listing(container: Container, mount: Mount) -> str:
    if container.state.running:
        return f"docker exec {container.name} ls -ldn {shlex.quote(mount.destination)}"
    return f"ls -ldn {shlex.quote(mount.source)}" if mount.source else mounts_of(container)


def _who(container: Container) -> str:
    if container.state.running:
        return f"docker top {container.name} -eo pid,euid,egid,supgid,comm"
    return f"docker inspect --format '{{{{json .Config.User}}}}' {container.name}"


# -- read-only ------------------------------------------------------------------------------------------------------


def make_writable(stack: Stack, container: Container, mount: Mount, point: MountPoint) -> Remedy:
    """Without `:ro`; or the host's file system again, where that is read-only itself."""
    verify = (mounts_of(container),)
    host = point.on_host
    if mount.writable:
        says = "See in the kernel's log why it is read-only, check the disk, and mount it for writing again."
        run: tuple[str, ...]
        again_rw = f"mount -o remount,rw {shlex.quote(host.path)}" if host is not None else "findmnt --verify"
        return Remedy(
            says=says, run=("dmesg | tail -n 50", again_rw, f"docker restart {container.name}"), verify=verify
        )
    says = "Mount it without :ro; what lies in it stays."
    if container.project:
        written = mount.name.removeprefix(f"{container.project}_") if mount.name else mount.source
        lines = f"services:\n  {container.service}:\n    volumes:\n      - {written}:{mount.destination}  # without :ro"
        run = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=verify)
    mounts = tuple(msgspec.structs.replace(m, writable=True) if m == mount else m for m in container.mounts)
    return Remedy(says=says, run=tuple(again(stack, container, (), (), mounts=mounts)), verify=verify)


def own_root(stack: Stack, container: Container, path: str) -> Remedy:
    """Memory for what need not last; else a volume, which begins with what the image has there."""
    scratch = next((s for s in _SCRATCH if path == s or path.startswith(f"{s}/")), "")
    folder = scratch or posixpath.dirname(path)
    says = f"Give it {folder} to write to: {'memory' if scratch else 'a volume'}; the rest stays read-only."
    verify = (f"docker exec {container.name} ls -ld {shlex.quote(folder)}",)
    if container.project:
        kind = "tmpfs" if scratch else "volumes"
        lines = f"services:\n  {container.service}:\n    {kind}:\n      - {folder}"
        run: tuple[str, ...] = (f"docker compose -p {container.project} up -d {container.service}",)
        return Remedy(says=says, run=run, compose=lines, verify=verify)
    option = f"--{'tmpfs' if scratch else 'volume'} {shlex.quote(folder)}"
    return Remedy(says=says, run=tuple(again(stack, container, (), (option,))), verify=verify)


# -- labels, execution ----------------------------------------------------------------------------------------------


def relabel(stack: Stack, container: Container, mount: Mount, module: str) -> Remedy:
    """A label that SELinux lets containers use; of any other module only its log can tell."""
    if "selinux" in stack.engine.security and not module:
        says = "Give the folder the label of containers (what :z after the path in -v or in the Compose file does)."
        lines = None
        if container.project:
            lines = f"services:\n  {container.service}:\n    volumes:\n      - {mount.source}:{mount.destination}:z"
        run = (f"chcon -R -t container_file_t {shlex.quote(mount.source)}", f"docker restart {container.name}")
        return Remedy(says=says, run=run, compose=lines, verify=(f"ls -ldZ {shlex.quote(mount.source)}",))
    says = (
        "Read in the kernel's log what denied it, and allow it there: the profile of AppArmor, or the program's own "
        "restriction (Landlock) if it puts itself under one."
    )
    shown = f"docker inspect --format '{{{{.AppArmorProfile}}}} {{{{.HostConfig.SecurityOpt}}}}' {container.name}"
    return Remedy(says=says, run=("dmesg | grep -iE 'denied|apparmor|avc' | tail -n 20", shown), verify=(shown,))


def run_elsewhere(container: Container, mount: Mount, point: MountPoint, path: str) -> Remedy:
    """The host's file system with execution, or the program on another one."""
    verify = (f"docker inspect --format '{{{{.State.Status}}}} {{{{.State.Error}}}}' {container.name}",)
    if point.on_host is None or mount.kind == "tmpfs":
        says = f"Keep {path} in the image or in a volume: this file system is mounted without execution."
        return Remedy(says=says, run=(mounts_of(container),), verify=verify)
    says = (
        f"Keep the program on another file system; or, where that was not meant, allow execution on "
        f"{point.on_host.path} (and in /etc/fstab), and start the container again. A script also runs as `sh SCRIPT`."
    )
    run = (f"mount -o remount,exec {shlex.quote(point.on_host.path)}", f"docker restart {container.name}")
    return Remedy(says=says, run=run, verify=verify)
