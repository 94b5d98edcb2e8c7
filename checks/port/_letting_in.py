"""A server that is reached, and serves its own host alone: how it lets in others."""

from __future__ import annotations

from netdoctor.api import Container, Link, Remedy, Stack

from .._listeners import verify
from .._rewriting import port_inside

_MODE = "--protected-mode"


def let_in(stack: Stack, link: Link, protocol: str) -> Remedy:
    """By its protocol; where nobody knows the container, what to look for."""
    target, check = stack.target(link), (verify(stack, link),)
    if target is None:
        return Remedy(says="Have the server let in others than its own host", verify=check)
    if protocol == "redis":
        return _unprotected(target, port_inside(stack, link, target), check)
    show = "SELECT user, host FROM mysql.user"
    return Remedy(
        says=f"Give {stack.title(target)} an account that may come from everywhere: its host is '%'. This shows which "
        "there are (as root, whose password it asks for)",
        run=(f"docker exec -it {target.name} sh -c 'exec $(command -v mariadb mysql | head -1) -p -e \"{show}\"'",),
        verify=check,
    )


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
