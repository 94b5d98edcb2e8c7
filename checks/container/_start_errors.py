"""Why the engine could not start a container: `.State.Error`, which it keeps whole, in words and with a remedy.

The texts are those of Docker 20.10 to 28; one that is not known here is shown as it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from netdoctor.api import Container, Remedy, Stack

from ._exit_words import host_path
from ._mending import change, do, start

Explained = tuple[str, Remedy]
"""What happened, to follow "postgres could not be started: ", and what mends it."""


def explain(stack: Stack, container: Container) -> Explained:
    for pattern, say in _KNOWN:
        found = re.search(pattern, container.state.error)
        if found:
            return say(stack, container, found)
    # The cause stands at the end; before it are the layers that the error went through.
    cause = ": ".join(container.state.error.removesuffix(": unknown").split(": ")[-2:])
    return cause, do(container, "Mend what the engine complains of, then start it.", start(container))


def _port_taken(stack: Stack, container: Container, found: re.Match[str]) -> Explained:
    port = int(found["port"])
    others = [c for c in stack.containers if c.state.running and c.id != container.id]
    taken = {p.host_port for c in others for p in c.published}
    lines = f'ports:\n  - "{next(n for n in range(port + 1, 65536) if n not in taken)}:{_inner(container, port)}"'
    for holder in others:
        if any(p.host_port == port for p in holder.published):
            says = f"{stack.title(holder)} has port {port} of the host"
            advice = f"Publish it on another port of the host, or stop {stack.title(holder)} and start it."
            return says, change(container, advice, lines, f"docker stop {holder.name}", start(container))
    advice = "Publish it on another port, or end the process that the first command names and start it."
    who = f"ss -Hltnup 'sport = :{port}'"
    return f"a process of the host has port {port}", change(container, advice, lines, who, start(container))


def _inner(container: Container, host_port: int) -> int:
    return next((p.container_port for p in container.publications if p.host_port == host_port), host_port)


def _address_not_here(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    says = f"it is published on {found['address']}, and the host has no such address"
    advice = "Publish it on an address that the host has (ip lists them), or on all by leaving it out."
    lines = f'ports:\n  - "{found["port"]}:{_inner(container, int(found["port"]))}"'
    return says, change(container, advice, lines, "ip -brief address")


def _no_command(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    says = f"its command {found['command']} is not in the image {container.image}"
    advice = "Correct the command and create it anew; this shows what the image itself would run."
    return says, do(container, advice, _of_image(container, "Config.Entrypoint", "Config.Cmd"))


def _not_executable(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    says = f"its command {found['command']} is not an executable file"
    file = host_path(container, found["command"])
    if file:
        return says, do(container, "Make it executable.", f"chmod +x {shlex.quote(file)}", start(container))
    advice = f"Have the build of {container.image} make it executable (RUN chmod +x), or correct the command."
    return says, do(container, advice, _of_image(container, "Config.Entrypoint", "Config.Cmd"))


def _wrong_kind(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    source, target = found["source"], found["target"]
    says = f"{source} of the host is mounted on {target}, and one is a directory, the other a file"
    advice = f"If {source} is an empty directory that came about by mistake, remove it and put the file there."
    return says, do(
        container, advice, f"ls -ld {shlex.quote(source)}", f"rmdir {shlex.quote(source)}", start(container)
    )


def _no_source(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    source = found["source"]
    advice = f"Bring {source} back (is its disk mounted?); only if it may be empty, make it anew. Then start it."
    run = (f"mkdir -p {shlex.quote(source)}", start(container))
    return f"it mounts {source} of the host, which does not exist", do(container, advice, *run)


def _no_network(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    says = f"its network {found['network'][:20]} does not exist (any more)"
    return says, do(container, "Do what network.exists says.", "docker network ls")


def _no_donor(stack: Stack, container: Container, found: re.Match[str]) -> Explained:
    donor = stack.donor(container)
    if donor is None:
        says = f"the container whose network it shares, {found['donor'][:12]}, does not exist any more"
        return says, do(container, "Do what network.exists says.", "docker ps --all")
    says = f"{stack.title(donor)}, whose network it shares, is not running"
    return says, do(container, f"Start {stack.title(donor)} first.", start(donor), start(container))


def _address_taken(stack: Stack, container: Container, _: re.Match[str]) -> Explained:
    for address in (e.fixed_address for e in container.endpoints if e.fixed_address):
        thief = stack.holder(address)
        if thief is not None:
            advice = f"Stop {stack.title(thief)}, start {stack.title(container)}, then {stack.title(thief)} again."
            run = (f"docker stop {thief.name}", start(container), start(thief))
            return f"{stack.title(thief)} has its fixed address {address}", do(container, advice, *run)
    return "its fixed address is in use", do(container, "Free the address, then start it.", start(container))


def _no_address_left(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    network = found["network"]
    says = f"{network} had no address left for it"
    return says, do(container, "Do what network.room says.", f"docker network inspect {network}")


def _no_pool_left(_: Stack, container: Container, __: re.Match[str]) -> Explained:
    says = "the engine has no free subnet left for a network that it makes itself"
    advice = "Remove networks that nobody uses (this lists them), or give the engine more in daemon.json"
    advice += " (default-address-pools), and start it."
    return says, do(container, advice, "docker network ls --filter dangling=true", start(container))


def _not_attachable(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    network = found["network"]
    says = f"{network} is a network of the swarm's services, which single containers may not join"
    advice = f"Make it a service, or make {network} anew with --attachable; this shows whether it is."
    return says, do(container, advice, f"docker network inspect --format '{{{{.Attachable}}}}' {network}")


def _not_attached(_: Stack, container: Container, __: re.Match[str]) -> Explained:
    says = "its node could not make the swarm's network in time"
    advice = (
        "See in the log of the engine why (a subnet that another network has, a manager that is away), and start it."
    )
    return says, do(container, advice, "journalctl -u docker --since -10min", start(container))


def _no_such_driver(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    says = f"the host's kernel cannot make {found['kind']} interfaces"
    advice = "Load the kernel's module on the host and start it; without one, a network of another driver serves."
    return says, do(container, advice, f"sudo modprobe {found['kind']}", start(container))


def _no_user(_: Stack, container: Container, found: re.Match[str]) -> Explained:
    advice = "Create it anew with a user that the image has, or a number; this shows the image's own."
    return f"the image has no user {found['user']}", do(container, advice, _of_image(container, "Config.User"))


def _of_image(container: Container, *fields: str) -> str:
    wanted = " ".join("{{json ." + f + "}}" for f in fields)
    return f"docker image inspect --format '{wanted}' {container.image}"


_PUBLISHING = r"(?:listen \w+ |bind (?:host )?port (?:for )?)(?P<address>\S*?):(?P<port>\d+)\b.*"
_KNOWN: tuple[tuple[str, Callable[[Stack, Container, re.Match[str]], Explained]], ...] = (
    (r"Bind for \S+?:(?P<port>\d+) failed: port is already allocated", _port_taken),
    (_PUBLISHING + "address already in use", _port_taken),
    (_PUBLISHING + "cannot assign requested address", _address_not_here),
    (r'exec: "(?P<command>[^"]+)": (?:executable file not found|stat \S+: no such file)', _no_command),
    (r'exec: "(?P<command>[^"]+)": permission denied', _not_executable),
    (r'error mounting "(?P<source>[^"]+)" to rootfs at "(?P<target>[^"]+)".*not a directory', _wrong_kind),
    (r'error mounting "(?P<source>[^"]+)" to rootfs at .*no such file or directory', _no_source),
    (r"bind source path does not exist: (?P<source>\S+)", _no_source),
    (r"network (?P<network>\S+) not found", _no_network),
    (r"(?:No such container|non running container): (?P<donor>\w+)", _no_donor),
    (r"Address already in use$", _address_taken),
    (r"no available IPv4 addresses on this network's address pools: (?P<network>\S+)", _no_address_left),
    (r"non-overlapping IPv4 address pool|predefined address pools have been fully subnetted", _no_pool_left),
    (r"network (?P<network>\S+) not manually attachable", _not_attachable),
    (r"attaching to network failed", _not_attached),
    (r"failed to create the (?P<kind>ipvlan|macvlan) port: operation not supported", _no_such_driver),
    (r"unable to find user (?P<user>[^:]+):", _no_user),
)
