"""Does the network that both are on have names?

What is asked
    Whether the default bridge (named bridge) is the only network that the two share. The engine's resolver serves every
    network but that one: there, addresses work and names never do.

Healthy
    They share a user-defined network, the address is a literal IP, or an entry in extra_hosts gives it.

Sick
    no-names     The source asks for a name, and the only network that both share is the default bridge.
    legacy-link  The name works through --link only: for this one container, one way, and until the target is created
                 anew, when the source cannot even start any more.

Remedy
    A user-defined network for both, which plain containers can join while they run.

By hand
    docker inspect --format '{{json .NetworkSettings.Networks}}' api postgres
    docker inspect --format '{{json .HostConfig.Links}}' api
    docker exec api nslookup postgres

See also
    network.shared, dns.resolves
    https://docs.docker.com/engine/network/drivers/bridge/#differences-between-user-defined-bridges-and-the-default-bridge
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    AskLookup,
    Finding,
    Link,
    Reason,
    Stack,
    check,
    fail,
    is_loopback,
    passed,
    skip,
    warn,
)

from ._joining import share
from ._places import found, has_names, in_words, literals, means_host, together


@check(
    id="network.default-bridge",
    title="the network that {source} and {target} share has names",
    reasons=(
        Reason("no-names", "both only on the default bridge: addresses work, names never"),
        Reason("legacy-link", "a name works only through --link"),
    ),
    needs=(AskConnection, AskLookup),
    after=("network.exists",),
    hop="network",
)
def default_bridge(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    if target is None or together(stack, source, target) or is_loopback(link.address):
        yield skip("no network between the two is asked for a name")
        return
    me, it, common = stack.title(source), stack.title(target), stack.shared_networks(source, target)
    named = [e for e in common if has_names(stack, e)]
    if not common:
        yield skip(f"{me} and {it} share no network: network.shared has the answer")
    elif named:
        yield passed(f"names work on {in_words(named)}")
    elif literals(stack, link) or means_host(stack, link):
        yield passed(f"{link.address} needs no name on the default bridge")
    elif link.address in _linked(source.links):
        says = f"the name {link.address} works by --link: for {me} only, and not once {it} is created anew"
        yield warn("legacy-link", says, remedy=share(stack, link, source, target), links=list(source.links))
    elif stack.works(link) or set(found(stack, link)) & set(target.addresses):
        yield passed(f"{me} knows {link.address} without the engine's resolver")
    else:
        says = f"{me} and {it} share only the default bridge, where names never work: {link.address} cannot be resolved"
        yield fail("no-names", says, remedy=share(stack, link, source, target), networks=[e.network for e in common])


def _linked(links: tuple[str, ...]) -> set[str]:
    """The names that --link gives: `/target:/source/alias` makes both target and alias known."""
    pairs = (entry.split(":") for entry in links)
    return {name.rpartition("/")[2] for pair in pairs for name in pair}
