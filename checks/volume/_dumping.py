"""Data out of memory (a tmpfs), where the engine copies nothing: the container hands it out while it lives."""

from __future__ import annotations

import posixpath
import shlex
from typing import NamedTuple

from netdoctor.api import Container, Mount, Remedy, Stack

from .._remaking import again
from ._moving import fresh_name, mounts_of
from ._whereabouts import Whereabouts


class _Way(NamedTuple):
    """Commands: with the old container alive; with the new one made and not started; with the new one alive."""

    out: tuple[str, ...]
    placed: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()


def out_of_memory(stack: Stack, container: Container, where: Whereabouts, mount: Mount, says: str) -> Remedy:
    """A new container with a volume in the place of the tmpfs, and what the old one holds taken over."""
    volume, folder, project = fresh_name(stack, container), mount.destination, container.project
    way = _way(container, where)
    if project:
        lines = f"services:\n  {container.service}:\n    volumes:\n      - {volume}:{folder}  # and no tmpfs there"
        lines += f"\nvolumes:\n  {volume}:"
        up = f"docker compose -p {project} up {{}} {container.service}"
        run = (*way.out, *((up.format("--no-start"),) if way.placed else ()), *way.placed, up.format("-d"), *way.loaded)
        return Remedy(says=says, run=run, compose=lines, verify=(mounts_of(container),))
    kept = (*(m for m in container.mounts if m is not mount), Mount(kind="volume", destination=folder, name=volume))
    between = (f"docker stop {container.name}-old", *way.placed)
    made = again(stack, container, (), (), mounts=kept, between=between)
    return Remedy(says=says, run=(*way.out, *made, *way.loaded), verify=(mounts_of(container),))


def _way(container: Container, where: Whereabouts) -> _Way:
    name, product = container.name, where.keeps.software.name
    if product == "PostgreSQL":
        user = '-U "${POSTGRES_USER:-postgres}"'
        ready = f"until docker exec {name} pg_isready -q -h 127.0.0.1; do sleep 1; done"
        return _Way(
            out=(_inside(name, f"pg_dumpall {user}", f"> {name}.sql"),),
            loaded=(ready, _inside(name, f"psql -q {user} -d postgres", f"< {name}.sql")),
        )
    if product == "MySQL":
        user = '-uroot -p"${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}"'
        client, dump = "$(command -v mariadb mysql | head -1)", "$(command -v mariadb-dump mysqldump | head -1)"
        ready = _inside(name, f"{client} {user} -e 'SELECT 1'", "> /dev/null")
        return _Way(
            out=(_inside(name, f"{dump} {user} --all-databases", f"> {name}.sql"),),
            loaded=(f"until {ready}; do sleep 1; done", _inside(name, f"{client} {user}", f"< {name}.sql")),
        )
    folder, parent = posixpath.basename(where.folder), posixpath.dirname(where.folder)
    save = (f"docker exec {name} redis-cli SAVE",) if product == "Redis" else ()
    return _Way(
        out=(*save, f"docker exec {name} tar -cf - -C {shlex.quote(parent)} {shlex.quote(folder)} > {name}.tar"),
        placed=(f"docker cp - {name}:{shlex.quote(parent)} < {name}.tar",),
    )


def _inside(name: str, script: str, redirection: str) -> str:
    interactive = "-i " if redirection.startswith("<") else ""
    return f"docker exec {interactive}{name} sh -c {shlex.quote(script)} {redirection}"
