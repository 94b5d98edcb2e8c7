"""Services of a swarm: what the API tells of them, their names, and addresses that no container has."""

from __future__ import annotations

from typing import Any

from netdoctor import registry
from netdoctor.answers import Asked, AskLookup, Lookup
from netdoctor.engine import run
from netdoctor.model import Container, Endpoint, Engine, Link, Network, Service, State
from netdoctor.sources.swarm import services
from netdoctor.stack import Stack

VERBOSE: dict[str, Any] = {
    "Id": "n1",
    "Services": {
        "": {"VIP": "<nil>", "Tasks": [{"Name": "att", "EndpointIP": "10.0.1.9"}]},
        "rr": {"VIP": "<nil>", "Tasks": [{"Name": "rr.1.x", "EndpointIP": "10.0.1.5"}]},
        "shop_web": {"VIP": "10.0.1.2", "Tasks": [{"Name": "shop_web.1.y", "EndpointIP": "10.0.1.3"}]},
    },
}
SPECS: list[dict[str, Any]] = [
    {
        "Spec": {"Name": "shop_web", "TaskTemplate": {"Networks": [{"Target": "n1", "Aliases": ["web", "site"]}]}},
        "Endpoint": {"VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.1.2/24"}]},
    },
    {
        "Spec": {"Name": "idle", "TaskTemplate": {"Networks": [{"Target": "n1"}]}},
        "Endpoint": {"VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.1.7/24"}]},
    },
    {"Spec": {"Name": "elsewhere", "TaskTemplate": {"Networks": [{"Target": "n2"}]}}, "Endpoint": {}},
]
WEB = Service(
    name="shop_web", virtual_address="10.0.1.2", aliases=("web", "site"), tasks=(("shop_web.1.y", "10.0.1.3"),)
)
OVERLAY = Network(
    id="n1",
    name="shop_net",
    driver="overlay",
    scope="swarm",
    subnets=("10.0.1.0/24",),
    services=(WEB,),
    attachable=True,
)
INGRESS = Network(id="n0", name="ingress", driver="overlay", scope="swarm", ingress=True, subnets=("10.0.0.0/24",))


def task(name: str, service: str, address: str, network: Network = OVERLAY, **fields: Any) -> Container:
    labels = {"com.docker.swarm.service.name": service, "com.docker.stack.namespace": "shop"} if service else {}
    endpoints = (Endpoint(network=network.name, network_id=network.id, address=address),)
    return Container(
        id=name[::-1].ljust(64, "0"),
        name=name,
        state=State(status="running"),
        labels=labels,
        endpoints=endpoints,
        **fields,
    )


def test_what_the_api_tells() -> None:
    found = {s.name: s for s in services(VERBOSE, SPECS)}
    assert found["shop_web"] == WEB
    assert found["rr"] == Service(name="rr", tasks=(("rr.1.x", "10.0.1.5"),))
    assert found["idle"] == Service(name="idle", virtual_address="10.0.1.7")  # no task runs, and the name resolves
    assert set(found) == {"shop_web", "rr", "idle"}
    assert [s.name for s in services(VERBOSE, ())] == ["rr", "shop_web"]  # what a worker knows


def test_names_of_a_task() -> None:
    web, api = task("shop_web.1.y", "shop_web", "10.0.1.3"), task("api", "", "10.0.1.9")
    stack = Stack(engine=Engine(), containers=(web, api), networks=(OVERLAY, INGRESS))
    for name in ("shop_web", "tasks.shop_web", "web", "site", "shop_web.1.y"):
        assert [c.name for c, _ in stack.bearers(name)] == ["shop_web.1.y"], name
    assert stack.title(web) == "shop_web"
    two = Stack(engine=Engine(), containers=(web, task("shop_web.2.z", "shop_web", "10.0.1.4")), networks=(OVERLAY,))
    assert [two.title(c) for c in two.containers] == ["shop_web.1", "shop_web.2"]


def test_ingress_is_no_common_network() -> None:
    one, other = task("a.1.x", "a", "10.0.0.3", INGRESS), task("b.1.x", "b", "10.0.0.4", INGRESS)
    stack = Stack(engine=Engine(), containers=(one, other), networks=(OVERLAY, INGRESS))
    assert stack.shared_networks(one, other) == ()
    assert list(stack.bearers("a")) == []


def answer(target: Container, address: str) -> tuple[str, str | None]:
    api = task("api", "", "10.0.1.9")
    link = Link(source=api.id, address="web", port=80, target=target.id)
    asked = Asked(
        question=AskLookup(container=api.id, name="web"),
        answer=Lookup(outcome="found", addresses=(address,), source="dns", server="127.0.0.11"),
    )
    stack = Stack(engine=Engine(), containers=(api, target), networks=(OVERLAY, INGRESS), asked=(asked,), links=(link,))
    (found,) = (r.finding for r in run(stack, (link,), (registry.load().find("dns.answer"),)))
    return str(found.verdict), found.reason


def test_a_virtual_address_is_the_service() -> None:
    web, other = task("shop_web.1.y", "shop_web", "10.0.1.3"), task("db.1.z", "db", "10.0.1.8")
    assert answer(web, "10.0.1.2") == ("pass", None)
    assert answer(other, "10.0.1.2") == ("fail", "wrong-container")
    assert answer(web, "10.0.1.66")[0] == "unknown"  # of that network, and nobody knows whose
