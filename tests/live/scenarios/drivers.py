"""What reaches what, driver by driver: scenarios of networks that are no bridges."""

from __future__ import annotations

from zlib import crc32

from tests.live.host import OUTSIDE
from tests.live.lab import PREFIX, Lab, Scenario, engines_differ

SEES = ("netns", "exec")
NO_NAME = ("network.shared/host-network",)
NO_WAY = ("port.accepts/unreachable", "port.accepts/timed-out")
"""What a rung that does not see the host may say instead."""

SERVER = ["labsrv", "http", "0.0.0.0", "5432"]


def _lan(lab: Lab, interface: str, prefix: str) -> None:
    """One more LAN of the Docker host, on an interface of its own: the host is .2 there, another machine .1."""
    out = lab.outside_namespace()
    lab.host("ip", "link", "add", interface, "type", "veth", "peer", "name", interface, "netns", out)
    for place, number in ((lab.host, 2), (lab.outside, 1)):
        place("ip", "address", "add", f"{prefix}.{number}/24", "dev", interface, undo=())
        place("ip", "link", "set", interface, "up", undo=())


def _macvlan(lab: Lab, short: str, interface: str, prefix: str, gateway: int) -> None:
    place = ("--subnet", f"{prefix}.0/24", "--gateway", f"{prefix}.{gateway}", "--ip-range", f"{prefix}.128/28")
    lab.network(short, "--driver", "macvlan", "--opt", f"parent={interface}", *place)


# -- macvlan ------------------------------------------------------------------------------------------------------


def macvlan_and_its_host(lab: Lab) -> Scenario:
    """A container on a macvlan is a machine of the LAN, which all reach but its own host, and the bridges behind it."""
    _lan(lab, "ndlan1", "198.51.110")
    _macvlan(lab, "lan", "ndlan1", "198.51.110", gateway=1)
    lab.network("net")
    db = lab.run("db", SERVER, network="lan")
    mate = lab.run("mate", network="lan")
    api = lab.run("api", network="net")
    agent = lab.run("agent", ["labsrv", "http", "198.51.110.2", "18437"], network="host")
    both = lab.run("both", network="net")
    lab.docker("network", "connect", lab.name("lan"), both)
    address = lab.address("db")
    lab.outside("labsrv", "get", address, "5432", "2")
    lab.connects("mate", "db", 5432)
    lab.connects("both", address, 5432)
    for short in ("agent", "api"):
        lab.fails(short, address, 5432)
    lab.fails("mate", "198.51.110.2", 18437)
    fixed = ("address.host/fixed-address",)
    yield lab.sick(agent, f"{address}:5432", "network.shared/host-isolated", rungs=SEES, warns=fixed)
    yield lab.sick("host", f"{address}:5432", "network.shared/host-isolated", rungs=("netns",), warns=fixed)
    yield lab.sick(mate, f"{agent}:18437", "network.shared/host-isolated", rungs=("netns",), instead=NO_NAME)
    yield lab.sick(mate, "198.51.110.2:18437", "network.shared/host-isolated", rungs=("netns",), instead=NO_WAY)
    yield lab.sick(api, f"{address}:5432", "network.shared/no-common-network", rungs=SEES, warns=fixed)
    yield lab.healthy(mate, f"{db}:5432")
    yield lab.healthy(both, f"{db}:5432")


def macvlan_with_a_wrong_gateway(lab: Lab) -> Scenario:
    """The gateway of the macvlan is no machine of the LAN: api leaves by it, and job by another network."""
    port = 20000 + crc32(lab.slug.encode()) % 10000
    lab.outside_server("labsrv", "http", OUTSIDE, str(port), port=port)
    _lan(lab, "ndlan2", "198.51.111")
    _macvlan(lab, "a-lan", "ndlan2", "198.51.111", gateway=254)
    lab.network("b-net")
    lab.network("0-net")
    api = lab.run("api", network="a-lan")
    lab.docker("network", "connect", lab.name("b-net"), api)
    job = lab.run("job", network="0-net")
    lab.docker("network", "connect", lab.name("a-lan"), job)
    lab.fails("api", OUTSIDE, port)
    lab.connects("job", OUTSIDE, port)
    target = f"{OUTSIDE}:{port}"
    yield lab.sick(api, target, "network.way-out/wrong-gateway", rungs=SEES)
    yield lab.healthy(job, target)


# -- overlay ------------------------------------------------------------------------------------------------------


def _service(lab: Lab, short: str, port: int, *options: str) -> str:
    """A service of the swarm with a server on the port; waits until its tasks run. Returns its name."""
    name = lab.name(short)
    gone = f'until [ -z "$(docker ps -aq --filter label=com.docker.swarm.service.name={name})" ]; do sleep 0.1; done'
    lab.undo.note("timeout", "15", "sh", "-c", f"docker service rm {name}; {gone}", early=True)
    marks = ("--container-label", f"netdoctor.scenario={lab.slug}", "--container-label", "netdoctor.test=1")
    command = ("labsrv", "http", "0.0.0.0", str(port))
    start = ("service", "create", "--quiet", "--detach", "--no-resolve-image", "--name", name)
    lab.docker(*start, *marks, *options, PREFIX + "busybox:1", *command)
    wanted = 2 if "--replicas" in options else 1
    listing = ("ps", "--quiet", "--filter", f"label=com.docker.swarm.service.name={name}")
    lab.until(f"the tasks of {name}", lambda: len(lab.docker(*listing).stdout.split()) == wanted)
    return name


@engines_differ
def services_of_a_swarm(lab: Lab) -> Scenario:
    """A service by its virtual address, which this kernel (without IPVS) serves not, and by the addresses of its tasks.

    Single containers reach it on a network that is attachable, and on no other.
    """
    lab.swarm()
    lab.network("open", "--driver", "overlay", "--attachable")
    lab.network("closed", "--driver", "overlay")
    both = ("--network", f"name={lab.name('open')},alias=site", "--network", lab.name("closed"))
    web = _service(lab, "web", 8080, *both)
    back = _service(lab, "back", 8081, "--replicas", "2", "--endpoint-mode", "dnsrr", "--network", lab.name("closed"))
    api = lab.run("api", network="open")
    plain = lab.run("plain", network="bridge")
    late = lab.run("late", network="closed", check=False)
    assert "not manually attachable" in lab.inspect("late")["State"]["Error"]
    virtual = lab.means("api", web)
    assert len(virtual) == 1
    assert lab.means("api", "site") == virtual != lab.means("api", f"tasks.{web}")
    lab.fails("api", virtual[0], 8080)
    lab.connects("api", lab.means("api", f"tasks.{web}")[0], 8080)
    task = lab.docker("ps", "--quiet", "--filter", f"label=com.docker.swarm.service.name={web}").stdout.strip()
    lab.docker("exec", task, "labsrv", "get", back, "8081", "2")
    yield lab.sick(api, f"{web}:8080", "port.accepts/unreachable", rungs=SEES)
    yield lab.sick(api, "site:8080", "port.accepts/unreachable", rungs=SEES)
    yield lab.healthy(api, f"tasks.{web}:8080")
    yield lab.healthy(web, f"{back}:8081")
    yield lab.sick(api, f"{back}:8081", "network.shared/no-common-network")
    yield lab.sick(plain, f"{web}:8080", "network.shared/default-and-own")
    yield lab.sick(api, f"{late}:80", ("container.running/start-failed", "network.shared/no-common-network"))


def overlay_over_a_bridge(lab: Lab) -> Scenario:
    """An overlay network was made with the addresses of a bridge, on which all is well; no node uses it yet."""
    lab.swarm()
    lab.network("net", "--subnet", "198.51.104.0/24")
    lab.network("over", "--driver", "overlay", "--attachable", "--subnet", "198.51.104.0/24")
    lab.network("calm", "--driver", "overlay", "--attachable")
    for network in ("net", "calm"):
        lab.run(f"db-{network}", SERVER, network=network)
        lab.run(f"api-{network}", network=network)
        lab.connects(f"api-{network}", f"db-{network}", 5432)
    yield lab.healthy(lab.name("api-net"), f"{lab.name('db-net')}:5432", warns=("network.subnet/overlaps-network",))
    yield lab.healthy(lab.name("api-calm"), f"{lab.name('db-calm')}:5432")
