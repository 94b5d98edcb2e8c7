"""The remedies of this family: how a container comes onto a network, by hand or in its Compose file."""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.api import Container, Endpoint, Link, Remedy, Stack

from .places import has_names, networks


def verify(stack: Stack, link: Link) -> str:
    """The command that tries the link again."""
    udp = "/udp" if link.protocol == "udp" else ""
    host = f"[{link.address}]" if ":" in link.address else link.address
    return f"netdoctor {stack.source(link).name} {host}:{link.port}{udp}"


def share(stack: Stack, link: Link, source: Container, target: Container) -> Remedy:
    """One of the two joins a network of the other's: the source, if the target has one with names."""
    for joiner, other in ((source, target), (target, source)):
        for endpoint in networks(stack, other):
            if has_names(stack, endpoint):
                alias = link.address if joiner is target else ""
                return join(stack, joiner, endpoint.network, (verify(stack, link),), alias)
    return _new_network(stack, link, source, target)


def join(stack: Stack, joiner: Container, network: str, checks: tuple[str, ...], alias: str = "") -> Remedy:
    """The container joins the network as well. `alias`: the name that it is asked for by."""
    says = f"Let {stack.title(joiner)} join {network}."
    if joiner.project:
        return _compose(says, (lines(stack, joiner, (network,)),), (joiner,), checks)
    return Remedy(says=says, run=connect(joiner, network, alias), verify=checks)


def connect(joiner: Container, network: str, alias: str = "") -> tuple[str, ...]:
    """The commands that put a container on a network; one in mode none has to leave that first."""
    called = f"--alias {alias} " if alias and alias != joiner.name else ""
    leave = ("docker network disconnect none " + joiner.name,) if any(e.network == "none" for e in joiner.endpoints) else ()
    return (*leave, f"docker network connect {called}{network} {joiner.name}")


def _new_network(stack: Stack, link: Link, source: Container, target: Container) -> Remedy:
    """Both on the default bridge only, or nowhere: a network of their own."""
    taken = {n.name for n in stack.networks}
    name = next(n for n in ("app-net", *(f"app-net-{i}" for i in range(2, 1000))) if n not in taken)
    made = [c for c in (source, target) if c.project]
    if made:
        name = "default" if len({c.project for c in (source, target)}) == 1 else name
        says = f"Put {stack.title(source)} and {stack.title(target)} on one network with names."
        return _compose(says, [lines(stack, c, (name,)) for c in made], made, (verify(stack, link),))
    says = "Put both on a network of their own, where names work."
    run = (f"docker network create {name}", *connect(source, name), *connect(target, name, link.address))
    return Remedy(says=says, run=run, verify=(verify(stack, link),))


def _compose(says: str, parts: Iterable[str], made: Iterable[Container], checks: tuple[str, ...]) -> Remedy:
    run = tuple(dict.fromkeys(f"docker compose -p {c.project} up -d {c.service}" for c in made))
    return Remedy(says=says, run=run, compose="\n".join(parts), verify=checks)


def lines(stack: Stack, container: Container, more: tuple[str, ...]) -> str:
    """The lines for a service that joins more networks: all its networks, since a list replaces the default one."""
    keys: dict[str, bool] = {}
    for name in (*(e.network for e in networks(stack, container) if has_names(stack, e)), *more):
        key, foreign = _key(stack, container, name)
        keys[key] = foreign
    told = ["services:", f"  {container.service}:"]
    if container.network_mode in ("bridge", "host", "none"):
        told.append(f"    # take out: network_mode: {container.network_mode}")
    told += ["    networks:", *(f"      - {key}" for key in keys)]
    if any(keys.values()):
        told += ["networks:", *(f"  {key}:\n    external: true" for key, foreign in keys.items() if foreign)]
    return "\n".join(told)


def _key(stack: Stack, container: Container, name: str) -> tuple[str, bool]:
    """How the container's Compose file calls a network, and whether it belongs to somebody else."""
    for network in stack.networks:
        if network.name == name:
            ours = network.labels.get("com.docker.compose.project") == container.project
            return (network.labels.get("com.docker.compose.network", name), False) if ours else (name, True)
    return name, False


def endpoint_options(container: Container, endpoint: Endpoint) -> str:
    """What `docker network connect` has to repeat, so that names and a fixed address stay."""
    own = {container.name, container.id[:12], container.host_name}
    options = [f"--alias {a} " for a in endpoint.aliases if a not in own]
    return "".join((*options, f"--ip {endpoint.fixed_address} " if endpoint.fixed_address else ""))
