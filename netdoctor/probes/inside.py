"""A live container from outside, by root on the engine's host: its process, its namespace, its files, its tables."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import msgspec

from netdoctor.answers import Lookup
from netdoctor.model import HOST, Container
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.engine_api import EngineAPI, what_failed
from netdoctor.probes.files_inside import read_inside
from netdoctor.probes.interfaces import addresses4
from netdoctor.probes.looking_up import look_up
from netdoctor.probes.namespaces import AS_ROOT, NetworkNamespace, make_sure
from netdoctor.probes.processes import called
from netdoctor.probes.resolver_files import read_resolv_conf
from netdoctor.probes.sock_diag import NETLINK_SOCK_DIAG
from netdoctor.stack import Stack

ON_THE_HOST = "run netdoctor as root on the engine's host itself, not in a container"


class Inside(msgspec.Struct, frozen=True):
    """A live container or the host: a process of it, and its network namespace held open."""

    pid: int
    namespace: NetworkNamespace

    def read(self, path: str) -> str:
        """The text of a file of the container, "" when there is none."""
        try:
            return read_inside(self.pid, path)
        except OSError:
            return ""

    def look_up(self, name: str, ends: float) -> Lookup:
        """What a name or an address means to the container's resolver, asked until `ends` (time.monotonic())."""
        conf = read_resolv_conf(self.read("/etc/resolv.conf"))
        return look_up(name, self.read("/etc/hosts"), conf, self.namespace.socket, ends)

    def table(self, name: str) -> str:
        """The text of /proc/PID/net/`name`, "" when the kernel has no such table."""
        try:
            with open(f"/proc/{self.pid}/net/{name}", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                return file.read()
        except OSError:
            return ""

    def netlink(self) -> socket.socket:
        """A socket for sock_diag(7). Raises OSError."""
        line = self.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        line.settimeout(1.0)
        return line


class Entrances:
    """The ways into the containers of a stack."""

    def __init__(self, stack: Stack, api: EngineAPI) -> None:
        self._stack = stack
        self._api = api
        self._known: dict[str, tuple[int, int]] = {}
        """The process by which a container, or the host, was entered before, and its namespace's inode."""

    @contextmanager
    def inside(self, container_id: str) -> Iterator[Inside]:
        """The container, or the host (HOST), which is where the engine has its bridges. Raises CannotAsk."""
        pid, namespace = self._entered_before(container_id) or self._entered(container_id)
        with namespace:
            yield Inside(pid, namespace)

    @contextmanager
    def asking(self, container_id: str) -> Iterator[Inside]:
        """Where the questions of a container, or of the host, come from. Raises CannotAsk.

        The bridges of a rootless engine are in a namespace of its own; its ports are published where it was started.
        """
        if container_id == HOST and self._stack.engine.rootless:
            with NetworkNamespace(os.getpid()) as namespace:
                yield Inside(os.getpid(), namespace)
        else:
            with self.inside(container_id) as inside:
                yield inside

    def _entered_before(self, container_id: str) -> tuple[int, NetworkNamespace] | None:
        """The same namespace by the same process as last time; a number that means another process has another one."""
        pid, inode = self._known.get(container_id, (0, 0))
        if not pid:
            return None
        try:
            namespace = NetworkNamespace(pid)
        except OSError:
            return None
        if namespace.inode == inode:
            return pid, namespace
        namespace.close()
        return None

    def _entered(self, container_id: str) -> tuple[int, NetworkNamespace]:
        pid = self._host_pid() if container_id == HOST else self.pid(container_id)
        try:
            namespace = NetworkNamespace(pid)
        except OSError as error:
            reason = f"the network namespace of pid {pid} cannot be entered ({error.strerror})"
            raise CannotAsk(reason, AS_ROOT) from error
        self._known[container_id] = pid, namespace.inode
        return pid, namespace

    def pid(self, container_id: str) -> int:
        """The first process of a container. Raises CannotAsk."""
        container = self._stack.container(container_id)
        if container is None:
            raise Vanished(f"the stack has no container {container_id[:12]}")
        if not container.state.running:
            raise Vanished(f"{container.name} is not running")
        try:
            make_sure(container.state.pid, self._ids(container), container.name)
            return container.state.pid
        except Vanished:
            pid = self._pid_now(container)
        if pid == container.state.pid:
            raise CannotAsk(f"the process of {container.name} (pid {pid}) cannot be seen from here", ON_THE_HOST)
        make_sure(pid, self._ids(container), container.name)
        return pid

    def _pid_now(self, container: Container) -> int:
        """The pid that the engine tells now: the container may have been restarted. Raises Vanished and CannotAsk."""
        try:
            pid = self._api.get(f"/containers/{container.id}/json")["State"].get("Pid")
        except Exception as error:  # noqa: BLE001  an error that is no engine's is raised again
            if what_failed(error) == "NotFound":
                raise Vanished(f"{container.name} has been removed since the stack was read") from None
            raise CannotAsk(str(error)) from None
        if not pid:
            raise Vanished(f"{container.name} has stopped since the stack was read")
        return int(pid)

    def _ids(self, container: Container) -> Iterable[str]:
        """Its own ID, and its donor's: the files of a shared namespace are mounted from the donor's folder."""
        return dict.fromkeys((container.id, self._stack.namespace_owner(container).id))

    def _host_pid(self) -> int:
        """A process in the engine's own namespace: ours, PID 1 or an engine, whichever has the gateways.

        Raises CannotAsk where none has: then we are in a container. Podman has no bridge until a container is on it.
        """
        gateways = {g for n in self._stack.networks if n.driver in ("", "bridge") for g in n.gateways}
        for pid in chain((os.getpid(), 1), called("dockerd")):
            try:
                with NetworkNamespace(pid) as namespace, namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                    if gateways & {address for _, address in addresses4(line)}:
                        return pid
            except OSError:
                continue
        if gateways and self._stack.engine.name == "docker":
            raise CannotAsk("netdoctor is not in the network namespace of the engine's host", ON_THE_HOST)
        return os.getpid()
