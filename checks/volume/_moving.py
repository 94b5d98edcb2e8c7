"""Data moved to where it lasts, and lost nowhere on the way: copied first, with its server at rest.

The engine hands files out of a container that does not run, whatever image it has: out of its layer, and out of its
volumes. So nothing is needed but `docker cp`, which keeps owners, modes and times between two containers.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Iterator

from netdoctor.api import Container, Mount, Remedy, Stack

from .._remaking import again


def mounts_of(container: Container) -> str:
    """The command that shows what is mounted where."""
    form = "{{range .Mounts}}{{println .Destination .Type .Name .Source}}{{end}}"
    return f"docker inspect --format '{form}' {container.name}"


def fresh_name(stack: Stack, container: Container) -> str:
    """A name for a new volume: the service's or the container's, and `-data`."""
    taken = {v.name for v in stack.volumes}
    base = f"{container.service or container.name}-data"
    prefix = f"{container.project}_" if container.project else ""
    number = 1
    while f"{prefix}{base}{f'-{number}' if number > 1 else ''}" in taken:
        number += 1
    return base if number == 1 else f"{base}-{number}"


def move(
    stack: Stack,
    container: Container,
    folder: str,
    says: str,
    *,
    drop: Iterable[Mount] = (),
    into: Mount | None = None,
    in_layer: bool = False,
) -> Remedy:
    """Copy what lies in `folder` into a new volume, and mount that there instead of what is dropped.

    `into`: the volume or the host's folder that it goes into instead of a new volume: one that is empty.
    """
    dropped = [m.destination for m in (*drop, *((into,) if into else ()))]
    kept = tuple(m for m in container.mounts if m.destination not in (*dropped, folder))
    name = fresh_name(stack, container)
    if container.project:
        return _by_compose(container, folder, says, into, name, dropped)
    place = into.name or into.source if into else name
    mount = Mount(
        kind="bind" if into and into.kind == "bind" else "volume", destination=folder, name=place, source=place
    )
    copy = tuple(_copied(container, folder, in_layer))
    made = tuple(again(stack, container, (), (), mounts=(*kept, mount), between=copy))
    held = f"{container.name}-keep"
    first = (f"docker create --name {held} --volumes-from {container.name} --entrypoint true {container.image}",)
    if container.auto_remove and not in_layer:
        made = (*first, *made, f"docker rm {held}")
    return Remedy(says=says, run=made, verify=(mounts_of(container), f"netdoctor {container.name}"))


def _copied(container: Container, folder: str, in_layer: bool) -> Iterator[str]:
    """What is done between the stop of the old container and the start of the new one."""
    old, into = f"{container.name}-old", posixpath.dirname(folder)
    if not container.auto_remove:
        yield f"docker stop {old}"
        yield copy(old, folder, container.name, into)
    elif in_layer:  # its end is the end of its layer, so it is copied as it stands, as after a power cut
        yield f"docker pause {old}"
        yield copy(old, folder, container.name, into)
        yield f"docker unpause {old} && docker stop {old}"
    else:  # its end would be the end of its volume too, if nobody else held that
        yield f"docker stop {old}"
        yield copy(f"{container.name}-keep", folder, container.name, into)


def copy(source: str, folder: str, target: str, into: str) -> str:
    """A folder out of one container into a folder of another, as a stream: its owners and modes come along."""
    return f"docker cp {source}:{shlex.quote(folder)} - | docker cp - {target}:{shlex.quote(into)}"


def _by_compose(
    container: Container, folder: str, says: str, into: Mount | None, name: str, dropped: list[str]
) -> Remedy:
    project, service = container.project, container.service
    helper = f"{container.name}-copy"
    key = name
    if into is not None and into.kind == "volume":
        key, volume = into.name.removeprefix(f"{project}_"), into.name
    else:
        volume = f"{project}_{name}"
    place = into.source if into is not None and into.kind == "bind" else volume
    labels = f"--label com.docker.compose.project={project} --label com.docker.compose.volume={key}"
    run = (
        f"docker compose -p {project} stop {service}",
        *(() if into is not None else (f"docker volume create {labels} {volume}",)),
        f"docker create --name {helper} --volume {shlex.quote(f'{place}:{folder}')} {container.image}",
        copy(container.name, folder, helper, posixpath.dirname(folder)),
        f"docker rm --volumes {helper}",
        f"docker compose -p {project} up -d {service}",
    )
    instead = "".join(f"      # instead of what is mounted at {d}\n" for d in dropped if d != folder)
    written = place if into is not None and into.kind == "bind" else key
    lines = f"services:\n  {service}:\n    volumes:\n{instead}      - {written}:{folder}"
    if into is None:
        lines += f"\nvolumes:\n  {key}:"
    return Remedy(says=says, run=run, compose=lines, verify=(mounts_of(container), f"netdoctor {container.name}"))
