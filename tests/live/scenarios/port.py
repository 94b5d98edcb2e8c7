"""Does somebody answer? Scenarios of the family `port`."""

from __future__ import annotations

from tests.live.lab import Lab, Scenario


def loopback_only(lab: Lab) -> Scenario:
    """The database listens on 127.0.0.1 only; its neighbour listens on all addresses."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432)
    lab.connects("api", "well", 5432)
    lab.refused("api", "db", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.interface/loopback-only", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")
