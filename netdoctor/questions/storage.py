"""What is asked of the containers behind a subject about their mounts and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netdoctor.answers import AnyQuestion, AskMounts, AskProcesses, Question
from netdoctor.model import Container, Mount, Subject, Volume
from netdoctor.stack import Stack

MOST_USERS = 8
"""Containers that are asked for one volume."""


def _mounts(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        yield AskMounts(container=container.id)


def _processes(stack: Stack, subject: Subject) -> Iterator[AnyQuestion]:
    for container in _containers(stack, subject):
        if container.state.running:
            yield AskProcesses(container=container.id)


def _containers(stack: Stack, subject: Subject) -> tuple[Container, ...]:
    """Running or not: that is when people look."""
    if isinstance(subject, Container):
        return (subject,)
    if isinstance(subject, Mount):
        return (stack.owner(subject),)
    if isinstance(subject, Volume):
        return stack.users(subject)[:MOST_USERS]
    return ()


ABOUT: Mapping[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {
    AskMounts: _mounts,
    AskProcesses: _processes,
}
