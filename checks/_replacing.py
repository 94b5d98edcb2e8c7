"""A network made anew with another option: options are for the life of a network."""

from __future__ import annotations

from netdoctor.api import Container, Network, Remedy, Stack


def with_option(
    stack: Stack, network: Network, option: str, value: str, users: tuple[tuple[Container, str], ...], verify: str
) -> Remedy:
    """The lines of the Compose file, or the commands. `users`: containers with the names they are asked for by, or "".

    The value is left out of the commands where it is the default ("true").
    """
    says = f"Make the network anew with {option}={value}: an option is for the life of a network."
    key, project = (network.labels.get(f"com.docker.compose.{k}", "") for k in ("network", "project"))
    if key and project:
        told = f'networks:\n  {key}:\n    driver_opts:\n      {option}: "{value}"'
        compose = f"docker compose -p {project}"
        return Remedy(says=says, run=(f"{compose} down", f"{compose} up -d"), compose=told, verify=(verify,))
    name = _name(stack, network)
    setting = "" if value == "true" else f"--opt {option}={value} "
    run = [f"docker network create {setting}{name}"]
    for container, asked in users:
        owner = stack.namespace_owner(container)
        alias = f"--alias {asked} " if asked and asked != owner.name else ""
        run.append(f"docker network connect {alias}{name} {owner.name}")
    # While both are on the old network as well, a name may mean the address there.
    run += [f"docker network disconnect {network.name} {stack.namespace_owner(c).name}" for c, _ in users]
    return Remedy(says=says, run=tuple(run), verify=(verify,))


def _name(stack: Stack, network: Network) -> str:
    base = "app-net" if network.name == "bridge" else f"{network.name}-2"
    taken = {n.name for n in stack.networks}
    return next(n for n in (base, *(f"{base}-{i}" for i in range(2, 1000))) if n not in taken)
