"""Why the engine could not start a container: `.State.Error`, which it keeps whole, in words and with a remedy.

The texts are those of Docker 20.10 to 28; a text that is not known here is shown as it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from netdoctor.api import Container, Remedy, Stack

from .exit_words import host_path

Explained = tuple[str, Remedy]
Explain = Callable[[Stack, Container, re.Match[str]], Explained]


def explain(stack: Stack, container: Container) -> Explained:
    """What happened, to follow "postgres could not be started: ", and what mends it."""
    for pattern, say in _KNOWN:
        found = pattern.search(container.state.error)
        if found:
            return say(stack, container, found)
    # The cause stands at the end; what comes before it are the layers that the error went through.
    parts = [p for p in container.state.error.removesuffix(": unknown").split(": ") if p]
    start = f"docker start {container.name}"
    return ": ".join(parts[-2:]), _remedy(container, "Mend what the engine complains of, then start it.", start)


def _remedy(container: Container, says: str, *run: str, compose: str = "") -> Remedy:
    verify = (f"docker inspect --format '{{{{.State.Status}}}} {{{{.State.Error}}}}' {container.name}",)
    if compose and container.project:
        up = f"docker compose -p {container.project} up -d {container.service}"
        return Remedy(says=says, run=(up,), compose=f"services:\n  {container.service}:\n{compose}", verify=verify)
    return Remedy(says=says, run=run, verify=verify)


def _port_taken(stack: Stack, container: Container, found: re.Match[str]) -> Explained:
    port, start = int(found["port"]), f"docker start {container.name}"
    holders = [
        c
        for c in stack.containers
        if c.state.running and c.id != container.id and any(p.host_port == port for p in c.published)
    ]
    free = next(
        n for n in range(port + 1, 65536) if not any(p.host_port == n for c in stack.containers for p in c.published)
    )
    inner = next((p.container_port for p in container.publications if p.host_port == port), port)
    compose = f'    ports:\n      - "{free}:{inner}"'
    if holders:
        who = holders[0]
        advice = f"Publish it on another port of the host, or stop {stack.title(who)}, then start it."
        return f"{stack.title(who)} has port {port} of the host", _remedy(
            container, advice, f"docker stop {who.name}", start, compose=compose
        )
    advice = "Publish it on another port, or end the process of the host that the first command names, then start it."
    return f"a process of the host has port {port}", _remedy(
        container, advice, f"ss -Hltnup 'sport = :{port}'", start, compose=compose
    )


def _address_not_here(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    inner = next((p.container_port for p in container.publications if p.host_port == int(found["port"])), found["port"])
    advice = "Publish on an address that the host has (the command lists them), or on all by leaving it out."
    says = f"it is published on {found['address']}, and the host has no such address"
    return says, _remedy(
        container, advice, "ip -brief address", compose=f'    ports:\n      - "{found["port"]}:{inner}"'
    )


def _no_command(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    advice = "Correct the command, or add the program to the image; the command shows what the image itself would run."
    image = (
        f"docker image inspect --format '{{{{json .Config.Entrypoint}}}} {{{{json .Config.Cmd}}}}' {container.image}"
    )
    return f"its command {found['command']} is not in the image {container.image}", _remedy(container, advice, image)


def _not_executable(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    file = host_path(container, found["command"])
    says = f"its command {found['command']} is not an executable file"
    if file:
        return says, _remedy(
            container, "Make it executable.", f"chmod +x {shlex.quote(file)}", f"docker start {container.name}"
        )
    advice = "Make it executable where the image is built (chmod +x), and build the image anew."
    return says, _remedy(
        container, advice, f"docker image inspect --format '{{{{json .Config.Entrypoint}}}}' {container.image}"
    )


def _wrong_kind(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    source, target = found["source"], found["target"]
    says = f"a directory and a file are mounted onto each other: {source} of the host on {target}"
    advice = f"See what {source} is. If it is an empty directory made by mistake, remove it and put the file there."
    where = shlex.quote(source)
    return says, _remedy(container, advice, f"ls -ld {where}", f"rmdir {where}", f"docker start {container.name}")


def _no_source(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    source = found["source"]
    advice = f"Bring {source} back (is its disk mounted?). Only if it should be empty, make it anew; then start it."
    run = (f"mkdir -p {shlex.quote(source)}", f"docker start {container.name}")
    return f"{source} of the host, which it mounts, does not exist", _remedy(container, advice, *run)


def _no_network(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    advice = "See network.exists, which says how to join a network that exists."
    return f"its network {found['network'][:24]} does not exist (any more)", _remedy(
        container, advice, "docker network ls"
    )


def _no_donor(stack: Stack, container: Container, found: re.Match[str]) -> Explained:
    donor = stack.donor(container)
    if donor is None:
        says = f"the container whose network it shares ({found['donor'][:12]}) does not exist any more"
        return says, _remedy(container, "See network.exists: it has to be created anew.", "docker ps --all")
    says = f"{stack.title(donor)}, whose network it shares, does not run"
    return says, _remedy(
        container, f"Start {stack.title(donor)} first.", f"docker start {donor.name}", f"docker start {container.name}"
    )


def _address_taken(stack: Stack, container: Container, _: re.Match[str]) -> Explained:
    start = f"docker start {container.name}"
    for address in (e.fixed_address for e in container.endpoints if e.fixed_address):
        thief = stack.holder(address)
        if thief is not None:
            advice = f"Let {stack.title(thief)} take another address: stop it, start this one, start it again."
            run = (f"docker stop {thief.name}", start, f"docker start {thief.name}")
            return f"{stack.title(thief)} has its fixed address {address}", _remedy(container, advice, *run)
    return "its fixed address is in use", _remedy(
        container, "Free the address, then start it.", "docker network ls", start
    )


def _no_address_left(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    network = found["network"]
    advice = f"Take containers off {network}, or make it anew with a larger subnet."
    return f"{network} has no free address left", _remedy(container, advice, f"docker network inspect {network}")


def _no_user(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    says = f"the image has no user {found['user']}"
    advice = "Name a user that the image has, or its number; the command shows the one that the image sets itself."
    return says, _remedy(container, advice, f"docker image inspect --format '{{{{.Config.User}}}}' {container.image}")


_KNOWN: tuple[tuple[re.Pattern[str], Explain], ...] = tuple(
    (re.compile(pattern), say)
    for pattern, say in (
        (r"Bind for \S+?:(?P<port>\d+) failed: port is already allocated", _port_taken),
        (r"(?:listen \w+ |bind (?:host )?port (?:for )?)\S*?:(?P<port>\d+)\b.*address already in use", _port_taken),
        (
            r"(?:listen \w+ |bind (?:host )?port (?:for )?)(?P<address>\S*?):(?P<port>\d+)\b.*cannot assign requested address",
            _address_not_here,
        ),
        (r'exec: "(?P<command>[^"]+)": (?:executable file not found|stat \S+: no such file)', _no_command),
        (r'exec: "(?P<command>[^"]+)": permission denied', _not_executable),
        (r'error mounting "(?P<source>[^"]+)" to rootfs at "(?P<target>[^"]+)".*not a directory', _wrong_kind),
        (r'error mounting "(?P<source>[^"]+)" to rootfs at .*no such file or directory', _no_source),
        (r"bind source path does not exist: (?P<source>\S+)", _no_source),
        (r"network (?P<network>\S+) not found", _no_network),
        (r"(?:No such container|non running container|container not running): (?P<donor>\w+)", _no_donor),
        (r"Address already in use$", _address_taken),
        (r"no available IPv4 addresses on this network's address pools: (?P<network>\S+)", _no_address_left),
        (r"unable to find user (?P<user>[^:]+):", _no_user),
    )
)
