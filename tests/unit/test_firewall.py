"""The family `firewall` on stacks made by hand: other engines, other tools and other rights than the tests have."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from netdoctor import registry
from netdoctor.answers import AskConnection, Asked, Attempt, Connection, Rule, Trace, Unable, Unread
from netdoctor.engine import run
from netdoctor.finding import Finding, Remedy
from netdoctor.model import Container, Endpoint, Engine, Link, Network, State
from netdoctor.redact import redact
from netdoctor.stack import Stack

CLOSED = {"com.docker.network.bridge.enable_icc": "false"}
NET = Network(id="n1" * 6, name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))


def container(name: str, last: int) -> Container:
    endpoint = Endpoint(network="net", network_id=NET.id, address=f"10.213.0.{last}", gateway="10.213.0.1")
    return Container(id=name[0] * 64, name=name, state=State(status="running"), endpoints=(endpoint,))


API, DB = container("api", 2), container("db", 3)
LINK = Link(source=API.id, address="10.213.0.3", port=5432, target=DB.id)
DROP = Rule(
    place="host",
    backend="iptables-nft",
    family="ip",
    table="filter",
    chain="DOCKER-USER",
    verdict="drop",
    text="-A DOCKER-USER -p tcp -m tcp --dport 5432 -j DROP",
    number=2,
)
TRACE = Trace(address="10.213.0.3", sent=(7, 11), rule=DROP, moved=(7, 11), left=True, arrived=False)
POLICY = replace(DROP, chain="FORWARD", text="policy DROP", number=0)


def stack(trace: Trace | None, engine: Engine, network: Network, seen_by: str = "netns") -> Stack:
    attempt = Attempt(address="10.213.0.3", outcome="timed-out")
    answer: Connection | Unable = Connection(seen_by=seen_by, attempts=(attempt,), trace=trace)
    if seen_by == "engine":
        answer = Unable(reason="it cannot connect")
    asked = (Asked(question=AskConnection.of(LINK), answer=answer),)
    return Stack(engine=engine, containers=(API, DB), networks=(network,), asked=asked, links=(LINK,))


def judged(
    trace: Trace | None, *, engine: Engine | None = None, network: Network = NET, seen_by: str = "netns"
) -> Finding:
    made = stack(trace, engine or Engine(), network, seen_by)
    (result,) = run(made, (LINK,), (registry.load().find("firewall.allows"),))
    return result.finding


def by(**fields: Any) -> Trace:
    """The trace with another rule."""
    return replace(TRACE, rule=replace(DROP, **fields))


def remedy(trace: Trace) -> Remedy:
    found = judged(trace).remedy
    assert found is not None
    return found


# -- whose rule -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "table", "text", "reason"),
    [
        # Engine 20.10 to 27, 28, Podman: the engine's own isolation.
        ("DOCKER-ISOLATION-STAGE-2", "filter", "-A DOCKER-ISOLATION-STAGE-2 -o br-1 -j DROP", "bridges-isolated"),
        ("PREROUTING", "raw", "-A PREROUTING -d 10.213.0.3/32 ! -i br-1 -j DROP", "bridges-isolated"),
        ("DOCKER", "filter", "-A DOCKER ! -i br-1 -o br-1 -j DROP", "bridges-isolated"),
        ("NETAVARK_ISOLATION_3", "filter", "-A NETAVARK_ISOLATION_3 -o podman1 -j DROP", "bridges-isolated"),
        # Somebody's own rules in the same places.
        ("PREROUTING", "raw", "-A PREROUTING -p tcp -m tcp --dport 5432 -j DROP", "rule"),
        ("FORWARD", "filter", "-A FORWARD -i br-1 -o br-1 -j DROP", "rule"),
        ("DOCKER-USER", "filter", DROP.text, "rule"),
    ],
)
def test_whose_rule_it_is(chain: str, table: str, text: str, reason: str) -> None:
    assert judged(by(chain=chain, table=table, text=text)).reason == reason


@pytest.mark.parametrize("chain", ["FORWARD", "DOCKER-FORWARD"])
def test_the_rule_of_a_closed_network(chain: str) -> None:
    found = judged(by(chain=chain, text=f"-A {chain} -i br-1 -o br-1 -j DROP"), network=replace(NET, options=CLOSED))
    assert found.reason == "inter-container-off"
    assert found.remedy is not None
    assert found.remedy.run[0] == "docker network create net-2"


def test_a_closed_network_where_nobody_could_connect() -> None:
    closed = replace(NET, options=CLOSED)
    assert judged(None, network=closed, seen_by="engine").reason == "inter-container-off"
    assert judged(None, network=closed, seen_by="exec").reason == "inter-container-off"
    # Podman knows the option and does not heed it.
    assert judged(None, network=closed, seen_by="engine", engine=Engine(name="podman")).verdict == "unknown"
    linked = replace(API, links=("/db:/api/db",))
    made = replace(stack(None, Engine(), closed, "engine"), containers=(linked, DB))
    (result,) = run(made, (LINK,), (registry.load().find("firewall.allows"),))
    assert result.finding.verdict == "unknown"  # --link opens the ports of the other one


# -- the engine's rules are gone ------------------------------------------------------------------------------------

GONE = replace(TRACE, rule=POLICY, engine_writes_rules=True, chains=(), forward=("-A FORWARD -i virbr0 -j ACCEPT",))


def test_the_engines_rules_are_gone() -> None:
    assert judged(GONE).reason == "rules-missing"
    flushed = replace(GONE, chains=("DOCKER", "DOCKER-USER"))
    assert judged(flushed).reason == "rules-missing"
    whole = replace(flushed, forward=("-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD"))
    assert judged(whole).reason == "policy"


@pytest.mark.parametrize(
    ("engine", "writes"),
    [
        (Engine(firewall="nftables"), True),
        (Engine(firewall="nftables+firewalld"), True),
        (Engine(rootless=True), True),
        (Engine(name="podman"), True),
        (Engine(), False),  # "iptables": false
        (Engine(), None),
    ],
)
def test_engines_that_write_no_rules_of_iptables(engine: Engine, writes: bool | None) -> None:
    assert judged(replace(GONE, engine_writes_rules=writes), engine=engine).reason == "policy"


# -- remedies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({}, "sudo iptables -D DOCKER-USER -p tcp -m tcp --dport 5432 -j DROP"),
        ({"backend": "iptables-legacy"}, "sudo iptables-legacy -D DOCKER-USER -p tcp -m tcp --dport 5432 -j DROP"),
        ({"family": "ip6"}, "sudo ip6tables -D DOCKER-USER -p tcp -m tcp --dport 5432 -j DROP"),
        ({"table": "mangle"}, "sudo iptables -t mangle -D DOCKER-USER -p tcp -m tcp --dport 5432 -j DROP"),
        (
            {"backend": "nftables", "family": "inet", "table": "t", "chain": "fwd", "number": 0, "handle": 4},
            "sudo nft delete rule inet t fwd handle 4",
        ),
        (
            {"place": DB.id, "chain": "INPUT", "text": "-A INPUT -j DROP"},
            "sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' db) -n iptables -D INPUT -j DROP",
        ),
        ({"chain": "f2b-sshd", "text": "-A f2b-sshd -j REJECT"}, "sudo fail2ban-client unban 10.213.0.2"),
        (
            {"chain": "ufw-user-forward", "text": "-A ufw-user-forward -j DROP"},
            "sudo ufw route allow in on br-n1n1n1n1n1n1 to 10.213.0.3 port 5432 proto tcp",
        ),
        (
            {"chain": "ufw-user-input", "text": "-A ufw-user-input -j DROP"},
            "sudo ufw allow in on br-n1n1n1n1n1n1 to 10.213.0.3 port 5432 proto tcp",
        ),
        (
            {"backend": "nftables", "table": "firewalld", "chain": "filter_FORWARD", "number": 0, "handle": 9},
            "sudo firewall-cmd --zone=trusted --change-interface=br-n1n1n1n1n1n1",
        ),
    ],
)
def test_the_command_that_lifts_the_rule(fields: dict[str, Any], command: str) -> None:
    assert remedy(by(**fields)).run[0] == command


def test_the_command_that_accepts_against_a_policy() -> None:
    forward = replace(TRACE, rule=POLICY, chains=("DOCKER-USER",))
    accept = "-d 10.213.0.3 -p tcp --dport 5432 -j ACCEPT"
    assert remedy(forward).run == (f"sudo iptables -I DOCKER-USER {accept}",)
    answers = remedy(by(place=DB.id, chain="OUTPUT", text="policy DROP", number=0))
    assert answers.run[0].endswith("-n iptables -I OUTPUT -s 10.213.0.3 -p tcp --sport 5432 -j ACCEPT")
    ufw = remedy(replace(forward, rule=replace(POLICY, chain="INPUT"), chains=("ufw-user-input",)))
    assert ufw.run == ("sudo ufw allow in on br-n1n1n1n1n1n1 to 10.213.0.3 port 5432 proto tcp",)


def test_a_secret_in_a_comment_is_cut_and_the_rule_deleted_by_its_number() -> None:
    text = '-A DOCKER-USER -m comment --comment "token=Xq7secret9Zk2" -j DROP'
    made = stack(by(text=text), Engine(), NET)
    cut, _ = redact(made)
    (result,) = run(cut, (LINK,), (registry.load().find("firewall.allows"),))
    assert "Xq7secret9Zk2" not in repr(result.finding)
    assert result.finding.remedy is not None
    assert result.finding.remedy.run == ("sudo iptables -D DOCKER-USER 2",)


# -- what could not be seen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace", "says"),
    [
        (
            Trace(
                address="10.213.0.3", sent=(7,), unread=(Unread(why="nft is missing", command="sudo nft list ruleset"),)
            ),
            "sudo nft list ruleset",
        ),
        (Trace(address="10.213.0.3", given_up="the time was over"), "ask for this link alone"),
        (
            Trace(
                address="10.213.0.3",
                sent=(7,),
                suspects=(
                    replace(DROP, backend="nftables", family="inet", table="t", chain="c", handle=3, counts=False),
                ),
            ),
            "sudo nft -a list chain inet t c",
        ),
    ],
)
def test_what_was_not_seen_is_unknown_with_the_command(trace: Trace, says: str) -> None:
    found = judged(trace)
    assert found.verdict == "unknown"
    assert says in found.says


def test_where_no_rule_counted_none_is_to_blame() -> None:
    found = judged(Trace(address="10.213.0.3", sent=(7,), left=True, arrived=True))
    assert (str(found.verdict), found.says) == (
        "pass",
        "no rule counted the 7 packets that were sent: they arrived in db",
    )
