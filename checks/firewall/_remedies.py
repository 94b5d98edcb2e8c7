"""How a rule is lifted: the exact command for the backend, the tool that wrote it, or the network made otherwise."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from netdoctor.api import HOST, Link, Network, Remedy, Rule, Stack, Trace, is_address

from .._bridges import interface
from .._replacing import with_option
from .._rewriting import callable_name, rewrite
from .._rules import enter, program, where
from ._blame import drops_answers

_RESTART = "sudo systemctl restart docker"


def verify(stack: Stack, link: Link) -> str:
    host = f"[{link.address}]" if ":" in link.address else link.address
    udp = "/udp" if link.protocol == "udp" else ""
    return f"netdoctor {stack.source(link).name} {shlex.quote(f'{host}:{link.port}{udp}')}"


def lift(stack: Stack, link: Link, trace: Trace, rule: Rule) -> Remedy:
    """Somebody's rule: by the tool that wrote it, else delete it."""
    managed = _managed(stack, link, rule, trace)
    if managed:
        return Remedy(says=managed[0], run=managed[1:], verify=(verify(stack, link),))
    says = "Delete the rule, or put an exception before it"
    if rule.place == HOST:
        says += "; what wrote it may write it again when it starts"
    return Remedy(says=f"{says}.", run=(f"{enter(stack, rule)}{_deletion(rule)}",), verify=(verify(stack, link),))


def accept(stack: Stack, link: Link, trace: Trace, rule: Rule) -> Remedy:
    """A policy that drops what no rule accepts: accept it."""
    managed = _managed(stack, link, rule, trace)
    if managed:
        return Remedy(says=managed[0], run=managed[1:], verify=(verify(stack, link),))
    forwards = rule.place == HOST and rule.chain == "FORWARD"
    chain = "DOCKER-USER" if forwards and "DOCKER-USER" in trace.chains else rule.chain
    way = ("-s", "--sport") if drops_answers(stack, link, trace, rule) else ("-d", "--dport")
    says = f"Accept the packets in {chain} {where(stack, rule)}; it lasts until the rules are loaded anew."
    return Remedy(
        says=says,
        run=(f"{enter(stack, rule)}{_acceptance(link, trace, rule, chain, way)}",),
        verify=(verify(stack, link),),
    )


def write_again(stack: Stack, link: Link) -> Remedy:
    says = "Restart the engine, which writes its rules anew (and its containers, unless live-restore is on)."
    return Remedy(says=says, run=(_RESTART,), verify=(verify(stack, link),))


def use_shared(stack: Stack, link: Link) -> Remedy:
    """The address belongs to a network that the source is not on: ask by name, or join that network."""
    source, target = stack.source(link), stack.target(link)
    name = callable_name(stack, source, target) if target is not None else ""
    if target is not None and name:
        return rewrite(stack, link, name, link.port, f"Ask for {name} instead of {link.address}")
    ends = [e for e in stack.endpoints(target) if link.address in e.addresses] if target is not None else []
    network = ends[0].network if ends else "the network of that address"
    joiner = stack.namespace_owner(source)
    run = (f"docker network connect {network} {joiner.name}",) if ends else ()
    return Remedy(says=f"Let {stack.title(source)} join {network}.", run=run, verify=(verify(stack, link),))


def open_network(stack: Stack, link: Link, closed: Network) -> Remedy:
    """A network without enable_icc=false."""
    source, target = stack.source(link), stack.target(link)
    name = "" if is_address(link.address) else link.address
    users = ((target, name), (source, "")) if target is not None else ((source, ""),)
    return with_option(stack, closed, "com.docker.network.bridge.enable_icc", "true", users, verify(stack, link))


# -- the commands ---------------------------------------------------------------------------------------------------


def _deletion(rule: Rule) -> str:
    if rule.backend == "nftables":
        return f"nft delete rule {rule.family} {rule.table} {rule.chain} handle {rule.handle}"
    table = "" if rule.table == "filter" else f"-t {rule.table} "
    if "<secret-" in rule.text:  # its text is not whole
        return f"{program(rule)} {table}-D {rule.chain} {rule.number}"
    return f"{program(rule)} {table}{rule.text.replace('-A ', '-D ', 1)}"


def _acceptance(link: Link, trace: Trace, rule: Rule, chain: str, way: tuple[str, str]) -> str:
    packets = f"{way[0]} {trace.address} -p {link.protocol} {way[1]} {link.port}"
    return f"{program(rule)} -I {chain} {packets} -j ACCEPT"


# -- the tools that write rules -------------------------------------------------------------------------------------


def _managed(stack: Stack, link: Link, rule: Rule, trace: Trace) -> tuple[str, ...]:
    """What to say and the commands, where a tool is known to have written the rule, or the policy; () for none."""
    if rule.place != HOST:
        return ()
    source = stack.source(link)
    bridges = [interface(n) for e in stack.endpoints(source) if (n := stack.network(e.network_id)) is not None]
    into_host = "INPUT" in rule.chain.upper() or "-input" in rule.chain
    if rule.chain.startswith("f2b-"):
        address = next((a for e in stack.endpoints(source) for a in e.addresses), "")
        return (f"fail2ban has banned {stack.title(source)}: lift the ban.", f"sudo fail2ban-client unban {address}")
    if rule.chain.startswith("ufw") or (rule.is_policy and any(c.startswith("ufw-") for c in trace.chains)):
        return ("Allow it in ufw, which wrote the rule.", *_ufw(link, trace, bridges, into_host))
    if rule.table == "firewalld" or any(c.startswith(("FWDI_", "IN_public", "FWD_public")) for c in (rule.chain,)):
        says = "Put the network's bridge into a zone of firewalld that lets its packets through."
        zone = "sudo firewall-cmd --zone=trusted --change-interface="
        runs = (f"{zone}{b}{' --permanent' if i else ''}" for b in bridges for i in (0, 1))
        return (says, *runs)
    return ()


def _ufw(link: Link, trace: Trace, bridges: list[str], into_host: bool) -> Iterator[str]:
    to = f"to {trace.address} port {link.port} proto {link.protocol}"
    for name in bridges:
        yield f"sudo ufw allow in on {name} {to}" if into_host else f"sudo ufw route allow in on {name} {to}"
