"""Servers in the world outside: in the namespace beyond the Docker host's eth0, which the lab makes (tests/lab/engine).

192.0.2.2 is the Docker host, 192.0.2.1 its router and name server, which knows `outside.example` as 203.0.113.80, an
address in the internet. Nothing real outside is ever contacted.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "outside.example"
ADDRESS = "203.0.113.80"
ROUTER = "192.0.2.1"
HOST = "192.0.2.2"


def enter() -> list[str]:
    """The words that make a command one of the world outside."""
    name = Path(os.environ["NETDOCTOR_LAB"]).name
    return ["nsenter", f"--net=/run/netns/netdoctor-{name}-out"]


@contextmanager
def serving(*modes: str) -> Iterator[None]:
    """A labsrv outside: `serving("http", ADDRESS, "5432")`; it is ended afterwards."""
    server = subprocess.Popen(
        [*enter(), "labsrv", *modes], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        assert "ing on" in line, line
        yield
    finally:
        server.kill()
        server.communicate()


@contextmanager
def knowing(subnet: str) -> Iterator[None]:
    """The router outside has a route to a network behind the Docker host."""
    route = [*enter(), "ip", "route"]
    subprocess.run([*route, "add", subnet, "via", HOST], check=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run([*route, "del", subnet], check=True, timeout=10)


@contextmanager
def private(subnet: str, address: str) -> Iterator[None]:
    """A network beyond the router, as of a company or a VPN, with one machine; the Docker host has a route to it."""
    machine = [*enter(), "ip", "address"]
    subprocess.run([*machine, "add", f"{address}/32", "dev", "lo"], check=True, timeout=10)
    try:
        ip("route", "add", subnet, "via", ROUTER)
        try:
            yield
        finally:
            ip("route", "del", subnet)
    finally:
        subprocess.run([*machine, "del", f"{address}/32", "dev", "lo"], check=True, timeout=10)


@contextmanager
def lan(interface: str, host: str, machine: str) -> Iterator[None]:
    """One more LAN of the Docker host, on an interface of its own, with one other machine: addresses with a prefix."""
    namespace = enter()[1].rpartition("/")[2]
    ip("link", "add", interface, "type", "veth", "peer", "name", interface, "netns", namespace)
    try:
        ip("address", "add", host, "dev", interface)
        ip("link", "set", interface, "up")
        for words in (("address", "add", machine, "dev", interface), ("link", "set", interface, "up")):
            subprocess.run([*enter(), "ip", *words], check=True, timeout=10)
        yield
    finally:
        ip("link", "del", interface)


@contextmanager
def dropping(address: str) -> Iterator[None]:
    """The router outside drops, without a word, what goes to an address."""
    route = [*enter(), "ip", "route"]
    subprocess.run([*route, "add", "blackhole", address], check=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run([*route, "del", "blackhole", address], check=True, timeout=10)


def ip(*arguments: str) -> None:
    """An `ip` command on the Docker host, which is a namespace of the lab's own."""
    assert "NETDOCTOR_LAB" in os.environ, "the machine's own routes are never touched"
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def get(address: str, port: int) -> bool:
    """Whether a server of the stack answers the world outside."""
    argv = [*enter(), "labsrv", "get", address, str(port), "2"]
    return subprocess.run(argv, capture_output=True, timeout=10, check=False).returncode == 0
