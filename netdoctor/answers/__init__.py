"""Questions that a probe is asked, and the answers that it brings home.

Both are frozen values and go into captures. A question is a plain key: what is asked, of which container. An error or
a timeout of what was asked about is an answer; `Unable` says that nobody could ask, and what would allow it.
Every answer says which rung gave it (`seen_by`): netns, exec, helper or engine.
"""

from __future__ import annotations

import msgspec

from netdoctor.answers.data import (
    AskChanges,
    AskFolder,
    AskImage,
    AskOpenFiles,
    AskOwners,
    AskVolumeUsage,
    AtWork,
    Changes,
    DataAnswer,
    DataQuestion,
    Folder,
    Grown,
    Image,
    OpenFiles,
    Owned,
    Owners,
    VolumeUsage,
)
from netdoctor.answers.engine import AskAttached, AskLogs, AskOtherEngines, Attached, LogLine, Logs, OtherEngines
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
    PacketSize,
    Peer,
    Process,
    Route,
    Sockets,
    TurnedAway,
)
from netdoctor.answers.question import INTERRUPTED, Answer, Question, Unable
from netdoctor.answers.storage import (
    AskMounts,
    AskPath,
    AskProcesses,
    Credentials,
    Kind,
    Mounted,
    MountPoint,
    Mounts,
    PathFound,
    Place,
    Processes,
    Space,
    StorageAnswer,
    StorageQuestion,
)
from netdoctor.answers.upstream import AskUpstream, NameServer, Upstream

__all__ = [
    "INTERRUPTED",
    "Answer",
    "AnyAnswer",
    "AnyQuestion",
    "AskAttached",
    "AskChanges",
    "AskConnection",
    "AskFolder",
    "AskHost",
    "AskImage",
    "AskLogs",
    "AskLookup",
    "AskMounts",
    "AskNamespace",
    "AskOpenFiles",
    "AskOtherEngines",
    "AskOwners",
    "AskPath",
    "AskProcesses",
    "AskSockets",
    "AskUpstream",
    "AskVolumeUsage",
    "Asked",
    "AtWork",
    "Attached",
    "Attempt",
    "Changes",
    "Connection",
    "Credentials",
    "DataAnswer",
    "DataQuestion",
    "Fill",
    "Folder",
    "Grown",
    "HostFacts",
    "HostInterface",
    "HostRoute",
    "Image",
    "Interface",
    "Kind",
    "Listener",
    "LogLine",
    "Logs",
    "Lookup",
    "MountPoint",
    "Mounted",
    "Mounts",
    "NameServer",
    "Namespace",
    "OpenFiles",
    "OtherEngines",
    "Outcome",
    "Owned",
    "Owners",
    "PacketSize",
    "PathFound",
    "Peer",
    "Place",
    "Process",
    "Processes",
    "Question",
    "Route",
    "RoutingRule",
    "Rule",
    "Sockets",
    "Space",
    "StorageAnswer",
    "StorageQuestion",
    "Trace",
    "TurnedAway",
    "Unable",
    "Unread",
    "Upstream",
    "VolumeUsage",
]

AnyQuestion = (
    AskSockets
    | AskLookup
    | AskConnection
    | AskNamespace
    | AskLogs
    | AskOtherEngines
    | AskHost
    | AskUpstream
    | AskAttached
    | StorageQuestion
    | DataQuestion
)
AnyAnswer = (
    Sockets
    | Lookup
    | Connection
    | Namespace
    | Logs
    | OtherEngines
    | HostFacts
    | Upstream
    | Attached
    | StorageAnswer
    | DataAnswer
    | Unable
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer and what it cost."""

    question: AnyQuestion
    answer: AnyAnswer
    ms: float = 0.0
