"""Questions about data, on two rungs: by root on the engine's host, who reads folders, and by the engine's API."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from netdoctor.answers import (
    AskChanges,
    AskFolder,
    AskImage,
    AskOpenFiles,
    AskOwners,
    AskVolumeUsage,
    DataAnswer,
    DataQuestion,
    Folder,
    Owners,
    VolumeUsage,
)
from netdoctor.keeping import mounted_at
from netdoctor.model import Container, Volume
from netdoctor.probes import archives, images, layers, volume_sizes
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.files_inside import look_into
from netdoctor.probes.inside import Entrances
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.once import Once
from netdoctor.probes.open_files import open_files
from netdoctor.probes.owners import owners
from netdoctor.stack import Stack

# File systems of a server that may be dead: whoever looks at one waits, and cannot be woken.
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "afs", "lustre", "virtiofs"}


def on_the_host(stack: Stack, api: EngineAPI, entrances: Entrances, question: DataQuestion, clock: Clock) -> DataAnswer:
    """By root, from the folders of this machine. Raises CannotAsk."""
    if isinstance(question, AskVolumeUsage):
        return volume_sizes.counted(_volume(stack, question.volume), clock)
    if isinstance(question, AskImage):
        raise CannotAsk("what an image is made for stands in no folder")
    container = _container(stack, question.container)
    if isinstance(question, AskChanges):
        if not container.state.running:
            return layers.in_folder(container, api, 0, clock)
        with entrances.inside(container.id) as inside:
            return layers.in_folder(container, api, inside.pid, clock)
    if isinstance(question, AskOpenFiles):
        with entrances.inside(container.id) as inside:
            return open_files(inside.pid)
    if isinstance(question, AskOwners):
        return _owners(entrances, question, container, clock)
    return _folder(stack, entrances, question, container)


def by_the_engine(
    stack: Stack,
    api: EngineAPI,
    once: Once,
    harm: Callable[[Container, Clock], str],
    question: DataQuestion,
    clock: Clock,
) -> DataAnswer:
    """By the engine's API alone. `harm` tells why it may not be asked for a container's files. Raises CannotAsk."""
    if isinstance(question, AskVolumeUsage):
        sizes: dict[str, VolumeUsage] = once.get("volumes", lambda: volume_sizes.told(api), clock)
        if question.volume not in sizes:
            raise CannotAsk(f"the engine does not tell how much the volume {question.volume} holds")
        return sizes[question.volume]
    if isinstance(question, AskImage):
        return images.image(api, question)
    container = _container(stack, question.container)
    if isinstance(question, AskChanges):
        return layers.by_api(container, api)
    if isinstance(question, AskOpenFiles):
        raise CannotAsk("the engine's API does not tell which files are open", AS_ROOT)
    if isinstance(question, AskOwners):
        raise CannotAsk("the engine's API does not tell to whom files belong", AS_ROOT)
    if harms := harm(container, clock):
        raise CannotAsk(harms, AS_ROOT)
    return archives.folder(api, container, question)


def _container(stack: Stack, container_id: str) -> Container:
    container = stack.container(container_id)
    if container is None:
        raise Vanished(f"the stack has no container {container_id[:12]}")
    return container


def _volume(stack: Stack, name: str) -> Volume:
    volume = stack.volume(name)
    if volume is None:
        raise CannotAsk(f"the engine has no volume {name}")
    return volume


def _folder(stack: Stack, entrances: Entrances, question: AskFolder, container: Container) -> Folder:
    """As the processes see it; of a container that does not run, in the folder that is mounted there."""
    if container.state.running:
        with entrances.inside(container.id) as inside:
            root, path = f"/proc/{inside.pid}/root", question.path
            _must_answer(inside.pid, path, container)
            return _looked(root, path, question, container)
    mount = mounted_at(container, question.path)
    if mount is None or not mount.source or mount.kind not in ("volume", "bind"):
        raise CannotAsk(f"{container.name} does not run, and {question.path} lies in no folder of the host's")
    volume = stack.volume(mount.name) if mount.name else None
    if volume is not None and (volume.driver != "local" or volume.options):
        raise CannotAsk(f"the volume {volume.name} is not a folder of the engine's own")
    path = question.path.removeprefix(mount.destination)
    return _looked(mount.source, f"{mount.subpath}/{path}", question, container)


def _owners(entrances: Entrances, question: AskOwners, container: Container, clock: Clock) -> Owners:
    with entrances.inside(container.id) as inside:
        _must_answer(inside.pid, question.path, container)
        try:
            return owners(inside.pid, question.path, clock)
        except OSError as error:
            reason = f"{question.path} of {container.name} cannot be looked into ({error.strerror or error})"
            raise CannotAsk(reason) from None


def _must_answer(pid: int, path: str, container: Container) -> None:
    """Raises CannotAsk for a file system that may keep whoever looks at it waiting for ever."""
    kind = _file_system(pid, path)
    if kind in _REMOTE or kind.startswith("fuse."):
        raise CannotAsk(f"{path} of {container.name} lies on {kind}, which may not answer")


def _looked(root: str, path: str, question: AskFolder, container: Container) -> Folder:
    try:
        short = {name: archives.SHORT if archives.tells(name) else 0 for name in question.names}
        found = look_into(root, path, short)
    except OSError as error:
        reason = f"{question.path} of {container.name} cannot be looked into ({error.strerror or error})"
        raise CannotAsk(reason) from None
    return Folder(
        exists=found is not None,
        there={name: written for name, (written, _) in (found or {}).items()},
        texts={name: text for name, (_, text) in (found or {}).items() if text},
    )


def _file_system(pid: int, path: str) -> str:
    """The type of the file system that a path of the process lies in, proc(5) /proc/PID/mountinfo."""
    found, longest = "", -1
    try:
        lines = Path(f"/proc/{pid}/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4]
        inside = path == point or path.startswith(point.rstrip(os.sep) + os.sep)
        if inside and len(point) >= longest:
            found, longest = after.split()[0], len(point)
    return found
