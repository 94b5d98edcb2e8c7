"""What engines' APIs answer on every rung: log lines, and who else has such a container."""

from __future__ import annotations

import msgspec

from netdoctor.answers.question import Answer, Question


class AskLogs(Question, frozen=True, kw_only=True):
    """What did the container say last?"""

    container: str


class LogLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, with the time at which the engine received it."""

    at: float
    text: str


class Logs(Answer, frozen=True, kw_only=True):
    """The last lines, oldest first."""

    lines: tuple[LogLine, ...] = ()


class AskOtherEngines(Question, frozen=True, kw_only=True):
    """Does another engine of this user (a context, or a well-known socket) have a container of this name?"""

    name: str


class OtherEngines(Answer, frozen=True, kw_only=True):
    """`found` holds pairs of engine (context name or socket) and container name; `looked` the engines that answered."""

    found: tuple[tuple[str, str], ...] = ()
    looked: tuple[str, ...] = ()


class AskAttached(Question, frozen=True, kw_only=True):
    """Who has an address on the network (its ID)?"""

    network: str


class Attached(Answer, frozen=True, kw_only=True):
    """`found` holds pairs of name and IPv4 address, of the engine's own endpoints and of such as it has lost too.

    `lost` are the names of endpoints that belong to no container any more, and keep their address.
    """

    found: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
