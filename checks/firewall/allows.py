"""Does a rule stop the packets, and which one?

What is asked
    After a connect that timed out, was rejected, or was refused for a server that does listen: which rule did that?
    netdoctor reads the rules with their counters, sends seven packets, reads again, and once more with eleven. The
    rule with DROP or REJECT, or the chain with a policy of DROP, whose counter followed both times did it. It looks on
    the host and in the network namespaces of both containers, at iptables (either backend) and nftables. It reads
    only: no rule is added, and no trace is switched on.

Healthy
    The connection works, or no rule counted its packets. A FORWARD policy of DROP is how the engine leaves the host,
    and counters that have moved before mean nothing. An engine with the nftables backend, a rootless one and one with
    `"iptables": false` has no rules of iptables.

Sick
    rule: a rule drops the packets. It may be the administrator's (DOCKER-USER), a tool's, or one inside a container.
    rejected: a rule rejects them: `Connection refused` although somebody listens, or `No route to host`.
    inter-container-off: the network was made with enable_icc=false, so its containers may not talk to each other.
    bridges-isolated: the address is on a network that the source is not on, and the engine keeps its bridges apart.
    policy: the chain drops what no rule accepts.
    rules-missing: the rules that the engine had written are gone: flushed by the reload of a firewall, or by hand.

Remedy
    Delete that rule, or allow the packets with the tool that wrote it (ufw, firewalld); ask for a name on a common
    network; make the network without the option; restart the engine, which writes its rules anew.

By hand
    sudo iptables-save -c | grep -E 'DROP|REJECT'       # before a connect and after it: which counter has moved?
    sudo iptables-legacy-save -c ; sudo nft -a list ruleset
    sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' postgres) -n iptables-save -c
    docker network inspect -f '{{.Options}}' app-net

See also
    network.shared, host.forwarding, port.accepts
    https://docs.docker.com/engine/network/packet-filtering-firewalls/
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.api import (
    AskConnection,
    Connection,
    Finding,
    Link,
    Reason,
    Remedy,
    Rule,
    Stack,
    Trace,
    Unable,
    check,
    fail,
    passed,
    skip,
    unknown,
)

from .._rules import called, listing, where
from ._blame import closed_networks, drops_answers, reason, rules_missing
from ._configured import kept_apart
from ._remedies import accept, lift, open_network, use_shared, write_again
from ._traces import connections, seen, silent, traces

_AS_ROOT = "run netdoctor as root on the engine's host, or look yourself which counter moves: sudo iptables-save -c"


@check(
    id="firewall.allows",
    title="no rule of the host stops {source}",
    reasons=(
        Reason("rule", "a rule drops the packets"),
        Reason("inter-container-off", "the network was made with enable_icc=false"),
        Reason("bridges-isolated", "the engine keeps its bridges apart"),
        Reason("policy", "the chain drops what no rule accepts"),
        Reason("rules-missing", "the engine's own rules are gone"),
        Reason("rejected", "a rule rejects the packets"),
    ),
    needs=(AskConnection,),
    after=("address", "container", "network", "dns"),
    hop="firewall",
    # Where the connection works nothing is left open, and where it does not the run is not healthy anyway.
    decisive=False,
)
def allows(stack: Stack, link: Link) -> Iterator[Finding]:
    source, target = stack.source(link), stack.target(link)
    idle = next((c for c in (source, target) if c is not None and not c.state.running), None)
    if idle is not None:
        yield skip(f"{stack.title(idle)} is not running")
    elif stack.works(link):
        yield passed(f"nothing stops {stack.title(source)}: the connection went through")
    else:
        yield _stopped(stack, link) or _unseen(stack, link)


def _stopped(stack: Stack, link: Link) -> Finding | None:
    """What a trace has proved, or the configuration."""
    for trace in traces(stack, link):
        if trace.rule is not None:
            return _blamed(stack, link, trace, trace.rule)
    for trace in traces(stack, link):
        leaves = bool(trace.sent) and not trace.accepted and _leaves_its_networks(stack, link, trace)
        if leaves and rules_missing(stack, link, trace):
            return _missing(stack, link, trace)
    if any(t.sent and not t.unread for t in traces(stack, link)):
        return None  # all rules were looked at, and none counted
    untried = isinstance(stack.connection(link), Unable)
    attempts = [None] if untried else [c.last for c in connections(stack, link) if silent(c.last)]
    for attempt in attempts:
        if why := kept_apart(stack, link, attempt):
            return _configured(stack, link, why, attempt.address if attempt else link.address)
    return None


def _blamed(stack: Stack, link: Link, trace: Trace, rule: Rule) -> Finding:
    why = reason(stack, link, trace, rule)
    if why == "rules-missing":
        return _missing(stack, link, trace)
    source, address = stack.title(stack.source(link)), _place(trace.address, link.port)
    answers = drops_answers(stack, link, trace, rule)
    packets = f"the answers of {address} to {source}" if answers else f"{source}'s packets to {address}"
    place, name = where(stack, rule), called(rule)
    remedy: Remedy
    if why == "policy":
        says, remedy = f"{name} {place} drops {packets}, which no rule accepts", accept(stack, link, trace, rule)
    elif why == "inter-container-off":
        closed = closed_networks(stack, link)[0]
        says = f"{closed.name} was made with enable_icc=false, so {name} {place} drops {packets}: `{rule.text}`"
        remedy = open_network(stack, link, closed)
    elif why == "bridges-isolated":
        says = f"the engine keeps its bridges apart: {name} {place} drops {packets}: `{rule.text}`"
        remedy = use_shared(stack, link)
    else:
        does = {"drop": "drops", "reject": "rejects", "queue": "hands to a program that swallows"}[rule.verdict]
        says = f"{name} {place} {does} {packets}: `{rule.text}`"
        remedy = lift(stack, link, trace, rule)
    return fail(why, says, remedy=remedy, seen_by="netns", place=place, **seen(trace))


def _configured(stack: Stack, link: Link, why: str, address: str) -> Finding:
    source = stack.title(stack.source(link))
    if why == "inter-container-off":
        closed = closed_networks(stack, link)[0]
        says = f"{closed.name} was made with enable_icc=false, so its containers may not talk to each other"
        return fail(why, says, remedy=open_network(stack, link, closed), network=closed.name, options=closed.options)
    says = f"{address} is on a network that {source} is not on, and the engine keeps its bridges apart"
    return fail(why, says, remedy=use_shared(stack, link), address=address)


def _missing(stack: Stack, link: Link, trace: Trace) -> Finding:
    has = ", ".join(trace.chains) or "none"
    says = f"the engine's own rules are gone from the host (its chains there: {has}), so nothing lets packets through"
    evidence = {**seen(trace), "forward": list(trace.forward), "chains": list(trace.chains)}
    return fail("rules-missing", says, remedy=write_again(stack, link), seen_by="netns", **evidence)


def _unseen(stack: Stack, link: Link) -> Finding:
    """No rule is to blame, as far as could be seen."""
    connection = stack.connection(link)
    if isinstance(connection, Unable):
        return unknown(connection)
    for trace in traces(stack, link):
        if trace.given_up:
            return unknown(Unable(reason=trace.given_up, would_help="ask for this link alone"))
        if trace.accepted:
            return passed(f"{trace.accepted} of {sum(trace.sent)} later connections were accepted", seen_by="netns")
        if trace.suspects:
            return unknown(_suspected(stack, trace))
        if trace.unread:
            why = "; ".join(dict.fromkeys(u.why for u in trace.unread))
            return unknown(
                Unable(reason=why, would_help="look yourself: " + "; ".join(u.command for u in trace.unread))
            )
        return passed(_nothing_counted(stack, link, trace), seen_by="netns", **seen(trace))
    return _untraced(link, connection)


def _untraced(link: Link, connection: Connection) -> Finding:
    last = connection.last
    if last is None:
        return skip(f"the name {link.address} has no address, so nothing was sent")
    if connection.works is None:
        return skip("UDP is not acknowledged: its silence is no sign of a rule")
    if connection.seen_by != "netns" and (silent(last) or last.outcome == "refused"):
        return unknown(Unable(reason="which rule that was could not be seen from here", would_help=_AS_ROOT))
    return skip("it failed in a way that no rule causes")


def _suspected(stack: Stack, trace: Trace) -> Unable:
    rules = "; ".join(f"{called(r)} {where(stack, r)} `{r.text}`" for r in trace.suspects)
    if any(r.counts for r in trace.suspects):
        return Unable(reason=f"the counters of several rules moved alike: {rules}", would_help="ask again")
    chains = dict.fromkeys(listing(stack, r) for r in trace.suspects)
    return Unable(
        reason=f"no counter moved, and these rules have none, so they can only be suspected: {rules}",
        would_help=f"look yourself: {'; '.join(chains)}",
    )


def _nothing_counted(stack: Stack, link: Link, trace: Trace) -> str:
    sent = f"no rule counted the {sum(trace.sent)} packets that were sent"
    target = stack.target(link)
    if trace.arrived:
        return f"{sent}: they arrived in {stack.title(target) if target else 'the target'}"
    if trace.left is False:
        return f"{sent}: they did not even leave {stack.title(stack.source(link))}"
    return sent


def _leaves_its_networks(stack: Stack, link: Link, trace: Trace) -> bool:
    """Whether the packets have to be forwarded from the source's bridge to another interface."""
    source = stack.source(link)
    mine = {e.network_id for e in stack.endpoints(source)}
    holder = stack.holder(trace.address)
    return holder is None or not any(e.network_id in mine for e in stack.endpoints(holder))


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
