"""Facts of public Compose files: how they are written down, and the stack that an engine would show of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from netdoctor.answers import Asked, AskSockets, Listener, Sockets
from netdoctor.model import Container, Endpoint, Engine, Health, Network, Publication, State
from netdoctor.stack import Stack

HERE = Path(__file__).parent


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service, reduced to what tells of links. README.md says what each field holds."""

    image: str = ""
    container_name: str = ""
    hostname: str = ""
    environment: tuple[str, ...] = ()
    command: str = ""
    health: str = ""
    depends_on: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    networks: tuple[str, ...] = ("default",)
    aliases: tuple[str, ...] = ()
    network_mode: str = ""
    ports: tuple[str, ...] = ()
    expose: tuple[int, ...] | None = None
    listens: tuple[int, ...] = ()
    state: str = "running"
    reaches: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()


class Project(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Compose file. `source` is its repository and path; `says` what is worth knowing about it."""

    source: str
    says: str = ""
    services: dict[str, Service]


def projects(folder: str) -> dict[str, Project]:
    """The projects of `tuned` or `fresh`, by the names of their files."""
    files = sorted((HERE / folder).glob("*.toml"))
    return {file.stem: msgspec.toml.decode(file.read_bytes(), type=Project) for file in files}


def stack(name: str, project: Project) -> Stack:
    """What the engine would show once the project is up, with the sockets that its processes open."""
    names = dict.fromkeys(n for s in project.services.values() for n in s.networks)
    networks = {
        short: Network(id=f"{name}-{short}", name=f"{name}_{short}", driver="bridge", subnets=(f"10.{i}.0.0/16",))
        for i, short in enumerate(names, start=1)
    }
    containers = {
        service: _container(name, service, number, facts, project, networks)
        for number, (service, facts) in enumerate(project.services.items(), start=2)
    }
    asked = [
        Asked(
            question=AskSockets(container=containers[service].id),
            answer=Sockets(listeners=tuple(Listener(address="0.0.0.0", port=p) for p in facts.listens)),
        )
        for service, facts in project.services.items()
        if facts.state == "running"
    ]
    return Stack(
        engine=Engine(), containers=tuple(containers.values()), networks=tuple(networks.values()), asked=tuple(asked)
    )


def _container(
    project: str, service: str, number: int, facts: Service, whole: Project, networks: dict[str, Network]
) -> Container:
    running = facts.state == "running"
    full = facts.container_name or f"{project}-{service}-1"
    identity = f"{number:02x}{service.encode().hex()}".ljust(64, "0")[:64]
    depends = (entry.partition(":") for entry in facts.depends_on)
    conditions = {"": "service_started", "completed": "service_completed_successfully"}
    labels = {
        "com.docker.compose.project": project,
        "com.docker.compose.service": service,
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.depends_on": ",".join(f"{s}:{conditions[c]}:false" for s, _, c in depends),
    }
    shares = facts.network_mode.startswith("service:")
    linked = (entry.partition(":") for entry in facts.links)
    links = tuple(f"{_name(project, s, whole)}:{alias or s}" for s, _, alias in linked)
    bound = tuple(_publication(identity, entry) for entry in facts.ports)
    exposed = facts.listens if facts.expose is None else facts.expose
    health = Health(status="healthy", test=("CMD-SHELL", facts.health)) if facts.health else None
    return Container(
        id=identity,
        name=full,
        state=State(status="running" if running else "exited", started=100.0 if running else 0.0, health=health),
        image=facts.image,
        host_name=facts.hostname or identity[:12],
        command=tuple(shlex.split(facts.command)),
        environment=tuple((key, value) for key, _, value in (e.partition("=") for e in facts.environment)),
        labels=labels,
        network_mode=f"container:{_name(project, facts.network_mode[8:], whole)}" if shares else facts.network_mode,
        endpoints=()
        if shares or facts.network_mode
        else tuple(
            Endpoint(
                network=networks[short].name,
                network_id=networks[short].id,
                address=f"10.{list(networks).index(short) + 1}.0.{number}" if running else "",
                aliases=(full, service, *facts.aliases),
                links=links,
            )
            for short in facts.networks
        ),
        exposed=tuple(dict.fromkeys((port, "tcp") for port in (*exposed, *(p.container_port for p in bound)))),
        publications=bound,
        published=bound if running else (),
    )


def _name(project: str, service: str, whole: Project) -> str:
    return whole.services[service].container_name or f"{project}-{service}-1"


def _publication(container: str, written: str) -> Publication:
    host, _, inside = written.rpartition(":")
    address, _, port = host.rpartition(":")
    return Publication(
        container_port=int(inside), host_port=int(port or 0), host_address=address or "0.0.0.0", container=container
    )


def truth(project: Project) -> Iterator[tuple[tuple[str, str, int], bool]]:
    """Each link as source, target and port, and whether it counts: what may be one, or is told nowhere, does not."""
    for service, facts in project.services.items():
        for links, counts in ((facts.reaches, True), (facts.perhaps, False)):
            for link in links:
                target, _, port = link.rpartition(":")
                yield (service, target, int(port)), counts
