"""What every question and every answer is."""

from __future__ import annotations

import msgspec

HOST = "host"
"""Stands where a container's ID is expected when the host itself is meant."""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A question; two equal questions have one answer."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """An answer, with the rung that gave it."""

    seen_by: str = ""


INTERRUPTED = "netdoctor was interrupted before this was asked"
"""The reason of what Ctrl-C has left unanswered."""


class Unable(Answer, frozen=True, kw_only=True):
    """Nobody could ask."""

    reason: str
    would_help: str = ""
