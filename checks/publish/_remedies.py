"""The remedies of this family: another publication, or another place to listen. Each is verified from the host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from netdoctor.api import (
    HOST,
    Container,
    Link,
    Listener,
    Publication,
    Remedy,
    Stack,
    Unable,
    is_any_address,
    is_loopback,
)

from .._listeners import ready_soon
from .._publishing import free_port, option, place, republish, verify, way_in
from .._rewriting import callable_name, rewrite
from .._software import listen_everywhere
from ._holding import Holder, start_error
from ._without_effect import lan_driver


def listen_outside(stack: Stack, publication: Publication, found: tuple[Listener, ...]) -> Remedy:
    """Have the server listen on all addresses inside its container."""
    owner = stack.owner(publication)
    return listen_everywhere(stack, way_in(stack, publication), owner, found, publication.container_port)


def publish_instead(stack: Stack, publication: Publication, ports: Iterable[int]) -> Remedy:
    """Publish the port that is served: one that the image exposes, else the first."""
    ports, owner = tuple(ports), stack.owner(publication)
    right = next((p for p in ports if (p, publication.protocol) in owner.exposed), ports[0])
    return change(stack, publication, replace(publication, container_port=right), f"Publish {right}, which is served")


def swap(stack: Stack, publication: Publication) -> Remedy:
    """The two numbers the other way round."""
    new = replace(publication, container_port=publication.host_port, host_port=publication.container_port)
    return change(stack, publication, new, "Turn it round: first the port of the host, then that inside")


def publish_other_protocol(stack: Stack, publication: Publication, protocol: Literal["tcp", "udp"]) -> Remedy:
    """The same port of the protocol that is served."""
    return change(stack, publication, replace(publication, protocol=protocol), f"Publish it for {protocol.upper()}")


def change(stack: Stack, old: Publication, new: Publication, says: str) -> Remedy:
    """One publication instead of another."""
    return republish(stack, old, new, f"{says}: {option(new)} instead of {option(old)}", check=verify(stack, new))


def read_log(stack: Stack, publication: Publication) -> Remedy:
    """Wait for a server that is starting, or read in its log why it does not listen."""
    owner = stack.owner(publication)
    says = "Read its log, which says what it waits for, or why it failed"
    if ready_soon(stack, owner):
        says = "Wait for it (`netdoctor --wait 60s`); if that does not help, its log says why"
    return Remedy(says=says, run=(f"docker logs --tail 50 {owner.name}",), verify=(verify(stack, publication),))


def publish(stack: Stack, missing: Publication) -> Remedy:
    """Publish what is not published: for the host alone, on the same port if no other container has it."""
    owner = stack.owner(missing)
    taken = {p.host_port for c in stack.containers for p in (*c.published, *c.publications)}
    port = free_port(stack, missing.host_port) if missing.host_port in taken else missing.host_port
    new = replace(missing, host_address="127.0.0.1", host_port=port)
    says = f"Publish it: {option(new)} is for the host alone, {option(replace(new, host_address=''))} for everybody"
    return republish(stack, None, new, says, check=verify(stack, new), of=owner)


def free_the_port(stack: Stack, publication: Publication, who: Holder) -> Remedy:
    """Another port for one of the two; for a plain container, which cannot change, whoever has the port makes room."""
    owner = stack.owner(publication)
    start = f"docker start {owner.name}"
    if who.free:
        return Remedy(says="Start it", run=(start,), verify=(verify(stack, publication),))
    if who.stale and who.process is not None:
        says = "End the proxy, which the engine has forgotten; or restart the engine, which ends its containers as well"
        run = (f"sudo kill {who.process.pid}", start)
        return Remedy(says=says, run=run, verify=(verify(stack, publication),))
    other = replace(publication, host_port=free_port(stack, publication.host_port))
    if owner.project:
        return change(stack, publication, other, "Publish it on another port")
    if who.container is not None:
        says = f"Stop {who.says} and start it; or create it anew with -p {option(other)}"
        run = (f"docker stop {who.container.name}", start)
        return Remedy(says=says, run=run, verify=(verify(stack, publication),))
    kind = "u" if publication.protocol == "udp" else "t"
    says = f"End the process that the first command shows, and start it; or create it anew with -p {option(other)}"
    run = (f"sudo ss -l{kind}np 'sport = :{publication.host_port}'", start)
    return Remedy(says=says, run=run, verify=(verify(stack, publication),))


def bind_elsewhere(stack: Stack, publication: Publication) -> Remedy:
    """Another address of the host: all, which works whenever it comes."""
    says = "Publish it without an address, or on one that the host has (`ip -brief address` lists them)"
    return change(stack, publication, replace(publication, host_address=""), says)


def bind_everywhere(stack: Stack, publication: Publication, link: Link) -> Remedy:
    """The address that is asked for, or for a container the way without the host."""
    source, target = stack.source(link), stack.owner(publication)
    if link.source != HOST and (name := callable_name(stack, source, target)):
        ask = f"Let {stack.title(source)} ask for {name}:{publication.container_port}, which takes no publication"
        return rewrite(stack, link, name, publication.container_port, ask)
    if link.source == HOST and not is_any_address(link.address):
        done = next(iter(stack.done(publication)), publication)
        says = f"Ask for it at {place(done.host_address)}:{done.host_port}; or publish it on all addresses"
    else:
        says = "Publish it on all addresses of the host"
    return change(stack, publication, replace(publication, host_address=""), says)


def bind_again(stack: Stack, publication: Publication) -> Remedy:
    """Have the engine bind it anew: it does so whenever the container starts."""
    owner = stack.owner(publication)
    if start_error(stack, publication) == "forbidden":
        above = replace(publication, host_port=free_port(stack, 8000 + publication.host_port % 1000 - 1))
        return change(stack, publication, above, "Publish it on a port that the engine may use, from 1024 on")
    says = (
        "Restart it, which binds its ports anew; if that does not help, restart the engine, which writes its rules anew"
    )
    run = (f"docker restart {owner.name}", f"docker port {owner.name}")
    return Remedy(says=says, run=run, verify=(verify(stack, publication),))


def take_effect(stack: Stack, publication: Publication) -> Remedy:
    """What publishes: a bridge network beside the one that the container is on; else the port or address it does have.

    An engine publishes by the network of the default route, which stays with a macvlan, and leaves an internal one.
    """
    owner = stack.owner(publication)
    check = (verify(stack, publication),)
    if owner.on_host_network:
        port = _port_of_its_own(stack, owner) or publication.container_port
        says = f"Ask for {port}, where it listens on the host itself; or take it off the host's network"
        return Remedy(
            says=says, run=(f"sudo ss -ltnp 'sport = :{port}'",), verify=(f"netdoctor host localhost:{port}",)
        )
    if lan_driver(stack, owner):
        place = f"{next(iter(owner.addresses), 'its own address')}:{publication.container_port}"
        says = f"Ask for {place} from another machine of the LAN; for its own host, create it anew on a bridge network"
        show = f"docker inspect --format '{{{{json .NetworkSettings.Networks}}}}' {owner.name}"
        return Remedy(says=says, run=(show,), verify=check)
    says = "Let it join a network that publishes as well"
    if owner.project:
        lines = f"services:\n  {owner.service}:\n    networks:\n"
        lines += "".join(f"      - {name}\n" for name in (*_keys(stack, owner), "default")).rstrip()
        up = f"docker compose -p {owner.project} up -d {owner.service}"
        return Remedy(says=says, run=(up,), compose=lines, verify=check)
    # In mode none it is on a network of that name, and the engine takes it to no other before it left.
    leave = [f"docker network disconnect none {owner.name}" for e in owner.endpoints if e.network == "none"]
    run = ("docker network create published", *leave, f"docker network connect published {owner.name}")
    return Remedy(says=says, run=run, verify=check)


def _port_of_its_own(stack: Stack, owner: Container) -> int:
    """A port that a process of the container has open, 0 for none; on the host's network it sees everybody's."""
    sockets = stack.sockets(owner)
    listeners = () if isinstance(sockets, Unable) else sockets.listeners
    return next((x.port for x in listeners if x.process is not None and not is_loopback(x.address)), 0)


def _keys(stack: Stack, owner: Container) -> list[str]:
    """What its Compose file calls the networks that it is on."""
    known = [stack.network(e.network_id) for e in owner.endpoints]
    return [n.labels.get("com.docker.compose.network", n.name) for n in known if n is not None and n.name != "none"]
