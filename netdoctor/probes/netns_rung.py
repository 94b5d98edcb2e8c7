"""The rung `netns`: questions put from a container's own network namespace by root on the engine's host.

Nothing runs in the container: sockets are made in its namespace, its files are read through /proc/PID/root.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Literal

import netdoctor.probes.interfaces as net
from netdoctor.answers import (
    AnyAnswer,
    AnyQuestion,
    AskConnection,
    AskHost,
    AskLookup,
    AskMounts,
    AskNamespace,
    AskPath,
    AskProcesses,
    AskSockets,
    AskUpstream,
    DataQuestion,
    Lookup,
    Namespace,
    Process,
    Sockets,
)
from netdoctor.model import HOST
from netdoctor.probes.about_host import is_about_host
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.connecting import try_tcp
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.inside import Entrances, Inside
from netdoctor.probes.looking_up import literal
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.netns_connection import connect_from
from netdoctor.probes.once import Once
from netdoctor.probes.processes import everybody, family, owners
from netdoctor.probes.sock_diag import connections, dump
from netdoctor.probes.tables import (
    BOUND,
    CLOSE_WAIT,
    ESTABLISHED,
    LISTEN,
    SYN_SENT,
    Row,
    rows,
    sockets,
    tcp_in_use,
    unix_paths,
)
from netdoctor.probes.upstream import ask_upstream
from netdoctor.stack import Stack

if TYPE_CHECKING:
    from netdoctor.probes.netns_mounts import FilesFromOutside

# Listeners in a dump of their own: they must not drown in a busy server's connections.
_SERVERS: tuple[tuple[Literal["tcp", "udp"], int], ...] = (("tcp", 1 << LISTEN), ("udp", 1 << BOUND))
_CONNECTED = 1 << ESTABLISHED | 1 << SYN_SENT | 1 << CLOSE_WAIT


class NetnsRung:
    """One run's questions by way of namespaces. `answer` can be called from many threads."""

    name = "netns"

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self._entrances = Entrances(stack, api)
        self._names = Once()

    def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer:
        """Ask within the time of the clock. Raises CannotAsk."""
        if sys.platform != "linux" or not self._stack.engine.local:
            raise CannotAsk("the engine does not run on this machine", AS_ROOT)
        if os.geteuid() != 0 and not is_about_host(question):  # there everybody may open sockets
            raise CannotAsk("netdoctor is not root, so it may not enter network namespaces", AS_ROOT)
        if isinstance(question, AskMounts | AskProcesses | AskPath):
            return self._files.answer(question, clock)
        if isinstance(question, AskConnection):
            return connect_from(
                self._stack,
                self._entrances,
                question,
                lambda inside: self._look_up(question.address, inside, question.container, clock),
                clock,
            )
        if isinstance(question, AskHost):
            from netdoctor.probes.host_facts import host_facts

            with self._entrances.inside(HOST) as inside:
                return host_facts(inside)
        if isinstance(question, AskUpstream):
            return ask_upstream(self._stack, self._entrances, question, clock.ends)
        if isinstance(question, DataQuestion):
            from netdoctor.probes.data_questions import on_the_host  # for those that ask about data alone

            return on_the_host(self._stack, self._api, self._entrances, question, clock)
        if not isinstance(question, AskSockets | AskLookup | AskNamespace):
            raise CannotAsk("this is not a question for a network namespace")
        with self._entrances.asking(question.container) as inside:
            if isinstance(question, AskSockets):
                return self._sockets(question.container, inside)
            if isinstance(question, AskLookup):
                return self._look_up(question.name, inside, question.container, clock)
            return _namespace(inside)

    def _look_up(self, name: str, inside: Inside, container: str, clock: Clock) -> Lookup:
        """What the name means, asked once for all questions that want to know."""
        if literal(name):
            return inside.look_up(name, clock.ends)
        return self._names.get((container, name), lambda: inside.look_up(name, clock.ends), clock)

    @cached_property
    def _files(self) -> FilesFromOutside:
        from netdoctor.probes.netns_mounts import FilesFromOutside  # for those that ask about mounts alone

        return FilesFromOutside(self._stack, self._api, self._entrances)

    def _sockets(self, container_id: str, inside: Inside) -> Sockets:
        return sockets(
            _tables(inside),
            () if container_id == HOST else unix_paths(inside.table("unix")),  # the host's say where people keep things
            owners=lambda inodes: self._owners(container_id, inside.pid, inodes),
            serves_ipv4=lambda ports: _serves_ipv4(inside, ports),
        )

    def _owners(self, container_id: str, pid: int, inodes: frozenset[int]) -> Mapping[int, Process]:
        if container_id == HOST:
            return owners(inodes, everybody())
        me = self._stack.container(container_id)
        # In a shared namespace the socket may be the other container's; the host's belongs to none of them.
        sharing = () if me is None else self._stack.inhabitants(me)
        owner = me and self._stack.namespace_owner(me)
        others = [
            other.state.pid
            for other in sharing
            if other.id != container_id and other.state.pid and self._stack.namespace_owner(other) == owner
        ]
        return owners(inodes, chain(family(pid), *map(family, others)))


def _tables(inside: Inside) -> list[Row]:
    """TCP in the states that matter and bound UDP: from sock_diag, and what that has not from /proc/PID/net."""
    found: list[Row] = []
    missing: set[Literal["tcp", "udp"]] = set()
    try:
        with inside.netlink() as netlink:
            for protocol, states in _SERVERS:
                try:
                    for one in (socket.AF_INET, socket.AF_INET6):
                        found += dump(netlink, one, protocol, states)
                    # A look at the connections costs ten times all the rest; most containers have none.
                    if protocol == "tcp" and tcp_in_use(inside.table) != len(found):
                        found += connections(netlink, _CONNECTED)
                except OSError:
                    missing.add(protocol)
    except OSError:
        missing = {"tcp", "udp"}
    for protocol in missing:
        found = [row for row in found if row.protocol != protocol]
        found += chain(rows(inside.table(protocol), protocol), rows(inside.table(f"{protocol}6"), protocol))
    return found


def _serves_ipv4(inside: Inside, ports: Iterable[int]) -> Mapping[int, bool | None]:
    """Whether an IPv4 connect from inside to an own address is accepted; None where nothing came back."""
    own = net.local_addresses4(inside.table("fib_trie"))
    address = next((a for a in own if not a.startswith("127.")), "127.0.0.1")
    verdicts: Mapping[str, bool] = {"connected": True, "refused": False}
    settled: dict[int, bool | None] = {}
    for port in ports:
        tried = try_tcp(address, port, 0.2, inside.namespace.socket)
        if tried.line is not None:
            tried.line.close()
        settled[port] = verdicts.get(tried.attempt.outcome)
    return settled


def _namespace(inside: Inside) -> Namespace:
    with inside.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        up = {name: net.is_up(line, name) for name in net.names(inside.table("dev"))}
        addresses = (*net.addresses4(line), *net.addresses6(inside.table("if_inet6")))
    return Namespace(
        inode=inside.namespace.inode,
        interfaces=net.interfaces(up, addresses),
        routes=net.routes(inside.table("route")),
    )
