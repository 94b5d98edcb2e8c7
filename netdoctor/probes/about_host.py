"""Which questions are put to the engine's host, and to no container."""

from __future__ import annotations

from netdoctor.answers import AnyQuestion, AskHost
from netdoctor.model import HOST


def is_about_host(question: AnyQuestion) -> bool:
    """Whether the host itself is asked: where we are the host, that takes no right."""
    return isinstance(question, AskHost) or getattr(question, "container", "") == HOST
