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
    is_loopback,
    passed,
    skip,
    unknown,
    warn,
)

from ._health_output import missing_program, refused_on_localhost, said
from ._mending import another_checker, ask_ipv4, log, state, watch


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
    elif tool := missing_program(health):
        says = f"the health check of {name} cannot run ({tool} is not in the image), so it tells nothing of the service"
        remedy = another_checker(container, tool)
        yield warn("checker-missing", says, remedy=remedy, test=list(health.test), output=said(health))
    elif health.status != "starting":
        yield _failing(stack, container, health)
    elif _reached(stack, container) is False:
        remedy = watch(container, "Wait until it is healthy; the log tells what it is busy with.", log(container))
        yield warn("starting", f"{name} is still starting", remedy=remedy, test=list(health.test), output=said(health))
    else:
        yield passed(f"{name} is starting", test=list(health.test))


def _failing(stack: Stack, container: Container, health: Health) -> Finding:
    name, test, output = stack.title(container), list(health.test), said(health)
    port, sockets, reached = refused_on_localhost(health), stack.sockets(container), _reached(stack, container)
    if port and isinstance(sockets, Unable):
        return unknown(f"{name} is unhealthy: refused on localhost, on ::1 only perhaps: {sockets.reason}")
    listeners = () if isinstance(sockets, Unable) else sockets.on(port)
    local = any(x.address == "0.0.0.0" or is_loopback(x.address) for x in listeners)  # noqa: S104 (compared)
    if local and not any(":" in x.address for x in listeners):
        says = f"{name} is well: its health check asks localhost, which is ::1 there, and {name} serves IPv4 only"
        return warn("checker-asks-ipv6", says, remedy=ask_ipv4(container, health), test=test, output=output)
    says = f"{name} is unhealthy: its health check " + (f'says "{output[-160:]}"' if output else "fails without a word")
    if reached is None:
        return unknown(f"{says}; no connection to it could be tried")
    shown = (state(container, "json .State.Health.Log"), log(container))
    remedy = watch(container, "Mend what the health check complains of.", *shown)
    say = warn if reached else fail
    return say("unhealthy", says, remedy=remedy, test=test, output=output, failing_streak=health.failing_streak)


def _reached(stack: Stack, container: Container) -> bool | None:
    """Whether every connection to the container worked, as far as it was tried; True where nobody means to connect."""
    links = [link for link in stack.links if link.target == container.id]
    tried = [c.works for link in links if isinstance(c := stack.connection(link), Connection)]
    return None if links and not tried else False not in tried
