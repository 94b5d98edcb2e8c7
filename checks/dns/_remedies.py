"""The remedies of this family: the name that there is, a name more, or a name server that answers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from netdoctor.api import Container, Endpoint, Link, Lookup, Network, Remedy, Stack

from .._rewriting import rewrite, told
from ._naming import EMBEDDED, Guess


def verify(stack: Stack, link: Link, name: str = "") -> str:
    """The command that tries the link again: it needs no tool in the image."""
    suffix = "/udp" if link.protocol == "udp" else ""
    return f"netdoctor {stack.source(link).name} {shlex.quote(f'{name or link.address}:{link.port}{suffix}')}"


def rename(stack: Stack, link: Link, guessed: Guess) -> Remedy:
    """Ask for the name that there is, or give the container the name that is asked for."""
    meant, endpoint = guessed.container, guessed.endpoint
    title = stack.title(meant)
    again = (verify(stack, link),)
    if not meant.state.running:
        return Remedy(says=f"Start {title}", run=(f"docker start {meant.name}",), verify=again)
    if stack.same_namespace(stack.source(link), meant):
        return _ask_at_localhost(stack, link, title)
    if endpoint is None:
        return Remedy(says=f"Ask for {guessed.name}, on a network that both are on", verify=again)
    if not guessed.lost and told(stack, link) is not None:
        says = f"Ask for {guessed.name} instead of {link.address}"
        written = rewrite(stack, link, guessed.name, link.port, says)
        check = (verify(stack, link, guessed.name),)
        return Remedy(says=written.says, run=written.run, compose=written.compose, verify=check)
    says = f"Ask for {guessed.name} instead of {link.address}; or give {title} that name too"
    if guessed.lost:
        says = f"Connect {title} to {endpoint.network} anew, with the alias {link.address}"
    compose = None
    if meant.project:
        import json

        key = _key(stack.network(endpoint.network_id), endpoint.network)
        place = f"    networks:\n      {key}:\n        aliases: [{json.dumps(link.address)}]"
        compose = f"services:\n  {meant.service}:\n{place}"
    run = reconnect(meant, endpoint, link.address)
    return Remedy(says=says, run=run, compose=compose, verify=again)


def _ask_at_localhost(stack: Stack, link: Link, meant: str) -> Remedy:
    """Both ends share a network namespace, the host's perhaps, in which names are of no use."""
    here = verify(stack, link, "localhost")
    says = f"Ask for localhost instead of {link.address}: {stack.title(stack.source(link))} and {meant} share a network"
    if told(stack, link) is None:
        return Remedy(says=says, run=(here,), verify=(here,))
    written = rewrite(stack, link, "localhost", link.port, says)
    return Remedy(says=written.says, run=written.run, compose=written.compose, verify=(here,))


def reconnect(container: Container, endpoint: Endpoint, alias: str) -> tuple[str, str]:
    """The commands that give a container one more name on a network, and keep those that it has."""
    given = {container.name, container.id[:12], container.host_name}
    aliases = dict.fromkeys((*(a for a in endpoint.aliases if a not in given), alias))
    fixed = f"--ip {endpoint.fixed_address} " if endpoint.fixed_address else ""
    options = "".join(f"--alias {shlex.quote(a)} " for a in aliases)
    return (
        f"docker network disconnect {endpoint.network} {container.name}",
        f"docker network connect {fixed}{options}{endpoint.network} {container.name}",
    )


def _key(network: Network | None, name: str) -> str:
    """How the Compose file calls the network."""
    return network.labels.get("com.docker.compose.network", name) if network is not None else name


def ask_the_engine(stack: Stack, link: Link) -> Remedy:
    """A resolv.conf without the engine's resolver: mounted, or rewritten by a program in the container."""
    source = stack.source(link)
    mount = next((m for m in source.mounts if m.destination in ("/etc/resolv.conf", "/etc")), None)
    if mount is None:
        says = f"Let {stack.title(source)} ask {EMBEDDED}: something in it rewrites /etc/resolv.conf"
        run = (f"docker exec {source.name} cat /etc/resolv.conf", f"docker restart {source.name}")
        return Remedy(says=says, run=run, verify=(verify(stack, link),))
    says = f"Take the mount of {mount.destination} out; servers for names outside belong into `dns:` (--dns)"
    if source.project:
        lines = f"    # take out: - {mount.source}:{mount.destination}"
        return Remedy(
            says=says,
            run=(f"docker compose -p {source.project} up -d {source.service}",),
            compose=f"services:\n  {source.service}:\n    volumes:\n  {lines}",
            verify=(verify(stack, link),),
        )
    show = f"docker inspect --format '{{{{json .HostConfig.Binds}}}}' {source.name}"
    return Remedy(says=says, run=(show,), verify=(verify(stack, link),))


def mend_server(stack: Stack, link: Link, server: str, *, known: bool) -> Remedy:
    """A name server that fails. `known`: for a name that the engine itself should have answered."""
    source = stack.source(link)
    if known:
        says = f"Restart {stack.title(source)}, which makes the rules anew that lead to the engine's resolver"
        return Remedy(says=says, run=(f"docker restart {source.name}",), verify=(verify(stack, link),))
    through = "the servers that the engine hands names on to" if server == EMBEDDED else server
    says = f"Mend {through}, or give {stack.title(source)} another one"
    compose = None
    if source.project:
        compose = f"services:\n  {source.service}:\n    dns:\n      - 1.1.1.1  # or one of your own"
    show = (
        f"docker inspect --format '{{{{json .HostConfig.Dns}}}} {{{{.ResolvConfPath}}}}' {source.name}",
        "cat /etc/resolv.conf /etc/docker/daemon.json",
    )
    return Remedy(says=says, run=show, compose=compose, verify=(verify(stack, link),))


def define_host(stack: Stack, link: Link) -> Remedy:
    """host.docker.internal, which only Docker Desktop defines by itself."""
    source = stack.source(link)
    entry = f"{link.address}:host-gateway"
    compose = None
    if source.project:
        compose = f'services:\n  {source.service}:\n    extra_hosts:\n      - "{entry}"'
    says = f"Create {stack.title(source)} with `--add-host {entry}`"
    run = (f"docker inspect --format '{{{{json .HostConfig.ExtraHosts}}}}' {source.name}",)
    return Remedy(says=says, run=run, compose=compose, verify=(verify(stack, link),))


def list_names(stack: Stack, link: Link, networks: tuple[str, ...]) -> Remedy:
    """Where nothing is near: what there is."""
    template = "{{range .Containers}}{{println .Name}}{{end}}"
    run = tuple(f"docker network inspect --format '{template}' {n}" for n in networks)
    says = f"Start the container that should be called {link.address}, or ask for one of those that there are"
    return Remedy(says=says, run=("docker ps --all", *run), verify=(verify(stack, link),))


def drop_hosts_entry(stack: Stack, link: Link) -> Remedy:
    """An entry of the hosts file: from extra_hosts, from a mount, or the container's own host name."""
    source = stack.source(link)
    entry = next((e for e in source.extra_hosts if e.partition(":")[0] == link.address), "")
    if source.host_name == link.address:
        says = f"Give {stack.title(source)} another host name: {link.address} is its own"
        line = "    # take out: hostname: " + link.address
    else:
        says = f"Take the entry {entry or link.address} out of the hosts of {stack.title(source)}, and create it anew"
        line = f'    # take out of extra_hosts: - "{entry}"'
    if source.project:
        return Remedy(
            says=says,
            run=(f"docker compose -p {source.project} up -d {source.service}",),
            compose=f"services:\n  {source.service}:\n{line}",
            verify=(verify(stack, link),),
        )
    pattern = shlex.quote(f"[[:blank:]]{link.address}\\([[:blank:]]\\|$\\)")
    now = f"grep -v {pattern} /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts; rm /tmp/hosts"
    run = (f"docker exec --user 0 {source.name} sh -c {shlex.quote(now)}",)
    return Remedy(says=f"{says}; until then, the file can be changed", run=run, verify=(verify(stack, link),))


def name_apart(stack: Stack, link: Link, meant: Container) -> Remedy:
    """A name that several containers bear: ask for one that only the right one has."""
    shared = stack.shared_networks(stack.source(link), meant)
    own = meant.name if meant.name != link.address or not shared else f"{meant.name}.{shared[0].network}"
    says = f"Ask for {own}, which means {meant.name} alone; or keep {link.address} off their common network"
    check = verify(stack, link, own)
    if told(stack, link) is None:
        return Remedy(says=says, run=(check,), verify=(check,))
    written = rewrite(stack, link, own, link.port, says)
    return Remedy(says=written.says, run=written.run, compose=written.compose, verify=(check,))


def ask_each(stack: Stack, link: Link, refusing: Sequence[str]) -> Remedy:
    """Some of the replicas do not answer: what is wrong with them is told where they are asked for alone."""
    says = f"Ask for {' and '.join(refusing)} alone, which tells why: whoever gets that answer for {link.address} fails"
    run = tuple(verify(stack, link, name) for name in refusing)
    return Remedy(says=says, run=run, verify=(verify(stack, link),))


def start_own(stack: Stack, link: Link, own: Container) -> Remedy:
    """The project's own service, whose name another project's answers to."""
    says = f"Start {own.name}; and give the two services different names on the network that both projects share"
    run = (f"docker start {own.name}",)
    return Remedy(says=says, run=run, verify=(verify(stack, link, own.name),))


def come_near(stack: Stack, link: Link, lookup: Lookup) -> Remedy:
    """An address that is right and out of reach: an entry that names the wrong one of several, or a missing network."""
    source, target = stack.source(link), stack.target(link)
    if lookup.source == "hosts" and target is not None and stack.shared_networks(source, target):
        return drop_hosts_entry(stack, link)
    holder = stack.holder(lookup.addresses[0])
    network = next((e.network for e in holder.endpoints if lookup.addresses[0] in e.addresses), "") if holder else ""
    if not network or any(e.network == network for e in stack.endpoints(source)):
        says = f"Let {link.address} mean an IPv4 address, or give {stack.title(source)} IPv6"
        return Remedy(says=says, run=(f"docker exec {source.name} cat /etc/hosts",), verify=(verify(stack, link),))
    says = f"Let {stack.title(source)} join {network}"
    if source.project:
        key = next((_key(n, network) for n in stack.networks if n.name == network), network)
        return Remedy(
            says=says,
            run=(f"docker compose -p {source.project} up -d {source.service}",),
            compose=f"services:\n  {source.service}:\n    networks:\n      - {key}  # besides those that it has",
            verify=(verify(stack, link),),
        )
    run = (f"docker network connect {network} {source.name}",)
    return Remedy(says=says, run=run, verify=(verify(stack, link),))
