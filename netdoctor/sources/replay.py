"""A capture as a source: the stack and the answers that were taken elsewhere. No engine is touched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from netdoctor.answers import AnyQuestion, Asked
from netdoctor.request import Request
from netdoctor.sources.capture import load
from netdoctor.stack import Stack


class CaptureSource:
    """Answers out of a file; a question that it does not hold stays unanswered. Raises BadCapture when it is made."""

    def __init__(self, path: Path) -> None:
        self._capture = load(path)
        asked = self._capture.asked
        self.request = Request(source=asked.get("source"), target=asked.get("target"), project=asked.get("project"))
        """What was asked for when the capture was taken."""

    interrupted = False
    """Nothing is asked here, so nothing can be."""

    @property
    def captured(self) -> float | None:
        return self._capture.taken_at

    def read(self) -> Stack:
        return self._capture.stack

    def foresee(self, stack: Stack, questions: Iterable[AnyQuestion]) -> None:
        """Nothing: nobody is there to be asked."""

    def ask(self, stack: Stack, questions: Iterable[AnyQuestion]) -> tuple[Asked, ...]:  # noqa: ARG002
        """None: a capture holds its answers from the start, and nobody is there to be asked for more."""
        return ()
