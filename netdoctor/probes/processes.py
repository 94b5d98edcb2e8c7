"""Which process holds a socket: proc(5), /proc/PID/fd, where `socket:[12345]` names the socket's inode."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from netdoctor.answers import Process

_SOCKET = re.compile(r"socket:\[(\d+)\]")
# /proc/PID/stat: pid (name) state ...; the name may itself hold blanks and brackets.
_STAT = re.compile(r"\d+ \((?P<name>.*)\) (?P<state>\S)", re.DOTALL)


def owners(inodes: frozenset[int], pids: Iterable[int]) -> Mapping[int, Process]:
    """The processes among `pids` that hold the sockets; of several that share one, the first.

    A process that ends meanwhile, or may not be looked at, holds nothing.
    """
    found: dict[int, Process] = {}
    for pid in pids:
        if len(found) == len(inodes):
            break
        for inode in _held(pid) & inodes - found.keys():
            found[inode] = Process(pid=pid, name=_name(pid), state=_stat(pid)[1])
    return found


def _held(pid: int) -> set[int]:
    held = set()
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            if match := _SOCKET.fullmatch(os.readlink(f"/proc/{pid}/fd/{number}")):
                held.add(int(match[1]))
    except OSError:
        pass
    return held


def _stat(pid: int) -> tuple[str, str]:
    return read_stat(_read(f"/proc/{pid}/stat")) or ("", "")


def read_stat(text: str) -> tuple[str, str] | None:
    """Name and state letter in /proc/PID/stat."""
    match = _STAT.match(text)
    return (match["name"], match["state"]) if match else None


def _name(pid: int) -> str:
    name = _stat(pid)[0]
    if len(name) == 15:  # the kernel cuts it there; the rest is in the command line, unless the process rewrote that
        whole = os.path.basename(_read(f"/proc/{pid}/cmdline").partition("\0")[0])
        if whole.startswith(name):
            return whole
    return name


def family(pid: int) -> Iterator[int]:
    """The process and its descendants, parents first: the master of a server stands before its workers."""
    todo = [pid]
    while todo:
        one = todo.pop(0)
        yield one
        todo.extend(_children(one))


def everybody() -> Iterator[int]:
    """All processes of this machine, in the order of their numbers."""
    yield from sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    try:
        found: list[int] = []
        for thread in threads:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as text:
                found += map(int, text.read().split())
        return found
    except FileNotFoundError:  # the thread has ended, or the kernel was built without CONFIG_PROC_CHILDREN
        return _children_by_parents(pid) if os.path.exists(f"/proc/{pid}") else []
    except OSError:
        return []


def _children_by_parents(pid: int) -> list[int]:
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as text:
            return text.read()
    except OSError:
        return ""
