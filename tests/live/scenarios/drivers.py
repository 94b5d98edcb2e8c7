"""What reaches what, driver by driver: scenarios of networks that are no bridges."""

from __future__ import annotations

from tests.live import outside
from tests.live.lab import Lab, Scenario

SEES = ("netns", "exec")
NO_NAME = ("network.shared/host-network",)
NO_WAY = ("port.accepts/unreachable", "port.accepts/timed-out")
"""What a rung that does not see the host may say instead."""

SERVER = ["labsrv", "http", "0.0.0.0", "5432"]


# -- macvlan ------------------------------------------------------------------------------------------------------


def macvlan_and_its_host(lab: Lab) -> Scenario:
    """A container on a macvlan is a machine of the LAN, which all reach but its own host, and the bridges behind it."""
    with (
        outside.lan("ndlan1", "198.51.110.2/24", "198.51.110.1/24"),
        outside.serving("http", "198.51.110.1", "8080"),
    ):
        lab.network("lan", "--driver", "macvlan", "--opt", "parent=ndlan1", "--subnet", "198.51.110.0/24",
                    "--gateway", "198.51.110.1", "--ip-range", "198.51.110.128/28")  # fmt: skip
        lab.network("net")
        db = lab.run("db", SERVER, network="lan")
        mate = lab.run("mate", network="lan")
        api = lab.run("api", network="net")
        agent = lab.run("agent", ["labsrv", "http", "198.51.110.2", "18437"], network="host")
        both = lab.run("both", network="net")
        lab.docker("network", "connect", lab.name("lan"), both)
        address = lab.address("db")
        assert outside.get(address, 5432), "the LAN does not reach it"
        lab.connects("mate", "db", 5432)
        lab.connects("mate", "198.51.110.1", 8080)
        lab.connects("both", address, 5432)
        for short in ("agent", "api"):
            lab.fails(short, address, 5432)
        lab.fails("mate", "198.51.110.2", 18437)
        fixed = ("address.host/fixed-address",)
        yield lab.sick(agent, f"{address}:5432", "network.shared/host-isolated", rungs=SEES, warns=fixed)
        yield lab.sick(mate, f"{agent}:18437", "network.shared/host-isolated", rungs=("netns",), instead=NO_NAME)
        yield lab.sick(mate, "198.51.110.2:18437", "network.shared/host-isolated", rungs=("netns",), instead=NO_WAY)
        yield lab.sick(api, f"{address}:5432", "network.shared/no-common-network", rungs=SEES, warns=fixed)
        yield lab.healthy(mate, f"{db}:5432")
        yield lab.healthy(both, f"{db}:5432")


def macvlan_with_a_wrong_gateway(lab: Lab) -> Scenario:
    """The macvlan was made with a gateway that is no machine of the LAN: api leaves by it, and job by another network."""
    with (
        outside.lan("ndlan2", "198.51.111.2/24", "198.51.111.1/24"),
        outside.serving("http", outside.ADDRESS, "5432"),
    ):
        lab.network("a-lan", "--driver", "macvlan", "--opt", "parent=ndlan2", "--subnet", "198.51.111.0/24",
                    "--gateway", "198.51.111.254", "--ip-range", "198.51.111.128/28")  # fmt: skip
        lab.network("b-net")
        lab.network("0-net")
        api = lab.run("api", network="a-lan")
        lab.docker("network", "connect", lab.name("b-net"), api)
        job = lab.run("job", network="0-net")
        lab.docker("network", "connect", lab.name("a-lan"), job)
        lab.fails("api", outside.ADDRESS, 5432)
        lab.connects("job", outside.ADDRESS, 5432)
        target = f"{outside.ADDRESS}:5432"
        yield lab.sick(api, target, "network.way-out/wrong-gateway", rungs=SEES)
        yield lab.healthy(job, target)
