"""The remedies for a container whose network, or whose namespace, went away under it."""

from __future__ import annotations

from netdoctor.api import Container, Endpoint, Remedy

from ._joining import up


def reattach(container: Container, endpoint: Endpoint, again: bool) -> Remedy:
    """Tie an endpoint to the network that has its name now; `again`: there is one."""
    name, network = container.name, endpoint.network
    run = [] if again else [f"docker network create {network}"]
    if container.project:
        run = [f"{up(container)} --force-recreate"]
    else:
        if endpoint.network_id:  # without one it was never started, and takes the network by its name
            own = {name, container.id[:12], container.host_name}
            options = [f"--alias {a} " for a in endpoint.aliases if a not in own]
            options += [f"--ip {endpoint.fixed_address} "] if endpoint.fixed_address else []
            run += [f"docker network disconnect -f {network} {name}"]
            run += [f"docker network connect {''.join(options)}{network} {name}"]
        run += [f"docker start {name}"]
    verify = f"docker inspect --format '{{{{.State.Status}}}} {{{{.State.Error}}}}' {name}"
    return Remedy(says=f"Attach it to the network {network} of today, and start it.", run=tuple(run), verify=(verify,))


def rejoin(container: Container, owner: Container) -> Remedy:
    """Restart what shares after what it shares; Compose can do so by itself."""
    start = () if owner.state.running else (f"docker start {owner.name}",)
    says = f"Restart {container.name}, so that it joins the namespace of {owner.name} again."
    told = None
    if container.project and container.project == owner.project:
        says += " With these lines Compose does so whenever it restarts the other."
        told = "\n".join(
            (
                "services:",
                f"  {container.service}:",
                "    depends_on:",
                f"      {owner.service}:",
                "        condition: service_started",
                "        restart: true",
            )
        )
    run = (*start, f"docker restart {container.name}")
    return Remedy(says=says, run=run, compose=told, verify=(f"netdoctor {container.name}",))


def recreate(container: Container) -> Remedy:
    """What it shares is gone for good, and it remembers that by ID: only a new container can share another's."""
    if container.project:
        run = f"{up(container)} --force-recreate"
        return Remedy(says="Create it anew.", run=(run,), verify=(f"netdoctor {container.name}",))
    fields = "{{.Config.Image}} {{json .Config.Cmd}} {{json .HostConfig.Binds}}"
    return Remedy(
        says="Create it anew, with --network container:NAME of today's container; this shows what it was created with.",
        run=("docker ps", f"docker inspect --format '{fields}' {container.name}"),
        verify=(f"netdoctor {container.name}",),
    )
