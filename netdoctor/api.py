"""All that a check needs, ours and a third party's alike. What is not here is nobody's business but the engine's.

A check's file imports from here and nowhere else in netdoctor::

    from netdoctor.api import AskSockets, Finding, Link, Reason, Stack, check, fail, passed
"""

from netdoctor.answers import (
    AskConnection,
    AskLogs,
    AskLookup,
    AskNamespace,
    AskOtherEngines,
    AskSockets,
    Attempt,
    Connection,
    Listener,
    Logs,
    Lookup,
    Namespace,
    OtherEngines,
    Peer,
    Process,
    Sockets,
    Unable,
)
from netdoctor.check import Check, Reason, check
from netdoctor.finding import Finding, Remedy, Verdict, fail, passed, skip, unknown, warn
from netdoctor.mentions import Mention, is_address, is_any_address, is_loopback, mentions, nearest, port_variable
from netdoctor.model import (
    HOST,
    Container,
    Endpoint,
    Engine,
    Health,
    Host,
    Link,
    Mount,
    Network,
    Publication,
    State,
    Volume,
)
from netdoctor.places import in_subnets, means_host
from netdoctor.stack import Stack

__all__ = [
    "HOST",
    "AskConnection",
    "AskLogs",
    "AskLookup",
    "AskNamespace",
    "AskOtherEngines",
    "AskSockets",
    "Attempt",
    "Check",
    "Connection",
    "Container",
    "Endpoint",
    "Engine",
    "Finding",
    "Health",
    "Host",
    "Link",
    "Listener",
    "Logs",
    "Lookup",
    "Mention",
    "Mount",
    "Namespace",
    "Network",
    "OtherEngines",
    "Peer",
    "Process",
    "Publication",
    "Reason",
    "Remedy",
    "Sockets",
    "Stack",
    "State",
    "Unable",
    "Verdict",
    "Volume",
    "check",
    "fail",
    "in_subnets",
    "is_address",
    "is_any_address",
    "is_loopback",
    "means_host",
    "mentions",
    "nearest",
    "passed",
    "port_variable",
    "skip",
    "unknown",
    "warn",
]
