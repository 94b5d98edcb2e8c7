"""How a container ended, in words: its exit code, its last lines, and how long ago."""

from __future__ import annotations

import re
import shlex
import signal

from netdoctor.api import Container, Logs, Remedy, Stack, Unable

_WORDS = {
    0: "done",
    1: "an error of its own",
    125: "the docker command itself failed",
    126: "its command cannot be executed",
    127: "a command was not found",
    137: "killed from outside: docker kill, or docker stop when it did not end in time",
    139: "crashed: segmentation fault",
    143: "stopped: docker stop",
}
_EXEC = re.compile(r"exec (?P<path>/\S+): (?P<what>no such file or directory|exec format error|permission denied)$")


def in_words(code: int) -> str:
    """`137 (killed ...)`. From 129 on the code is 128 and the number of a signal, as in a shell."""
    if code in _WORDS:
        return f"{code} ({_WORDS[code]})"
    if code - 128 in set(signal.Signals):
        return f"{code} (ended by {signal.Signals(code - 128).name})"
    return str(code)


def ago(stack: Stack, moment: float, word: str = "ago") -> str:
    """`, 5 min ago` before the stack was read; "" where the moment is unknown."""
    if not moment or stack.taken_at < moment:
        return ""
    seconds = stack.taken_at - moment
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f" {int(seconds // size)} {unit} ago" if word == "ago" else f" since {int(seconds // size)} {unit}"
    return f" {int(seconds)} s ago" if word == "ago" else f" since {int(seconds)} s"


def last_lines(logs: Logs | Unable, most: int = 5) -> tuple[str, ...]:
    """The last lines that say something, oldest first; none where the log cannot be read."""
    if isinstance(logs, Unable):
        return ()
    return tuple(line.text.strip() for line in logs.lines if line.text.strip())[-most:]


def quoted(lines: tuple[str, ...]) -> str:
    """`; its last words: "..."`."""
    return f'; its last words: "{lines[-1][:160]}"' if lines else ""


def exec_trouble(container: Container, lines: tuple[str, ...]) -> tuple[str, Remedy] | None:
    """What the runtime says in the container's log when the process could not even become its command."""
    found = _EXEC.search(lines[-1]) if lines else None
    if found is None:
        return None
    path, what = found["path"], found["what"]
    file = host_path(container, path) or path.rpartition("/")[2]
    where = shlex.quote(file)
    says, advice, command = {
        "no such file or directory": (
            f"{path} is there or not, but what its first line names is not: Windows line ends, or an interpreter that the image lacks",
            "Give the script Unix line ends (and build the image anew if it is copied in).",
            f"sed -i 's/\\r$//' {where}",
        ),
        "exec format error": (
            f"{path} has no #! line, or is made for another processor",
            "Give the script a first line, or build the image for this machine.",
            f"sed -i '1i #!/bin/sh' {where}",
        ),
        "permission denied": (f"{path} is not executable", "Make it executable.", f"chmod +x {where}"),
    }[what]
    verify = (f"docker inspect --format '{{{{.State.Status}}}}' {container.name}",)
    return says, Remedy(says=advice, run=(command, f"docker restart {container.name}"), verify=verify)


def host_path(container: Container, path: str) -> str:
    """Where a path of the container lies on the host, "" if no bind mount leads there."""
    for mount in sorted(container.mounts, key=lambda m: -len(m.destination)):
        if mount.kind == "bind" and (path == mount.destination or path.startswith(mount.destination.rstrip("/") + "/")):
            return mount.source + path[len(mount.destination) :]
    return ""
