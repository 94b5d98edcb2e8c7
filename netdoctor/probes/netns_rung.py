"""The rung `netns`: questions put from a container's own network namespace by root on the engine's host.

Nothing runs in the container: sockets are made in its namespace, its files are read through /proc/PID/root.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Literal, NamedTuple

import netdoctor.probes.interfaces as net
from netdoctor.answers import (
    AnyAnswer,
    AnyQuestion,
    AskConnection,
    AskLookup,
    AskNamespace,
    AskSockets,
    Attempt,
    Connection,
    Lookup,
    Namespace,
    Process,
    Sockets,
)
from netdoctor.model import HOST, Container, Stack
from netdoctor.probes.accept_queue import Queue, read_once, watch
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.connecting import listen_for, try_tcp, try_udp
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.files_inside import read_inside
from netdoctor.probes.looking_up import literal, look_up
from netdoctor.probes.namespaces import AS_ROOT, NetworkNamespace, make_sure
from netdoctor.probes.processes import everybody, family, owners
from netdoctor.probes.resolver_files import read_resolv_conf
from netdoctor.probes.sock_diag import NETLINK_SOCK_DIAG, dump
from netdoctor.probes.tables import CLOSE_WAIT, ESTABLISHED, LISTEN, SYN_SENT, BOUND, Row, rows, sockets, unix_paths

_TCP_STATES = 1 << ESTABLISHED | 1 << SYN_SENT | 1 << CLOSE_WAIT | 1 << LISTEN


class Inside(NamedTuple):
    """A live container or the host: a process of it, and its network namespace held open."""

    pid: int
    namespace: NetworkNamespace

    def read(self, path: str) -> str:
        """The text of a file of the container, "" when there is none."""
        try:
            return read_inside(self.pid, path)
        except OSError:
            return ""

    def table(self, name: str) -> str:
        """The text of /proc/PID/net/`name`, "" when the kernel has no such table."""
        try:
            with open(f"/proc/{self.pid}/net/{name}", encoding="utf-8", errors="replace") as text:
                return text.read()
        except OSError:
            return ""

    def netlink(self) -> socket.socket:
        line = self.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        line.settimeout(1.0)
        return line


class NetnsRung:
    """One run's questions by way of namespaces. `answer` can be called from many threads."""

    name = "netns"

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api

    def answer(self, question: AnyQuestion, ends: float) -> AnyAnswer:
        """Ask until `ends` (time.monotonic()). Raises CannotAsk."""
        if sys.platform != "linux" or not self._stack.engine.local:
            raise CannotAsk("the engine does not run on this machine", AS_ROOT)
        if os.geteuid() != 0:
            raise CannotAsk("netdoctor is not root, so it may not enter network namespaces", AS_ROOT)
        if isinstance(question, AskSockets):
            return self._sockets(question)
        if isinstance(question, AskLookup):
            with self._inside(question.container) as inside:
                return _look_up(inside, question.name, ends)
        if isinstance(question, AskConnection):
            return self._connection(question, ends)
        if isinstance(question, AskNamespace):
            with self._inside(question.container) as inside:
                return _namespace(inside)
        raise CannotAsk("this is not a question for a network namespace")

    # -- getting in ---------------------------------------------------------------------------------------------

    @contextmanager
    def _inside(self, container_id: str) -> Iterator[Inside]:
        pid = self._host_pid() if container_id == HOST else self._pid(container_id)
        try:
            namespace = NetworkNamespace(pid)
        except OSError as error:
            raise CannotAsk(f"the network namespace of pid {pid} cannot be entered ({error.strerror})", AS_ROOT) from error
        with namespace:
            yield Inside(pid, namespace)

    def _pid(self, container_id: str) -> int:
        container = self._stack.container(container_id)
        if container is None:
            raise Vanished(f"the stack has no container {container_id[:12]}")
        if not container.state.running:
            raise Vanished(f"{container.name} is not running")
        try:
            make_sure(container.state.pid, self._ids(container), container.name)
            return container.state.pid
        except Vanished:  # it may have been restarted since
            now = self._api.get(f"/containers/{container_id}/json")["State"]
            if not now.get("Running") or not now.get("Pid") or now["Pid"] == container.state.pid:
                raise
        make_sure(now["Pid"], self._ids(container), container.name)
        return int(now["Pid"])

    def _ids(self, container: Container) -> Iterable[str]:
        """Its own ID, and its donor's: the files of a shared namespace are mounted from the donor's folder."""
        return dict.fromkeys((container.id, self._stack.namespace_owner(container).id))

    def _host_pid(self) -> int:
        """A process in the engine's own namespace: ours, or that of PID 1 where only that has the networks' gateways."""
        gateways = {g for n in self._stack.networks for g in n.gateways}
        for pid in (os.getpid(), 1):
            try:
                with NetworkNamespace(pid) as namespace, namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                    if gateways & {a for _, a in net.addresses4(line)}:
                        return pid
            except OSError:
                continue
        return os.getpid()

    # -- sockets ------------------------------------------------------------------------------------------------

    def _sockets(self, question: AskSockets) -> Sockets:
        with self._inside(question.container) as inside:
            return sockets(
                _tables(inside),
                unix_paths(inside.table("unix")),
                owners=lambda inodes: self._owners(question.container, inside.pid, inodes),
                serves_ipv4=lambda ports: _serves_ipv4(inside, self._own_address(question.container), ports),
            )

    def _owners(self, container_id: str, pid: int, inodes: frozenset[int]) -> Mapping[int, Process]:
        if container_id == HOST:
            return owners(inodes, everybody())
        me = self._stack.container(container_id)
        # In a shared namespace the socket may be the other container's.
        others = [c for c in self._stack.containers if me and c.id != me.id and c.state.pid and self._stack.same_namespace(me, c)]
        return owners(inodes, chain(family(pid), *(family(c.state.pid) for c in others)))

    def _own_address(self, container_id: str) -> str:
        container = self._stack.container(container_id)
        endpoints = self._stack.endpoints(container) if container else ()
        return next((e.address for e in endpoints if e.address), "127.0.0.1")

    # -- connections --------------------------------------------------------------------------------------------

    def _connection(self, question: AskConnection, ends: float) -> Connection:
        with self._inside(question.container) as inside:
            addresses: tuple[str, ...] = (literal(question.address),)
            if not addresses[0]:
                lookup = _look_up(inside, question.address, ends)
                addresses = lookup.addresses
            if not addresses:
                return Connection(protocol=question.protocol, resolved=False)
            attempts: list[Attempt] = []
            queue = Queue()
            for index, address in enumerate(addresses):
                share = (ends - time.monotonic()) / (len(addresses) - index)
                if question.protocol == "udp":
                    attempts.append(try_udp(address, question.port, share, inside.namespace.socket))
                else:
                    attempt, queue = self._attempt(question, inside, address, share, ends)
                    attempts.append(_with_neighbour(attempt, inside))
                if attempts[-1].outcome == "connected":
                    break
        return Connection(
            protocol=question.protocol, attempts=tuple(attempts), queue=queue.readings, backlog=queue.backlog
        )

    def _attempt(
        self, question: AskConnection, inside: Inside, address: str, share: float, ends: float
    ) -> tuple[Attempt, Queue]:
        tried = try_tcp(address, question.port, share, inside.namespace.socket)
        if tried.line is None:
            queue = self._queue(question, address, None, ends) if tried.attempt.outcome == "timed-out" else Queue()
            return tried.attempt, queue
        with tried.line:
            ours = tried.line.getsockname()[:2]
            attempt = listen_for(tried, question.scheme, question.address)
            return attempt, self._queue(question, address, ours, ends)

    def _queue(self, question: AskConnection, address: str, ours: tuple[str, int] | None, ends: float) -> Queue:
        """The target's accept queue: watched while our connection is open, read once after a timeout."""
        target = self._stack.container(question.target)
        if target is None:
            return Queue()
        # Through a published port the connection ends at the container port behind it.
        behind = tuple(p.container_port for p in target.published if p.host_port == question.port)
        ports = (question.port, *behind)
        try:
            with self._inside(target.id) as there, there.netlink() as netlink:
                if ours is None:
                    return read_once(netlink, ports, address)
                return watch(netlink, ports, address, ours, ends)
        except (CannotAsk, OSError):
            return Queue()


def _look_up(inside: Inside, name: str, ends: float) -> Lookup:
    conf = read_resolv_conf(inside.read("/etc/resolv.conf"))
    return look_up(name, inside.read("/etc/hosts"), conf, inside.namespace.socket, ends)


def _tables(inside: Inside) -> list[Row]:
    """TCP in the states that matter and bound UDP, from sock_diag, from /proc/PID/net where the kernel has no such."""
    found: list[Row] = []
    wanted: tuple[tuple[Literal["tcp", "udp"], int], ...] = (("tcp", _TCP_STATES), ("udp", 1 << BOUND))
    with inside.netlink() as netlink:
        for protocol, states in wanted:
            try:
                for one in (socket.AF_INET, socket.AF_INET6):
                    found += dump(netlink, one, protocol, states)
            except OSError:
                found = [r for r in found if r.protocol != protocol]
                found += chain(rows(inside.table(protocol), protocol), rows(inside.table(f"{protocol}6"), protocol))
    return found


def _serves_ipv4(inside: Inside, address: str, ports: Iterable[int]) -> Mapping[int, bool | None]:
    """Whether an IPv4 connect from inside to the container's own address is accepted; None where nothing came back."""
    verdicts: Mapping[str, bool] = {"connected": True, "refused": False}
    settled: dict[int, bool | None] = {}
    for port in ports:
        tried = try_tcp(address, port, 0.2, inside.namespace.socket)
        if tried.line is not None:
            tried.line.close()
        settled[port] = verdicts.get(tried.attempt.outcome)
    return settled


def _with_neighbour(attempt: Attempt, inside: Inside) -> Attempt:
    if attempt.outcome not in ("timed-out", "no-route"):
        return attempt
    state = net.neighbour(inside.table("arp"), attempt.address)
    return Attempt(
        address=attempt.address, outcome=attempt.outcome, neighbour=state, text=attempt.text, ms=attempt.ms
    )


def _namespace(inside: Inside) -> Namespace:
    with inside.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        up = {name: net.is_up(line, name) for name in net.names(inside.table("dev"))}
        addresses = (*net.addresses4(line), *net.addresses6(inside.table("if_inet6")))
    return Namespace(
        inode=inside.namespace.inode,
        interfaces=net.interfaces(up, addresses),
        routes=net.routes(inside.table("route")),
    )
