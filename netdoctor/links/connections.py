"""Links from the sockets that a container holds or tries to open right now: the kernel knows what it is doing."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.answers import Peer, Sockets
from netdoctor.links.clue import Clue
from netdoctor.meant import serves
from netdoctor.model import Container
from netdoctor.places import in_subnets, means_host
from netdoctor.stack import Stack


def connected(stack: Stack, source: Container) -> Iterator[Clue]:
    """Connections to containers of this engine, through the host as well, and attempts to reach a dead address."""
    sockets = stack.sockets(source)
    # On the host's network, and in a shared namespace, nobody can say whose sockets they are.
    if not isinstance(sockets, Sockets) or source.on_host_network or source.donor:
        return
    for peer in sockets.peers:
        trying = peer.state == "syn-sent"
        if trying or peer.state == "established":
            target = _meant(stack, source, peer)
            if target.id != source.id if target is not None else trying and _is_dead(stack, source, peer):
                yield Clue(
                    source=source,
                    address=peer.address,
                    port=peer.port,
                    target=target,
                    where="a connection that is being tried" if trying else "an open connection",
                    certain=trying and target is not None,
                    observed=True,
                )


def _meant(stack: Stack, source: Container, peer: Peer) -> Container | None:
    """The container at the other end: who has the address and serves the port, or who is published at the host."""
    holder = stack.holder(peer.address)
    if holder is not None:
        # A connection to a port that nobody serves there came from the other side.
        return holder if peer.state == "syn-sent" or serves(stack, holder, peer.port) else None
    if not means_host(stack, source, peer.address):
        return None
    published = stack.publishers(peer.port)
    return published[0] if len(published) == 1 else None


def _is_dead(stack: Stack, source: Container, peer: Peer) -> bool:
    """An address of nobody in a network of the source's: whoever had it is gone."""
    address = peer.address
    return stack.holder(address) is None and not means_host(stack, source, address) and in_subnets(stack, address)
