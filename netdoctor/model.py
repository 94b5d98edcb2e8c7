"""The things of a stack: engine, containers, networks, volumes, publications, mounts, links, the host. Frozen values.

Everything here can be written to a capture and read back; nothing here asks anything. Times are seconds since the
epoch (UTC) as floats, 0.0 for "never". Ports are integers from 1 to 65535. Addresses are strings without a prefix
length, "" for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from netdoctor.answers.question import HOST as HOST

Protocol = Literal["tcp", "udp"]

_HEXADECIMAL = set("0123456789abcdef")


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a stack: frozen, compared by content."""


class Engine(Value, frozen=True, kw_only=True):
    """The engine behind the API endpoint, from `GET /version` and `GET /info`."""

    name: str = "docker"
    version: str = ""
    api: str = ""
    os: str = ""
    host_name: str = ""
    rootless: bool = False
    desktop: bool = False
    """Docker Desktop and its like: the engine is in a virtual machine that defines host.docker.internal."""
    firewall: str = ""
    """What it writes its rules with: iptables, nftables, ...; "" from older engines, which know iptables alone."""
    local: bool = False
    """The engine's processes are processes of the machine that asked."""
    folder: str = ""
    """Where it keeps images, layers and volumes on its host (`DockerRootDir`)."""
    security: tuple[str, ...] = ()
    """The names in `SecurityOptions`: apparmor, seccomp, selinux, userns, rootless, ..."""


class HealthRun(Value, frozen=True, kw_only=True):
    """One run of a health check; the engine keeps the last five."""

    exit_code: int
    output: str = ""
    ended: float = 0.0


class Health(Value, frozen=True, kw_only=True):
    """`.State.Health` with `.Config.Healthcheck.Test`."""

    status: str
    failing_streak: int = 0
    test: tuple[str, ...] = ()
    runs: tuple[HealthRun, ...] = ()


class State(Value, frozen=True, kw_only=True):
    """`.State` of a container. `status` is created, running, paused, restarting, removing, exited or dead."""

    status: str
    exit_code: int = 0
    error: str = ""
    out_of_memory: bool = False
    pid: int = 0
    started: float = 0.0
    finished: float = 0.0
    restart_count: int = 0
    health: Health | None = None

    @property
    def running(self) -> bool:
        """Whether a process exists: running or paused. A restarting container has none."""
        return self.status in ("running", "paused")


class Endpoint(Value, frozen=True, kw_only=True):
    """A container's place on one network: `.NetworkSettings.Networks[name]`."""

    network: str
    network_id: str = ""
    address: str = ""
    address6: str = ""
    gateway: str = ""
    aliases: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    """`DNSNames`, which engines list from API 1.44 on; see `Stack.names` for the names on every engine."""
    fixed_address: str = ""
    """The IPv4 address that the user asked for (`--ip`), which survives restarts."""
    links: tuple[str, ...] = ()
    """`target:alias` (`Links`, of `--link` and of Compose's `links:`): names that the engine's resolver gives to this
    container alone."""

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(a for a in (self.address, self.address6) if a)


class Publication(Value, frozen=True, kw_only=True):
    """One `-p`: container port to host address and port. `host_port` 0 means that the engine chooses."""

    container_port: int
    protocol: Protocol = "tcp"
    host_address: str = ""
    host_port: int = 0
    container: str = ""
    """ID of the container whose port it is."""


class Mount(Value, frozen=True, kw_only=True):
    """One entry of `.Mounts`, or of `.HostConfig.Tmpfs`. `kind` is volume, bind, tmpfs, npipe or image."""

    kind: str
    destination: str
    name: str = ""
    source: str = ""
    driver: str = ""
    writable: bool = True
    container: str = ""
    """ID of the container that has it."""
    given: Literal["-v", "--mount", "--tmpfs", ""] = ""
    """How the user asked for this source: `-v` (Compose's short form; the engine makes a bind source that is missing),
    `--mount` (the long form), `--tmpfs`. "" for what an image's VOLUME, a bare `-v PATH` or `--volumes-from` brings."""
    subpath: str = ""
    """The folder of the volume that is mounted, where not all of it is."""
    relabelled: bool = False
    """`:z` or `:Z`: the engine gave the source a label that SELinux lets containers use."""
    wanted: tuple[tuple[str, str], ...] = ()
    """The driver's options that were given with the mount; a volume that exists already keeps its own."""

    @property
    def anonymous(self) -> bool:
        """A volume whose name the engine made up, and that nobody mounted by this name."""
        return self.kind == "volume" and not self.given and len(self.name) == 64 and not set(self.name) - _HEXADECIMAL


class Container(Value, frozen=True, kw_only=True):
    """One container, as inspected. `environment` and everything else that can hold a secret is redacted."""

    id: str
    name: str
    state: State
    image: str = ""
    image_id: str = ""
    """`sha256:...` of the image that it was made from, wherever the name may point by now."""
    host_name: str = ""
    created: float = 0.0
    command: tuple[str, ...] = ()
    """Entry point and command together, as the process was started."""
    entry_words: int | None = None
    """How many words of `command` are the entry point, None where the engine does not tell."""
    environment: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = {}
    user: str = ""
    folder: str = ""
    """`.Config.WorkingDir`, in which its command starts; "" for the root."""
    tty: bool = False
    network_mode: str = ""
    """`.HostConfig.NetworkMode`: default, bridge, host, none, container:ID or the name of a network."""
    endpoints: tuple[Endpoint, ...] = ()
    exposed: tuple[tuple[int, Protocol], ...] = ()
    publications: tuple[Publication, ...] = ()
    """What was asked for: `.HostConfig.PortBindings`."""
    published: tuple[Publication, ...] = ()
    """What the engine did: `.NetworkSettings.Ports`."""
    extra_hosts: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    """Its own name servers (`--dns`); () for those of the engine or of its host."""
    links: tuple[str, ...] = ()
    """Legacy `--link` entries, `/target:/source/alias`."""
    mounts: tuple[Mount, ...] = ()
    read_only: bool = False
    restart_policy: str = ""
    auto_remove: bool = False
    no_override: bool = False
    """Its root has no CAP_DAC_OVERRIDE (`--cap-drop ALL`), so owners and modes of files hold for it as well."""

    @property
    def project(self) -> str:
        """The Compose project, "" for a container that Compose did not make."""
        return self.labels.get("com.docker.compose.project", "")

    @property
    def service(self) -> str:
        """The Compose service, or the swarm's whose task the container is; "" for any other container."""
        return self.labels.get("com.docker.compose.service", "") or self.swarm_service

    @property
    def swarm_service(self) -> str:
        """The service of a swarm whose task it is: the swarm makes and removes the container. "" for any other one."""
        return self.labels.get("com.docker.swarm.service.name", "")

    @property
    def one_off(self) -> bool:
        """Whether it was made by `docker compose run`: no part of the project's services, without their ports."""
        return self.labels.get("com.docker.compose.oneoff") == "True"

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The Compose services that it waits for and that go on running, without jobs that have to end first."""
        return tuple(service for service, how in self.awaits if how != "service_completed_successfully")

    @property
    def awaits(self) -> tuple[tuple[str, str], ...]:
        """The Compose services that are to be ready before it is started, each with what is meant by that.

        As in the Compose file: `service_started`, `service_healthy` or `service_completed_successfully`. Compose keeps
        them in a label: `db:service_healthy:false,job:service_completed_successfully:false`.
        """
        label = self.labels.get("com.docker.compose.depends_on", "")
        entries = (entry.split(":") for entry in label.split(",") if entry)
        return tuple((service, rest[0] if rest else "service_started") for service, *rest in entries)

    @property
    def replica(self) -> str:
        """The number among the containers of the Compose service, "" for a container that Compose did not make."""
        return self.labels.get("com.docker.compose.container-number", "")

    @property
    def donor(self) -> str:
        """The container whose network namespace this one shares (`container:ID`), as written, or ""."""
        return self.network_mode.removeprefix("container:") if self.network_mode.startswith("container:") else ""

    @property
    def on_host_network(self) -> bool:
        return self.network_mode == "host"

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(a for e in self.endpoints for a in e.addresses)

    def variable(self, name: str) -> str | None:
        """The value of an environment variable, or None."""
        return next((value for key, value in self.environment if key == name), None)


class Service(Value, frozen=True, kw_only=True):
    """A service of a swarm on one of its networks: its names there, and where packets for it go.

    https://docs.docker.com/engine/swarm/networking/#service-discovery
    """

    name: str
    virtual_address: str = ""
    """What the name stands for; the kernel (IPVS) passes its packets on to a task. "" with the endpoint mode dnsrr."""
    aliases: tuple[str, ...] = ()
    tasks: tuple[tuple[str, str], ...] = ()
    """Pairs of name and address of its running tasks, on all nodes: `web.1.abc`."""

    @property
    def names(self) -> tuple[str, ...]:
        """`web`, its aliases, and `tasks.web`, which stands for the tasks' own addresses."""
        return (self.name, *self.aliases, f"tasks.{self.name}")


class Network(Value, frozen=True, kw_only=True):
    """One network, from `GET /networks`; its services from `GET /networks/ID` and `GET /services`."""

    id: str
    name: str
    driver: str = ""
    scope: str = "local"
    internal: bool = False
    ipv6: bool = False
    attachable: bool = False
    """Of an overlay network: whether containers that are no task of a service may join it."""
    ingress: bool = False
    """The swarm's own network for published ports, on which there are no names."""
    services: tuple[Service, ...] = ()
    subnets: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    """For each subnet the part of it that addresses are given out from: `--ip-range`, or all of it."""
    reserved: tuple[str, ...] = ()
    """Addresses that are given to nobody: `--aux-address`."""
    gateways: tuple[str, ...] = ()
    options: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}

    @property
    def has_resolver(self) -> bool:
        """Whether containers on it are given the engine's resolver: every network but bridge, host, none and ingress.

        https://docs.docker.com/engine/network/drivers/bridge/#differences-between-user-defined-bridges-and-the-default-bridge
        """
        return self.name not in ("bridge", "host", "none") and not self.ingress

    @property
    def on_the_lan(self) -> bool:
        """Whether its containers are machines of the host's own LAN: macvlan and ipvlan.

        Its gateway is a router there, and the kernel lets no packet pass between the containers and their own host.
        https://docs.docker.com/engine/network/drivers/macvlan/ https://docs.docker.com/engine/network/drivers/ipvlan/
        """
        return self.driver in ("macvlan", "ipvlan")


class Link(Value, frozen=True, kw_only=True):
    """A container (or the host) that means to reach one address and port."""

    source: str
    """ID of the container that asks."""
    address: str
    """As the source writes it: a name, an IP address, `localhost`."""
    port: int
    protocol: Protocol = "tcp"
    target: str = ""
    """ID of the container meant, "" if nobody knows."""
    scheme: str = ""
    """The protocol above TCP where the configuration tells it: postgres, http, redis, ..."""
    known_from: str = ""
    """In words: `the command line`, `environment DATABASE_URL of api`, `the listeners of postgres`; of a link that is
    known from several places all of them."""
    certain: bool = True
    """Whether the source is known to mean it. What only `depends_on` tells, say, may be an order of starting: where
    such a link fails, that is a warning at most."""
    observed: bool = False
    """The address was seen in a socket that the source has open, and nobody is known to have written it anywhere."""


class Volume(Value, frozen=True, kw_only=True):
    """One volume, from `GET /volumes`. An anonymous one has 64 hexadecimal digits for a name."""

    name: str
    driver: str = "local"
    mountpoint: str = ""
    """Where it lies on the engine's host."""
    created: float = 0.0
    options: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    scope: str = "local"


class Host(Value, frozen=True, kw_only=True):
    """The engine's host, as something that a check judges: its kernel's settings and tables."""

    name: str = "the host"


class Scope(Value, frozen=True, kw_only=True):
    """How far a request reaches.

    `whole`: the IDs of the containers that are judged with all that belongs to them, and not as an end of a link alone.
    `everything`: nobody was named, so what belongs to no container is judged as well.
    """

    whole: tuple[str, ...] = ()
    everything: bool = False


Subject = Container | Link | Publication | Mount | Volume | Network | Host
"""What a check judges."""

SUBJECTS: tuple[type[Subject], ...] = (Container, Link, Publication, Mount, Volume, Network, Host)
