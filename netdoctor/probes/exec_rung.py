"""The rung `exec`: read-only commands that the image already has, run in the container by the engine.

One `docker exec` costs 50 ms, so a container's files are read once for all questions, and a name is asked for once.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeVar

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
    Sockets,
)
from netdoctor.model import HOST, Stack
from netdoctor.probes.accept_queue import PAUSE, Queue
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.exec_reading import Section, holders, read_attempts, read_lookup
from netdoctor.probes.exec_scripts import PERL, PYTHON, SH_CONNECT, SH_FILES, SH_LOOK_UP, SH_QUEUE, TABLES
from netdoctor.probes.exec_shell import Shell
from netdoctor.probes.hello import hello
from netdoctor.probes.looking_up import literal
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.resolver_files import hosts_addresses, names_to_ask, read_resolv_conf
from netdoctor.probes.tables import is_listening, plain, rows, sockets, unix_paths

_T = TypeVar("_T")


class ExecRung:
    """One run's questions by way of `docker exec`. `answer` can be called from many threads."""

    name = "exec"

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._shells = Shell(stack, api)
        self._kept: dict[tuple[str, ...], _Once] = {}

    def answer(self, question: AnyQuestion, ends: float) -> AnyAnswer:
        """Ask until about `ends` (time.monotonic()). Raises CannotAsk."""
        if getattr(question, "container", "") == HOST:
            raise CannotAsk("a command can be run in a container only, not on the engine's host", AS_ROOT)
        if isinstance(question, AskSockets):
            return self._sockets(question.container, ends)
        if isinstance(question, AskLookup):
            return self._look_up(question.container, question.name, ends)
        if isinstance(question, AskConnection):
            return self._connection(question, ends)
        if isinstance(question, AskNamespace):
            return self._namespace(question.container, ends)
        raise CannotAsk("this is not a question for a command in the container")

    # -- files --------------------------------------------------------------------------------------------------

    def _files(self, container: str, ends: float) -> Mapping[str, str]:
        """Texts by path, and by what else the script titles: namespace, stat, files."""
        return self._once(("files", container), lambda: self._read_files(container, ends))

    def _read_files(self, container: str, ends: float) -> Mapping[str, str]:
        names = [*(f"/proc/net/{name}" for name in TABLES), "/etc/resolv.conf", "/etc/hosts"]
        found: dict[str, str] = {}
        for title, text in self._shells.run(container, SH_FILES, (), ("files", "MARK", *names), ends):
            found[title] = found.get(title, "") + text
        return found

    def _sockets(self, container: str, ends: float) -> Sockets:
        files = self._files(container, ends)
        return sockets(
            [row for kind in ("tcp", "udp") for six in ("", "6") for row in _rows(files, kind, six)],
            unix_paths(files.get("/proc/net/unix", "")),
            owners=lambda inodes: holders(files.get("stat", ""), files.get("files", "")),
            serves_ipv4=lambda ports: self._serves_ipv4(container, ports, ends),
        )

    def _serves_ipv4(self, container: str, ports: tuple[int, ...], ends: float) -> Mapping[int, bool | None]:
        """Whether an IPv4 connect from inside to the container's own address is accepted; None where that stays open."""
        address = next((a for a in self._own_addresses(container, ends) if not a.startswith("127.")), "127.0.0.1")
        verdicts: Mapping[str, bool] = {"connected": True, "refused": False}
        try:
            tried = self._try(container, "all", "tcp", b"", [(address, port) for port in ports], 1, "")
        except CannotAsk:
            return {}
        return {port: verdicts.get(attempt.outcome) for port, attempt in tried}

    def _own_addresses(self, container: str, ends: float) -> tuple[str, ...]:
        return net.local_addresses4(self._files(container, ends).get("/proc/net/fib_trie", ""))

    def _namespace(self, container: str, ends: float) -> Namespace:
        files = self._files(container, ends)
        inode = re.search(r"net:\[(\d+)\]", files.get("namespace", ""))
        if inode is None:
            raise CannotAsk("the image has nothing to tell its network namespace with", AS_ROOT)
        routes = net.routes(files.get("/proc/net/route", ""))
        flags = {n: files.get(f"/sys/class/net/{n}/flags", "").strip() for n in net.names(files.get("/proc/net/dev", ""))}
        up = {name: bool(int(text, 16) & 1) if text else True for name, text in flags.items()}
        addresses = net.on_interfaces(self._own_addresses(container, ends), routes)
        addresses6 = net.addresses6(files.get("/proc/net/if_inet6", ""))
        return Namespace(inode=int(inode[1]), interfaces=net.interfaces(up, (*addresses, *addresses6)), routes=routes)

    # -- names --------------------------------------------------------------------------------------------------

    def _look_up(self, container: str, name: str, ends: float) -> Lookup:
        return self._once(("lookup", container, name), lambda: self._ask_for(container, name, ends))

    def _ask_for(self, container: str, name: str, ends: float) -> Lookup:
        files = self._files(container, ends)
        conf = read_resolv_conf(files.get("/etc/resolv.conf", ""))
        in_hosts = hosts_addresses(files.get("/etc/hosts", ""), name)
        has_ipv6 = bool(files.get("/proc/net/if_inet6", "").strip())
        shown = {"servers": conf.servers, "search": conf.search, "ndots": conf.ndots, "hosts": in_hosts}
        if address := literal(name):
            return Lookup(outcome="found", addresses=(address,), source="literal", asked=name, **shown)
        if in_hosts or name.lower().endswith(".localhost"):
            addresses = in_hosts or ("127.0.0.1",)
            return Lookup(outcome="found", addresses=_in_order(addresses, has_ipv6), source="hosts", asked=name, **shown)
        full = tuple(names_to_ask(name, conf.search, conf.ndots))
        seconds = str(max(1, round(ends - time.monotonic())))
        six = "1" if has_ipv6 else "0"
        said = self._shells.run(
            container, SH_LOOK_UP, (seconds, six, PYTHON, PERL, name, *full), ("look", seconds, six, name), ends
        )
        if not said:
            raise CannotAsk("the image has nothing to look up names with", AS_ROOT)
        heard = read_lookup(said)
        return Lookup(
            outcome=heard.outcome,
            addresses=_in_order(heard.addresses, has_ipv6),
            source="dns" if heard.outcome == "found" else "",
            rcode=heard.rcode,
            asked=full[0] if len(full) == 1 else name,
            # With several servers nobody can tell which one it was.
            server=conf.servers[0] if len(conf.servers) == 1 else "",
            **shown,
        )

    # -- connections --------------------------------------------------------------------------------------------

    def _connection(self, question: AskConnection, ends: float) -> Connection:
        addresses: tuple[str, ...] = (literal(question.address),)
        if not addresses[0]:
            # Half the time for the name: a command's time counts in whole seconds, and the connect wants one as well.
            half = time.monotonic() + (ends - time.monotonic()) / 2
            lookup = self._look_up(question.container, question.address, half)
            if lookup.outcome == "unresolved" and not lookup.addresses:
                return Connection(protocol=question.protocol, resolved=False)
            addresses = lookup.addresses
        if not addresses:
            return Connection(protocol=question.protocol, resolved=False)
        seconds = max(1, round((ends - time.monotonic()) / len(addresses)))
        word = hello(question.scheme, question.address) if question.protocol == "tcp" else b""
        places = [(address, question.port) for address in addresses]
        tried = self._try(question.container, "first", question.protocol, word, places, seconds, question.scheme)
        if not tried:
            raise CannotAsk("the image has nothing to connect with", AS_ROOT)
        attempts = tuple(attempt for _, attempt in tried)
        queue = Queue()
        if question.protocol == "tcp" and attempts[-1].outcome in ("connected", "timed-out"):
            queue = self._queue(question, attempts[-1], ends)
        return Connection(protocol=question.protocol, attempts=attempts, queue=queue.readings)

    def _try(
        self,
        container: str,
        mode: Literal["first", "all"],
        protocol: str,
        word: bytes,
        places: Iterable[tuple[str, int]],
        seconds: int,
        scheme: str,
    ) -> tuple[tuple[int, Attempt], ...]:
        places = tuple(places)
        flat = tuple(part for address, port in places for part in (address, str(port)))
        common = (protocol, word.hex() or "-", *flat)
        ends = time.monotonic() + seconds * len(places)
        said = self._shells.run(
            container,
            SH_CONNECT,
            (str(seconds), mode, PYTHON, PERL, *common),
            ("connect", str(seconds), mode, *common),
            ends,
        )
        neighbours = dict(said).get("/proc/net/arp", "")
        return tuple((port, _with_neighbour(attempt, neighbours)) for port, attempt in read_attempts(said, scheme))

    def _queue(self, question: AskConnection, attempt: Attempt, ends: float) -> Queue:
        """Readings of the target's accept queue; its limit is not in /proc."""
        target = self._stack.container(question.target)
        if target is None:
            return Queue()
        behind = tuple(p.container_port for p in target.published if p.host_port == question.port)
        readings: list[int] = []
        try:
            while (waiting := self._waiting(target.id, (question.port, *behind), attempt.address)) is not None:
                readings.append(waiting)
                if not waiting or attempt.outcome != "connected" or (len(readings) > 1 and time.monotonic() + PAUSE > ends):
                    break
                time.sleep(PAUSE)
        except CannotAsk:
            pass
        return Queue(tuple(readings))

    def _waiting(self, container: str, ports: tuple[int, ...], address: str) -> int | None:
        names = ("/proc/net/tcp", "/proc/net/tcp6")
        said = dict(self._shells.run(container, SH_QUEUE, (), ("files", "MARK", *names), time.monotonic() + 1))
        found = [r for six in ("", "6") for r in _rows(said, "tcp", six) if is_listening(r)]
        for port in ports:
            serving = [r.waiting for r in found if r.port == port and plain(r.address) in ("0.0.0.0", "::", address)]
            if serving:
                return max(serving)
        return None

    # -- asking once --------------------------------------------------------------------------------------------

    def _once(self, key: tuple[str, ...], make: Callable[[], _T]) -> _T:
        """What `make` brings, made by the first that wants it; the others wait. A failure is kept as well."""
        kept = self._kept.setdefault(key, _Once())  # atomic
        with kept.lock:
            if not kept.outcome:
                try:
                    kept.outcome.append(make())
                except CannotAsk as error:
                    kept.outcome.append(error)
        outcome = kept.outcome[0]
        if isinstance(outcome, CannotAsk):
            raise outcome
        return outcome  # type: ignore[return-value]


class _Once:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.outcome: list[object] = []


def _rows(files: Mapping[str, str], kind: str, six: str) -> Iterable:  # type: ignore[type-arg]
    return rows(files.get(f"/proc/net/{kind}{six}", ""), "tcp" if kind == "tcp" else "udp")


def _with_neighbour(attempt: Attempt, arp: str) -> Attempt:
    if attempt.outcome not in ("timed-out", "no-route"):
        return attempt
    state = net.neighbour(arp, attempt.address)
    return Attempt(address=attempt.address, outcome=attempt.outcome, neighbour=state, text=attempt.text, ms=attempt.ms)


def _in_order(addresses: tuple[str, ...], has_ipv6: bool) -> tuple[str, ...]:
    """As a program tries them: IPv6 first where the namespace has any. `netns` asks the kernel for the very route."""
    six = tuple(a for a in addresses if ":" in a)
    four = tuple(a for a in addresses if ":" not in a)
    return six + four if has_ipv6 else four + six
