"""Where a publication leads, and how it is written and changed: by its line in the Compose file, or by making the
container again with another `--publish`."""

from __future__ import annotations

from netdoctor.api import HOST, Container, Endpoint, Link, Namespace, Publication, Remedy, Stack, is_any_address

from ._remaking import again

_LATER = "limits, capabilities and devices are not in these lines: add what you had given"


def way_in(stack: Stack, publication: Publication) -> Link:
    """The link of the host that leads through the publication."""
    done = next(iter(stack.done(publication)), publication)
    address = done.host_address
    usual = not address or is_any_address(address) or address == "127.0.0.1"
    return Link(
        source=HOST,
        address="localhost" if usual else address,
        port=done.host_port or publication.container_port,
        protocol=publication.protocol,
        target=publication.container,
    )


def verify(stack: Stack, publication: Publication) -> str:
    """The command that asks for the publication again."""
    if not publication.host_port and not stack.done(publication):
        return f"netdoctor host {stack.owner(publication).name}"
    way = way_in(stack, publication)
    host = f"[{way.address}]" if ":" in way.address else way.address
    return f"netdoctor host {host}:{way.port}{'/udp' if way.protocol == 'udp' else ''}"


def place(address: str) -> str:
    """An address as it stands before a port."""
    return f"[{address}]" if ":" in address else address


def option(publication: Publication) -> str:
    """As `--publish` and Compose write it: `127.0.0.1:8080:80`, `[::1]:8080:80`, `53:53/udp`, `80`."""
    host = f"{place(publication.host_address)}:" if publication.host_address else ""
    port = str(publication.host_port or "")
    udp = "/udp" if publication.protocol == "udp" else ""
    return f"{host}{port}{':' if host or port else ''}{publication.container_port}{udp}"


def free_port(stack: Stack, wanted: int) -> int:
    """A port of the host near the wanted one that no container publishes; whether the host uses it, `ss` tells."""
    taken = {p.host_port for c in stack.containers for p in (*c.published, *c.publications)}
    return next((n for n in range(wanted + 1, 65536) if n not in taken), wanted)


def republish(
    stack: Stack, old: Publication | None, new: Publication, says: str, *, check: str = "", of: Container | None = None
) -> Remedy:
    """The same container with one publication changed (`old` None: added, to the container `of`)."""
    owner = of or stack.owner(old or new)
    verified = (check or f"netdoctor host {owner.name}",)
    if owner.project:
        instead = f'  # instead of "{option(old)}"' if old is not None else ""
        lines = ("services:", f"  {owner.service}:", "    ports:", f'      - "{option(new)}"{instead}')
        up = f"docker compose -p {owner.project} up -d {owner.service}"
        return Remedy(says=says, run=(up,), compose="\n".join(lines), verify=verified)
    kept = tuple(p for p in owner.publications if p != old)
    made = again(stack, owner, (), (), publications=(*kept, new))
    return Remedy(says=f"{says} ({_LATER})", run=tuple(made), verify=verified)


def arrives_at(stack: Stack, done: Publication) -> tuple[str, ...]:
    """The container's addresses to one of which the engine hands the connections on; () where nobody can tell.

    An engine publishes by the network of the default route. What comes by IPv6 it hands to an IPv6 address, if there
    is one. https://docs.docker.com/engine/network/packet-filtering-firewalls/#port-publishing-and-mapping
    """
    endpoints = _endpoints(stack, done)
    six = tuple(e.address6 for e in endpoints if e.address6)
    four = tuple(e.address for e in endpoints if e.address)
    return (six or four) if ":" in done.host_address else four


def _endpoints(stack: Stack, done: Publication) -> tuple[Endpoint, ...]:
    owner = stack.owner(done)
    inside = stack.inside(owner)
    if isinstance(inside, Namespace):
        ways = {r.interface for r in inside.routes if r.destination == "0.0.0.0/0"}
        first = {a for i in inside.interfaces if i.name in ways for a in i.addresses}
        chosen = tuple(e for e in owner.endpoints if e.address in first)
        if chosen:
            return chosen
    return owner.endpoints
