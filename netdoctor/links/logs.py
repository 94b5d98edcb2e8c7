"""Links from what the containers complain of in their logs, where no configuration tells of them.

A line counts while it is about the containers as they are: written since both ends were started.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.complaining import recent_complaints
from netdoctor.links.clue import Clue
from netdoctor.links.ports import Ports, ports_meant, ports_served
from netdoctor.meant import bearer, meant, named_like
from netdoctor.mentions import SCHEME_PORTS, Mention, is_bare_name, kind_of, mentions
from netdoctor.mentions.complaints import Complaint
from netdoctor.model import Container
from netdoctor.places import leads_outside
from netdoctor.stack import Stack

WHERE = "the log"


def complained(stack: Stack, source: Container) -> Iterator[Clue]:
    for complaint, at in recent_complaints(stack, source):
        target = _meant(stack, source, complaint)
        if target is not None:
            if target.id != source.id and not _is_old_news(at, target):
                yield from _about(stack, source, target, complaint)
        elif is_bare_name(complaint.host) and complaint.symptom == "unresolved":
            yield from _unknown(stack, source, complaint)
        else:
            yield from _outside(stack, source, complaint)


def _is_old_news(at: float, target: Container) -> bool:
    """Whether the target was started, or ended, after that."""
    return at <= (target.state.started if target.state.running else target.state.finished)


def _meant(stack: Stack, source: Container, complaint: Complaint) -> Container | None:
    target = bearer(stack, source, complaint.host) or stack.holder(complaint.host)
    if target is None and complaint.port:
        mention = Mention(host=complaint.host, port=complaint.port, scheme=complaint.scheme, hint=complaint.scheme)
        target = meant(stack, source, mention)
    return target


def _about(stack: Stack, source: Container, target: Container, complaint: Complaint) -> Iterator[Clue]:
    ports: Ports = ((complaint.port, "tcp"),)
    if not complaint.port:
        ports = ports_meant(stack, target, complaint.scheme or kind_of(complaint.host))[:1]
    for port, protocol in ports:
        yield Clue(
            source=source,
            address=complaint.host,
            port=port,
            protocol=protocol,
            target=target,
            scheme=complaint.scheme,
            where=WHERE,
            observed=True,
        )


def _unknown(stack: Stack, source: Container, complaint: Complaint) -> Iterator[Clue]:
    """A name that nobody bears. It is certain where it was configured, or is nearly somebody's name."""
    told = [m for m in mentions(source) if m.host == complaint.host and m.purpose in ("client", "proxy") and m.sure]
    near = named_like(stack, source, complaint.host)
    port = complaint.port or next((m.port for m in told if m.port), 0)
    if not port and near is not None:
        served, _ = ports_served(stack, near)
        port = served[0][0] if served else 0
    port = port or SCHEME_PORTS.get(complaint.scheme or kind_of(complaint.host), 0)
    for where in (*(m.where for m in told), WHERE) if port else ():
        yield Clue(
            source=source,
            address=complaint.host,
            port=port,
            scheme=complaint.scheme,
            where=where,
            certain=bool(told) or near is not None,
        )


def _outside(stack: Stack, source: Container, complaint: Complaint) -> Iterator[Clue]:
    """A place outside of the stack, where it was configured: nothing else out there is asked for unbidden."""
    if not leads_outside(stack, source, complaint.host):
        return
    for mention in mentions(source):
        same = mention.host.lower() == complaint.host.lower() and complaint.port in (0, mention.port)
        if same and mention.port and mention.sure and mention.purpose in ("client", "proxy"):
            for where in (mention.where, WHERE):
                yield Clue(
                    source=source, address=mention.host, port=mention.port, scheme=mention.scheme, where=where
                )  # fmt: skip
