"""What is asked of the containers behind a subject about their mounts and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netdoctor.answers import AnyQuestion, AskMounts, AskPath, AskProcesses, Question
from netdoctor.data_folders import rivals
from netdoctor.keeping import lies_in
from netdoctor.model import Container, Mount, Subject, Volume
from netdoctor.stack import Stack

MOST_USERS = 8
"""Containers that are asked for one volume."""
MOST_PATHS = 4
"""Files of a command line that are looked for."""


def _mounts(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        yield AskMounts(container=container.id)


def _processes(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        if container.state.running:
            yield AskProcesses(container=container.id)


def _command_files(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    """The files that a container's command line names in a mount."""
    if isinstance(subject, Mount) and subject.kind in ("bind", "volume"):
        container = stack.owner(subject)
        named = [w for w in container.command if w != subject.destination and lies_in(w, subject.destination)]
        for path in named[:MOST_PATHS]:
            yield AskPath(container=container.id, path=path)


def _containers(stack: Stack, subject: Subject) -> tuple[Container, ...]:
    """Running or not: that is when people look. One that runs, and is only an end of a link, is not asked."""
    if isinstance(subject, Container):
        judged = stack.whole(subject) or not subject.state.running or stack.loops(subject)
        return (subject,) if judged else ()
    if isinstance(subject, Mount):
        # Which of the others lies on the same folder, by another path perhaps, tells only what is mounted in them.
        return (stack.owner(subject), *[c for c in rivals(stack, subject) if c.state.running][:MOST_USERS])
    if isinstance(subject, Volume):
        return stack.users(subject)[:MOST_USERS]
    return ()


ABOUT: Mapping[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {
    AskMounts: _mounts,
    AskProcesses: _processes,
    AskPath: _command_files,
}
