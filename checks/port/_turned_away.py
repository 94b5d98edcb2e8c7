"""Servers that answer a connection by turning its source away: they let in by address, and say so at once."""

from __future__ import annotations

from netdoctor.api import Link, Remedy, Stack, TurnedAway

from .._listeners import verify

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
        compose = None
        if target.project:
            lines = "    command: redis-server --protected-mode no  # besides the options that it has"
            compose = f"services:\n  {target.service}:\n{lines}"
        says = f"Give {stack.title(target)} a password, or let it do without: here till it is started anew"
        run = (f"docker exec {target.name} redis-cli CONFIG SET protected-mode no",)
        return Remedy(says=says, run=run, compose=compose, verify=check)
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
