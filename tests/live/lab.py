"""A stack for one scenario, on a real engine: everything in it bears a label and is removed, also when the test fails.

Names are `<slug>-<short>`, so that scenarios do not meet. The proofs (`refused`, `connects`, ...) are taken
from inside, with `docker exec`, by commands of the image: they show without netdoctor that the stack is really sick.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.live import api
from tests.live.base import LABEL
from tests.live.disks import Disks
from tests.live.host import HostSide
from tests.live.undo import difference

__all__ = ["LABEL", "PREFIX", "RUNGS", "Case", "Lab", "Scenario", "alone", "engines_differ"]

PREFIX = "netdoctor-test/"
RUNGS = ("netns", "exec", "engine")


@dataclass(frozen=True)
class Case:
    """One question to netdoctor about the stack as it stands, and the right answer.

    `finds` are the root causes, exactly, on each rung of `rungs`; any other rung may find them or say that it could
    not see (`unclear`), and nothing else. A healthy case has no `finds`: no rung may find anything. `warns` are the
    warnings that are right; any other warning on a netns run is wrong. `instead` are symptoms that a rung which does
    not see the cause may take for it; `blind` are rungs that see nothing amiss: it connects, or UDP is silent.
    """

    name: str
    source: str | None
    target: str | None
    finds: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    rungs: tuple[str, ...] = RUNGS
    instead: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    project: str | None = None
    """The Compose project that is asked for as a whole, with no source."""


class Lab(HostSide, Disks):
    """Builds one stack."""

    # -- making things ------------------------------------------------------------------------------------------

    def network(self, short: str, *options: str) -> str:
        """A user-defined network; returns its full name."""
        self.docker("network", "create", *self.labels, *options, self.name(short))
        return self.name(short)

    def run(
        self,
        short: str,
        command: str | Sequence[str] = "sleep 3600",
        *,
        image: str = "busybox:1",
        network: str | None = None,
        options: Sequence[str] = (),
        check: bool = True,
    ) -> str:
        """Start a container; `network` is a short name of `network()`, or bridge, host, none. Returns its full name.

        A command given as one string runs under `sh -c` in images that have a shell; as a list it is passed as it is.
        `--init` makes every stop quick.
        """
        return self._make("run", ["--detach"], short, command, image, network, options, check)

    def create(
        self,
        short: str,
        command: str | Sequence[str] = "sleep 3600",
        *,
        image: str = "busybox:1",
        network: str | None = None,
        options: Sequence[str] = (),
    ) -> str:
        """Create a container without starting it."""
        return self._make("create", [], short, command, image, network, options, True)

    def _make(
        self, verb: str, flags: list[str], short: str, command: str | Sequence[str], image: str, network: str | None,
        options: Sequence[str], check: bool,
    ) -> str:  # fmt: skip
        name = self.name(short)
        where = [] if network is None else ["--network", network if _builtin(network) else self.name(network)]
        argv = ["sh", "-c", command] if isinstance(command, str) and command else list(command)
        self.docker(verb, *flags, "--name", name, *self.labels, *where, *options, PREFIX + image, *argv, check=check)
        return name

    def service(
        self,
        project: str,
        service: str,
        command: str | Sequence[str] = "sleep 3600",
        *,
        image: str = "busybox:1",
        network: str | None = None,
        options: Sequence[str] = (),
    ) -> str:
        """A container as Compose would make it: `project-service-1`, with its labels and the service as an alias.

        The project is `<slug>-<project>`, or the slug itself for "".
        """
        labels = [
            "--label", f"com.docker.compose.project={self.name(project) if project else self.slug}",
            "--label", f"com.docker.compose.service={service}",
            "--label", "com.docker.compose.container-number=1",
            "--label", "com.docker.compose.oneoff=False",
        ]  # fmt: skip
        alias = ["--network-alias", service] if network and not _builtin(network) else []
        short = f"{project}-{service}-1" if project else f"{service}-1"
        return self.run(short, command, image=image, network=network, options=(*labels, *alias, *options))

    def derived(self, short: str, script: str, image: str = "busybox:1") -> str:
        """An image with what a script adds to another one, named as `run` wants it; removed with the stack."""
        made = f"{self.name(short)}:1"
        self.undo.note("docker", "image", "rm", "--force", PREFIX + made)
        builder = self.run(f"{short}-build", script, image=image)
        self.docker("wait", builder)
        changes = [word for label in (LABEL, f"netdoctor.scenario={self.slug}") for word in ("-c", f"LABEL {label}")]
        self.docker("commit", *changes, builder, PREFIX + made)
        self.docker("rm", "--force", builder)
        return made

    # -- looking ------------------------------------------------------------------------------------------------

    def inspect(self, short: str) -> dict[str, Any]:
        found: dict[str, Any] = api.ask("GET", "containers", self.name(short), "json")
        return found

    def address(self, short: str, network: str | None = None) -> str:
        """The container's IPv4 address on a network, or on its only one."""
        networks = self.inspect(short)["NetworkSettings"]["Networks"]
        chosen = next(iter(networks)) if network is None else (network if _builtin(network) else self.name(network))
        return str(networks[chosen]["IPAddress"])

    def address6(self, short: str, network: str) -> str:
        """The container's IPv6 address on a network."""
        return str(self.inspect(short)["NetworkSettings"]["Networks"][self.name(network)]["GlobalIPv6Address"])

    def rule(self, short: str, *arguments: str) -> None:
        """An iptables command in the container's own network namespace; the host's rules are never touched."""
        pid = str(self.inspect(short)["State"]["Pid"])
        argv = ["nsenter", "-t", pid, "-n", "iptables", "-w", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr}"

    def enter(self, short: str, *argv: str) -> str:
        """A command of the host in the container's own network namespace; returns what it printed."""
        return self.host("nsenter", "-t", str(self.inspect(short)["State"]["Pid"]), "-n", *argv)

    def subnet(self, network: str) -> str:
        """The IPv4 subnet of one of this lab's networks."""
        found = json.loads(self.docker("network", "inspect", self.name(network)).stdout)
        return str(found[0]["IPAM"]["Config"][0]["Subnet"])

    def bridge(self, short: str, network: str = "net") -> str:
        """The interface that a network of the container has on the host."""
        return f"br-{self.inspect(short)['NetworkSettings']['Networks'][self.name(network)]['NetworkID'][:12]}"

    def port(self, short: str, interface: str = "eth0") -> str:
        """The host's end of the container's interface, which is a port of the bridge."""
        index = self.enter(short, "ip", "-o", "link", "show", "dev", interface).partition("@if")[2].partition(":")[0]
        return next(n.name for n in Path("/sys/class/net").iterdir() if (n / "ifindex").read_text().strip() == index)

    def inside(self, short: str, *argv: str, timeout: float = 20) -> subprocess.CompletedProcess[str]:
        return api.run_inside(self.name(short), argv, timeout)

    def listens(self, short: str, port: int, *, file: str = "tcp", seconds: float = 20) -> None:
        """Wait until a socket of the container's namespace listens on the port (tcp, tcp6 or udp)."""
        self.listening(short, self.inspect(short)["State"]["Pid"], port, file, seconds)

    def says(self, short: str, *words: str) -> None:
        """Wait until the container's log has one of these."""

        def said() -> bool:
            log = self.docker("logs", "--tail", "100", self.name(short))
            return any(w in log.stdout + log.stderr for w in words)

        self.until(f"{short} to say {' or '.join(words)}", said)

    # -- proving the symptom from inside ------------------------------------------------------------------------

    def connects(self, source: str, host: str, port: int) -> None:
        """`nc` from inside the source connects. `host` is a short name of this lab, or an address."""
        self.until(f"{source} to connect to {host}:{port}", lambda: self._nc(source, host, port).returncode == 0)

    def refused(self, source: str, host: str, port: int) -> None:
        done = self._nc(source, host, port)
        assert done.returncode != 0, "connected"
        assert "refused" in done.stderr.lower(), f"not refused: {done.stderr}"

    def times_out(self, source: str, host: str, port: int) -> None:
        done = self._nc(source, host, port, wait=1)
        assert done.returncode != 0, "connected"
        assert "refused" not in done.stderr.lower(), f"did not time out: {done.stderr}"

    def fails(self, source: str, host: str, port: int) -> None:
        """No connection comes about, by whatever error: that differs from engine to engine."""
        assert self._nc(source, host, port, wait=1).returncode != 0, "connected"

    def resolves(self, source: str, name: str) -> None:
        done = self.inside(source, "nslookup", name)
        assert done.returncode == 0, f"{name} does not resolve: {done.stdout}{done.stderr}"

    def does_not_resolve(self, source: str, name: str) -> None:
        done = self.inside(source, "nslookup", name)
        assert done.returncode != 0, f"{name} resolves: {done.stdout}"

    def means(self, source: str, name: str) -> list[str]:
        """The addresses that getaddrinfo gives the source for a name, none where it fails (images with labsrv)."""
        done = self.inside(source, "labsrv", "resolve", name)
        return sorted(done.stdout.split()) if done.returncode == 0 else []

    def silent(self, source: str, name: str) -> None:
        """The source's name server gives no answer for the name within a second."""
        done = self.inside(source, "timeout", "1", "nslookup", name)
        assert done.returncode != 0, f"{name} resolves: {done.stdout}"
        assert "can't find" not in done.stdout, f"the server answers for {name}: {done.stdout}"

    def _nc(self, source: str, host: str, port: int, wait: int = 2) -> subprocess.CompletedProcess[str]:
        numeric = host if host.replace(".", "").isdigit() or ":" in host else self.address(host)
        # busybox nc: "-e true" ends as soon as it is connected, and sends nothing
        return self.inside(source, "nc", "-w", str(wait), numeric, str(port), "-e", "true")

    # -- cases --------------------------------------------------------------------------------------------------

    def sick(
        self,
        source: str,
        target: str | None,
        finds: str | tuple[str, ...],
        *,
        rungs: tuple[str, ...] = RUNGS,
        warns: tuple[str, ...] = (),
        instead: tuple[str, ...] = (),
        blind: tuple[str, ...] = (),
    ) -> Case:
        """`netdoctor SOURCE TARGET` must find exactly these causes. Names as typed: `name()` for a lab container."""
        wanted = (finds,) if isinstance(finds, str) else finds
        name = f"{self.slug}: {source} {target or ''}".strip()
        return Case(name, source, target, wanted, warns, rungs, instead, blind)

    def healthy(self, source: str, target: str | None, *, warns: tuple[str, ...] = ()) -> Case:
        """`netdoctor SOURCE TARGET` must stay silent, on every rung."""
        return Case(f"{self.slug}: {source} {target or ''}".strip(), source, target, (), warns)

    def whole(
        self,
        project: str,
        *finds: str,
        warns: tuple[str, ...] = (),
        rungs: tuple[str, ...] = RUNGS,
        instead: tuple[str, ...] = (),
        blind: tuple[str, ...] = (),
    ) -> Case:
        """`netdoctor -p PROJECT`, and nothing named: all of one Compose project. `project` as given to `service()`."""
        full = self.name(project) if project else self.slug
        return Case(f"{self.slug}: -p {full}", None, None, finds, warns, rungs, instead, blind, project=full)

    # -- the end ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.remove()  # what a killed run left
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Take back what was done to the host, and remove all that bears this scenario's label."""
        self.let_go()
        self.undo.early()
        mine = json.dumps({"label": [f"netdoctor.scenario={self.slug}"]})
        containers = api.ask("GET", "containers", "json", query={"all": "1", "filters": mine})
        with ThreadPoolExecutor(4) as several:
            list(several.map(_remove, (("containers", found["Id"]) for found in containers)))
        for network in api.ask("GET", "networks", query={"filters": mine}):
            _remove(("networks", network["Id"]))
        for volume in api.ask("GET", "volumes", query={"filters": mine})["Volumes"] or ():
            _remove(("volumes", volume["Name"]))
        self.end_processes()
        if self.undo.rest():
            self.until("the host to be as it was", lambda: not difference(), seconds=5, told=difference)
        shutil.rmtree(self.folder(), ignore_errors=True)


def _remove(path: tuple[str, str]) -> None:
    """Remove an object with all that is its own, unless it is gone already (a container with --rm)."""
    options = {"force": "1", "v": "1"} if path[0] == "containers" else {}
    try:
        api.ask("DELETE", *path, query=options)
    except api.Refused as refusal:
        if refusal.status not in (404, 409) or (refusal.status == 409 and "already in progress" not in refusal.said):
            raise


def _builtin(network: str) -> bool:
    return network in ("bridge", "host", "none") or network.startswith("container:")


Scenario = Iterator[Case]
"""What a scenario function returns: it builds the stack, proves the symptom, and yields the cases."""

_Function = TypeVar("_Function", bound=Callable[..., Scenario])


def engines_differ(scenario: _Function) -> _Function:
    """Mark a scenario in which engines of different generations do it differently: it is run and recorded on each."""
    scenario.engines_differ = True  # type: ignore[attr-defined]
    return scenario


def alone(scenario: _Function) -> _Function:
    """Mark a scenario that changes what all engines of the machine share: nothing else is tested meanwhile."""
    scenario.alone = True  # type: ignore[attr-defined]
    return scenario
