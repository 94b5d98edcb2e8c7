"""Why a question could not be asked: the exceptions by which a rung hands it on to the next one."""

from __future__ import annotations


class CannotAsk(Exception):
    """This rung cannot put the question. `reason` is a clause for a sentence; `would_help` what would allow it."""

    def __init__(self, reason: str, would_help: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.would_help = would_help


class Vanished(CannotAsk):
    """The container is not there any more, or does not run: no rung can ask it anything."""
