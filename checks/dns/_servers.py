"""The servers behind the engine's resolver: whether that one lives, and how a container comes by others."""

from __future__ import annotations

from netdoctor.api import Container, HostFacts, Link, Lookup, Remedy, Stack, Upstream, is_loopback

from .._rewriting import apply
from ._naming import EMBEDDED
from ._remedies import verify


def resolver_is_alive(stack: Stack, source: Container) -> bool:
    """Whether the engine's own resolver answers for a name that it knows by itself: the source's own."""
    own = stack.lookup(source, stack.namespace_owner(source).name)
    return isinstance(own, Lookup) and own.outcome == "found" and own.source == "dns"


def choose_servers(stack: Stack, link: Link, told: Upstream | Lookup) -> Remedy:
    """Servers that answer: the host's of today, or some that are written down."""
    source = stack.namespace_owner(stack.source(link))
    me, check = stack.title(source), (verify(stack, link),)
    if isinstance(told, Upstream) and any(s.host_hears and not (s.from_host or s.answers) for s in told.servers):
        says = "Find what stops them: a rule on port 53, or the host does not forward; these show it"
        show = ("sysctl net.ipv4.ip_forward", "sudo iptables -S DOCKER-USER", "sudo iptables -S FORWARD")
        return Remedy(says=says, run=show, verify=check)
    now = _good(stack, told)
    stale = isinstance(told, Upstream) and told.known_from != "--dns" and bool(told.host_servers)
    if stale and now:
        says = f"Restart {me}: it has the servers that the host had when it was started, and the host has {now[0]} now"
        return Remedy(says=says, run=(f"docker restart {source.name}",), verify=check)
    server = now[0] if now else "1.1.1.1"
    note = "" if now else "  # or one of your own"
    if source.project:
        told_so = f"services:\n  {source.service}:\n    dns:\n      - {server}{note}"
        run = (f"docker compose -p {source.project} up -d {source.service}",)
        says = f"Give {me} a name server that answers" + (f" ({server} does)" if now else "")
        return Remedy(says=says, run=run, compose=told_so, verify=check)
    says = f"Give {me} a name server that answers" + (
        f" ({server} does)" if now else ", like 1.1.1.1 or one of your own"
    )
    return apply(stack, link, says, options=(f"--dns {server}",), of=source)


def _good(stack: Stack, told: Upstream | Lookup) -> list[str]:
    """Servers that are known to answer, or that the host at least goes by, without its loopback."""
    if isinstance(told, Upstream):
        return [s.address for s in (*told.servers, *told.host_servers) if s.answers and not is_loopback(s.address)]
    facts = stack.host_facts()
    known = (*facts.servers, *facts.forwarders) if isinstance(facts, HostFacts) else ()
    return [s for s in known if not is_loopback(s) and s != EMBEDDED and s not in told.servers]
