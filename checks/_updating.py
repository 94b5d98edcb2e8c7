"""A service of a swarm with something in it changed: the swarm makes the containers of its tasks, so they are left."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from netdoctor.api import Container

from ._remaking import Edit, replaced

_FLAGS = {"--dns": "--dns-add", "--add-host": "--host-add", "--hostname": "--hostname", "--env": "--env-add"}


def update(task: Container, edits: Iterable[Edit], extra: Mapping[str, str], options: Iterable[str]) -> str:
    """`docker service update` for what `docker create` would be given.

    A value with a secret is taken from the running task, within the shell.
    """
    edits = tuple(edits)
    words = [*_variables(task, edits, extra), *_options(options)]
    if command := [e for e in edits if not e.variable]:
        words.append(f"--args {shlex.quote(shlex.join(replaced(task.command, command)[task.entry_words or 0 :]))}")
    return " ".join(("docker service update", *words, task.swarm_service))


def _variables(task: Container, edits: tuple[Edit, ...], extra: Mapping[str, str]) -> Iterator[str]:
    values = dict(extra)
    for edit in edits:
        if edit.variable:
            value = values.get(edit.variable, task.variable(edit.variable) or "")
            values[edit.variable] = value.replace(edit.old, edit.new, 1)
    for name, value in values.items():
        if "<secret-" not in value:
            yield f"--env-add {name}={shlex.quote(value)}"
            continue
        own = " ".join(f"-e {shlex.quote(f's/{e.old}/{e.new}/')}" for e in edits if e.variable == name)
        yield f'--env-add "{name}=$(docker exec {task.name} printenv {name} | sed {own})"'


def _options(options: Iterable[str]) -> Iterator[str]:
    for option in options:
        flag, _, value = option.partition(" ")
        # NAME:ADDRESS is how `docker create` wants a host, and `docker service` too.
        yield f"{_FLAGS.get(flag, flag)} {value}".rstrip()
