"""What does the container's own health check say, and can its word be trusted?

What is asked
    .State.Health: the status and the output of the last runs; the listening sockets, to tell a sick service from a
    health check that asks in the wrong place.

Healthy
    The health check passes, or there is none. A container that is still starting is healthy as well, unless a
    connection to it was tried and did not work.

Sick
    unhealthy          The health check runs and fails. A failure where a connection to the container does not work
                       either, else a warning.
    starting           No run has passed yet, and the connection does not work: wait for it.
    checker-missing    The command of the health check is not in the image (`curl: not found`): it says nothing about
                       the service.
    checker-asks-ipv6  The health check asks for localhost, gets ::1 first, and the server listens on IPv4 only. The
                       service is well.

Remedy
    unhealthy: do what the output says. checker-missing: a health check with a program that the image has.
    checker-asks-ipv6: write 127.0.0.1 for localhost. A health check can only be changed with a new container.

By hand
    docker inspect --format '{{json .State.Health}}' postgres
    docker inspect --format '{{json .Config.Healthcheck.Test}}' postgres
    docker exec postgres cat /proc/net/tcp /proc/net/tcp6

See also
    container.running, port.listening, port.interface
    https://docs.docker.com/reference/dockerfile/#healthcheck
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.api import (
    AskSockets,
    Connection,
    Container,
    Finding,
    Health,
    Reason,
    Stack,
    Unable,
    check,
    fail,
    passed,
    skip,
    unknown,
    warn,
)

from .mending import another_checker, ask_ipv4, do, log, state

_NOT_FOUND = re.compile(
    r"^\S*sh: (?:line )?(?:\d+: )?(?P<shell>[\w./-]+): (?:command )?not found"
    r'|exec: "(?P<engine>[^"]+)": (?:executable file not found|stat \S+: no such file)',
    re.MULTILINE,
)
_LOCALHOST = re.compile(r"(?:(?P<scheme>https?)://)?(?:localhost|\[?::1\]?)(?:[: ]+(?P<port>\d{1,5}))?")
_NOBODY_THERE = re.compile(r"refused|cannot assign requested address|address not available", re.IGNORECASE)


@check(
    id="container.healthy",
    title="{name} is healthy",
    reasons=(
        Reason("unhealthy", "the health check runs and fails; its last output", time_heals=True, follows_links=True),
        Reason("starting", "no run of the health check has passed yet", time_heals=True),
        Reason("checker-missing", "the health check's own command is not in the image"),
        Reason("checker-asks-ipv6", "the health check asks ::1, the server listens on IPv4 only: the service is well"),
    ),
    needs=(AskSockets,),
    after=("container.running",),
    hop="listener",
)
def healthy(stack: Stack, container: Container) -> Iterator[Finding]:
    name, health = stack.title(container), container.state.health
    if health is None:
        yield skip(f"{name} has no health check")
    elif container.state.status != "running":
        yield skip(f"{name} is not running, and so is not its health check")
    elif health.status == "healthy":
        yield passed(f"the health check of {name} passes", test=list(health.test))
    elif tool := _missing(health):
        says = (
            f"the health check of {name} cannot run, since {tool} is not in the image: it tells nothing of the service"
        )
        yield warn(
            "checker-missing",
            says,
            remedy=another_checker(container, tool),
            test=list(health.test),
            output=_said(health),
        )
    elif health.status != "starting":
        yield _failing(stack, container, health)
    elif _reached(stack, container) is False:
        remedy = do(container, "Wait until it is healthy; the log tells what it is busy with.", log(container))
        yield warn("starting", f"{name} is still starting", remedy=remedy, test=list(health.test), output=_said(health))
    else:
        yield passed(f"{name} is starting", test=list(health.test))


def _failing(stack: Stack, container: Container, health: Health) -> Finding:
    name, sockets, reached = stack.title(container), stack.sockets(container), _reached(stack, container)
    port = _port_on_localhost(health) if _NOBODY_THERE.search(_said(health)) else 0
    if port and isinstance(sockets, Unable):
        return unknown(
            f"{name} is unhealthy: refused on localhost, or on its ::1 only, which was not seen: {sockets.reason}"
        )
    listeners = () if isinstance(sockets, Unable) else sockets.on(port)
    if listeners and not any(":" in x.address for x in listeners):
        says = f"{name} is well: its health check asks localhost, which is ::1 there, and {name} serves IPv4 only"
        remedy = ask_ipv4(container, health)
        return warn("checker-asks-ipv6", says, remedy=remedy, test=list(health.test), output=_said(health))
    says = f"{name} is unhealthy: " + (
        f'its health check says "{_said(health)[-160:]}"' if _said(health) else "it says nothing"
    )
    if reached is None:
        return unknown(f"{says}; no connection to it could be tried")
    remedy = do(
        container,
        "Mend what the health check complains of.",
        state(container, "json .State.Health.Log"),
        log(container),
    )
    say = warn if reached else fail
    runs = [f"{run.exit_code}: {run.output.strip()}" for run in health.runs[-3:]]
    return say(
        "unhealthy", says, remedy=remedy, test=list(health.test), runs=runs, failing_streak=health.failing_streak
    )


def _reached(stack: Stack, container: Container) -> bool | None:
    """Whether every connection to the container worked, as far as it was tried; True where nobody means to connect."""
    links = [link for link in stack.links if link.target == container.id]
    tried = [c.works for link in links if isinstance(c := stack.connection(link), Connection)]
    return None if links and not tried else False not in tried


def _said(health: Health) -> str:
    return health.runs[-1].output.strip() if health.runs else ""


def _missing(health: Health) -> str:
    """The program that the health check wants and the image lacks, "" if it has it."""
    found = _NOT_FOUND.search(_said(health))
    if found:
        return found["shell"] or found["engine"]
    return "its command" if health.runs and health.runs[-1].exit_code in (126, 127) else ""


def _port_on_localhost(health: Health) -> int:
    """The port at which the health check asks localhost, 0 if it does not."""
    for text in (*health.test, _said(health)):
        for found in _LOCALHOST.finditer(text):
            port = int(found["port"] or 0) or {"http": 80, "https": 443}.get(found["scheme"], 0)
            if port:
                return port
    return 0
