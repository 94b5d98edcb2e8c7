"""What is asked of the engine's host, whatever the subject: there is one host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netdoctor.answers import AnyQuestion, AskHost, Question
from netdoctor.model import Subject
from netdoctor.stack import Stack


def _facts(_stack: Stack, _subject: Subject) -> Iterator[AnyQuestion]:
    yield AskHost()


ABOUT: Mapping[type[Question], Callable[[Stack, Subject], Iterator[AnyQuestion]]] = {AskHost: _facts}
