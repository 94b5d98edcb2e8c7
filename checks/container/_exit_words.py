"""How a container ended, in words: its exit code, its last lines, how long ago, and a command that could not be run."""

from __future__ import annotations

import shlex

from netdoctor.api import Container, Logs, Remedy, Stack, Unable, lazily

from ._mending import do

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
_EXEC = lazily(r"exec (?P<path>/\S+): (?P<what>no such file or directory|exec format error|permission denied)$")


def in_words(code: int) -> str:
    """`139 (crashed: segmentation fault)`. From 129 on the code is 128 and the number of a signal, as in a shell."""
    if code in _WORDS:
        return f"{code} ({_WORDS[code]})"
    import signal

    if code - 128 in set(signal.Signals):
        return f"{code} (ended by {signal.Signals(code - 128).name})"
    return str(code)


def passed_since(stack: Stack, moment: float) -> str:
    """`5 min` from the moment to the reading of the stack."""
    seconds = max(stack.taken_at - moment, 0.0)
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s" if seconds >= 2 else "a moment"


def last_lines(logs: Logs | Unable, most: int = 5) -> tuple[str, ...]:
    """The last lines that say something, oldest first; none where the log cannot be read."""
    if isinstance(logs, Unable):
        return ()
    return tuple(line.text.strip() for line in logs.lines if line.text.strip())[-most:]


def quoted(lines: tuple[str, ...]) -> str:
    """`; its last words: "..."`."""
    return f'; its last words: "{lines[-1][:160]}"' if lines else ""


def exec_trouble(container: Container, lines: tuple[str, ...]) -> tuple[str, Remedy] | None:
    """What the runtime writes into the container's log when the process could not become its command."""
    found = _EXEC.search(lines[-1]) if lines else None
    if found is None:
        return None
    path = found["path"]
    file = host_path(container, path)
    here = shlex.quote(file or path.rpartition("/")[2])
    says, advice, command = {
        "no such file or directory": (
            f"{path} cannot be run, because what its first line names is not there: Windows line ends, as a rule",
            "Give the script Unix line ends",
            f"sed -i 's/\\r$//' {here}",
        ),
        "exec format error": (
            f"{path} cannot be run: it has no #! line, or is made for another processor",
            "Give the script a first line like #!/bin/sh, or build the program for this machine",
            f"head -c 64 {here}",
        ),
        "permission denied": (f"{path} cannot be run: it is not executable", "Make it executable", f"chmod +x {here}"),
    }[found["what"]]
    if file:
        return says, do(container, f"{advice}.", command, f"docker restart {container.name}")
    return says, do(
        container, f"{advice} in the folder that {container.image} is built from, and build it anew.", command
    )


def host_path(container: Container, path: str) -> str:
    """Where a path of the container lies on the host, "" if no bind mount leads there."""
    for mount in sorted(container.mounts, key=lambda m: -len(m.destination)):
        inside = path == mount.destination or path.startswith(mount.destination.rstrip("/") + "/")
        if inside and mount.kind == "bind":
            return mount.source + path[len(mount.destination) :]
    return ""
