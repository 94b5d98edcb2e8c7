"""The remedies for a container that cannot leave the stack: one more network, or the default route by another one."""

from __future__ import annotations

from netdoctor.api import Container, HostFacts, Link, Network, Remedy, Stack

from ._joining import connect, lines, up, verify


def way_out_for(stack: Stack, link: Link, source: Container) -> Remedy:
    """The source joins a network that leads out, besides those that it has."""
    joiner = stack.namespace_owner(source)
    says = f"Let {stack.title(joiner)} join a network that leads out as well"
    default = next((n for n in stack.networks if n.name == f"{joiner.project}_default"), None)
    if not joiner.project:
        network = _free_name(stack, "out-net")
        run = (f"docker network create {network}", *connect(joiner, network))
        return Remedy(says=says, run=run, verify=(verify(stack, link),))
    if default is None or not default.internal:
        told = lines(stack, (joiner,), f"{joiner.project}_default")
    else:
        here = [n.labels.get("com.docker.compose.network", n.name) for n in _networks(stack, joiner)]
        listed = "\n".join(f"      - {key}" for key in (*here, "outside"))
        told = f"services:\n  {joiner.service}:\n    networks:\n{listed}\nnetworks:\n  outside: {{}}"
    return Remedy(says=says, run=(up(joiner),), compose=told, verify=(verify(stack, link),))


def leave_by(stack: Stack, link: Link, wrong: Network | None, others: list[Network]) -> Remedy:
    """The default route goes by another of the source's networks."""
    source, right = stack.namespace_owner(stack.source(link)), others[0]
    me, check = stack.title(source), (verify(stack, link),)
    if _has_priorities(stack):
        says = f"Let {me} leave by {right.name}"
        if source.project:
            key = right.labels.get("com.docker.compose.network", right.name)
            told = f"services:\n  {source.service}:\n    networks:\n      {key}:\n        gw_priority: 1"
            return Remedy(says=says, run=(up(source),), compose=told, verify=check)
        again = connect(source, f"--gw-priority 1 {_kept(source, right)}{right.name}")
        return Remedy(says=says, run=(f"docker network disconnect {right.name} {source.name}", *again), verify=check)
    says = f"This engine takes the first network by name. Take {me} off {wrong.name if wrong else 'that one'}"
    says += f" if it can do without; else make {right.name} anew under a name that comes first"
    run = (f"docker network disconnect {wrong.name} {source.name}",) if wrong is not None else ()
    if source.project and wrong is not None:
        key = wrong.labels.get("com.docker.compose.network", wrong.name)
        told = f"services:\n  {source.service}:\n    networks:\n      # take out: - {key}"
        return Remedy(says=says, run=(up(source),), compose=told, verify=check)
    return Remedy(says=says, run=run, verify=check)


def translate(stack: Stack, link: Link, network: Network) -> Remedy:
    """A network that translates addresses: the same one without the option, or another one besides."""
    source = stack.namespace_owner(stack.source(link))
    check = (verify(stack, link),)
    if project := network.labels.get("com.docker.compose.project", ""):
        key = network.labels.get("com.docker.compose.network", network.name)
        told = f"networks:\n  {key}:\n    # take out of driver_opts: enable_ip_masquerade, gateway_mode_ipv4"
        run = (f"docker compose -p {project} down", f"docker compose -p {project} up -d")
        return Remedy(says=f"Let {network.name} translate addresses", run=run, compose=told, verify=check)
    if _has_priorities(stack):
        out = _free_name(stack, "out-net")
        joined = connect(source, f"--gw-priority 1 {out}")
    else:
        out = _free_name(stack, f"0-{network.name}")  # the first by name is the one by which it leaves
        joined = connect(source, out)
    says = f"Let {stack.title(source)} leave by a network that translates addresses; or make {network.name} anew as one"
    return Remedy(says=says, run=(f"docker network create {out}", *joined), verify=check)


def right_gateway(stack: Stack, link: Link, network: Network | None) -> Remedy:
    """The network's gateway has to be the router that is there: the host's own, on the interface of a macvlan."""
    facts = stack.host_facts()
    parent = network.options.get("parent", "") if network is not None else ""
    routes = facts.routes if isinstance(facts, HostFacts) else ()
    router = next((r.gateway for r in routes if r.destination == "0.0.0.0/0" and r.interface == parent), "")
    check = (verify(stack, link),)
    if network is None or not router:
        says = "Make the network anew with the address of the router that is there (--gateway); the host's own is this"
        return Remedy(says=says, run=("ip route show default",), verify=check)
    users = [c for c in stack.containers if any(e.network_id == network.id for e in c.endpoints)]
    blocks = "".join(f"--subnet {s} " for s in network.subnets)
    run = (
        *(f"docker network disconnect --force {network.name} {c.name}" for c in users),
        f"docker network rm {network.name}",
        f"docker network create -d {network.driver} {blocks}--gateway {router} -o parent={parent} {network.name}",
        *(command for c in users for command in connect(c, f"{_kept(c, network)}{network.name}")),
    )
    says = f"Make {network.name} anew with the router that the host has on {parent}, {router}"
    return Remedy(says=says, run=run, verify=check)


def restart(stack: Stack, link: Link) -> Remedy:
    """The engine makes the routes anew whenever the container starts."""
    source = stack.namespace_owner(stack.source(link))
    says = f"Restart {stack.title(source)}, which makes its routes anew"
    return Remedy(says=says, run=(f"docker restart {source.name}",), verify=(verify(stack, link),))


def _has_priorities(stack: Stack) -> bool:
    """Whether a network can be given priority as the way out: `--gw-priority`, from engine 28 on."""
    major = stack.engine.version.partition(".")[0]
    return stack.engine.name == "docker" and major.isdigit() and int(major) >= 28


def _networks(stack: Stack, container: Container) -> list[Network]:
    return [n for e in container.endpoints if (n := stack.network(e.network_id)) is not None]


def _kept(container: Container, network: Network) -> str:
    """The options that give the container the names and the fixed address back that it has on the network."""
    endpoint = next((e for e in container.endpoints if e.network_id == network.id), None)
    if endpoint is None:
        return ""
    given = {container.name, container.id[:12], container.host_name}
    names = "".join(f"--alias {a} " for a in endpoint.aliases if a not in given)
    return names + (f"--ip {endpoint.fixed_address} " if endpoint.fixed_address else "")


def _free_name(stack: Stack, wanted: str) -> str:
    taken = {n.name for n in stack.networks}
    return next(n for n in (wanted, *(f"{wanted}-{i}" for i in range(2, 1000))) if n not in taken)
