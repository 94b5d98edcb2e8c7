"""Which process holds a socket: proc(5), /proc/PID/fd, where `socket:[12345]` names the socket's inode."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from netdoctor.answers import Process
from netdoctor.patterns import lazily

# /proc/PID/stat: pid (name) state ...; the name may itself hold blanks and brackets.
_STAT = lazily(r"\d+ \((?P<name>.*)\) (?P<state>\S)", re.DOTALL)


def owners(inodes: frozenset[int], pids: Iterable[int]) -> Mapping[int, Process]:
    """The processes among `pids` that hold the sockets; of several that share one, the first.

    A process that ends meanwhile, or may not be looked at, holds nothing.
    """
    found: dict[int, Process] = {}
    for pid in pids:
        if len(found) == len(inodes):
            break
        if mine := _held(pid) & inodes - found.keys():
            name, state = read_stat(_read(f"/proc/{pid}/stat")) or ("", "")
            found.update(dict.fromkeys(mine, Process(pid=pid, name=_whole_name(pid, name), state=state)))
    return found


def _held(pid: int) -> set[int]:
    held = set()
    try:
        with os.scandir(f"/proc/{pid}/fd") as files:
            for file in files:
                opened = os.readlink(file.path)  # noqa: PTH115  of thousands, and a Path is dear
                if opened.startswith("socket:["):
                    held.add(int(opened[8:-1]))
    except OSError:
        pass
    return held


def read_stat(text: str) -> tuple[str, str] | None:
    """Name and state letter in /proc/PID/stat."""
    match = _STAT.match(text)
    return (match["name"], match["state"]) if match else None


def _whole_name(pid: int, name: str) -> str:
    if len(name) == 15:  # the kernel cuts it there; the rest is in the command line, unless the process rewrote that
        whole = _read(f"/proc/{pid}/cmdline").partition("\0")[0].rpartition("/")[2]
        if whole.startswith(name):
            return whole
    return name


def name_of(pid: int) -> str:
    """The process's name, whole; "" when it is gone."""
    name, _ = read_stat(_read(f"/proc/{pid}/stat")) or ("", "")
    return _whole_name(pid, name)


def family(pid: int) -> Iterator[int]:
    """The process and its descendants, parents first: the master of a server stands before its workers."""
    todo = [pid]
    while todo:
        one = todo.pop(0)
        yield one
        todo.extend(_children(one))


def everybody() -> Iterator[int]:
    """All processes of this machine, in the order of their numbers."""
    yield from sorted(_numbers("/proc"))


def called(name: str) -> Iterator[int]:
    """The processes of this machine that have this name (/proc/PID/comm), looked for as they are asked for."""
    return (pid for pid in everybody() if _read(f"/proc/{pid}/comm").strip() == name)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _numbers(f"/proc/{pid}/task"):
        try:
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text("ascii").split())
        except FileNotFoundError:  # the thread has ended, or the kernel was built without CONFIG_PROC_CHILDREN
            return _children_by_parents(pid)
        except OSError:
            return []
    return found


def _children_by_parents(pid: int) -> list[int]:
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _numbers(folder: str) -> list[int]:
    try:
        with os.scandir(folder) as entries:
            return [int(entry.name) for entry in entries if entry.name.isdigit()]
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
