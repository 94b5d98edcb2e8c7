"""Settings that a server's image reads on an empty data folder only, and a log that refuses them."""

from __future__ import annotations

import shlex

from netdoctor.api import (
    AskFolder,
    Container,
    Finding,
    Folder,
    Logs,
    Mount,
    Remedy,
    Stack,
    Unable,
    keeps,
    lazily,
    passed,
    unknown,
    warn,
)

from ._words import date, place

# Who is refused, as the servers write it: the user or the database, in a group.
_NO_PASSWORD = lazily(
    r"password authentication failed for user \"(?P<who>[^\"]+)\""
    r"|Access denied for user '(?P<mysql>[^']+)'@'[^']*' \(using password: YES\)"
)
_NOT_THERE = lazily(r"(?P<kind>database|role) \"(?P<who>[^\"]+)\" does not exist|Unknown database '(?P<mysql>[^']+)'")

_USERS = ("POSTGRES_USER", "MARIADB_USER", "MYSQL_USER")
_DATABASES = ("POSTGRES_DB", "MARIADB_DATABASE", "MYSQL_DATABASE")
_PASSWORDS = ("POSTGRES_PASSWORD", "MARIADB_PASSWORD", "MYSQL_PASSWORD", "MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD")
_SKIPPED = "Skipping initialization"
"""What the images of PostgreSQL say of a data folder that is filled."""
_OFTEN = 3
"""Refusals after which nobody has just mistyped a password once."""


def refused(stack: Stack, container: Container, mount: Mount) -> Finding:
    """Whether the log refuses what the container's own environment sets up."""
    logs = stack.logs(container)
    if isinstance(logs, Unable):
        return unknown(logs)
    name, filled = stack.title(container), _filled(stack, container)
    line, what, value = _refusal(stack, container, logs)
    older = filled < container.created - 1 if filled else any(_SKIPPED in x.text for x in logs.lines)
    if not line or not older:
        return passed(f"the log of {name} refuses nothing that its environment says", refused=line)
    since = f" on {date(filled)}" if filled else " before"
    says = (
        f"{name} refuses the {what} {value} of its environment: that counts on an empty data folder only, and "
        f"{place(stack, mount)} was set up{since}"
    )
    remedy = _told(container, what)
    return warn("already-initialised", says, remedy=remedy, said=line, environment=f"{what} {value}")


def _refusal(stack: Stack, container: Container, logs: Logs) -> tuple[str, str, str]:
    """The line, and which setting of the environment it refuses."""
    user, database = _first(container, _USERS) or _default_user(container), _first(container, _DATABASES)
    since = [line.text.strip() for line in logs.lines if not line.at or line.at >= container.state.started - 1]
    for text in reversed(since):
        if missing := _NOT_THERE.search(text):
            who = missing["who"] or missing["mysql"]
            if missing["kind"] == "role" and who == user:
                return text, "user", who
            if missing["kind"] != "role" and who == database:
                return text, "database", who
    wrong = [text for text in since if (m := _NO_PASSWORD.search(text)) and (m["who"] or m["mysql"]) == user]
    if wrong and (_client_agrees(stack, container) or (len(wrong) >= _OFTEN and not _clients(stack, container))):
        return wrong[-1], "password of the user", user
    return "", "", ""


def _first(container: Container, names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := container.variable(name))), "")


def _default_user(container: Container) -> str:
    return "postgres" if container.variable("POSTGRES_PASSWORD") is not None else "root"


def _clients(stack: Stack, container: Container) -> tuple[Container, ...]:
    """Who shares a network with the server, and is told a secret."""
    return tuple(
        c
        for c in stack.containers
        if c.id != container.id
        and stack.shared_networks(c, container)
        and any("<secret-" in value for _, value in c.environment)
    )


def _client_agrees(stack: Stack, container: Container) -> bool:
    """Whether a client has the very password of the server's environment. Secrets are cut, and equal ones alike."""
    secrets = {value for name in _PASSWORDS if (value := container.variable(name))}
    return any(s in value for c in _clients(stack, container) for _, value in c.environment for s in secrets)


def _filled(stack: Stack, container: Container) -> float:
    """When the data folder was set up: PG_VERSION is written once. 0.0 where nothing tells."""
    kept = keeps(container)
    if kept is None:
        return 0.0
    folder = stack.told(AskFolder(container=container.id, path=kept.folder, names=kept.software.holds), Folder)
    return 0.0 if isinstance(folder, Unable) else folder.there.get("PG_VERSION", 0.0)


def _told(container: Container, what: str) -> Remedy:
    """The running server is told what the environment says; its data stays."""
    name = container.name
    if _first(container, ("POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB")):
        return _postgres(name, what)
    says = "Tell the server itself: change the password in it, or create the database, with its client"
    show = f"docker exec -it {name} sh -c {shlex.quote('$(command -v mariadb mysql | head -1) -uroot -p')}"
    return Remedy(says=says, run=(show,), verify=(f"docker logs --tail 5 {name}",))


def _postgres(name: str, what: str) -> Remedy:
    """By its own socket, which lets in whoever is in the container."""
    user = '-U "${POSTGRES_USER:-postgres}"'
    if what == "database":
        says, script = "Create the database in the running server", f'createdb {user} "$POSTGRES_DB"'
    elif what == "user":
        says = "Create the role in the running server, as the one that it was set up with (postgres, if none was named)"
        script = 'createuser -U postgres --superuser "$POSTGRES_USER"'
    else:
        says = "Give the role the password that the environment says"
        variables = '-v who="${POSTGRES_USER:-postgres}" -v what="$POSTGRES_PASSWORD"'
        script = rf"""echo "ALTER ROLE :\"who\" PASSWORD :'what'" | psql -q {user} -d template1 {variables}"""
    run = (f"docker exec {name} sh -c {shlex.quote(script)}",)
    return Remedy(says=f"{says}; what is in it stays", run=run, verify=(f"docker logs --tail 5 {name}",))
