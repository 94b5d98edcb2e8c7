"""Whose addresses are they? Scenarios of the checks network.subnet and network.room."""

from __future__ import annotations

from zlib import crc32

from tests.live.host import OUTSIDE, ROUTER
from tests.live.lab import Lab, Scenario

OVERLAP = "network.subnet/overlaps-route"
SERVER = ["labsrv", "http", "0.0.0.0", "5432"]


# -- network.subnet -----------------------------------------------------------------------------------------------


def subnet_of_a_company(lab: Lab) -> Scenario:
    """Another project's network was made with addresses of the VPN: the machine there is out of reach, for api too."""
    machine = "198.51.100.7"
    lab.beyond(machine, "labsrv", "http", machine, "5432", port=5432)
    lab.host("ip", "route", "add", "198.51.100.0/24", "via", ROUTER)
    lab.network("net")
    api = lab.run("api", network="net")
    lab.run("db", SERVER, network="net")
    lab.connects("api", machine, 5432)
    yield lab.healthy(api, f"{machine}:5432")
    lab.network("greedy", "--subnet", "198.51.100.0/26")
    other = lab.run("other", SERVER, network="greedy")
    lab.run("beside", network="greedy")
    lab.connects("beside", "other", 5432)
    lab.fails("api", machine, 5432)
    # Without the host's routes the address looks like one that a container of greedy once had.
    yield lab.sick(api, f"{machine}:5432", OVERLAP, rungs=("netns",), instead=("address.host/stale-address",))
    yield lab.healthy(api, f"{lab.name('db')}:5432")
    yield lab.healthy(lab.name("beside"), f"{other}:5432")


def vpn_into_a_subnet(lab: Lab) -> Scenario:
    """A VPN that connected later has a route into the network's subnet: answers for api go there. Others have none."""
    port = 20000 + crc32(lab.slug.encode()) % 10000
    lab.outside_server("labsrv", "http", OUTSIDE, str(port), port=port)
    lab.network("net", "--subnet", "198.51.101.0/24")
    lab.network("calm")
    api = lab.run("api", network="net", options=["--ip", "198.51.101.200"])
    low = lab.run("low", network="net", options=["--ip", "198.51.101.9"])
    calm = lab.run("calm", network="calm")
    lab.run("db", SERVER, network="net", options=["--ip", "198.51.101.201"])
    lab.host("ip", "route", "add", "198.51.101.128/25", "via", ROUTER)
    lab.fails("api", OUTSIDE, port)
    for short in ("low", "calm"):
        lab.connects(short, OUTSIDE, port)
    lab.connects("api", "db", 5432)
    target = f"{OUTSIDE}:{port}"
    yield lab.sick(api, target, OVERLAP, rungs=("netns",), instead=("port.accepts/timed-out",))
    yield lab.healthy(low, target, warns=(OVERLAP,))
    yield lab.healthy(calm, target)


# -- network.room -------------------------------------------------------------------------------------------------


def no_address_left(lab: Lab) -> Scenario:
    """The subnet has one address, and two containers want it. The neighbour's is filled, and nobody wants more."""
    lab.network("net", "--subnet", "198.51.102.0/30")
    lab.network("full", "--subnet", "198.51.102.8/29", "--gateway", "198.51.102.9", "--ip-range", "198.51.102.12/31")
    api = lab.run("api", network="net")
    db = lab.run("db", SERVER, network="net", check=False)
    well = lab.run("well", network="full")
    lab.run("store", SERVER, network="full")
    assert "no available IPv4 addresses" in lab.inspect("db")["State"]["Error"]
    lab.connects("well", "store", 5432)
    assert lab.means("api", db) == []
    yield lab.sick(api, f"{db}:5432", "network.room/no-address-left")
    yield lab.healthy(well, f"{lab.name('store')}:5432")
