"""What changed between two stacks, in the stack's own terms, what matters first.

Each stack becomes a table of facts, and the tables are compared. A container is the same one in both where it has the
same place in its Compose project, or else the same name. Secrets are cut from both, so a changed one does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum

import msgspec

from netdoctor.answers import AskConnection, Attempt, Connection, Lookup, Sockets
from netdoctor.diagnosis import Diagnosis
from netdoctor.finding import Verdict
from netdoctor.model import Container, Endpoint, Mount, Network, Publication, Volume
from netdoctor.stack import Stack

Facts = Mapping["Fact", str]


class Part(IntEnum):
    """What a fact is about, in the order in which a person wants to hear of it."""

    CAUSES = 0
    LINKS = 1
    STATES = 2
    NETWORKS = 3
    LISTENERS = 4
    NAMES = 5
    CONFIGURATION = 6
    VOLUMES = 7
    ADDRESSES = 8
    ENGINE = 9


class Fact(msgspec.Struct, frozen=True, order=True):
    """The name of a fact: which part it belongs to, of which subject it is, and what it tells."""

    part: Part
    subject: str
    what: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that differs. `before` and `after` are "" where there is no such fact."""

    fact: Fact
    before: str = ""
    after: str = ""


def changes(before: Facts, after: Facts) -> tuple[Change, ...]:
    """What differs, what matters first. Of what came or went as a whole only that is told."""
    whole = {f.subject for f in before.keys() ^ after.keys() if f.what == "there"}
    found = [
        Change(fact=fact, before=before.get(fact, ""), after=after.get(fact, ""))
        for fact in sorted(before.keys() | after.keys())
        if before.get(fact, "") != after.get(fact, "")
    ]
    return tuple(c for c in found if c.fact.what == "there" or c.fact.part < Part.STATES or c.fact.subject not in whole)


def facts(stack: Stack, diagnosis: Diagnosis) -> Facts:
    """Everything of a diagnosed stack that can differ, as texts."""
    told: dict[Fact, str] = {}
    for part, subject, what, value in (*_verdicts(diagnosis), *_of_stack(stack)):
        if value:
            told[Fact(part, subject, what)] = re.sub(r"<secret-\d+>", "<secret>", value)
    return told


_Told = Iterator[tuple[Part, str, str, str]]


def _verdicts(diagnosis: Diagnosis) -> _Told:
    for cause in diagnosis.causes:
        yield Part.CAUSES, cause.name, cause.result.code, cause.result.finding.says
    for state in diagnosis.links:
        broken = [h.hop for h in state.path if h.verdict is Verdict.FAIL]
        works = {True: "works", False: f"broken at {broken[0]}" if broken else "broken", None: "not tried"}
        yield Part.LINKS, state.name, "", works[state.works]


def _of_stack(stack: Stack) -> _Told:
    engine = stack.engine
    yield Part.ENGINE, "the engine", "version", f"{engine.name} {engine.version}".strip()
    yield Part.ENGINE, "the engine", "system", engine.os
    for container in stack.containers:
        yield from _of_container(stack, container)
    for network in stack.networks:
        yield from _of_network(network)
    for volume in stack.volumes:
        yield from _of_volume(volume)


# -- containers -------------------------------------------------------------------------------------------------------


def _of_container(stack: Stack, container: Container) -> _Told:
    me, state = stack.title(container), container.state
    yield Part.STATES, me, "there", "a container"
    yield Part.STATES, me, "state", _state(container)
    yield Part.STATES, me, "error", state.error
    yield Part.STATES, me, "health", state.health.status if state.health is not None else ""
    yield Part.STATES, me, "restarts", str(state.restart_count or "")
    for endpoint in container.endpoints:
        yield from _of_endpoint(me, endpoint)
    yield Part.NETWORKS, me, "network mode", "" if container.endpoints else container.network_mode
    for part, what, value in _configuration(container):
        yield part, me, what, value
    yield from _seen(stack, container, me)


def _state(container: Container) -> str:
    state = container.state
    return f"{state.status} ({state.exit_code})" if state.status in ("exited", "dead", "restarting") else state.status


def _of_endpoint(me: str, endpoint: Endpoint) -> _Told:
    yield Part.NETWORKS, me, f"network {endpoint.network}", "joined"
    yield Part.NETWORKS, me, f"aliases on {endpoint.network}", " ".join(sorted(_lasting(endpoint.aliases)))
    yield Part.ADDRESSES, me, f"address on {endpoint.network}", " ".join(endpoint.addresses)


def _lasting(names: tuple[str, ...]) -> set[str]:
    """The names that do not change whenever the container is made anew: its short ID is among the aliases."""
    return {name for name in names if not re.fullmatch(r"[0-9a-f]{12}", name)}


def _configuration(container: Container) -> Iterator[tuple[Part, str, str]]:
    yield Part.CONFIGURATION, "image", container.image
    yield Part.CONFIGURATION, "command", " ".join(container.command)
    for key, value in container.environment:
        yield Part.CONFIGURATION, f"environment {key}", value or "(empty)"
    for published in container.publications:
        yield Part.CONFIGURATION, f"port {published.container_port}/{published.protocol}", _bound(published)
    for entry in container.extra_hosts:
        yield Part.CONFIGURATION, f"extra host {entry.partition(':')[0]}", entry.partition(":")[2]
    yield Part.CONFIGURATION, "user", container.user
    yield Part.CONFIGURATION, "restart policy", container.restart_policy
    yield Part.CONFIGURATION, "root", "read-only" if container.read_only else ""
    for mount in container.mounts:
        yield Part.VOLUMES, f"mount {mount.destination}", _mounted(mount)


def _bound(published: Publication) -> str:
    return f"published on {published.host_address or '0.0.0.0'}:{published.host_port or 'any port'}"  # noqa: S104


def _mounted(mount: Mount) -> str:
    anonymous = re.fullmatch(r"[0-9a-f]{64}", mount.name) is not None
    source = "an anonymous volume" if anonymous else mount.name or mount.source or "memory"
    return f"{mount.kind} {source}{'' if mount.writable else ' (read-only)'}"


# -- what was seen --------------------------------------------------------------------------------------------------


def _seen(stack: Stack, container: Container, me: str) -> _Told:
    sockets = stack.sockets(container)
    if isinstance(sockets, Sockets):
        by_port: dict[str, list[str]] = {}
        for listener in sockets.listeners:
            by_port.setdefault(f"{listener.port}/{listener.protocol}", []).append(listener.address)
        for port, addresses in by_port.items():
            yield Part.LISTENERS, me, f"listens on {port} at", " ".join(sorted(addresses))
    for asked in stack.asked:
        if getattr(asked.question, "container", "") != container.id:
            continue
        if isinstance(asked.answer, Lookup):
            yield Part.NAMES, me, f"name {getattr(asked.question, 'name', '')}", _meaning(stack, asked.answer)
        if isinstance(asked.answer, Connection) and isinstance(asked.question, AskConnection):
            question = asked.question
            if not stack.holder(question.address):  # the addresses of containers change and mean nothing by themselves
                place = f"{question.address}:{question.port}/{question.protocol}"
                yield Part.NAMES, me, f"connect to {place}", _outcome(asked.answer.last)


def _meaning(stack: Stack, lookup: Lookup) -> str:
    holders = [holder for a in lookup.addresses if (holder := stack.holder(a)) is not None]
    if lookup.outcome == "found" and len(holders) == len(lookup.addresses):
        return " ".join(sorted(stack.title(holder) for holder in holders))
    return " ".join(lookup.addresses) or lookup.outcome


def _outcome(attempt: Attempt | None) -> str:
    return "no address" if attempt is None else attempt.outcome


# -- networks and volumes -------------------------------------------------------------------------------------------


def _of_network(network: Network) -> _Told:
    me = f"network {network.name}"
    yield Part.NETWORKS, me, "there", f"a {network.driver} network"
    yield Part.ADDRESSES, me, "ID", network.id[:12]
    yield Part.NETWORKS, me, "driver", network.driver
    yield Part.NETWORKS, me, "internal", "yes" if network.internal else ""
    yield Part.NETWORKS, me, "subnets", " ".join(network.subnets)
    for key, value in network.options.items():
        yield Part.NETWORKS, me, f"option {key.removeprefix('com.docker.network.')}", value


def _of_volume(volume: Volume) -> _Told:
    if re.fullmatch(r"[0-9a-f]{64}", volume.name):
        return  # anonymous ones come and go with their containers
    me = f"volume {volume.name}"
    yield Part.VOLUMES, me, "there", f"a volume of the driver {volume.driver}"
    yield Part.VOLUMES, me, "driver", volume.driver
    for key, value in volume.options.items():
        yield Part.VOLUMES, me, f"option {key}", value
