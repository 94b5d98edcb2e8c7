"""What is asked of the name servers that stand behind a container's resolver."""

from __future__ import annotations

from typing import Literal

import msgspec

from netdoctor.answers.question import Answer, Question


class AskUpstream(Question, frozen=True, kw_only=True):
    """Do the name servers to which the container's names outside go answer for this name?"""

    container: str
    name: str


class NameServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One server, asked directly. `outcome` and `rcode` are those of a lookup; no-server: it cannot be sent to.

    `from_host`: the engine sends it its queries from the host's network namespace, not from the container's. `gateway`
    is the state of the gateway that leads from the container to a silent server, as in `Attempt`. `host_hears`: it
    answers the host, whatever it does for the container.
    """

    address: str
    outcome: Literal["found", "unknown", "empty", "failed", "silent", "no-server"]
    rcode: str = ""
    from_host: bool = False
    gateway: Literal["complete", "incomplete", ""] = ""
    host_hears: bool = False

    @property
    def answers(self) -> bool:
        """Whether it says anything at all; an error is an answer."""
        return self.outcome not in ("silent", "no-server")


class Upstream(Answer, frozen=True, kw_only=True):
    """The servers in the order in which they are asked.

    `known_from`: `--dns` (the container's own setting), `resolv.conf` (the container's), `host` (that of the host,
    where the engine does not tell which servers it took). `host_servers` are those of the host's resolv.conf now that
    are not among them: the engine reads that file when a container starts, and never again.
    """

    servers: tuple[NameServer, ...] = ()
    known_from: Literal["--dns", "resolv.conf", "host"] = "resolv.conf"
    host_servers: tuple[NameServer, ...] = ()
