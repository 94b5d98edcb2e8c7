"""The remedies that the checks of this family share."""

from __future__ import annotations

import re
import shlex

from netdoctor.api import Container, Health, Remedy


def state(container: Container, *fields: str) -> str:
    """The command that shows `.State.Status` (or other fields) of the container."""
    wanted = " ".join("{{" + f + "}}" for f in fields or (".State.Status",))
    return f"docker inspect --format '{wanted}' {container.name}"


def start(container: Container) -> str:
    """The command that starts it as it is; one that Compose made starts like any other."""
    return f"docker start {container.name}"


def log(container: Container) -> str:
    return f"docker logs --tail 50 {container.name}"


def do(container: Container, says: str, *run: str) -> Remedy:
    """Commands for the container as it is."""
    return Remedy(says=says, run=run, verify=(state(container, ".State.Status", ".State.Error"),))


def change(container: Container, says: str, lines: str, *otherwise: str) -> Remedy:
    """What takes a new container: lines for its service in the Compose file, else commands."""
    if not container.project:
        return do(container, says, *otherwise)
    return Remedy(
        says=says,
        run=(f"docker compose -p {container.project} up -d {container.service}",),
        compose="\n".join(("services:", f"  {container.service}:", *(f"    {line}" for line in lines.splitlines()))),
        verify=(state(container, ".State.Status", ".State.Error"),),
    )


def verified(remedy: Remedy, *commands: str) -> Remedy:
    return Remedy(says=remedy.says, run=remedy.run, compose=remedy.compose, verify=commands)


def watch(container: Container, says: str, *run: str) -> Remedy:
    """Commands for the container as it is, until its health check passes."""
    return verified(do(container, says, *run), state(container, ".State.Health.Status"))


def more_memory(container: Container) -> Remedy:
    """Twice what it has: the shell reads the limit, which the stack does not hold."""
    limit = f"limit=$((2 * $(docker inspect --format '{{{{.HostConfig.Memory}}}}' {container.name})))"
    update = f'docker update --memory "$limit" --memory-swap "$limit" {container.name}'
    says = "Give it more memory (twice as much, to begin with), or have it use less."
    return change(container, says, "mem_limit: 1g  # more than it has now", f"{limit}; {update}", start(container))


def another_checker(container: Container, missing: str) -> Remedy:
    """Another health check than the one that wants a program that is `missing` in the image."""
    says = "Give it a health check with a program that the image has; this lists some."
    test = 'test: ["CMD-SHELL", "wget -qO- http://127.0.0.1:8080/ || exit 1"]  # with its own port and path'
    look = f"docker exec {container.name} sh -c 'command -v wget nc bash python3 perl'"
    if missing.rpartition("/")[2] in ("sh", "bash", "ash"):
        says = "The image has no shell: let the health check be a program of its own, without a shell (CMD)."
        test = f'test: ["CMD", "{next(iter(container.command), "/server")}", "health"]  # if it has such a command'
        look = f"docker image inspect --format '{{{{json .Config.Entrypoint}}}}' {container.image}"
    return verified(change(container, says, f"healthcheck:\n  {test}", look), state(container, ".State.Health.Status"))


def ask_ipv4(container: Container, health: Health) -> Remedy:
    """The same health check on 127.0.0.1; to verify, it is tried in the container."""
    import json

    test = [re.sub(r"localhost|\[::1\]|::1", "127.0.0.1", word) for word in health.test]
    attempt = f"docker exec {container.name} " + shlex.join(
        ["sh", "-c", *test[1:]] if test[0] == "CMD-SHELL" else test[1:]
    )
    lines = "healthcheck:\n  test: " + json.dumps(test).replace("$", "$$")
    return verified(change(container, "Write 127.0.0.1 for localhost in the health check.", lines, attempt), attempt)
