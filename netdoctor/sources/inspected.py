"""What `docker inspect` says, as values of the model. Pure: nothing here asks.

Engines differ; each difference is noted where it is levelled. The fields are those of the Engine API:
https://docs.docker.com/reference/api/engine/version/v1.51/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from netdoctor.model import (
    Container,
    Endpoint,
    Engine,
    Health,
    HealthRun,
    Mount,
    Network,
    Protocol,
    Publication,
    State,
    Volume,
)
from netdoctor.patterns import lazily

Json = Mapping[str, Any]


def engine(version: Json, info: Json, *, unix: bool, kernel: str) -> Engine:
    """The engine, from `GET /version` and `GET /info`.

    `unix`: it was asked through a Unix socket. `kernel`: the release of the kernel of the machine that asks.
    """
    components = [c.get("Name", "") for c in version.get("Components") or ()]
    options = info.get("SecurityOptions") or ()
    system, host = info.get("OperatingSystem") or "", info.get("Name") or ""
    # OrbStack, Colima and Rancher Desktop: an engine in a virtual machine of their own, like Docker Desktop's.
    desktop = system in ("Docker Desktop", "OrbStack") or host.startswith(("colima", "lima-", "rancher-desktop"))
    security = tuple(dict(o.partition("=")[::2] for o in text.split(",")).get("name", text) for text in options)
    return Engine(
        name="podman" if "Podman Engine" in components else "docker",
        version=version.get("Version") or "",
        api=version.get("ApiVersion") or "",
        os=system,
        host_name=host,
        # `name=rootless` since Docker 19.03; Podman before 5 says it only in `Rootless`.
        rootless=bool(info.get("Rootless")) or "rootless" in security,
        desktop=desktop,
        firewall=str((info.get("FirewallBackend") or {}).get("Driver") or ""),
        # A virtual machine has a kernel of its own, and its processes are not ours.
        local=unix and not desktop and bool(kernel) and info.get("KernelVersion") == kernel,
        folder=info.get("DockerRootDir") or "",
        security=security,
    )


def network(entry: Json) -> Network:
    """One entry of `GET /networks`."""
    blocks = (entry.get("IPAM") or {}).get("Config") or ()
    return Network(
        id=entry["Id"],
        name=entry["Name"],
        driver=entry.get("Driver") or "",
        scope=entry.get("Scope") or "local",
        internal=bool(entry.get("Internal")),
        ipv6=bool(entry.get("EnableIPv6")),
        attachable=bool(entry.get("Attachable")),
        ingress=bool(entry.get("Ingress")),
        subnets=tuple(b["Subnet"] for b in blocks if b.get("Subnet")),
        ranges=tuple(b.get("IPRange") or b["Subnet"] for b in blocks if b.get("Subnet")),
        reserved=tuple(a for b in blocks for a in (b.get("AuxiliaryAddresses") or {}).values()),
        # Some engines write the gateway with its prefix length.
        gateways=tuple(b["Gateway"].partition("/")[0] for b in blocks if b.get("Gateway")),
        options=entry.get("Options") or {},
        labels=entry.get("Labels") or {},
    )


def volume(entry: Json) -> Volume:
    """One entry of `GET /volumes`."""
    return Volume(
        name=entry["Name"],
        driver=entry.get("Driver") or "",
        mountpoint=entry.get("Mountpoint") or "",
        created=seconds(entry.get("CreatedAt")),
        options=entry.get("Options") or {},
        labels=entry.get("Labels") or {},
        scope=entry.get("Scope") or "local",
    )


def with_gateways(networks: tuple[Network, ...], containers: tuple[Container, ...]) -> tuple[Network, ...]:
    """The networks, with the gateways that the engine chose itself.

    A network made with a subnet and no gateway lists none; the endpoints on it have the address.
    """
    chosen: dict[str, dict[str, None]] = {}
    for container in containers:
        for endpoint in container.endpoints:
            if endpoint.gateway:
                chosen.setdefault(endpoint.network_id, {})[endpoint.gateway] = None
    return tuple(
        n if n.gateways or n.id not in chosen else msgspec.structs.replace(n, gateways=tuple(chosen[n.id]))
        for n in networks
    )


def container(found: Json, networks: tuple[Network, ...] = ()) -> Container:
    """The answer of `GET /containers/ID/json`. `networks`: those of the engine, for endpoints that lack the ID."""
    config, host, settings = (found.get(k) or {} for k in ("Config", "HostConfig", "NetworkSettings"))
    exposed = tuple(_ports(config.get("ExposedPorts") or ()))
    bindings = host.get("PortBindings") or {}
    if host.get("PublishAllPorts"):  # -P asks for every exposed port, and leaves the host port to the engine
        bindings = {f"{port}/{protocol}": [{}] for port, protocol in exposed} | bindings
    mode = host.get("NetworkMode") or ""
    command = tuple(a for a in (found.get("Path"), *(found.get("Args") or ())) if a is not None)
    joined = mode.startswith("container:")  # Podman repeats the endpoints and ports of the container that was joined
    state = _state(found)
    return Container(
        id=found["Id"],
        name=found["Name"].removeprefix("/"),
        state=state,
        image=config.get("Image") or found.get("ImageName") or "",
        image_id=found.get("Image") or "",
        host_name=config.get("Hostname") or "",
        created=seconds(found.get("Created")),
        command=command,
        entry_words=_entry_words(command, config),
        environment=tuple((key, value) for key, _, value in (e.partition("=") for e in config.get("Env") or ())),
        labels=config.get("Labels") or {},
        user=config.get("User") or "",
        folder=config.get("WorkingDir") or "",
        tty=bool(config.get("Tty")),
        network_mode=mode,
        endpoints=() if joined else tuple(_endpoints(settings.get("Networks") or {}, networks)),
        exposed=exposed,
        publications=tuple(_publications(found["Id"], bindings, everywhere="")),
        # Podman 4 leaves the address empty where Docker writes 0.0.0.0, and tells
        # what was asked for where nothing runs.
        published=()
        if joined or not state.running
        else tuple(_publications(found["Id"], settings.get("Ports") or {}, everywhere="0.0.0.0")),  # noqa: S104  nothing is bound
        extra_hosts=tuple(host.get("ExtraHosts") or ()),
        dns=tuple(host.get("Dns") or ()),
        links=tuple(host.get("Links") or ()),
        mounts=tuple(_mounts(found["Id"], found.get("Mounts") or (), host)),
        read_only=bool(host.get("ReadonlyRootfs")),
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "",
        auto_remove=bool(host.get("AutoRemove")),
        no_override=_no_override(host),
    )


def seconds(time: str | None) -> float:
    """Seconds since the epoch of an RFC 3339 time, 0.0 for none and for the year 1, which is Go's zero time."""
    if not time or time.startswith("0001-"):
        return 0.0
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


# -- parts of a container -------------------------------------------------------------------------------------------

# Podman's own words for a container's state, in Docker's.
_STATUS = {"configured": "created", "initialized": "created", "stopped": "exited", "stopping": "running"}


def _entry_words(command: tuple[str, ...], config: Json) -> int | None:
    """Where the engine wrote both down and the process was started with them (Podman 4 joins the words of one)."""
    first, rest = (config.get(key) or [] for key in ("Entrypoint", "Cmd"))
    told = isinstance(first, list) and isinstance(rest, list) and (*first, *rest) == command
    return len(first) if told else None


def _no_override(host: Json) -> bool:
    dropped, added = ({c.upper().removeprefix("CAP_") for c in host.get(k) or ()} for k in ("CapDrop", "CapAdd"))
    wanted = {"ALL", "DAC_OVERRIDE"}
    return not host.get("Privileged") and bool(dropped & wanted) and not added & wanted


def _state(found: Json) -> State:
    state = found.get("State") or {}
    status = state.get("Status") or ("running" if state.get("Running") else "exited")
    return State(
        # Between two starts of a restarting container Docker says Running true, though no process exists.
        status="restarting" if state.get("Restarting") else _STATUS.get(status, status),
        exit_code=state.get("ExitCode") or 0,
        error=state.get("Error") or "",
        out_of_memory=bool(state.get("OOMKilled")),
        pid=state.get("Pid") or 0,
        started=seconds(state.get("StartedAt")),
        finished=seconds(state.get("FinishedAt")),
        restart_count=found.get("RestartCount") or 0,
        health=_health(state.get("Health") or {}, (found.get("Config") or {}).get("Healthcheck") or {}),
    )


def _health(health: Json, healthcheck: Json) -> Health | None:
    status = health.get("Status") or ""
    if status in ("", "none"):  # Podman 4 has the field without a health check as well, and leaves it empty
        return None
    return Health(
        status=status,
        failing_streak=health.get("FailingStreak") or 0,
        test=tuple(healthcheck.get("Test") or ()),
        runs=tuple(
            HealthRun(exit_code=run.get("ExitCode") or 0, output=run.get("Output") or "", ended=seconds(run.get("End")))
            for run in health.get("Log") or ()
        ),
    )


def _endpoints(found: Mapping[str, Json], networks: tuple[Network, ...]) -> Iterator[Endpoint]:
    ids = {n.name: n.id for n in networks}
    # Podman's default network is "podman" to its containers, and "bridge" in its list of networks.
    ids.setdefault("podman", ids.get("bridge", ""))
    known = {n.id: n.name for n in networks}
    swarms = {n.id for n in networks if n.scope == "swarm"}
    for key, entry in found.items():
        # Empty until the first start; Podman 4 writes the name there. The key is what the user typed, an ID perhaps.
        # An ID that the engine has no more is kept: that network was removed, and made anew by the same name perhaps.
        written = entry.get("NetworkID") or ""
        network_id = ids.get(written or key) or (key if not written and key in known else written)
        yield Endpoint(
            network=known.get(network_id, key),
            network_id=network_id,
            address=entry.get("IPAddress") or "",
            address6=entry.get("GlobalIPv6Address") or "",
            gateway=entry.get("Gateway") or "",
            aliases=tuple(entry.get("Aliases") or ()),
            dns_names=tuple(entry.get("DNSNames") or ()),
            # On a swarm's networks the manager writes here whatever address it chose itself.
            fixed_address="" if network_id in swarms else (entry.get("IPAMConfig") or {}).get("IPv4Address") or "",
            links=tuple(entry.get("Links") or ()),
        )


def _ports(keys: Any) -> Iterator[tuple[int, Protocol]]:
    """`80/tcp`, `53/udp`, `80`, `8000-8002/tcp`; sctp, which nothing here can ask, is left out."""
    for key in keys:
        ports, _, protocol = key.partition("/")
        first, _, last = ports.partition("-")
        if protocol in ("", "tcp", "udp") and first.isdigit() and (last or first).isdigit():
            for port in range(int(first), int(last or first) + 1):
                yield port, "udp" if protocol == "udp" else "tcp"


def _publications(container_id: str, found: Mapping[str, Any], everywhere: str) -> Iterator[Publication]:
    seen = set()
    for key, bindings in found.items():
        for port, protocol in _ports([key]):
            for binding in bindings or ():  # null: exposed, not published
                host_port = binding.get("HostPort") or ""
                one = Publication(
                    container_port=port,
                    protocol=protocol,
                    host_address=binding.get("HostIp") or everywhere,
                    # A range ("8000-8010") leaves the choice to the engine, like nothing at all.
                    host_port=int(host_port) if host_port.isdigit() else 0,
                    container=container_id,
                )
                if one not in seen:  # 0.0.0.0 and :: are two; 20.10 can say the very same twice
                    seen.add(one)
                    yield one


def _mounts(container_id: str, mounts: Any, host: Json) -> Iterator[Mount]:
    listed = set()
    given = dict(_given(host))
    for entry in mounts:
        destination = entry["Destination"]
        listed.add(destination)
        how, options = given.get(destination, _NOT_GIVEN)
        yield Mount(
            kind=entry.get("Type") or "bind",
            destination=destination,
            name=entry.get("Name") or "",
            source=entry.get("Source") or "",
            driver=entry.get("Driver") or "",
            writable=bool(entry.get("RW", True)),
            container=container_id,
            given=how,
            # Of a volume the engine writes "z" always.
            relabelled=entry.get("Type") == "bind" and not {"z", "Z"}.isdisjoint((entry.get("Mode") or "").split(",")),
            subpath=options.get("Subpath") or "",
            wanted=tuple(((options.get("DriverConfig") or {}).get("Options") or {}).items()),
        )
    for destination, options in (host.get("Tmpfs") or {}).items():
        if destination not in listed:  # --tmpfs stands only in HostConfig, --mount type=tmpfs in Mounts too
            writable = "ro" not in options.split(",")
            yield Mount(
                kind="tmpfs", destination=destination, writable=writable, container=container_id, given="--tmpfs"
            )


_Given = tuple[Literal["-v", "--mount", ""], Json]
_NOT_GIVEN: _Given = ("", {})
# `source:destination[:options]`; a path of Windows has a colon of its own.
_BIND = lazily(r"(?P<source>.+?):(?P<destination>/[^:]*)(?::.*)?")


def _given(host: Json) -> Iterator[tuple[str, _Given]]:
    """What the user asked for with a source: the destination, and how, and the volume's options."""
    for bind in host.get("Binds") or ():
        if match := _BIND.fullmatch(bind):
            yield posixpath.normpath(match["destination"]), ("-v", {})
    for entry in host.get("Mounts") or ():
        if entry.get("Source") or entry.get("Type") == "tmpfs":
            # Compose's short form, from API 1.42 on: the engine makes a source that is missing, as for -v.
            made = (entry.get("BindOptions") or {}).get("CreateMountpoint")
            how: Literal["-v", "--mount"] = "-v" if made else "--mount"
            yield posixpath.normpath(entry.get("Target") or "/"), (how, entry.get("VolumeOptions") or {})
