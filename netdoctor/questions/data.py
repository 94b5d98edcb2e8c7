"""What is asked about data: of containers that are judged as a whole, of their mounts, and of everything's volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netdoctor.answers import (
    AnyQuestion,
    AskChanges,
    AskFolder,
    AskImage,
    AskOpenFiles,
    AskOwners,
    AskProcesses,
    AskVolumeUsage,
    Question,
)
from netdoctor.keeping import keeps, lies_in, meant_for, mounted_at
from netdoctor.model import Container, Host, Mount, Subject
from netdoctor.stack import Stack
from netdoctor.volumes import dangling, forgotten, look_alikes, sharers

MOST_SHARERS = 8
"""Containers of one volume whose processes are asked for."""
MOST_VOLUMES = 200
"""Volumes of nobody whose sizes are asked for."""


def _changes(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if isinstance(subject, Container) and stack.whole(subject):
        yield AskChanges(container=subject.id)


def _open_files(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if isinstance(subject, Container) and stack.whole(subject) and subject.state.running and _may_keep(subject):
        yield AskOpenFiles(container=subject.id)


def _image(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    if isinstance(subject, Container) and stack.whole(subject) and _may_keep(subject):
        yield AskImage(image=subject.image_id or subject.image)


def _folder(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    container = subject if isinstance(subject, Container) and stack.whole(subject) else None
    if isinstance(subject, Mount):
        container = stack.owner(subject)
    kept = keeps(container) if container is not None else None
    if container is None or kept is None:
        return
    if not isinstance(subject, Mount) or lies_in(kept.folder, subject.destination):
        yield AskFolder(container=container.id, path=kept.folder, names=kept.software.holds)
    if not isinstance(subject, Mount) and (beside := meant_for(container, kept)) is not None:
        yield AskFolder(container=container.id, path=beside.destination, names=kept.software.holds)


def _volume_usage(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    names: list[str] = []
    if isinstance(subject, Mount) and (others := look_alikes(stack, subject)):
        names = [subject.name, *(v.name for v in others)]
    elif isinstance(subject, Container) and stack.whole(subject):
        kept = keeps(subject)
        if kept is None:
            return
        beside, mount = meant_for(subject, kept), mounted_at(subject, kept.folder)
        names = [beside.name] if beside is not None and beside.kind == "volume" else []
        if mount is not None and mount.anonymous:
            names += [v.name for v in forgotten(stack)]
    elif isinstance(subject, Host) and stack.scope.everything:
        names = [v.name for v in dangling(stack)[:MOST_VOLUMES]]
    yield from (AskVolumeUsage(volume=name) for name in names)


def _owners(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    """Of a mount that several have: what lies in it, and as whom they work."""
    if not isinstance(subject, Mount) or not stack.owner(subject).state.running:
        return
    others = [c for c in sharers(stack, subject) if c.state.running]
    if others:
        yield AskOwners(container=subject.container, path=subject.destination)
        yield from (AskProcesses(container=c.id) for c in (stack.owner(subject), *others[:MOST_SHARERS]))


def _may_keep(container: Container) -> bool:
    return keeps(container) is not None or any(m.anonymous for m in container.mounts)


ABOUT: Mapping[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {
    AskChanges: _changes,
    AskOpenFiles: _open_files,
    AskImage: _image,
    AskFolder: _folder,
    AskOwners: _owners,
    AskVolumeUsage: _volume_usage,
}
