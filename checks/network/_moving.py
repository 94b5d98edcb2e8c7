"""The remedy for a network whose addresses are wrong or too few: another one in its place, and its containers there."""

from __future__ import annotations

from netdoctor.api import Container, Network, Remedy, Stack

from ._joining import connect


def move(stack: Stack, network: Network, says: str, verify: tuple[str, ...], subnet: str = "") -> Remedy:
    """Another network in place of this one, with addresses that the engine chooses, or with this subnet.

    It chooses what no route of the host and no other network has.
    """
    project = network.labels.get("com.docker.compose.project", "")
    if project:
        key = network.labels.get("com.docker.compose.network", network.name)
        wanted = f"ipam:\n      config:\n        - subnet: {subnet}" if subnet else "# take out: ipam:"
        again = (f"docker compose -p {project} down", f"docker compose -p {project} up -d")
        return Remedy(says=says, run=again, compose=f"networks:\n  {key}:\n    {wanted}", verify=verify)
    taken = {n.name for n in stack.networks}
    new = next(n for n in (f"{network.name}-{i}" for i in range(2, 1000)) if n not in taken)
    users = [c for c in stack.containers if any(e.network_id == network.id for e in c.endpoints)]
    options = f"--driver overlay {'--attachable ' if network.attachable else ''}" if network.scope == "swarm" else ""
    options += f"--subnet {subnet} " if subnet else ""
    options += "--internal " if network.internal else ""
    run = (
        f"docker network create {options}{new}",
        *dict.fromkeys(command for c in users for command in _over(c, network, new)),
        f"docker network rm {network.name}",
        *(f"docker start {c.name}" for c in users if c.state.error),
    )
    return Remedy(says=says, run=run, verify=verify)


def _over(container: Container, network: Network, new: str) -> tuple[str, ...]:
    if container.swarm_service:
        return (f"docker service update --network-rm {network.name} --network-add {new} {container.swarm_service}",)
    endpoint = next(e for e in container.endpoints if e.network_id == network.id)
    given = {container.name, container.id[:12], container.host_name}
    names = "".join(f"--alias {a} " for a in endpoint.aliases if a not in given)
    leave = f"docker network disconnect {network.name} {container.name}"
    return *connect(container, f"{names}{new}"), leave
