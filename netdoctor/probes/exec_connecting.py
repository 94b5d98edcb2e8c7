"""Connecting by the tools of an image, and reading the target's accept queue by another command in the target."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Literal

from netdoctor.answers import AskConnection, Attempt, Connection
from netdoctor.probes.accept_queue import PAUSE, ports_behind
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.connecting import with_neighbour
from netdoctor.probes.exec_programs import PERL, PYTHON
from netdoctor.probes.exec_reading import read_attempts
from netdoctor.probes.exec_scripts import SH_CONNECT, SH_QUEUE
from netdoctor.probes.exec_shell import Shell
from netdoctor.probes.hello import hello
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.tables import EVERYWHERE, is_listening, plain, rows
from netdoctor.stack import Stack

READINGS = 5
"""Of an accept queue, each by a command of its own."""


class Connecting:
    """Connects from the containers of one stack."""

    def __init__(self, stack: Stack, shell: Shell) -> None:
        self._stack = stack
        self._shell = shell

    def connect(self, question: AskConnection, addresses: tuple[str, ...], clock: Clock) -> Connection:
        """Try each address until one is accepted. Raises CannotAsk."""
        if not addresses:
            return Connection(protocol=question.protocol, resolved=False)
        # The tools count whole seconds.
        seconds = max(1, round(clock.left / len(addresses)))
        word = hello(question.scheme, question.address) if question.protocol == "tcp" else b""
        places = [(address, question.port) for address in addresses]
        tried = self._run(question.container, "first", question.protocol, word, places, seconds, question.scheme, clock)
        if not tried:
            source = self._stack.container(question.container)
            name = source.name if source else question.container[:12]
            does = "send datagrams" if question.protocol == "udp" else "connect"
            raise CannotAsk(f"the image of {name} has nothing to {does} with", AS_ROOT)
        attempts = tuple(attempt for _, attempt in tried)
        queue: tuple[int, ...] = ()
        last = attempts[-1]
        # Whoever has spoken or hung up has taken the connection, so there a look at the queue is not worth 50 ms.
        if question.protocol == "tcp" and last.outcome in ("connected", "timed-out") and last.after in ("", "open"):
            queue = () if last.heard else tuple(self._queue(question, last, clock))
        return Connection(protocol=question.protocol, attempts=attempts, queue=queue)

    def accepted(self, container: str, address: str, ports: tuple[int, ...], clock: Clock) -> dict[int, bool | None]:
        """Whether a connect to each of these TCP ports is accepted, None where nothing came back."""
        verdicts: dict[str, bool | None] = {"connected": True, "refused": False}
        try:
            tried = self._run(container, "all", "tcp", b"", [(address, port) for port in ports], 1, "", clock)
        except CannotAsk:
            return {}
        return {port: verdicts.get(attempt.outcome) for port, attempt in tried}

    def _run(
        self,
        container: str,
        mode: Literal["first", "all"],
        protocol: str,
        word: bytes,
        places: list[tuple[str, int]],
        seconds: int,
        scheme: str,
        clock: Clock,
    ) -> tuple[tuple[int, Attempt], ...]:
        flat = tuple(part for address, port in places for part in (address, str(port)))
        common = (protocol, word.hex() or "-", *flat)
        said = self._shell.run(
            container,
            SH_CONNECT,
            (str(seconds), mode, PYTHON, PERL, *common),
            ("connect", str(seconds), mode, *common),
            clock,
            seconds * len(places) + 1,
        )
        tables = dict(said)

        def table(name: str) -> str:
            return tables.get(f"/proc/net/{name}", "")

        return tuple((port, with_neighbour(attempt, table)) for port, attempt in read_attempts(said, scheme))

    def _queue(self, question: AskConnection, attempt: Attempt, clock: Clock) -> Iterable[int]:
        """Readings until nothing waits, some at most; one alone after a timeout. The limit is not in /proc."""
        target = self._stack.container(question.target)
        if target is None:
            return
        ports = ports_behind(target, question.port)
        try:
            for _ in range(READINGS):
                waiting = self._waiting(target.id, ports, attempt.address, clock)
                if waiting is None:
                    return
                yield waiting
                if not waiting or attempt.outcome != "connected":
                    return
                time.sleep(PAUSE)
        except CannotAsk:
            return

    def _waiting(self, container: str, ports: tuple[int, ...], address: str, clock: Clock) -> int | None:
        tables = ("/proc/net/tcp", "/proc/net/tcp6")
        said = self._shell.run(container, SH_QUEUE, (), ("files", "MARK", *tables), clock)
        found = [r for title, text in said if title in tables for r in rows(text, "tcp") if is_listening(r)]
        for port in ports:
            serving = [r.waiting for r in found if r.port == port and plain(r.address) in (*EVERYWHERE, address)]
            if serving:
                return max(serving)
        return None
