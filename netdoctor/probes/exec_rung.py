"""The rung `exec`: read-only commands that the image already has, run in the container by the engine.

One `docker exec` costs 50 ms, so a container's files are read once for all questions, and a name is asked for once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

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
    Connection,
    Lookup,
    Namespace,
    Sockets,
)
from netdoctor.model import HOST
from netdoctor.probes.cannot import CannotAsk
from netdoctor.probes.clock import Clock
from netdoctor.probes.engine_api import EngineAPI
from netdoctor.probes.exec_connecting import Connecting
from netdoctor.probes.exec_programs import PERL, PYTHON
from netdoctor.probes.exec_reading import holders, read_lookup
from netdoctor.probes.exec_scripts import SH_FILES, SH_LOOK_UP, TABLES
from netdoctor.probes.exec_shell import Shell
from netdoctor.probes.looking_up import by_files, ipv6_goes, literal
from netdoctor.probes.namespaces import AS_ROOT
from netdoctor.probes.once import Once
from netdoctor.probes.resolver_files import names_to_ask, read_resolv_conf
from netdoctor.probes.tables import Row, rows, sockets, unix_paths
from netdoctor.stack import Stack

if TYPE_CHECKING:
    from netdoctor.probes.exec_mounts import FilesInside

_PROTOCOLS: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")


class ExecRung:
    """One run's questions by way of `docker exec`. `answer` can be called from many threads."""

    name = "exec"

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._shell = Shell(stack, api)
        self._connecting = Connecting(stack, self._shell)
        self._stack, self._api = stack, api
        self._once = Once()

    def answer(self, question: AnyQuestion, clock: Clock) -> AnyAnswer:
        """Ask within the time of the clock, about. Raises CannotAsk."""
        if isinstance(question, AskHost) or getattr(question, "container", "") == HOST:
            raise CannotAsk("a command can be run in a container only, not on the engine's host", AS_ROOT)
        if isinstance(question, AskSockets):
            return self._sockets(question.container, clock)
        if isinstance(question, AskLookup):
            return self._look_up(question.container, question.name, clock, clock.left)
        if isinstance(question, AskConnection):
            return self._connection(question, clock)
        if isinstance(question, AskNamespace):
            return self._namespace(question.container, clock)
        if isinstance(question, AskMounts | AskProcesses | AskPath):
            return self._files_inside.answer(question, clock)
        if isinstance(question, AskUpstream):
            raise CannotAsk("a container is not told which name servers stand behind the engine's resolver", AS_ROOT)
        raise CannotAsk("this is not a question for a command in the container")

    @cached_property
    def _files_inside(self) -> FilesInside:
        from netdoctor.probes.exec_mounts import FilesInside  # for those that ask about mounts alone

        return FilesInside(self._stack, self._api, self._shell)

    # -- files --------------------------------------------------------------------------------------------------

    def _files(self, container: str, clock: Clock) -> Mapping[str, str]:
        """Texts by path, and by what else the script titles: namespace, stat, files."""
        return self._once.get(("files", container), lambda: self._read_files(container, clock), clock)

    def _read_files(self, container: str, clock: Clock) -> Mapping[str, str]:
        names = [*(f"/proc/net/{name}" for name in TABLES), "/etc/resolv.conf", "/etc/hosts"]
        found: dict[str, str] = {}
        for title, text in self._shell.run(container, SH_FILES, (), ("files", "MARK", *names), clock):
            found[title] = found.get(title, "") + text
        return found

    def _sockets(self, container: str, clock: Clock) -> Sockets:
        files = self._files(container, clock)
        table: list[Row] = []
        for protocol in _PROTOCOLS:
            for name in (protocol, f"{protocol}6"):
                table += rows(files.get(f"/proc/net/{name}", ""), protocol)
        return sockets(
            table,
            unix_paths(files.get("/proc/net/unix", "")),
            owners=lambda _: holders(files.get("stat", ""), files.get("files", "")),
            serves_ipv4=lambda ports: self._connecting.accepted(container, _own_address(files), ports, clock),
        )

    def _namespace(self, container: str, clock: Clock) -> Namespace:
        files = self._files(container, clock)
        inode = re.search(r"net:\[(\d+)\]", files.get("namespace", ""))
        if inode is None:
            raise CannotAsk("the image has nothing to tell its network namespace with", AS_ROOT)
        routes = net.routes(files.get("/proc/net/route", ""))
        names = net.names(files.get("/proc/net/dev", ""))
        flags = {name: files.get(f"/sys/class/net/{name}/flags", "").strip() for name in names}
        addresses = net.on_interfaces(net.local_addresses4(files.get("/proc/net/fib_trie", "")), routes)
        addresses6 = net.addresses6(files.get("/proc/net/if_inet6", ""))
        return Namespace(
            inode=int(inode[1]),
            interfaces=net.interfaces({n: net.flags_say_up(f) for n, f in flags.items()}, (*addresses, *addresses6)),
            routes=routes,
        )

    # -- names and connections ----------------------------------------------------------------------------------

    def _look_up(self, container: str, name: str, clock: Clock, seconds: float) -> Lookup:
        return self._once.get(("name", container, name), lambda: self._ask_for(container, name, clock, seconds), clock)

    def _ask_for(self, container: str, name: str, clock: Clock, seconds: float) -> Lookup:
        files = self._files(container, clock)
        conf = read_resolv_conf(files.get("/etc/resolv.conf", ""))
        # `netns` asks the kernel for the route to the very address; here any IPv6 address counts.
        has_ipv6 = bool(files.get("/proc/net/if_inet6", "").strip())
        lookup = by_files(name, files.get("/etc/hosts", ""), conf)
        if lookup.outcome != "unresolved":
            return replace(lookup, addresses=ipv6_goes(lookup.addresses, first=has_ipv6))
        full = tuple(names_to_ask(name, conf.search, conf.ndots))
        # The tools count whole seconds.
        limits = (str(max(1, round(seconds))), "1" if has_ipv6 else "0")
        for_shell = (*limits, PYTHON, PERL, name, *full)
        said = self._shell.run(container, SH_LOOK_UP, for_shell, ("look", *limits, name), clock)
        if not said:
            raise CannotAsk("the image has nothing to look up names with", AS_ROOT)
        heard = read_lookup(said)
        return replace(
            lookup,
            outcome=heard.outcome,
            addresses=ipv6_goes(heard.addresses, first=has_ipv6),
            source="dns" if heard.outcome == "found" else "",
            rcode=heard.rcode,
            asked=full[0] if len(full) == 1 else name,
            # Of several servers nobody can tell which one it was.
            server=conf.servers[0] if len(conf.servers) == 1 else "",
        )

    def _connection(self, question: AskConnection, clock: Clock) -> Connection:
        addresses: tuple[str, ...] = (literal(question.address),)
        if not addresses[0]:
            # Half of the time for the name: the connect wants a second as well.
            addresses = self._look_up(question.container, question.address, clock, clock.left / 2).addresses
        return self._connecting.connect(question, addresses, clock)


def _own_address(files: Mapping[str, str]) -> str:
    own = net.local_addresses4(files.get("/proc/net/fib_trie", ""))
    return next((a for a in own if not a.startswith("127.")), "127.0.0.1")
