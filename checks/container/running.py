"""Is there a process at all? Most names that do not resolve and most refused connections are a target that is not running.

What is asked
    The state that the engine keeps (docker inspect), and the last lines of the log. Nothing is run in the container.

Healthy
    The container runs. Healthy as well: a job that finished with 0 and a container that was stopped by hand (137, 143),
    as long as nothing that was asked about needs them; a container that was restarted long ago and runs since.

Sick
    exited         It is not running. The exit code is put into words: 0 done, 1 an error of its own, 126 and 127 its
                   command cannot be run, 137 killed, 139 crashed, 143 stopped. 137 alone does not mean memory.
    out-of-memory  The kernel killed it at its memory limit (OOMKilled).
    crash-looping  It ends again and again, and its restart policy brings it back.
    paused         Frozen by docker pause, on purpose perhaps (a backup). The kernel still accepts connections for it,
                   so that clients hang instead of failing.
    never-started  Created and never started; the engine was not even asked to.
    start-failed   The engine tried to start it and could not. Its own error (.State.Error) is put into words.

Remedy
    exited, crash-looping: read the log, mend what it says, start the container. out-of-memory: a higher limit.
    paused: docker unpause. start-failed: each error has a remedy of its own.

By hand
    docker ps --all --filter name=postgres
    docker inspect --format '{{json .State}}' postgres
    docker logs --tail 50 postgres

See also
    container.healthy, network.exists, port.listening
    https://docs.docker.com/reference/cli/docker/container/run/#exit-status
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import AskLogs, Container, Finding, Reason, Remedy, Stack, check, fail, passed, warn

from .exit_words import ago, exec_trouble, in_words, last_lines, quoted
from .start_errors import explain

_STOPPED = (0, 130, 137, 143)
"""Codes of a container that did its work or was told to end."""


@check(
    id="container.running",
    title="{name} is running",
    reasons=(
        Reason("exited", "not running; the exit code in words, and the last lines of the log", follows_links=True),
        Reason("out-of-memory", "killed by the kernel at its memory limit"),
        Reason("crash-looping", "restarting, or restarted again and again within minutes", True, follows_links=True),
        Reason("paused", "frozen: the kernel accepts connections for it, and nobody answers", time_heals=True),
        Reason("never-started", "created only"),
        Reason("start-failed", "the engine refused to start it; its error in words"),
    ),
    needs=(AskLogs,),
    after=("network.exists",),
    hop="listener",
)
def running(stack: Stack, container: Container) -> Iterator[Finding]:
    state, name = container.state, stack.title(container)
    lines = last_lines(stack.logs(container))
    seen: dict[str, object] = {"status": state.status, "exit_code": state.exit_code, "last_lines": list(lines)}
    if state.status == "paused":
        says = f"{name} is paused: connections to it are accepted and never answered (a backup job may have paused it)"
        yield fail(
            "paused",
            says,
            remedy=_do(
                f"Wake {name}, unless whoever paused it still works.", f"docker unpause {container.name}", container
            ),
        )
    elif state.status == "running":
        yield _up(stack, container, seen)
    elif state.error:
        says, remedy = explain(stack, container)
        yield fail("start-failed", f"{name} could not be started: {says}", remedy=remedy, error=state.error, **seen)
    elif state.out_of_memory:
        says = f"{name} was killed by the kernel because it reached its memory limit{ago(stack, state.finished)}"
        yield fail("out-of-memory", says, remedy=_more_memory(container), **seen)
    elif state.status == "restarting":
        yield fail("crash-looping", _looping(stack, container, lines), remedy=_read_the_log(container), **seen)
    elif state.status == "created":
        says = f"{name} was created and never started"
        yield fail(
            "never-started", says, remedy=_do(f"Start {name}.", f"docker start {container.name}", container), **seen
        )
    elif state.exit_code in _STOPPED and not _asked_about(stack, container):
        how = "finished with 0 (done)" if state.exit_code == 0 else f"was stopped ({state.exit_code})"
        yield passed(f"{name} {how}{ago(stack, state.finished)}, and nothing here needs it to run", **seen)
    else:
        trouble = exec_trouble(container, lines)
        if trouble:
            says, remedy = trouble
        else:
            says, remedy = (
                f"it ended with {in_words(state.exit_code)}{ago(stack, state.finished)}{quoted(lines)}",
                _read_the_log(container),
            )
            if state.exit_code == 0 and _bare_shell(container):
                says = (
                    f"its command is a shell without a terminal, which ends at once with 0{ago(stack, state.finished)}"
                )
                remedy = _do(
                    "Give it a command that stays, or a terminal (-it; tty: true in the Compose file).", "", container
                )
        yield fail("exited", f"{name} is not running: {says}", remedy=remedy, **seen)


def _up(stack: Stack, container: Container, seen: dict[str, object]) -> Finding:
    state, name = container.state, stack.title(container)
    uptime = stack.taken_at - state.started
    life = (state.started - container.created) / max(state.restart_count, 1)  # how long it lived each time before
    # The engine forgives a container that ran for ten seconds; longer lives are compared with the earlier ones.
    if state.restart_count < 3 or life > 300 or uptime > max(10.0, 1.5 * life):
        return passed(
            f"{name} is running{ago(stack, state.started, 'since')}", status=state.status, restarts=state.restart_count
        )
    lines = last_lines(stack.logs(container))
    works = [stack.works(link) for link in stack.links if link.target == container.id]
    say = warn if works and all(works) else fail
    return say("crash-looping", _looping(stack, container, lines), remedy=_read_the_log(container), **seen)


def _looping(stack: Stack, container: Container, lines: tuple[str, ...]) -> str:
    state = container.state
    ended = (
        f"it ended with {in_words(state.exit_code)}, and"
        if state.status == "restarting"
        else "it ends again and again, and"
    )
    times = "once" if state.restart_count == 1 else f"{state.restart_count} times"
    return f"{stack.title(container)} crashes in a loop: {ended} was restarted {times}{quoted(lines)}"


def _asked_about(stack: Stack, container: Container) -> bool:
    """Whether a judged link starts at the container, or leads to it or into its network namespace."""
    for link in stack.links:
        target = stack.target(link)
        if link.source == container.id or (target and container.id in (target.id, stack.namespace_owner(target).id)):
            return True
    return False


def _bare_shell(container: Container) -> bool:
    return (
        len(container.command) == 1
        and container.command[0].rpartition("/")[2] in ("sh", "bash", "ash")
        and not container.tty
    )


def _do(says: str, command: str, container: Container) -> Remedy:
    run = (command,) if command else (f"docker logs --tail 50 {container.name}",)
    return Remedy(says=says, run=run, verify=(f"docker inspect --format '{{{{.State.Status}}}}' {container.name}",))


def _read_the_log(container: Container) -> Remedy:
    says = "Read why it ended, mend that, then start it."
    run = (f"docker logs --tail 50 {container.name}", f"docker start {container.name}")
    return Remedy(says=says, run=run, verify=(f"docker inspect --format '{{{{.State.Status}}}}' {container.name}",))


def _more_memory(container: Container) -> Remedy:
    verify = (f"docker inspect --format '{{{{.State.Status}}}} {{{{.State.OOMKilled}}}}' {container.name}",)
    if container.project:
        lines = f"services:\n  {container.service}:\n    mem_limit: 1g  # more than it has now"
        up = f"docker compose -p {container.project} up -d {container.service}"
        return Remedy(says="Give it more memory, or have it use less.", run=(up,), compose=lines, verify=verify)
    twice = f"$((2 * $(docker inspect --format '{{{{.HostConfig.Memory}}}}' {container.name})))"
    run = (
        f'limit={twice}; docker update --memory "$limit" --memory-swap "$limit" {container.name}',
        f"docker start {container.name}",
    )
    return Remedy(says="Give it twice the memory, or have it use less.", run=run, verify=verify)
