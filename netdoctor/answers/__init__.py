"""Questions that a probe is asked, and the answers that it brings home.

Both are frozen values and go into captures. A question is a plain key: what is asked, of which container. An error or
a timeout of what was asked about is an answer; `Unable` says that nobody could ask, and what would allow it.
Every answer says which rung gave it (`seen_by`): netns, exec, helper or engine.
"""

from __future__ import annotations

import msgspec

from netdoctor.answers.engine import AskLogs, AskOtherEngines, LogLine, Logs, OtherEngines
from netdoctor.answers.firewall import Rule, Trace, Unread
from netdoctor.answers.host import AskHost, Fill, HostFacts, HostInterface, HostRoute, RoutingRule
from netdoctor.answers.network import (
    AskConnection,
    AskLookup,
    AskNamespace,
    AskSockets,
    Attempt,
    Connection,
    Interface,
    Listener,
    Lookup,
    Namespace,
    Outcome,
    Peer,
    Process,
    Route,
    Sockets,
)
from netdoctor.answers.question import Answer, Question, Unable

__all__ = [
    "Answer",
    "AnyAnswer",
    "AnyQuestion",
    "AskConnection",
    "AskHost",
    "AskLogs",
    "AskLookup",
    "AskNamespace",
    "AskOtherEngines",
    "AskSockets",
    "Asked",
    "Attempt",
    "Connection",
    "Fill",
    "HostFacts",
    "HostInterface",
    "HostRoute",
    "Interface",
    "Listener",
    "LogLine",
    "Logs",
    "Lookup",
    "Namespace",
    "OtherEngines",
    "Outcome",
    "Peer",
    "Process",
    "Question",
    "Route",
    "RoutingRule",
    "Rule",
    "Sockets",
    "Trace",
    "Unable",
    "Unread",
]

AnyQuestion = AskSockets | AskLookup | AskConnection | AskNamespace | AskLogs | AskOtherEngines | AskHost
AnyAnswer = Sockets | Lookup | Connection | Namespace | Logs | OtherEngines | HostFacts | Unable


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer and what it cost."""

    question: AnyQuestion
    answer: AnyAnswer
    ms: float = 0.0
