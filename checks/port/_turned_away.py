"""Servers that answer a connection by turning its source away: they let in by address, and say so at once."""

from __future__ import annotations

from netdoctor.api import Container, Link, Remedy, Stack, TurnedAway

from .._listeners import verify
from .._rewriting import port_inside

_MODE = "--protected-mode"

_WHY = {
    "protected-mode": "in protected mode and without a password, it serves its own localhost alone",
    "host-not-allowed": "none of its accounts may come from there",
    "host-blocked": "too many connections from there were broken off, and it blocks them all now",
    "too-many-connections": "all the connections that it allows are taken",
}


def in_words(kind: TurnedAway) -> str:
    """Why, behind "turns api away: "."""
    return _WHY[kind]


def let_in(stack: Stack, link: Link, kind: TurnedAway) -> Remedy:
    """The server's own setting."""
    check = (verify(stack, link),)
    target = stack.target(link)
    if target is None:
        says = f"Have the server behind {link.address} let {stack.title(stack.source(link))} in"
        return Remedy(says=says, verify=check)
    if kind == "protected-mode":
        return _unprotected(target, port_inside(stack, link, target), check)
    if kind == "host-not-allowed":
        says = "See which accounts there are, and let the one that is meant come from anywhere"
        says += ": RENAME USER 'app'@'localhost' TO 'app'@'%'"
        return Remedy(says=says, run=(_sql(target.name, "SELECT user, host FROM mysql.user"),), verify=check)
    if kind == "host-blocked":
        says = "Have it forget the broken connections, and see who breaks them off: health checks that only connect do"
        return Remedy(says=says, run=(_sql(target.name, "FLUSH HOSTS"),), verify=check)
    says = "See who holds them: a client without a pool, or one that never closes; or raise max_connections"
    return Remedy(says=says, run=(_sql(target.name, "SHOW PROCESSLIST"),), verify=check)


def _sql(container: str, statement: str) -> str:
    """Either client's name may be missing in the image; the password is asked for."""
    client = f'$(command -v mariadb || command -v mysql) -u root -p -e "{statement}"'
    return f"docker exec -it {container} sh -c '{client}'"


def _unprotected(target: Container, port: int, check: tuple[str, ...]) -> Remedy:
    """Without a password Redis serves its own host alone, unless it is told that its network is to be trusted."""
    import json

    says = (
        "Trust the networks that it is on, as the official image does; or give it a password (--requirepass), which "
        "every client then needs"
    )
    if target.project and target.entry_words is not None:
        words = [*target.command[target.entry_words :]]
        if _MODE in words[:-1]:
            words[words.index(_MODE) + 1] = "no"
        else:
            words = [*(words or ["redis-server"]), _MODE, "no"]
        compose = f"services:\n  {target.service}:\n    command: {json.dumps(words)}".replace("$", "$$")
        return Remedy(says=says, run=(f"docker compose up -d {target.service}",), compose=compose, verify=check)
    mend = f"docker exec {target.name} redis-cli -p {port} CONFIG SET protected-mode no"
    return Remedy(says=f"{says}. It forgets this when it is started anew", run=(mend,), verify=check)
