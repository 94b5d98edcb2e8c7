"""Is there a way? Scenarios of the family `network`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.lab import LABEL, Lab, Scenario

SERVER = ("labsrv", "http", "0.0.0.0", "5432")


def _serve(lab: Lab, short: str, network: str | None, *options: str) -> str:
    name = lab.run(short, SERVER, network=network, options=options)
    lab.listens(short, 5432)
    return name


def _static_resolves(lab: Lab, short: str, name: str) -> bool:
    """Asked by the one program of an image without a shell."""
    return lab.inside(short, "/labsrv", "resolve", name).returncode == 0


# -- network.shared -----------------------------------------------------------------------------------------------


def networks_apart(lab: Lab) -> Scenario:
    """api (an image without a shell) and db are on a network each; the gateway container is on both, and reaches it."""
    lab.network("front")
    lab.network("back")
    lab.run("api", ["sleep"], image="static:1", network="front")
    lab.run("both", network="front")
    lab.docker("network", "connect", lab.name("back"), lab.name("both"))
    _serve(lab, "db", "back")
    lab.connects("both", "db", 5432)
    assert not _static_resolves(lab, "api", lab.name("db"))
    assert lab.inside("api", "/labsrv", "get", lab.address("db"), "5432", "1").returncode == 1
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "network.shared/no-common-network")
    literal = f"{lab.address('db')}:5432"
    yield lab.sick(lab.name("api"), literal, "network.shared/no-common-network", warns=("address.host/fixed-address",))
    yield lab.healthy(lab.name("both"), f"{lab.name('db')}:5432")


def projects_apart(lab: Lab) -> Scenario:
    """Two Compose projects, each on its default network; within a project all is well."""
    for project in ("shop", "data"):
        owner = (
            "--label",
            f"com.docker.compose.project={lab.name(project)}",
            "--label",
            "com.docker.compose.network=default",
        )
        lab.network(f"{project}_default", *owner)
    api = lab.service("shop", "api", network="shop_default")
    for project in ("shop", "data"):
        lab.service(project, "postgres", SERVER, network=f"{project}_default")
        lab.listens(f"{project}-postgres-1", 5432)
    other = lab.name("data-postgres-1")
    lab.does_not_resolve("shop-api-1", other)
    lab.times_out("shop-api-1", "data-postgres-1", 5432)
    yield lab.sick(api, f"{other}:5432", "network.shared/no-common-network")
    yield lab.healthy(api, f"{lab.name('shop')}/postgres:5432")


def list_without_default(lab: Lab) -> Scenario:
    """A service with a networks: list is off the project's default network, where the database is."""
    of = ("--label", f"com.docker.compose.project={lab.name('shop')}")
    lab.network("shop_default", *of, "--label", "com.docker.compose.network=default")
    lab.network("shop_proxy", *of, "--label", "com.docker.compose.network=proxy")
    api = lab.service("shop", "api", network="shop_proxy")
    worker = lab.service("shop", "worker", network="shop_default")
    lab.service("shop", "postgres", SERVER, network="shop_default")
    lab.listens("shop-postgres-1", 5432)
    lab.does_not_resolve("shop-api-1", "postgres")
    lab.connects("shop-worker-1", "shop-postgres-1", 5432)
    yield lab.sick(api, f"{lab.name('shop')}/postgres:5432", "network.shared/no-common-network")
    yield lab.healthy(worker, "postgres:5432")


def default_bridge_and_own(lab: Lab) -> Scenario:
    """api was run without --network, the database has a network of its own; the neighbour joined that as well."""
    lab.network("net")
    for short in ("api", "well"):
        lab.run(short, network="bridge")
    lab.docker("network", "connect", lab.name("net"), lab.name("well"))
    _serve(lab, "db", "net")
    lab.times_out("api", "db", 5432)
    lab.connects("well", "db", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "network.shared/default-and-own")
    yield lab.healthy(lab.name("well"), f"{lab.name('db')}:5432")


def without_network(lab: Lab) -> Scenario:
    """Mode none, and disconnected from all; a batch job in mode none is well, as is one that was connected since."""
    lab.network("net")
    _serve(lab, "db", "net")
    lab.run("api", SERVER, network="none")
    lab.run("lost", network="net")
    lab.docker("network", "disconnect", lab.name("net"), lab.name("lost"))
    lab.run("batch", network="none")
    lab.run("well", network="none")
    lab.docker("network", "disconnect", "none", lab.name("well"))
    lab.docker("network", "connect", lab.name("net"), lab.name("well"))
    for short in ("api", "lost"):
        assert "unreachable" in lab.inside(short, "nc", "-w", "1", lab.address("db"), "5432", "-e", "true").stderr
        yield lab.sick(lab.name(short), f"{lab.name('db')}:5432", "network.shared/no-network")
    lab.connects("well", "db", 5432)
    yield lab.sick(lab.name("well"), f"{lab.name('api')}:5432", "network.shared/no-network")
    yield lab.healthy(lab.name("batch"), None)
    yield lab.healthy(lab.name("well"), f"{lab.name('db')}:5432")


def source_on_host_network(lab: Lab) -> Scenario:
    """api is on the host's network, where the name of db is nothing; its address and its published port are."""
    lab.network("net")
    _serve(lab, "db", "net", "--publish", "127.0.0.1:18433:5432")
    _serve(lab, "shy", "net")
    api = lab.run("api", network="host")
    lab.does_not_resolve("api", lab.name("db"))
    lab.connects("api", "db", 5432)
    lab.connects("api", "127.0.0.1", 18433)
    for short in ("db", "shy"):
        yield lab.sick(api, f"{lab.name(short)}:5432", "network.shared/host-network")
    yield lab.healthy(api, f"{lab.address('db')}:5432", warns=("address.host/fixed-address",))
    yield lab.healthy(api, "127.0.0.1:18433")


def target_on_host_network(lab: Lab) -> Scenario:
    """The database is on the host's network, so it has no name for api; for the neighbours it is the host itself."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "18434"], network="host")
    lab.listens("db", 18434)
    api = lab.run("api", network="net")
    well = lab.run("well", network="net", options=("--add-host", "postgres:host-gateway"))
    beside = lab.run("beside", network="host")
    gateway = lab.inspect("api")["NetworkSettings"]["Networks"][lab.name("net")]["Gateway"]
    lab.does_not_resolve("api", lab.name("db"))
    lab.connects("api", gateway, 18434)
    yield lab.sick(api, f"{lab.name('db')}:18434", "network.shared/host-network")
    yield lab.healthy(api, f"{gateway}:18434")
    yield lab.healthy(well, "postgres:18434")
    yield lab.healthy(beside, "localhost:18434")


def known_elsewhere(lab: Lab) -> Scenario:
    """The database runs on another engine of the same user, as with a second context or a rootless engine."""
    with _second_engine(lab) as second:
        lab.network("net")
        api = lab.run("api", network="net")
        _serve(lab, "well", "net")
        lab.docker("-H", second, "rm", "--force", "--volumes", lab.name("db"), check=False)
        lab.docker("-H", second, "run", "--detach", "--name", lab.name("db"), "--label", LABEL, "--network", "none",
                   "netdoctor-test/busybox:1", *SERVER)  # fmt: skip
        lab.does_not_resolve("api", lab.name("db"))
        try:
            yield lab.sick(api, f"{lab.name('db')}:5432", "network.shared/other-engine")
            yield lab.healthy(api, f"{lab.name('well')}:5432")
        finally:
            lab.docker("-H", second, "rm", "--force", "--volumes", lab.name("db"))


@contextmanager
def _second_engine(lab: Lab) -> Iterator[str]:
    """A second engine, known to the docker command as the context `second`; contexts of the user stay as they are."""
    socket = f"unix://{Path(os.environ['NETDOCTOR_LAB']).parent}/second/docker.sock"
    assert lab.docker("-H", socket, "version", check=False).returncode == 0, "run `tests/lab/engine second up`"
    before = os.environ["DOCKER_CONFIG"]
    with tempfile.TemporaryDirectory(prefix="netdoctor-") as folder:
        os.environ["DOCKER_CONFIG"] = folder
        try:
            lab.docker("context", "create", "second", "--docker", f"host={socket}")
            yield socket
        finally:
            os.environ["DOCKER_CONFIG"] = before


def sealed_on_purpose(lab: Lab) -> Scenario:
    """Healthy: both on an internal network, which leads nowhere else."""
    lab.network("net", "--internal")
    _serve(lab, "db", "net")
    api = lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    yield lab.healthy(api, f"{lab.name('db')}:5432")


def round_by_the_host(lab: Lab) -> Scenario:
    """Healthy: no network in common, and api asks for the port that the database publishes on the host."""
    lab.network("front")
    _serve(lab, "db", "bridge", "--publish", "18435:5432")
    api = lab.run("api", network="front", options=("--add-host", "host.docker.internal:host-gateway"))
    gateway = lab.inspect("api")["NetworkSettings"]["Networks"][lab.name("front")]["Gateway"]
    lab.connects("api", gateway, 18435)
    for host in (gateway, "host.docker.internal"):
        yield lab.healthy(api, f"{host}:18435")


# -- network.default-bridge ---------------------------------------------------------------------------------------


def bridge_without_names(lab: Lab) -> Scenario:
    """Both are on the default bridge only: the address works and the name does not, unless extra_hosts gives it."""
    _serve(lab, "db", "bridge")
    api = lab.run("api", network="bridge")
    well = lab.run("well", network="bridge", options=("--add-host", f"{lab.name('db')}:{lab.address('db')}"))
    lab.does_not_resolve("api", lab.name("db"))
    lab.connects("api", "db", 5432)
    yield lab.sick(api, f"{lab.name('db')}:5432", "network.default-bridge/no-names")
    yield lab.healthy(api, f"{lab.address('db')}:5432", warns=("address.host/fixed-address",))
    yield lab.healthy(well, f"{lab.name('db')}:5432")


def linked_the_old_way(lab: Lab) -> Scenario:
    """--link gives api a name for the database on the default bridge: it works, and will not for long."""
    _serve(lab, "db", "bridge")
    api = lab.run("api", options=("--link", f"{lab.name('db')}:postgres"))
    assert "postgres" in lab.inside("api", "cat", "/etc/hosts").stdout
    lab.connects("api", "db", 5432)
    yield lab.healthy(api, "postgres:5432", warns=("network.default-bridge/legacy-link",))


# -- network.exists -----------------------------------------------------------------------------------------------


def network_made_anew(lab: Lab) -> Scenario:
    """While the database was down its network was removed and made anew: the name is the same, the ID is not."""
    lab.network("net")
    _serve(lab, "db", "net", "--network-alias", "postgres")
    lab.docker("stop", "--time", "0", lab.name("db"))
    lab.docker("network", "rm", lab.name("net"))
    lab.network("net")
    api = lab.run("api", network="net")
    _serve(lab, "well", "net")
    assert "not found" in lab.docker("start", lab.name("db"), check=False).stderr
    lab.does_not_resolve("api", lab.name("db"))
    yield lab.sick(api, f"{lab.name('db')}:5432", "network.exists/gone")
    yield lab.healthy(api, f"{lab.name('well')}:5432")


def network_removed(lab: Lab) -> Scenario:
    """The network that the database was created with is removed; a finished job of that network is nobody's fault."""
    lab.network("net")
    lab.network("old")
    db = lab.create("db", SERVER, network="old")
    job = lab.run("job", "true", network="old")
    lab.until("the job to end", lambda: lab.inspect("job")["State"]["Status"] == "exited")
    lab.docker("network", "rm", lab.name("old"))
    api = lab.run("api", network="net")
    assert "not found" in lab.docker("start", db, check=False).stderr
    lab.does_not_resolve("api", db)
    yield lab.sick(api, f"{db}:5432", ("network.exists/gone", "network.shared/no-common-network"))
    yield lab.healthy(job, None)


def donor_restarted(lab: Lab) -> Scenario:
    """app shares the network of vpn, which was restarted: app stays in the old namespace. The other pair is well."""
    lab.network("net")
    for donor in ("vpn", "calm"):
        lab.run(donor, network="net", options=("--init",))
    app = lab.run("app", SERVER, network=f"container:{lab.name('vpn')}")
    side = lab.run("side", SERVER, network=f"container:{lab.name('calm')}")
    _serve(lab, "db", "net")
    api = lab.run("api", network="net")
    for short in ("app", "side"):
        lab.listens(short, 5432)
    lab.docker("restart", "--time", "0", lab.name("vpn"))
    lab.refused("api", lab.address("vpn"), 5432)
    lab.connects("api", lab.address("calm"), 5432)
    assert lab.inside("app", "nc", "-w", "1", lab.address("db"), "5432", "-e", "true").returncode
    yield lab.sick(app, f"{lab.name('db')}:5432", "network.exists/orphaned-namespace")
    for short in ("vpn", "app"):
        yield lab.sick(api, f"{lab.name(short)}:5432", "network.exists/orphaned-namespace")
    yield lab.healthy(side, f"{lab.name('db')}:5432")
    yield lab.healthy(side, "localhost:5432")
    yield lab.healthy(api, f"{lab.name('calm')}:5432")


def donor_recreated(lab: Lab) -> Scenario:
    """app shares the network of a vpn that was removed and run again: it remembers the old one, by ID."""
    lab.network("net")
    lab.run("vpn", network="net")
    app = lab.run("app", network=f"container:{lab.name('vpn')}")
    lab.docker("rm", "--force", lab.name("vpn"))
    lab.run("vpn", network="net")
    side = lab.run("side", network=f"container:{lab.name('vpn')}")
    _serve(lab, "db", "net")
    assert lab.inside("app", "nc", "-w", "1", lab.address("db"), "5432", "-e", "true").returncode
    lab.connects("side", lab.address("db"), 5432)
    yield lab.sick(app, f"{lab.name('db')}:5432", "network.exists/orphaned-namespace")
    lab.docker("restart", "--time", "0", app, check=False)
    assert "No such container" in lab.inspect("app")["State"]["Error"]
    yield lab.sick(app, f"{lab.name('db')}:5432", "network.exists/orphaned-namespace")
    yield lab.healthy(side, f"{lab.name('db')}:5432")


def donor_stopped(lab: Lab) -> Scenario:
    """The vpn whose network app shares is stopped; a job that ended in another's network is nobody's fault."""
    lab.network("net")
    lab.run("vpn", network="net")
    app = lab.run("app", network=f"container:{lab.name('vpn')}")
    job = lab.run("job", "true", network=f"container:{lab.name('vpn')}")
    lab.until("the job to end", lambda: lab.inspect("job")["State"]["Status"] == "exited")
    _serve(lab, "db", "net")
    lab.docker("stop", "--time", "0", lab.name("vpn"))
    assert lab.inside("app", "nc", "-w", "1", lab.address("db"), "5432", "-e", "true").returncode
    yield lab.sick(app, f"{lab.name('db')}:5432", "network.exists/orphaned-namespace")
    yield lab.healthy(job, None)
