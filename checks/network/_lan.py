"""Networks whose containers are machines of the LAN (macvlan, ipvlan): their own host is out of their reach.

The kernel passes no packet between such an interface and the one that it was made on, in either direction; all other
machines of the LAN are reached. So a container on a bridge does not reach them either: its packets go by the host.
"""

from __future__ import annotations

from netdoctor.api import Container, Finding, HostFacts, Link, Network, Remedy, Stack, fail, means_host

from .._rewriting import rewrite
from ._joining import connect, lines, up, verify
from ._places import has_names, in_words, literals, networks, on_host


def lan_of(stack: Stack, container: Container) -> Network | None:
    """The LAN network of a container that has no other kind, None for any other container."""
    found = [stack.network(e.network_id) for e in networks(stack, container)]
    return found[0] if found and all(n is not None and n.on_the_lan for n in found) else None


def by_the_host(stack: Stack, link: Link) -> Finding | None:
    """A link between such a container and its own host, which came to nothing."""
    source, target = stack.source(link), stack.target(link)
    if stack.works(link) is not False:
        return None
    there = lan_of(stack, target) if target is not None and on_host(stack, source) else None
    here = lan_of(stack, source) if _leads_to_host(stack, link, source, target) else None
    network, container = (there, target) if there is not None else (here, source)
    if network is None or container is None:
        return None
    name = stack.title(container)
    kind = f"{network.driver} on {network.options.get('parent') or 'an interface of its own'}"
    says = f"{name} is on {network.name} only ({kind}), and the kernel lets nothing pass between it and its own host"
    remedy = _one_more_network(stack, link, container, to_host=there is None)
    return fail("host-isolated", says, remedy=remedy, network=network.name, driver=network.driver)


def by_a_bridge(stack: Stack, link: Link, source: Container, target: Container) -> Finding | None:
    """A link to the target's address on such a network, on which the source is not: it goes by the host, in vain."""
    asked = set(literals(stack, link))
    place = next((e for e in networks(stack, target) if asked & set(e.addresses)), None)
    network = stack.network(place.network_id) if place is not None else None
    mine = networks(stack, source)
    if network is None or not network.on_the_lan or any(e.network_id == network.id for e in mine):
        return None
    if stack.works(link) is not False or on_host(stack, source):
        return None
    me, it = stack.title(source), stack.title(target)
    says = f"{me} is on {in_words(mine)}, and {link.address} is {it}'s on {network.name} ({network.driver}): the way"
    says += " there goes by the host, which does not reach its own containers on such a network"
    remedy = _ask_by_name(stack, link, source, target) or _join(stack, link, source, target)
    return fail("no-common-network", says, remedy=remedy, network=network.name, driver=network.driver)


def _ask_by_name(stack: Stack, link: Link, source: Container, target: Container) -> Remedy | None:
    """Where another network of theirs is a bridge, on which the name means another address."""
    common = next((e for e in stack.shared_networks(source, target) if has_names(stack, e)), None)
    if common is None:
        return None
    says = f"Ask for {target.name}, which is {common.address} on {common.network}, where both are"
    return rewrite(stack, link, target.name, link.port, says)


def _leads_to_host(stack: Stack, link: Link, source: Container, target: Container | None) -> bool:
    if means_host(stack, source, link.address) or (target is not None and on_host(stack, target)):
        return True
    facts = stack.host_facts()
    mine = (
        {a.partition("/")[0] for i in facts.interfaces for a in i.addresses} if isinstance(facts, HostFacts) else set()
    )
    return bool(mine & {link.address.strip("[]"), *stack.found(link)})


def _join(stack: Stack, link: Link, source: Container, target: Container) -> Remedy:
    """The target joins a network of the source's, where both have names."""
    place = next((e for e in networks(stack, source) if e.network != "bridge"), None)
    if place is None:
        return _one_more_network(stack, link, target, to_host=False)
    says = f"Let {stack.title(target)} join {place.network} as well, and ask for it by its name"
    check = (f"netdoctor {source.name} {target.name}:{link.port}",)
    if target.project:
        return Remedy(says=says, run=(up(target),), compose=lines(stack, (target,), place.network), verify=check)
    return Remedy(says=says, run=connect(target, place.network), verify=check)


def _one_more_network(stack: Stack, link: Link, container: Container, *, to_host: bool) -> Remedy:
    """The container joins a bridge besides, by which it and its host reach each other."""
    network = "bridge"  # which every engine has, and a container of any network can join
    says = f"Let {stack.title(container)} join a bridge as well; "
    if to_host:
        says += "the host is the gateway there"
        show = f"docker network inspect --format '{{{{(index .IPAM.Config 0).Gateway}}}}' {network}"
    else:
        says += "the host reaches its address there"
        address = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        show = f"docker inspect --format '{address}' {container.name}"
    return Remedy(says=says, run=(*connect(container, network), show), verify=(verify(stack, link),))
