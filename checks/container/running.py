"""Is there a process at all? Most names that do not resolve are those of a target that is not running.

What is asked
    The state that the engine keeps (docker inspect), and the last lines of the log. Nothing is run in the container.

Healthy
    The container runs. Healthy as well: a job that finished with 0 and a container that was stopped by hand (137, 143),
    as long as nothing that was asked about needs them; a container that was restarted long ago and has run since.

Sick
    exited         It is not running. The exit code is put into words: 0 done, 1 an error of its own, 126 and 127 its
                   command cannot be run, 137 killed, 139 crashed, 143 stopped. 137 alone does not mean memory.
    out-of-memory  The kernel killed it at its memory limit (OOMKilled).
    crash-looping  It ends again and again, and its restart policy brings it back.
    paused         Frozen by docker pause, on purpose perhaps (a backup). The kernel still accepts connections for it,
                   so that clients hang instead of failing.
    never-started  Created and never started: the engine keeps no error of a start.
    waiting        Created, and Compose starts it only when what it depends on is ready (depends_on), which it is not.
    start-failed   The engine tried to start it and could not. Its own error (.State.Error) is put into words.

Remedy
    exited, crash-looping: read the log, mend what it says, start the container. out-of-memory: a higher limit.
    paused: docker unpause. start-failed: each error has a remedy of its own.

By hand
    docker ps --all --filter name=postgres
    docker inspect --format '{{json .State}}' postgres
    docker logs --tail 50 postgres

See also
    container.healthy, network.exists, publish.bound, port.listening
    https://docs.docker.com/reference/cli/docker/container/run/#exit-status
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdoctor.api import AskLogs, Container, Finding, Reason, Stack, check, fail, passed, warn

from ._exit_words import exec_trouble, in_words, last_lines, passed_since, quoted
from ._mending import do, log, more_memory, start
from ._start_errors import explain

_STOPPED = (0, 130, 137, 143)
"""Codes of a container that did its work, or was told to end."""


_UNTIL = {
    "service_started": "is started",
    "service_healthy": "is healthy",
    "service_completed_successfully": "has ended with 0",
}
"""The conditions of `depends_on`, in words."""

_NOT_STARTED = ("network.room", "network.subnet", "publish.bound/port-taken", "publish.bound/not-bound")
"""What keeps a container from starting, told of by itself."""


@check(
    id="container.running",
    title="{name} is running",
    reasons=(
        Reason("exited", "not running; the exit code in words, and the last lines of the log", follows_links=True),
        Reason("out-of-memory", "killed by the kernel at its memory limit"),
        Reason("crash-looping", "restarted again and again within minutes", time_heals=True, follows_links=True),
        Reason("paused", "frozen: the kernel accepts connections for it, and nobody answers", time_heals=True),
        Reason("never-started", "created only"),
        Reason("waiting", "Compose starts it when what it depends on is ready", time_heals=True, follows_services=True),
        Reason("start-failed", "the engine refused to start it; its error in words", after=_NOT_STARTED),
    ),
    needs=(AskLogs,),
    after=("network.exists", "volume"),
    hop="listener",
)
def running(stack: Stack, container: Container) -> Iterator[Finding]:
    state, name = container.state, stack.title(container)
    lines = last_lines(stack.logs(container))
    seen = _seen(container, lines)
    if state.status == "running":
        yield _up(stack, container, lines)
    elif state.status == "paused":
        says = f"{name} is paused (by a backup job perhaps): connections to it are accepted and never answered"
        remedy = do(
            container, "Wake it, unless whoever paused it is still at work.", f"docker unpause {container.name}"
        )
        say = fail if _needed(stack, container) else warn
        yield say("paused", says, remedy=remedy, status=state.status)
    elif state.error:
        says, remedy = explain(stack, container)
        yield fail("start-failed", f"{name} could not be started: {says}", remedy=remedy, error=state.error, **seen)
    elif state.out_of_memory:
        says = f"{name} needed more memory than its limit, and the kernel killed it"
        yield fail("out-of-memory", says, remedy=more_memory(container), **seen)
    elif state.status == "restarting":
        yield _looping(stack, container, lines)
    elif state.status == "created" and (holding_up := stack.holding_up(container)):
        yield _waiting(stack, container, holding_up)
    elif state.status == "created":
        remedy = do(container, "Start it; if that fails, the engine says why.", start(container))
        yield fail("never-started", f"{name} was created and never started", remedy=remedy, **seen)
    elif state.exit_code in _STOPPED and not _needed(stack, container):
        how = "finished with 0 (done)" if state.exit_code == 0 else f"was stopped ({state.exit_code})"
        perhaps = [link.known_from for link in stack.links_to(container)] if state.exit_code else []
        if perhaps:
            says = f"{name} {how}, and may be needed: that is known from {perhaps[0]}"
            remedy = do(container, "Start it if it is needed.", start(container))
            yield warn("exited", says, remedy=remedy, **seen)
        else:
            yield passed(f"{name} {how}, and nothing that was asked about needs it", **seen)
    else:
        yield _exited(stack, container, lines)


def _up(stack: Stack, container: Container, lines: tuple[str, ...]) -> Finding:
    state = container.state
    if stack.loops(container):
        return _looping(stack, container, lines)
    says = f"{stack.title(container)} has been running for {passed_since(stack, state.started)}"
    return passed(says, status=state.status, restarts=state.restart_count)


def _waiting(stack: Stack, container: Container, holding_up: tuple[Container, ...]) -> Finding:
    conditions = dict(container.awaits)
    names = [stack.title(c) for c in holding_up]
    until = {c.service: _UNTIL.get(conditions[c.service], "is there") for c in holding_up}
    waits = " and ".join(f"{stack.title(c)} {until[c.service]}" for c in holding_up)
    says = f"{stack.title(container)} was never started: Compose waits until {waits}"
    remedy = do(
        container,
        f"Mend {' and '.join(names)}; then Compose starts it.",
        *(f"netdoctor {c.name}" for c in holding_up),
        f"docker compose -p {container.project} up -d {container.service}",
    )
    states = [f"{stack.title(c)}: {_stands(c)}" for c in holding_up]
    return fail("waiting", says, remedy=remedy, status=container.state.status, waits_for=states)


def _stands(container: Container) -> str:
    health = container.state.health
    return (
        f"{container.state.status}, {health.status}" if health and container.state.running else container.state.status
    )


def _looping(stack: Stack, container: Container, lines: tuple[str, ...]) -> Finding:
    state = container.state
    code = f" with {in_words(state.exit_code)}" if state.status == "restarting" else ""
    times = "once" if state.restart_count == 1 else f"{state.restart_count} times"
    says = f"{stack.title(container)} crashes in a loop: it ended{code} and was restarted {times}{quoted(lines)}"
    works = [stack.works(link) for link in stack.links if container.id in (link.source, link.target)]
    say = warn if works and all(works) else fail
    calm = f"docker update --restart=no {container.name}"
    remedy = do(container, "Read why it ends, and mend that; the second command stops the loop.", log(container), calm)
    return say("crash-looping", says, remedy=remedy, restarts=state.restart_count, **_seen(container, lines))


def _exited(stack: Stack, container: Container, lines: tuple[str, ...]) -> Finding:
    state = container.state
    says = f"it ended {passed_since(stack, state.finished)} ago with {in_words(state.exit_code)}{quoted(lines)}"
    remedy = do(container, "Read why it ended, mend that, and start it.", log(container), start(container))
    shell = container.command[-1:] and container.command[-1].rpartition("/")[2] in ("sh", "bash", "ash")
    if state.exit_code == 0 and shell and not container.tty:
        says = "its command is a shell without a terminal, which ends at once"
        remedy = do(
            container, "Create it anew with a command that stays in the foreground, or with -it.", log(container)
        )
    trouble = exec_trouble(container, lines)
    if trouble:
        says, remedy = trouble
    says = f"{stack.title(container)} is not running: {says}"
    return fail("exited", says, remedy=remedy, **_seen(container, lines))


def _seen(container: Container, lines: tuple[str, ...]) -> dict[str, Any]:
    return {"status": container.state.status, "exit_code": container.state.exit_code, "last_lines": list(lines)}


def _needed(stack: Stack, container: Container) -> bool:
    """Whether a judged link starts at the container, or is certain and leads to it or into its network namespace."""
    return bool(stack.links_from(container)) or any(link.certain for link in stack.links_to(container))
