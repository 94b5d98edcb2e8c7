"""The same container made again by `docker create`, with something in it changed.

Its environment goes from the old one to the new one within the shell, so that no secret is printed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netdoctor.api import Container, Endpoint, Mount, Publication, Stack


class Edit(NamedTuple):
    """In this variable of the environment, or in the command (""), one text instead of another.

    For no text at all the command gets one word more.
    """

    variable: str
    old: str
    new: str


def again(
    stack: Stack,
    source: Container,
    edits: tuple[Edit, ...],
    options: Iterable[str],
    network: str = "",
    *,
    mounts: tuple[Mount, ...] | None = None,
    publications: tuple[Publication, ...] | None = None,
    image: str = "",
    between: tuple[str, ...] = (),
) -> Iterator[str]:
    """The same container again: the old one is kept as NAME-old, and stopped once the new one is ready to start.

    `mounts`, `publications` and `image` are other ones than the old container has. `between` stops the old one, and
    does what must be done before the new one starts.
    """
    old = f"{source.name}-old"
    script = ";".join(f"/^{_sed(e.variable)}=/s/{_sed(e.old)}/{_sed(e.new)}/" for e in edits if e.variable)
    variables = "--format '{{range .Config.Env}}{{println .}}{{end}}'"
    read = [f"docker inspect {variables} {old}"]
    if script:
        read.append(f"sed {shlex.quote(script)}")
    if image:  # which brings its own: versions, and folders that depend on them
        own = source.image_id.removeprefix("sha256:")[:12] or source.image
        read.append(f'grep -vxF "$(docker image inspect {variables} {own})"')
    command = replaced(source.command, [e for e in edits if not e.variable])
    words = [_word(old, index, word) for index, word in enumerate(command)]
    first = next((e for e in source.endpoints if e.network == source.network_mode), None)
    create = ["docker create --env-file /dev/stdin", f"--name {source.name}", *_network(stack, source, first)]
    options = tuple(options)
    create += [*_options(source, source.mounts if mounts is None else mounts, options)]
    create += [*_published(source.publications if publications is None else publications), *options]
    create += [*(f"--entrypoint {w}" for w in words[:1]), image or source.image, *words[1:]]
    yield f"docker rename {source.name} {old}"
    yield " | ".join((*read, " ".join(create)))
    for endpoint in source.endpoints:
        if endpoint is not first and endpoint.network != "bridge":
            yield " ".join(
                ("docker network connect", *_place(source, endpoint, "--alias"), endpoint.network, source.name)
            )
    if network:
        yield f"docker network connect {network} {source.name}"
    if between:
        yield from (*between, f"docker start {source.name}")
    else:
        yield f"docker stop {old} && docker start {source.name}"


def _sed(text: str) -> str:
    return re.sub(r"([]&[\\.*^$/])", r"\\\1", text)


def replaced(command: Iterable[str], edits: Iterable[Edit]) -> list[str]:
    words = list(command)
    for edit in edits:
        if not edit.old:
            words.append(edit.new)
            continue
        at = next((i for i, w in enumerate(words) if edit.old in w), None)
        if at is not None:
            words[at] = words[at].replace(edit.old, edit.new, 1)
    return words


def _word(old: str, index: int, word: str) -> str:
    """A word of the command for the shell; one with a secret is read from the old container."""
    if "<secret-" in word and index:
        return f"\"$(docker inspect --format '{{{{index .Args {index - 1}}}}}' {old})\""
    return shlex.quote(word)


def _network(stack: Stack, source: Container, endpoint: Endpoint | None) -> Iterator[str]:
    donor = stack.donor(source)
    if donor is not None:
        yield f"--network container:{donor.name}"
    elif source.network_mode not in ("default", "bridge", ""):
        yield f"--network {source.network_mode}"
    if endpoint is not None:
        yield from _place(source, endpoint, "--network-alias")


def _place(source: Container, endpoint: Endpoint, flag: str) -> Iterator[str]:
    own = {source.name, source.host_name, source.id[:12]}
    yield from (f"{flag} {alias}" for alias in endpoint.aliases if alias not in own)
    if endpoint.fixed_address:
        yield f"--ip {endpoint.fixed_address}"


def _published(publications: Iterable[Publication]) -> Iterator[str]:
    for p in publications:
        bound = f"[{p.host_address}]" if ":" in p.host_address else p.host_address
        yield f"--publish {f'{bound}:' if bound else ''}{p.host_port or ''}:{p.container_port}/{p.protocol}"


def _options(source: Container, mounts: Iterable[Mount], changed: tuple[str, ...]) -> Iterator[str]:
    shares = bool(source.donor) or source.on_host_network
    if source.host_name and not shares and not source.id.startswith(source.host_name):
        yield f"--hostname {source.host_name}"
    for mount in mounts:
        place = {"volume": mount.name, "bind": mount.source}.get(mount.kind)
        if place:
            yield f"--volume {shlex.quote(f'{place}:{mount.destination}' + ('' if mount.writable else ':ro'))}"
        elif mount.kind == "tmpfs":
            yield f"--tmpfs {mount.destination}"
    yield from (f"--add-host {entry}" for entry in source.extra_hosts)
    if not any(option.startswith("--dns ") for option in changed):
        yield from (f"--dns {server}" for server in source.dns)
    if source.user:
        yield f"--user {source.user}"
    if source.restart_policy not in ("", "no"):
        yield f"--restart {source.restart_policy}"
    switches = {"--tty": source.tty, "--read-only": source.read_only, "--rm": source.auto_remove}
    yield from (switch for switch, on in switches.items() if on)
