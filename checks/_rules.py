"""Rules that stop packets, in words and as commands that list them."""

from __future__ import annotations

from netdoctor.api import HOST, Rule, Stack


def where(stack: Stack, rule: Rule) -> str:
    """`on the host`, `inside postgres`: in whose network namespace the rule is."""
    container = stack.container(rule.place)
    return f"inside {stack.title(container)}" if container is not None and rule.place != HOST else "on the host"


def called(rule: Rule) -> str:
    """`rule 3 of DOCKER-USER (iptables-nft, table filter)`, `handle 12 of forward (nftables, inet firewalld)`."""
    if rule.backend == "nftables":
        what, place = f"handle {rule.handle}", f"nftables, {rule.family} {rule.table}"
    else:
        backend = rule.backend.replace("iptables", "ip6tables") if rule.family == "ip6" else rule.backend
        what, place = f"rule {rule.number}", f"{backend}, table {rule.table}"
    return f"{'the policy' if rule.is_policy else what} of {rule.chain} ({place})"


def enter(stack: Stack, rule: Rule) -> str:
    """What a command for the rule begins with: `sudo `, and where the rule is inside a container, the way there."""
    container = stack.container(rule.place)
    if rule.place == HOST or container is None:
        return "sudo "
    return f"sudo nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {container.name}) -n "


def listing(stack: Stack, rule: Rule) -> str:
    """The command that lists the rule's chain."""
    if rule.backend == "nftables":
        return f"{enter(stack, rule)}nft -a list chain {rule.family} {rule.table} {rule.chain}"
    return f"{enter(stack, rule)}{program(rule)} -t {rule.table} -L {rule.chain} -v -n --line-numbers"


def program(rule: Rule) -> str:
    """The command of iptables for the rule's backend and family."""
    name = "ip6tables" if rule.family == "ip6" else "iptables"
    return f"{name}-legacy" if rule.backend == "iptables-legacy" else name
