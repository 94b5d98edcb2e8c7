"""Is the data of this container in a place that outlives it?

What is asked
    Where does the server keep its data: by its command line, its environment and its image, by the working directory of
    its process and what lies there. Is a volume or a folder of the host mounted at that place? And what has the
    container written into its own layer, which is removed with it: are there files of databases among it?
    The main process must be the server itself: an image of a database that runs psql or a dump keeps nothing.

Healthy
    The data folder lies in a named volume or in a folder of the host. Logs, caches, temporary files, sockets and pid
    files in the layer are no data. A Redis without snapshots keeps nothing, and a server that was made for a test (by
    Testcontainers, with fsync=off) is to be thrown away.

Sick
    in-the-container: the data is in the container's own layer. It survives a restart, and is lost when the container
    is made anew: by an update, by `docker compose up` after a change, by `docker rm`. A warning where files are seen
    that look like somebody's data and may be none.
    wrong-path: a volume is mounted, but beside the data folder: one level off, at the folder of another version
    (PostgreSQL 18 moved its), or at a path that only looks right. The data is elsewhere.
    anonymous: the data is in a volume that has no name. It survives, but a new container does not find it again,
    and `docker compose down -v`, `docker rm -v` and `docker volume prune` take it.
    removed-with-container: the same in a container of `docker run --rm`: the volume goes with it.
    in-memory: a tmpfs lies at the data folder: the data is lost with every stop. A warning where the container is not
    meant to come back by itself; tests like it that way.

Remedy
    A new container with a named volume at the data folder, the data copied into it before the server starts. The old
    container stays until you remove it.

By hand
    docker inspect --format '{{range .Mounts}}{{println .Destination .Type .Name}}{{end}}' postgres
    docker inspect --format '{{.Config.Volumes}} {{.Config.Env}}' postgres
    docker diff postgres
    docker ps --size

See also
    volume.identity, volume.version, volume.shared, volume.orphans
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdoctor.api import (
    AskChanges,
    AskFolder,
    AskImage,
    AskLogs,
    AskOpenFiles,
    AskVolumeUsage,
    Changes,
    Container,
    Finding,
    Folder,
    Mount,
    Reason,
    Remedy,
    Stack,
    Unable,
    VolumeUsage,
    check,
    explaining_nothing,
    fail,
    forgotten,
    keeps,
    meant_for,
    noted,
    passed,
    unknown,
    warn,
)

from ._dumping import out_of_memory
from ._layer import written
from ._moving import move
from ._pinning import pin
from ._unnamed import unnamed
from ._whereabouts import Whereabouts, in_layer, serves, thrown_away, whereabouts
from ._words import dated, place, size

_IN_MEMORY = ("/dev/shm/", "/run/")  # noqa: S108  of the host: nothing is written there


@check(
    id="volume.persistent",
    title="{name} keeps its data in a volume",
    reasons=(
        Reason("in-the-container", "the data is in the container's own layer"),
        Reason("wrong-path", "a volume is mounted, but beside the data folder"),
        Reason("anonymous", "the data is in an anonymous volume"),
        Reason("removed-with-container", "the data is in an anonymous volume of a container with --rm"),
        Reason("in-memory", "the data is in memory (tmpfs)"),
    ),
    needs=(AskChanges, AskOpenFiles, AskFolder, AskImage, AskVolumeUsage, AskLogs),
)
def persistent(stack: Stack, container: Container) -> Iterator[Finding]:
    if not stack.whole(container):
        return  # only an end of a link: whether its data lasts is another question
    name = stack.title(container)
    if sign := thrown_away(container):
        yield passed(f"nothing of {name} is meant to last: {sign}")
        return
    kept = keeps(container)
    if kept is not None:
        server = serves(stack, container, kept)
        if isinstance(server, Unable):
            yield unknown(server)
            return
        if server:
            yield _server(stack, container, whereabouts(stack, container, kept))
            return
    yield from unnamed(stack, container, kept) or (written(stack, container),)


def _server(stack: Stack, container: Container, where: Whereabouts) -> Finding:
    name, mount = stack.title(container), where.mount
    product = where.keeps.software.name
    refused = _unused(stack, container)
    if not where.sure and not refused:
        changes = written(stack, container)
        if changes.reason is not None:
            return changes
        if where.at_work and where.filled is False:
            return passed(f"{name} has saved nothing in {where.folder} so far", **_seen(where))
        # What lies in memory is not seen from without, so there the configuration alone must be plain.
        if mount is None or mount.anonymous or (_is_memory(stack, mount) and not where.keeps.sure):
            says = f"where {name} keeps its data could not be seen: {product} keeps it in {where.folder} as a rule"
            return unknown(f"{says}, and nothing lies there; run netdoctor as root on the engine's host")
    if mount is None or mount.anonymous:
        beside = meant_for(container, where.keeps)
        if beside is not None:
            return _beside(stack, container, where, beside, refused)
        return _in_layer(stack, container, where) if mount is None else _anonymous(stack, container, where, mount)
    if _is_memory(stack, mount):
        return _memory(stack, container, where, mount)
    says = f"{name} keeps its data ({where.folder}) in {place(stack, mount)}"
    return noted(says, seen_by=where.seen_by, folder=where.folder, known_from=where.told)


def _in_layer(stack: Stack, container: Container, where: Whereabouts) -> Finding:
    name = stack.title(container)
    files = in_layer(stack, container, where.folder)
    changes = stack.told(AskChanges(container=container.id), Changes)
    much = f" ({size(changes.size)} in its layer)" if not isinstance(changes, Unable) and changes.size else ""
    says = f"{name} keeps its data in the container itself, in {where.folder}{much}: it is lost when that is made anew"
    # Not even started yet, or provisioned anew at each start perhaps: then it may be no loss.
    grave = bool(container.state.started) and not where.keeps.software.restored
    remedy = move(stack, container, where.point, _moved(container, where), in_layer=True)
    return _lost(grave, "in-the-container", says, remedy, files=list(files), **_seen(where))


def _anonymous(stack: Stack, container: Container, where: Whereabouts, mount: Mount) -> Finding:
    name, volume = stack.title(container), place(stack, mount)
    remedy = move(stack, container, where.point, _moved(container, where), drop=(mount,))
    if container.auto_remove:
        says = f"{name} keeps its data in {volume}, and removes that with itself when it stops (--rm)"
        return _lost(True, "removed-with-container", says, remedy, **_seen(where))
    says = f"{name} keeps its data in {volume}: a new container does not find it again, and a prune takes it"
    earlier = _earlier(stack, where)
    says += "; what an earlier container left is still there" if earlier else ""
    return _lost(False, "anonymous", says, remedy, left_by_others=earlier, **_seen(where))


def _earlier(stack: Stack, where: Whereabouts) -> list[str]:
    """Volumes of containers that are gone, with data of the same kind: that may be what somebody misses."""
    found = ((v, stack.told(AskVolumeUsage(volume=v.name), VolumeUsage)) for v in forgotten(stack))
    return [
        f"{v.name} ({size(usage.size)}, {dated(stack, v)})"
        for v, usage in found
        if isinstance(usage, VolumeUsage)
        and usage.size
        and not set(usage.entries).isdisjoint(where.keeps.software.holds)
    ]


def _beside(stack: Stack, container: Container, where: Whereabouts, beside: Mount, refused: str) -> Finding:
    name, mount, product = stack.title(container), where.mount, where.keeps.software
    really = "the container's own layer" if mount is None else place(stack, mount)
    says = f"{place(stack, beside)} is mounted at {beside.destination}, and {name} keeps its data in {where.folder}: "
    says += "it refuses to start so" if refused else f"that is in {really}, and lost with the next container"
    usage = stack.told(AskVolumeUsage(volume=beside.name), VolumeUsage) if beside.kind == "volume" else None
    empty = isinstance(usage, VolumeUsage) and not usage.size
    lies = stack.told(AskFolder(container=container.id, path=beside.destination, names=product.holds), Folder)
    older = "" if isinstance(lies, Unable) else lies.texts.get("PG_VERSION", "")
    seen = {"mounted_at": beside.destination, "holds": f"{product.name} {older}" if older else "", "said": refused}
    if older and (refused or not where.filled):
        # Nothing of the new version yet: what lies there is the data, and only the old version reads it.
        says += f"; the data in it is of {product.name} {older}"
        check = (f"docker logs --tail 20 {container.name}", f"netdoctor {container.name}")
        remedy = pin(stack, container, older, product.name, check)
    else:
        note = f"{place(stack, beside)} is empty" if empty else f"{place(stack, beside)} stays as it is"
        remedy = move(
            stack,
            container,
            where.point,
            _moved(container, where, note),
            drop=(*((mount,) if mount else ()), *(() if empty else (beside,))),
            into=beside if empty else None,
            in_layer=mount is None,
        )
    return _lost(bool(container.state.started), "wrong-path", says, remedy, bool(refused), **seen, **_seen(where))


def _unused(stack: Stack, container: Container) -> str:
    """The line by which the image of PostgreSQL 18 says that it will not start beside a volume at the old place."""
    logs = stack.logs(container)
    lines = () if isinstance(logs, Unable) else logs.lines
    return next((line.text.strip() for line in reversed(lines) if "(unused mount/volume)" in line.text), "")


def _memory(stack: Stack, container: Container, where: Whereabouts, mount: Mount) -> Finding:
    name = stack.title(container)
    says = f"{name} keeps its data in memory: {place(stack, mount)} lies at {mount.destination}, and ends with it"
    if container.auto_remove:
        return passed(f"{says}; it removes itself as well (--rm), so nothing in it is meant to last", **_seen(where))
    stays = container.restart_policy not in ("", "no")
    remedy = None
    if mount.kind == "tmpfs" and container.state.running:
        remedy = out_of_memory(stack, container, where, mount, _moved(container, where))
    return _lost(stays, "in-memory", says, remedy, **_seen(where))


def _lost(grave: bool, reason: str, says: str, remedy: Remedy | None, stops: bool = False, **evidence: Any) -> Finding:
    """`grave`: there is data to lose, and nobody wants that. `stops`: the container does not run because of it."""
    if not grave:
        return warn(reason, says, remedy=remedy, **evidence)
    found = fail(reason, says, remedy=remedy, **evidence)
    return found if stops else explaining_nothing(found)


def _is_memory(stack: Stack, mount: Mount) -> bool:
    """A tmpfs, a volume that is one, or a folder of the host's that is one on every Linux."""
    volume = stack.volume(mount.name) if mount.name else None
    of_volume = volume is not None and volume.options.get("type") == "tmpfs"
    return mount.kind == "tmpfs" or of_volume or mount.source.startswith(_IN_MEMORY)


def _moved(container: Container, where: Whereabouts, note: str = "") -> str:
    says = f"Give it a volume at {where.point}, and bring the data there before it starts"
    if note:
        says += f" ({note})"
    old = "the old one is replaced" if container.project else f"the old one stays as {container.name}-old"
    return says if container.auto_remove else f"{says}; {old}"


def _seen(where: Whereabouts) -> dict[str, Any]:
    return {"data_folder": where.folder, "known_from": where.told, "seen_by": where.seen_by}
