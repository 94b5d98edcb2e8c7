"""The remedy for a network whose addresses are wrong or too few: the same one anew, with other addresses."""

from __future__ import annotations

import shlex

from netdoctor.api import Container, Network, Remedy, Stack

from ._joining import connect


def move(stack: Stack, network: Network, says: str, verify: tuple[str, ...], subnet: str = "") -> Remedy:
    """The network made anew by its name, with addresses that the engine chooses, or with this subnet.

    It chooses what no route of the host and no other network has. The name stays: what was created on the network asks
    for it by name at the next start.
    """
    project = network.labels.get("com.docker.compose.project", "")
    if project:
        key = network.labels.get("com.docker.compose.network", network.name)
        wanted = f"ipam:\n      config:\n        - subnet: {subnet}" if subnet else "# take out: ipam:"
        again = (f"docker compose -p {project} down", f"docker compose -p {project} up -d")
        return Remedy(says=says, run=again, compose=f"networks:\n  {key}:\n    {wanted}", verify=verify)
    users = [c for c in stack.containers if any(e.network_id == network.id for e in c.endpoints)]
    options = f"--driver overlay {'--attachable ' if network.attachable else ''}" if network.scope == "swarm" else ""
    options += f"--subnet {subnet} " if subnet else ""
    options += "--internal " if network.internal else ""
    kept = network.options.items() if network.scope == "local" else ()  # an overlay's are the swarm's own
    options += "".join(f"--opt {key}={shlex.quote(value)} " for key, value in kept if "<secret-" not in value)
    run = (
        *dict.fromkeys(_off(c, network) for c in users),
        f"docker network rm {network.name}",
        f"docker network create {options}{network.name}",
        *dict.fromkeys(command for c in users for command in _on(c, network)),
        *(f"docker start {c.name}" for c in users if c.state.error),
    )
    return Remedy(says=says, run=run, verify=verify)


def _off(container: Container, network: Network) -> str:
    if container.swarm_service:
        return f"docker service update --network-rm {network.name} {container.swarm_service}"
    return f"docker network disconnect --force {network.name} {container.name}"


def _on(container: Container, network: Network) -> tuple[str, ...]:
    endpoint = next(e for e in container.endpoints if e.network_id == network.id)
    given = {container.name, container.id[:12], container.host_name}
    names = "".join(f"--alias {a} " for a in endpoint.aliases if a not in given)
    return connect(container, network.name if container.swarm_service else f"{names}{network.name}")
