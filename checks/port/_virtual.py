"""Virtual addresses of a swarm's services, which the kernel (IPVS) passes on to their tasks, or does not."""

from __future__ import annotations

from netdoctor.api import Attempt, Connection, Finding, Link, Remedy, Service, Stack, Unable, fail

from .._listeners import verify
from ._attempts import tried


def virtual_address(stack: Stack, link: Link, connection: Connection, attempt: Attempt) -> Finding | None:
    """A connection to such an address that came to nothing, None for any other one.

    Nobody answers ARP for the address: the kernel has to take the packets before they leave the container.
    """
    service = stack.service_at(attempt.address)
    if service is None or service.virtual_address != attempt.address or attempt.outcome == "refused":
        return None
    says = f"{attempt.address}:{link.port} is the virtual address of the service {service.name}, and leads nowhere"
    working = _working_task(stack, link, service)
    if not service.tasks:
        says += ": the service has no running task"
    elif working:
        says += f"; its task at {working} answers, so that the kernel of this host does not pass it on (IPVS)"
    remedy = _pass_it_on(stack, link, service)
    seen = {"attempts": tried(connection), "service": service.name, "tasks": [f"{n} {a}" for n, a in service.tasks]}
    return fail("unreachable", says, remedy=remedy, seen_by=connection.seen_by, **seen)


def _working_task(stack: Stack, link: Link, service: Service) -> str:
    for _, address in service.tasks:
        connection = stack.connection_to(link, address)
        if not isinstance(connection, Unable) and connection.works:
            return address
    return ""


def _pass_it_on(stack: Stack, link: Link, service: Service) -> Remedy:
    if not service.tasks:
        says = f"See why no task of {service.name} runs"
        run: tuple[str, ...] = (f"docker service ps --no-trunc {service.name}",)
    else:
        says = (
            f"Load the kernel's module for it; without one, ask for tasks.{service.name}, or let the name itself stand"
        )
        says += " for the tasks (endpoint mode dnsrr, which published ports of the swarm exclude)"
        run = ("sudo modprobe ip_vs", f"docker service update --endpoint-mode dnsrr {service.name}")
    return Remedy(says=says, run=run, verify=(verify(stack, link),))
