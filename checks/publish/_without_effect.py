"""Why the engine has bound nothing for a publication of a running container."""

from __future__ import annotations

from netdoctor.api import Container, Publication, Stack

_NOTHING_PUBLISHED = ("macvlan", "ipvlan")


def why_ignored(stack: Stack, publication: Publication) -> str:
    """A clause that says why the engine binds nothing for this container, "" where it should have.

    https://docs.docker.com/engine/network/drivers/host/, .../drivers/none/, .../drivers/macvlan/, and --internal in
    https://docs.docker.com/reference/cli/docker/network/create/#internal
    """
    owner = stack.owner(publication)
    title = stack.title(owner)
    if owner.on_host_network:
        return f"{title} is on the host's network, where its ports are the host's own"
    if owner.donor:
        return f"{title} shares the network of another container, which has to publish the port"
    networks = [stack.network(e.network_id) for e in owner.endpoints if e.network != "none"]
    known = [n for n in networks if n is not None]
    if not networks:
        return f"{title} is on no network"
    names = " and ".join(n.name for n in known)
    if known and all(n.internal for n in known):
        return f"{title} is only on {names}, which {'is' if len(known) == 1 else 'are'} internal"
    if driver := lan_driver(stack, owner):
        return f"{title} is on {names}, and its way out is a {driver} network with addresses of the LAN"
    return ""


def lan_driver(stack: Stack, owner: Container) -> str:
    """The driver of a network that gives the container an address of the LAN, "" for none."""
    found = (n for e in owner.endpoints if (n := stack.network(e.network_id)) is not None and not n.internal)
    return next((n.driver for n in found if n.driver in _NOTHING_PUBLISHED), "")


def serves_all_the_same(stack: Stack, publication: Publication) -> bool:
    """Whether the port is the host's own anyway: -p 80:80 of a container on the host's network."""
    owner: Container = stack.owner(publication)
    return owner.on_host_network and publication.host_port in (0, publication.container_port)
