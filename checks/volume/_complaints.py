"""What a container's log, or its health check, complains of about files, and which of its mounts it means.

Only what was said since the last start counts: an older complaint may have been mended by the restart. What crashes in
a loop is not mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from netdoctor.api import Container, Mount, Stack, Unable, keeps, lazily, lies_in, mounted_at

from ._paths_said import path_in, sqlite_mount, without_requests

Kind = Literal["denied", "read-only", "no-space", "missing", "wrong-kind", "not-opened", "not-written"]
"""The last two are SQLite's, which tells of no errno: it can't open its file or make it, or can't write to it."""


class Complaint(NamedTuple):
    """One line of the log. `path` is what it is about, "" where it names none; `mount` where that lies, None for the
    container's own root. `at` is when it was said, in seconds, and `told` by what."""

    kind: Kind
    path: str
    mount: Mount | None
    line: str
    at: float
    told: str = "log"


_LIFE = 60.0
"""Seconds that what crashes in a loop lives at most, as a rule."""
_SHM = "/dev/shm"  # noqa: S108  of the container
# errno(3) in words, by name, and in the words of some servers.
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("read-only", r"read-?only file ?system|\bEROFS\b"),
    ("no-space", r"no space left on device|\bENOSPC\b|disk is full|disk full|could not resize shared memory"),
    (
        "denied",
        r"permission denied|\bEACCES\b|operation not permitted|\bEPERM\b|access is denied|not writable|"
        r"invalid permissions|wrong ownership|isn't writable|"
        r"file\.AccessDeniedException|access to the path .{1,200} is denied",  # Java's and .NET's
    ),
    ("not-written", r"attempt to write a read-?only database|\bSQLITE_READONLY"),
    ("not-opened", r"unable to open (?:the )?database file|\bSQLITE_CANTOPEN"),
    ("wrong-kind", r"is a directory|\bEISDIR\b|not a directory|\bENOTDIR\b"),
    (
        "missing",
        r"no such file or directory|\bENOENT\b|cannot find module|can't open file|could not open input file|"
        r"failed to open stream|file not found|does not exist|no such file",
    ),
)
_PATTERNS = tuple((kind, lazily(f"(?i){pattern}")) for kind, pattern in _KINDS)
# What is denied has nothing to do with files: of system calls that the engine's seccomp profile refuses, mbind(2) and
# io_uring_setup(2) are in the log of every healthy MySQL and MariaDB.
_ELSEWHERE = lazily(
    r"(?i)\bbind\(?\b|listen\b|socket:|publickey|setrlimit|ulimit|oom_score|/proc/|/sys/|setns|ptrace|iptables|nice\b|"
    r"permission denied (?:for \w|to (?:set|alter|drop|terminate|create (?:database|role|schema|extension)))|"  # SQL
    r"\bio_uring|\bmbind|\bmlock|mempolicy|move_pages|sched_set|setpriority|perf_event|\bbpf\b|huge_?pages?|\bicmp|keyctl"
)
_OF_FILES = lazily(
    r"(?i)\b(?:files?|folders?|director(?:y|ies)|open|creat|writ|chmod|chown|mkdir|unlink|renam|remov|log)"
)


def complaints(stack: Stack, container: Container) -> tuple[Complaint, ...]:
    """All that is said about files since the container was started last, oldest first: by its log, and by its health
    check if that fails now."""
    found = (_complaint(container, *line) for line in _lines(stack, container))
    return tuple(c for c in found if c is not None)


def _lines(stack: Stack, container: Container) -> Iterator[tuple[float, str, str]]:
    """When, what, and who says so."""
    state, since = container.state, container.state.started - 0.5
    if state.running and stack.loops(container) and 0 < state.finished < state.started:
        since = state.finished - _LIFE  # in a loop: this life has not come as far yet
    logs = stack.logs(container)
    for line in () if isinstance(logs, Unable) else logs.lines:
        if not line.at or line.at >= since:
            yield line.at, line.text, "log"
    if state.health is not None and state.health.status == "unhealthy":
        for run in state.health.runs[-1:]:
            yield from ((run.ended, text, "health check") for text in run.output.splitlines())


def _complaint(container: Container, at: float, line: str, told: str) -> Complaint | None:
    text = without_requests(line)
    kind, said = _kind(text)
    if kind is None or (kind == "denied" and _ELSEWHERE.search(text)):
        return None
    path = path_in(container, text, said) if kind != "no-space" or "shared memory" not in text.lower() else _SHM
    if kind == "denied" and not path and not _OF_FILES.search(text):
        return None
    of_sqlite = kind in ("not-written", "not-opened") and not path
    mount = mounted_at(container, path) if path else (sqlite_mount if of_sqlite else _data_mount)(container)
    return Complaint(kind, path, mount, line.strip()[:200], at, told)


def about(found: tuple[Complaint, ...], mount: Mount | None, *kinds: Kind) -> Complaint | None:
    """The last complaint of these kinds about a mount, or (None) about the container's own root."""
    return next((c for c in reversed(found) if c.mount == mount and c.kind in kinds), None)


def quoted(complaint: Complaint) -> str:
    """`; its log says: "..."`."""
    return f'; its {complaint.told} says: "{complaint.line[:160]}"'


def failing(stack: Stack, container: Container) -> bool:
    """Whether the container ended with an error, or does so again and again."""
    state = container.state
    if stack.loops(container):
        return True
    unhealthy = state.health is not None and state.health.status == "unhealthy"
    return unhealthy or (not state.running and state.status != "created" and state.exit_code not in (0, 130, 137, 143))


def _kind(text: str) -> tuple[Kind | None, int]:
    """What the line complains of, and where in it that is said."""
    for kind, pattern in _PATTERNS:
        if found := pattern.search(text):
            return kind, found.start()
    return None, 0


def _data_mount(container: Container) -> Mount | None:
    """Where a server means a file that it names without its folder: in its data folder."""
    kept = keeps(container)
    return mounted_at(container, kept.folder) if kept is not None else None


def covers(mount: Mount, path: str) -> bool:
    """Whether a path of the container lies in the mount."""
    return lies_in(path, mount.destination)
