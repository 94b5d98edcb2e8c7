"""A whole small stack as people have it. `make fixtures` records the first case of `shop` for `netdoctor demo` too."""

from __future__ import annotations

from tests.live.lab import Lab, Scenario

DATABASE = "postgresql://shop:hunter2hunter2@postgres:5432/shop"
PASSWORD = ["-e", "POSTGRES_PASSWORD=hunter2hunter2", "-e", "POSTGRES_USER=shop", "-e", "POSTGRES_DB=shop"]


def shop(lab: Lab) -> Scenario:
    """A Compose project: its real PostgreSQL listens on localhost only; Redis and the web server are well."""
    lab.network("default")
    lab.service(
        "",
        "postgres",
        ["postgres", "-c", "listen_addresses=localhost"],
        image="postgres:15",
        network="default",
        options=PASSWORD,
    )
    lab.service("", "redis", ["redis-server", "--protected-mode", "no"], image="redis:7", network="default")
    lab.service(
        "", "api", ["python3", "-m", "http.server", "8000"], image="python:3.11", network="default",
        options=["-e", f"DATABASE_URL={DATABASE}", "-e", "REDIS_URL=redis://redis:6379/0"],
    )  # fmt: skip
    lab.service("", "web", network="default", options=["-e", "API_URL=http://api:8000"])
    lab.listens("postgres-1", 5432)
    lab.connects("web-1", "api-1", 8000)
    lab.connects("web-1", "redis-1", 6379)
    lab.refused("web-1", "postgres-1", 5432)
    yield lab.sick("shop/api", "postgres", "port.interface/loopback-only", rungs=("netns", "exec"))
    yield lab.healthy("shop/api", "redis")
    yield lab.healthy("shop/web", "api")
