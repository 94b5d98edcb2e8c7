"""The name servers behind a container's resolver, each asked by itself and from the place that the engine asks from."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Literal, NamedTuple

from netdoctor.answers import AskUpstream, NameServer, Upstream
from netdoctor.mentions import is_loopback
from netdoctor.model import HOST, Container
from netdoctor.probes.cannot import Vanished
from netdoctor.probes.connecting import gateway_state
from netdoctor.probes.dns_exchange import OpenSocket, Told, ask_servers
from netdoctor.probes.inside import Entrances, Inside
from netdoctor.probes.resolver_files import external_servers, read_resolv_conf
from netdoctor.stack import Stack

EMBEDDED = "127.0.0.11"


class _Place(NamedTuple):
    """A server, and from where it is asked."""

    address: str
    from_host: bool = False


def ask_upstream(stack: Stack, entrances: Entrances, question: AskUpstream, ends: float) -> Upstream:
    """Ask all of them at once, until `ends` (time.monotonic()). Raises CannotAsk."""
    container = stack.container(question.container)
    if container is None:
        raise Vanished(f"the stack has no container {question.container[:12]}")
    with entrances.inside(container.id) as inside, entrances.inside(HOST) as host:
        of_host = _of_host(host)
        known_from, servers = behind(stack.namespace_owner(container), inside.read("/etc/resolv.conf"), of_host)
        taken = {s.address for s in servers}
        others = tuple(_Place(s, from_host=True) for s in of_host if s not in taken)
        told = _ask_all((*servers, *others), question.name, inside, host, ends)
    return Upstream(servers=told[: len(servers)], known_from=known_from, host_servers=told[len(servers) :])


def behind(
    owner: Container, resolv_conf: str, of_host: Iterable[str]
) -> tuple[Literal["--dns", "resolv.conf", "host"], tuple[_Place, ...]]:
    """The servers to which names outside go, and where they are known from. Pure.

    `owner` has the network namespace, `resolv_conf` is the container's file as a text, `of_host` are the servers that
    the engine takes from its host where nobody tells it others.
    """
    own = read_resolv_conf(resolv_conf).servers
    known_from: Literal["--dns", "resolv.conf"] = "--dns" if owner.dns else "resolv.conf"
    if EMBEDDED not in own:  # the default bridge, the host's network, a file of somebody else's
        return known_from, tuple(_Place(s) for s in own)
    if external := external_servers(resolv_conf):
        return known_from, tuple(_Place(*e) for e in external)
    if owner.dns:
        return "--dns", tuple(_Place(s) for s in owner.dns)
    # Engines before 25 leave no comment. A loopback server of the host is asked from there.
    return "host", tuple(_Place(s, is_loopback(s)) for s in of_host)


def _of_host(host: Inside) -> tuple[str, ...]:
    """As the engine takes them: systemd-resolved's own list where 127.0.0.53 is all that the host has."""
    servers = read_resolv_conf(host.read("/etc/resolv.conf")).servers
    if servers == ("127.0.0.53",):
        return read_resolv_conf(host.read("/run/systemd/resolve/resolv.conf")).servers or servers
    return servers


def _ask_all(
    places: tuple[_Place, ...], name: str, inside: Inside, host: Inside, ends: float
) -> tuple[NameServer, ...]:
    """Each from its place, and from the host too: what is silent to the container alone is not the server's fault."""
    told: dict[_Place, Told] = {}

    def ask(place: _Place, open_socket: OpenSocket) -> None:
        told[place] = ask_servers(name, (place.address,), open_socket, ends)

    everywhere = dict.fromkeys((*places, *(_Place(p.address, from_host=True) for p in places)))
    threads = [
        threading.Thread(target=ask, args=(p, (host if p.from_host else inside).namespace.socket), daemon=True)
        for p in everywhere
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    heard = {p.address for p, t in told.items() if p.from_host and t.outcome not in ("silent", "no-server")}
    return tuple(_server(p, told[p], inside, p.address in heard) for p in places if p in told)


def _server(place: _Place, told: Told, inside: Inside, heard: bool) -> NameServer:
    lost = told.outcome == "silent" and not place.from_host
    return NameServer(
        address=place.address,
        outcome=told.outcome,
        rcode=told.rcode,
        from_host=place.from_host,
        gateway=gateway_state(place.address, inside.table) if lost else "",
        host_hears=heard,
    )
