"""Does the source ask for the right place? Scenarios of the family `address`."""

from __future__ import annotations

import socket
import time

from tests.live.lab import Lab, Scenario


def _env(**variables: str) -> list[str]:
    return [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


# -- address.host ---------------------------------------------------------------------------------------------------


def localhost_means_itself(lab: Lab) -> Scenario:
    """DATABASE_URL says localhost; the neighbour's says db, and has localhost where a browser or a listener is meant."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net", options=["--expose", "5432"])
    sick = _env(DATABASE_URL="postgres://u:pw@localhost:5432/app")
    lab.run("api", network="net", options=sick)
    name = lab.name("db")
    well = _env(
        DATABASE_URL=f"postgres://u:pw@{name}:5432/app",
        PUBLIC_URL="http://localhost:5432",
        CORS_ORIGIN="http://localhost:5432",
        ALLOWED_HOSTS="localhost,127.0.0.1",
        LISTEN_ADDR="127.0.0.1:5432",
        TEST_DATABASE_URL="postgres://localhost:5432/test",
    )
    lab.run("well", network="net", options=well)
    lab.listens("db", 5432)
    lab.refused("api", "127.0.0.1", 5432)
    lab.connects("well", "db", 5432)
    yield lab.sick(lab.name("api"), name, "address.host/localhost")
    yield lab.healthy(lab.name("well"), name)
