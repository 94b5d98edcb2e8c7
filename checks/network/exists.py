"""Do the networks that the container was attached to exist?

What is asked
    The network IDs of the container's endpoints, against the engine's networks. In container: mode, whether the
    container is in the very network namespace of the one whose network it shares: /proc/PID/ns/net of both, or where
    that cannot be seen which of the two started later.

Healthy
    Every network ID is known. A sidecar lives in the namespace of its donor.

Sick
    gone                The network was removed, and created anew perhaps: by name all looks well, but the container
                        remembers the ID of the old one and cannot start (`network 0dd13299... not found`).
    orphaned-namespace  It shares the network of a container that was restarted, stopped or created anew since. The
                        namespace that it lives in is the old one, which leads nowhere.

Remedy
    gone: tie the container to the network that has the name now. orphaned-namespace: restart the one that shares, after
    the one whose network it shares; if that one was created anew, this one has to be as well.

By hand
    docker inspect --format '{{.State.Error}}' api
    docker inspect --format '{{.HostConfig.NetworkMode}} {{.State.StartedAt}}' api
    docker network ls --no-trunc
    readlink /proc/$(docker inspect --format '{{.State.Pid}}' api)/ns/net

See also
    network.shared, container.running
    https://docs.docker.com/engine/network/#container-networks
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskNamespace,
    Container,
    Endpoint,
    Finding,
    Namespace,
    Reason,
    Remedy,
    Stack,
    check,
    fail,
    passed,
    skip,
    unknown,
    warn,
)

from ._rejoining import reattach, recreate, rejoin


@check(
    id="network.exists",
    title="the networks of {name} exist",
    reasons=(
        Reason("gone", "attached to a network that the engine no longer has"),
        Reason("orphaned-namespace", "shares the network of a container that was restarted or recreated since"),
    ),
    needs=(AskNamespace,),
    hop="network",
)
def exists(stack: Stack, container: Container) -> Iterator[Finding]:
    name = stack.title(container)
    if container.donor:
        yield _sharing(stack, container)
        return
    if not stack.networks:
        yield unknown("the engine listed no networks at all, so it may not be allowed to be asked for them")
        return
    ids, names = {n.id for n in stack.networks}, {n.name for n in stack.networks}
    # Podman 4 writes the name for the ID; Docker writes nothing before the first start.
    gone = [e for e in container.endpoints if e.network_id not in ids and (e.network_id or e.network) not in names]
    orphan = _orphan_of(stack, container)
    if orphan is not None:
        what = f"{name} was restarted, and {stack.title(orphan)}, which shares its network, is still in the old one"
        yield _orphaned(stack, container, what, rejoin(orphan, container))
    elif not gone:
        yield passed(f"{name} is on networks that exist", networks=[e.network for e in container.endpoints])
    elif not container.state.running and not container.state.error and not _asked_about(stack, container):
        yield skip(f"{name} is not running, and nothing that was asked about needs it")
    else:
        yield _gone(stack, container, gone[0], gone[0].network in names)


def _gone(stack: Stack, container: Container, endpoint: Endpoint, again: bool) -> Finding:
    what = "was removed and created anew" if again else "does not exist any more"
    says = f"the network {endpoint.network} that {stack.title(container)} was attached to {what}"
    remedy = reattach(container, endpoint, again)
    return fail("gone", says, remedy=remedy, network=endpoint.network, network_id=endpoint.network_id)


def _sharing(stack: Stack, container: Container) -> Finding:
    name, owner = stack.title(container), stack.namespace_owner(container)
    lost = bool(owner.donor)
    if not container.state.running and not (lost and container.state.error):
        return skip(f"{name} is not running, so it is in no network namespace")
    if lost:
        what = f"the container whose network {name} shares ({owner.donor[:12]}) does not exist any more"
        return _orphaned(stack, container, what, recreate(container))
    it = stack.title(owner)
    if not owner.state.running:
        return _orphaned(
            stack, container, f"{it}, whose network {name} shares, is not running", rejoin(container, owner)
        )
    mine, its = stack.inside(container), stack.inside(owner)
    if isinstance(mine, Namespace) and isinstance(its, Namespace) and mine.inode and its.inode:
        if mine.inode == its.inode:
            return passed(f"{name} is in the network namespace of {it}", seen_by=mine.seen_by, inode=mine.inode)
    elif owner.state.started <= container.state.started:
        return passed(f"{name} started after {it}, whose network it shares", seen_by="engine")
    what = f"{it} was restarted, and {name} still lives in its old network namespace, which leads nowhere"
    return _orphaned(stack, container, what, rejoin(container, owner))


def _orphan_of(stack: Stack, container: Container) -> Container | None:
    """Who should live in the container's namespace and does not, where a connection to it was asked about and fails."""
    sharers = [c for c in stack.sharers(container) if c.state.running and c.state.started < container.state.started]
    if not sharers or all(stack.works(link) for link in stack.links if link.target == container.id):
        return None
    return sharers[0]


def _orphaned(stack: Stack, container: Container, says: str, remedy: Remedy) -> Finding:
    works = [stack.works(link) for link in stack.links if container.id in (link.source, link.target)]
    say = warn if works and all(works) else fail  # two that share the same orphan still reach each other
    return say("orphaned-namespace", says, remedy=remedy, network_mode=container.network_mode)


def _asked_about(stack: Stack, container: Container) -> bool:
    return any(container.id in (link.source, link.target) for link in stack.links)
