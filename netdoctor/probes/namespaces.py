"""Network namespaces from outside: whose process it is, and sockets made inside, setns(2) and namespaces(7).

A socket belongs for ever to the namespace that it was made in. So a thread enters, makes the socket and comes back:
what is done with the socket afterwards is done from outside, and nobody works in a foreign namespace for long.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from netdoctor.probes.cannot import CannotAsk, Vanished

AS_ROOT = "run netdoctor as root on the engine's host"

_CLONE_NEWNET = 0x40000000
_T = TypeVar("_T")


class NetworkNamespace:
    """The network namespace of a process, held open. Use it in a `with` statement.

    Raises FileNotFoundError when the process is gone, PermissionError without root, save for our own.
    """

    def __init__(self, pid: int) -> None:
        self._is_ours = pid == os.getpid()  # which takes no right to enter
        self._file = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.inode = os.fstat(self._file).st_ino

    def __enter__(self) -> NetworkNamespace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._file)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket of this namespace, for any thread to use and to close. Raises OSError like socket.socket."""
        # In this very thread: another one would cost 0.2 ms, and a question needs four sockets.
        home = _home()
        _setns()(self._file, _CLONE_NEWNET)
        try:
            return socket.socket(family, kind, protocol)
        finally:
            try:
                _setns()(home, _CLONE_NEWNET)
            except OSError as error:  # out of memory: better no thread than one that asks from the wrong place
                raise SystemExit(f"netdoctor cannot leave a network namespace: {error}") from None

    def act(self, act: Callable[[], _T]) -> _T:
        """What `act` returns in a thread that is in this namespace; it raises what `act` raises.

        Only for what must be done inside and is over at once: a socket made, a file under /proc/sys/net read.
        """
        if self._is_ours:
            return act()
        done: list[_T] = []
        failed: list[BaseException] = []

        def enter_and_act() -> None:
            try:
                _setns()(self._file, _CLONE_NEWNET)
                done.append(act())
            except BaseException as error:  # noqa: BLE001  it is raised again where the caller is
                failed.append(error)

        # Its thread of its own: setns moves the calling thread alone, and a thread that ends needs no way back.
        thread = threading.Thread(target=enter_and_act, daemon=True)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return done[0]


@cache
def _home() -> int:
    """Our own network namespace, held open until we end."""
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@cache
def _setns() -> Callable[[int, int], object]:
    known: Callable[[int, int], object] | None = getattr(os, "setns", None)  # Python 3.12
    if known is not None:
        return known
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)

    def setns(file: int, kind: int) -> None:
        if library.setns(file, kind) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    return setns


def make_sure(pid: int, ids: Iterable[str], name: str) -> None:
    """Make sure that `pid` is a process of the container here, and not a number that means another one.

    The engine mounts /etc/hosts and its like from a folder named after the container, or after the donor of its
    network namespace; that shows for a static binary and on the host's network as well. Most cgroup paths tell it too.
    Raises Vanished and CannotAsk.
    """
    wanted = tuple(ids)
    try:
        for file in ("cgroup", "mountinfo"):
            with Path(f"/proc/{pid}/{file}").open(encoding="utf-8", errors="replace") as lines:
                if any(one in line for line in lines for one in wanted):
                    return
    except (FileNotFoundError, ProcessLookupError):
        raise Vanished(f"the process of {name} (pid {pid}) is not there") from None
    except PermissionError:
        raise CannotAsk(f"netdoctor may not look at the process of {name}", AS_ROOT) from None
    raise CannotAsk(f"pid {pid} on this machine is not the process of {name}: the engine runs elsewhere", AS_ROOT)
