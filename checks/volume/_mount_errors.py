"""Why the engine could not mount something: the texts of `.State.Error` in words, each with what mends it."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from netdoctor.api import Container, Mount, MountPoint, Remedy, Volume


class Trouble(NamedTuple):
    """What happened, to follow "cannot be mounted: "."""

    says: str
    remedy: Remedy


# mount(2) in the words of strerror(3), and what each means for a network file system.
_ERRORS = (
    ("no such device", "the kernel does not know the file system {type}"),
    ("unknown filesystem type", "the kernel does not know the file system {type}"),
    ("connection refused", "{server} refuses the connection"),
    ("connection timed out", "{server} does not answer"),
    ("no route to host", "{server} cannot be reached"),
    ("network is unreachable", "{server} cannot be reached"),
    ("host is down", "{server} is down, or speaks another version of the protocol"),
    ("permission denied", "{server} does not let this host in, or the user and the password are wrong"),
    ("operation not permitted", "{server} does not let this host in, or wants it from a port below 1024"),
    ("protocol not supported", "{server} speaks another version of the protocol"),
    ("no such file or directory", "{device} does not exist"),
    ("not a directory", "{device} is not a folder"),
    ("invalid argument", "the options are not what {type} wants: {options}"),
    ("name or service not known", "the name of the server in {options} is not known"),
    ("no such host", "the name of the server in {options} is not known"),
    ("block device required", "{device} is not a disk"),
    ("read-only file system", "the engine's host cannot write where the volume lies"),
)


def explain(container: Container, mount: Mount, volume: Volume | None) -> Trouble | None:
    """What the engine said of this mount when it could not start the container; None where it said nothing."""
    error = container.state.error
    if not error:
        return None
    if mount.kind == "bind":
        return _propagation(container, mount, error)
    if volume is None or not _is_about(error, mount, volume):
        return None
    if "plugin" in error and ("not found" in error or "not enabled" in error):
        says = f"its driver {volume.driver} is not installed, or not enabled"
        run = ("docker plugin ls --filter enabled=false", f"docker plugin enable {volume.driver}", _start(container))
        return Trouble(
            says, Remedy(says="Enable the plugin, and start the container.", run=run, verify=(_state(container),))
        )
    options = volume.options.get("o", "")
    words = {
        "type": volume.options.get("type") or "that is named",
        "server": _server(volume) or "the server",
        "device": volume.options.get("device") or mount.source,
        "options": options or "none",
    }
    lower = error.lower().removesuffix(": unknown")
    says = next(
        (text.format(**words) for sign, text in _ERRORS if sign in lower.rpartition("/_data")[2] or sign in lower), ""
    )
    return Trouble(says or error.rpartition(": ")[2], _remedy(container, volume, words, lower))


def _is_about(error: str, mount: Mount, volume: Volume) -> bool:
    """`error while mounting volume '/var/lib/docker/volumes/x/_data': failed to mount local volume: ...`

    A folder of the engine's own that somebody deleted is volume.source's business.
    """
    if volume.driver == "local" and not volume.options:
        return False
    named = mount.source and mount.source in error
    return bool(named or f"volumes/{volume.name}/" in error or (volume.driver != "local" and volume.driver in error))


def _server(volume: Volume) -> str:
    found = re.search(r"(?:^|,)addr=([^,]+)", volume.options.get("o", ""))
    if found:
        return found[1]
    device = volume.options.get("device", "")
    share = re.match(r"//([^/]+)/|([^:/]+):/", device)
    return (share[1] or share[2]) if share else ""


def _remedy(container: Container, volume: Volume, words: dict[str, str], error: str) -> Remedy:
    verify = (_state(container),)
    kind, device = volume.options.get("type", ""), words["device"]
    if kind in ("none", "") and device.startswith("/"):
        says = f"Bring {device} back (is its disk mounted?); only if it may be empty, make it anew. Then start it."
        return Remedy(says=says, run=(f"mkdir -p {shlex.quote(device)}", _start(container)), verify=verify)
    if "no such device" in error or "unknown filesystem" in error:
        modules = {"nfs4": "nfs", "smb3": "cifs"}
        package = {"nfs": "nfs-common", "nfs4": "nfs-common", "cifs": "cifs-utils"}.get(kind, "")
        says = f"Have the host's kernel load {kind}" + (
            f" (the package {package} brings what else it needs)." if package else "."
        )
        return Remedy(says=says, run=(f"modprobe {modules.get(kind, kind)}", _start(container)), verify=verify)
    port = {"nfs": 2049, "nfs4": 2049, "cifs": 445, "smb3": 445}.get(kind, 0)
    server = _server(volume)
    look = f"docker volume inspect --format '{{{{json .Options}}}}' {volume.name}"
    reach = (f"nc -zv -w 3 {server} {port}",) if server and port else ()
    says = (
        "Bring the server back, or correct the volume's options: they cannot be changed, so the volume is removed (what"
        " lies on the server stays) and made anew with the right ones. Then start the container."
    )
    return Remedy(says=says, run=(look, *reach, _start(container)), verify=verify)


def _propagation(container: Container, mount: Mount, error: str) -> Trouble | None:
    found = re.search(r"path (\S+) is mounted on (\S+) but it is not a (?:shared|slave|shared or slave)", error)
    if found is None or found[1] != mount.source:
        return None
    says = f"{mount.source} is to hand mounts on (rshared or rslave), and the host's {found[2]} is a private mount"
    remedy = Remedy(
        says=f"Let the host's {found[2]} hand on its mounts, and start the container; or leave out the propagation.",
        run=(f"mount --make-rshared {shlex.quote(found[2])}", _start(container)),
        verify=(_state(container),),
    )
    return Trouble(says, remedy)


def wake(container: Container, mount: Mount, point: MountPoint) -> Remedy:
    """A file system that hangs, or is dead."""
    on = point.on_host or point.mounted
    path = on.path if point.on_host is not None and on is not None else mount.source
    says = (
        "Bring its server (or its process) back: what waits goes on by itself then. If it does not come back, unmount "
        "it on the host, mount it again, and restart the container; this shows who waits for it."
    )
    waiting = "ps -eo pid,stat,wchan:20,comm | awk '$2 ~ /^D/'"
    run = (waiting, f"umount --lazy --force {shlex.quote(path)}", f"docker restart {container.name}")
    return Remedy(says=says, run=run, verify=(f"timeout 2 stat -f {shlex.quote(path)}",))


def _start(container: Container) -> str:
    return f"docker start {container.name}"


def _state(container: Container) -> str:
    return f"docker inspect --format '{{{{.State.Status}}}} {{{{.State.Error}}}}' {container.name}"
