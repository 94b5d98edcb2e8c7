"""Connections out of the stack that fail: whether the host itself fares better, which tells whose fault it is."""

from __future__ import annotations

import shlex

from netdoctor.api import HOST, Attempt, Connection, Finding, Link, Remedy, Stack, fail

from .._listeners import verify
from ._attempts import tried
from ._remedies import lift_rule


def judge_outside(stack: Stack, link: Link, connection: Connection, attempt: Attempt) -> Finding | None:
    """None for an outcome that is the same wherever the target is."""
    me, host = stack.title(stack.source(link)), stack.connection_of_host(link)
    theirs = host.last if isinstance(host, Connection) and link.source != HOST else None
    place = f"[{attempt.address}]:{link.port}" if ":" in attempt.address else f"{attempt.address}:{link.port}"
    alike = theirs is not None and theirs.outcome != "connected"
    if attempt.outcome == "refused":
        says = f"{place} refuses {me}" + (", and the host as well: nobody listens there" if alike else "")
    elif attempt.outcome == "timed-out":
        says = f"nothing came back from {place} to {me}"
    elif attempt.outcome == "no-route":
        says = f"{place} cannot be reached by {me}: `no route to host`"
    else:
        return None
    if alike and attempt.outcome != "refused":
        says += "; the host does not reach it either, so the fault lies beyond this engine"
    elif theirs is not None and not alike:
        says += "; the host itself reaches it, so something between the two stops the packets"
    reason = {"refused": "refused", "timed-out": "timed-out"}.get(attempt.outcome, "unreachable")
    remedy = lift_rule(stack, link, connection.trace) if theirs is not None and not alike else _look_there(stack, link)
    seen = {"attempts": tried(connection), "host": theirs.outcome if theirs is not None else ""}
    return fail(reason, says, remedy=remedy, seen_by=connection.seen_by, **seen)


def _look_there(stack: Stack, link: Link) -> Remedy:
    """It is the server's, or that of the way to it: a firewall there, a VPN that is down."""
    host, port = shlex.quote(link.address.strip("[]")), link.port
    says = f"See that the server behind {link.address}:{port} runs and lets this host in; a VPN may be down"
    run = (
        f"nc -vz -w 3 {host} {port}  # on the host",
        f"ip route get $(getent ahostsv4 {host} | awk '{{print $1; exit}}')",
    )
    return Remedy(says=says, run=run, verify=(verify(stack, link),))
