"""The family `publish` on stacks that no engine of the lab makes: errors of other engines, who has a port."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from netdoctor.answers import AskConnection, Asked, AskSockets, Attempt, Connection, Listener, Process, Sockets
from netdoctor.diagnosis import Diagnosis, diagnose
from netdoctor.engine import run
from netdoctor.model import HOST, Container, Endpoint, Engine, Link, Network, Publication, State
from netdoctor.registry import load
from netdoctor.request import Request
from netdoctor.stack import Stack

CHECKS = [c for c in load() if c.family in ("publish", "container", "port")]
NET = Network(id="n1", name="net", driver="bridge", subnets=("10.213.0.0/24",), gateways=("10.213.0.1",))
PORT = Publication(container_port=80, host_port=8080, container="a" * 64)
API = Container(
    id="a" * 64,
    name="api",
    state=State(status="running"),
    network_mode="net",
    endpoints=(Endpoint(network="net", network_id="n1", address="10.213.0.2"),),
    publications=(PORT,),
    published=(msgspec.structs.replace(PORT, host_address="0.0.0.0"),),
)
LINK = Link(source=HOST, address="localhost", port=8080, target=API.id)


def found(
    api: Container,
    *others: Container,
    host: Iterable[Listener] | None = None,
    inside: Iterable[Listener] | None = None,
    came: Attempt | None = None,
    asked: bool = False,
) -> Diagnosis:
    """`host`, `inside`: the sockets of the two, None where nobody could look; `came`: of connecting at the host."""
    answers = []
    if host is not None:
        answers.append(Asked(question=AskSockets(container=HOST), answer=Sockets(listeners=tuple(host))))
    if inside is not None:
        answers.append(Asked(question=AskSockets(container=api.id), answer=Sockets(listeners=tuple(inside))))
    if came is not None:
        connection = Connection(attempts=(came,), seen_by="netns")
        answers.append(Asked(question=AskConnection.of(LINK), answer=connection))
        knock = AskConnection(container=HOST, address="127.0.0.1", port=8080, target=api.id)
        answers.append(Asked(question=knock, answer=connection))
    links = (LINK,) if asked else ()
    stack = Stack(engine=Engine(), containers=(api, *others), networks=(NET,), asked=tuple(answers), links=links)
    subjects = (api, *api.publications, *links)
    return diagnose(Request(source="host", target="api"), stack, links, run(stack, subjects, CHECKS))


def causes(diagnosis: Diagnosis) -> list[str]:
    return [j.result.code for j in diagnosis.causes]


# -- a container that could not start -------------------------------------------------------------------------------


def failed(error: str, **fields: object) -> Container:
    return msgspec.structs.replace(API, state=State(status="created", error=error), published=(), **fields)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("Bind for 0.0.0.0:8080 failed: port is already allocated", "port-taken"),
        ("failed to bind host port for 0.0.0.0:8080:10.213.0.2:80/tcp: address already in use", "port-taken"),
        ("rootlessport listen tcp 0.0.0.0:8080: bind: address already in use", "port-taken"),
        ("listen tcp4 10.9.9.9:8080: bind: cannot assign requested address", "not-bound"),
        ("cannot expose privileged port 8080, you can add 'net.ipv4.ip_unprivileged_port_start=80'", "not-bound"),
        ("Ports are not available: exposing port TCP 0.0.0.0:8080 -> 0.0.0.0:0: listen tcp: forbidden", "not-bound"),
    ],
)
def test_the_engines_error_tells_why(error: str, reason: str) -> None:
    diagnosis = found(failed(error))
    assert causes(diagnosis) == [f"publish.bound/{reason}"]
    started = next(j for j in diagnosis.results if j.result.check.id == "container.running")
    assert started.because_of == (f"publish.bound/{reason} on api: 8080 -> 80/tcp",)


@pytest.mark.parametrize(
    "error",
    [
        "Bind for 0.0.0.0:18080 failed: port is already allocated",
        "Bind for 0.0.0.0:9090 failed: port is already allocated",
    ],
)
def test_another_ports_error_is_not_this_ones(error: str) -> None:
    assert causes(found(failed(error))) == ["container.running/start-failed"]


TAKEN = failed("Bind for 0.0.0.0:8080 failed: port is already allocated")
OTHER = msgspec.structs.replace(
    API, id="b" * 64, name="old", published=(msgspec.structs.replace(PORT, container="b" * 64, host_address="0.0.0.0"),)
)


@pytest.mark.parametrize(
    ("others", "host", "who"),
    [
        ((OTHER,), None, "old has port 8080"),
        ((), [Listener(address="::", port=8080, process=Process(pid=7, name="nginx"))], "process `nginx` (pid 7)"),
        ((), [Listener(address="0.0.0.0", port=8080)], "only root can see"),
        ((), [Listener(address="::", port=8080, process=Process(pid=7, name="docker-proxy"))], "no container needs"),
        ((), [], "it is free now"),
        ((), None, "a process of the host has port 8080"),
    ],
)
def test_who_has_the_port(others: tuple[Container, ...], host: list[Listener] | None, who: str) -> None:
    (cause,) = found(TAKEN, *others, host=host).causes
    assert who in cause.result.finding.says


def test_who_has_it_on_the_hosts_network_is_named() -> None:
    process = Process(pid=7, name="nginx")
    web = Container(id="w" * 64, name="web", state=State(status="running", pid=7), network_mode="host")
    (cause,) = found(TAKEN, web, host=[Listener(address="0.0.0.0", port=8080, process=process)]).causes
    assert "web, which is on the host's network, has port 8080" in cause.result.finding.says


def test_a_stopped_container_that_is_asked_for_would_not_get_its_port_back() -> None:
    stopped = msgspec.structs.replace(API, state=State(status="exited", exit_code=143), published=())
    assert causes(found(stopped, OTHER)) == []
    assert causes(found(stopped, OTHER, asked=True)) == ["publish.bound/port-taken", "container.running/exited"]


# -- what stands behind ---------------------------------------------------------------------------------------------


def test_an_accepted_connection_proves_nothing_and_an_answer_does() -> None:
    hung_up = Attempt(address="127.0.0.1", outcome="connected", after="closed")
    sick = found(API, inside=[], came=hung_up, asked=True)
    assert causes(sick) == ["publish.listener/nothing-behind"]
    assert [s.works for s in sick.links] == [False]
    answered = Attempt(address="127.0.0.1", outcome="connected", after="open", heard="http")
    well = found(API, came=answered, asked=True)  # an image without a shell, asked by somebody who is not root
    assert well.verdict == "healthy"
    assert [s.works for s in well.links] == [True]


def test_whoever_answers_for_a_container_that_does_not_run_is_another() -> None:
    answered = Attempt(address="127.0.0.1", outcome="connected", after="open", heard="http")
    assert [s.works for s in found(TAKEN, host=[], came=answered, asked=True).links] == [False]


def test_what_cannot_be_seen_is_unclear() -> None:
    assert found(API).verdict == "unclear"
    silent = found(API, came=Attempt(address="127.0.0.1", outcome="connected", after="open"), asked=True)
    assert silent.verdict == "unclear", "a proxy that keeps the connection open proves nothing"
    assert [s.works for s in silent.links] == [None]


def test_a_user_space_network_delivers_wherever_it_likes() -> None:
    rootless = msgspec.structs.replace(API, endpoints=())
    loopback = [Listener(address="127.0.0.1", port=80)]
    assert found(rootless, inside=loopback).verdict == "unclear"
    assert causes(found(API, inside=loopback)) == ["publish.listener/loopback-behind"]
