"""Can the host, or the world, reach it? Scenarios of the family `publish`.

The proofs are taken where the host is: this process is in the network namespace of the engine.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.lab import Lab, Scenario

SEES = ("netns", "exec")
"""The rungs that see the sockets of a container; the engine's API alone does not."""

WEB = ("labsrv", "http", "0.0.0.0", "80")


def _published(lab: Lab, short: str, port: str = "80/tcp") -> int:
    """The port of the host that the engine chose."""
    return int(lab.docker("port", lab.name(short), port).stdout.split()[0].rpartition(":")[2])


def _free_port() -> int:
    """A port that nothing on the host has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _gateway(lab: Lab, network: str) -> str:
    """The host's own address on a network."""
    return lab.docker(
        "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", lab.name(network)
    ).stdout.strip()


def _host_hears(address: str, port: int) -> str:
    """What comes of asking from the host: ok, hung up, refused, or silence."""
    try:
        with socket.create_connection((address, port), timeout=1) as line:
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return "ok" if line.recv(100) else "hung up"
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "hung up"
    except TimeoutError:
        return "silence"
    except OSError:
        return "no way"


def _serves(lab: Lab, short: str, address: str, port: int) -> None:
    lab.until(f"the host to get an answer of {short}", lambda: _host_hears(address, port) == "ok")


# -- publish.listener -----------------------------------------------------------------------------------------------


def nothing_behind(lab: Lab) -> Scenario:
    """The engine's proxy accepts for a container in which nothing listens; its neighbour serves."""
    lab.run("web", options=("-p", "127.0.0.1::80"))
    lab.run("well", WEB, options=("-p", "127.0.0.1::80"))
    port, right = _published(lab, "web"), _published(lab, "well")
    _serves(lab, "well", "127.0.0.1", right)
    assert _host_hears("127.0.0.1", port) == "hung up"
    for target in (lab.name("web"), f"{lab.name('web')}:80", f"localhost:{port}"):
        yield lab.sick("host", target, "publish.listener/nothing-behind", rungs=SEES)
    yield lab.sick(lab.name("web"), None, "publish.listener/nothing-behind", rungs=SEES)
    yield lab.healthy("host", lab.name("well"))
    yield lab.healthy("host", f"http://127.0.0.1:{right}/")
    yield lab.healthy(lab.name("well"), None)


def another_port_behind(lab: Lab) -> Scenario:
    """The server listens on 80 and 8080 is published; or the two numbers of -p are the wrong way round."""
    port = _free_port()
    lab.run("wrong", WEB, options=("-p", "127.0.0.1::8080"))
    lab.run("turned", ["labsrv", "http", "0.0.0.0", str(port)], options=("-p", f"127.0.0.1:{port}:8080"))
    lab.run("well", WEB, options=("-p", "127.0.0.1::80", "--expose", "9999"))
    for short, inside in (("wrong", 80), ("turned", port)):
        lab.listens(short, inside)
        assert _host_hears("127.0.0.1", _published(lab, short, "8080/tcp")) == "hung up"
    _serves(lab, "well", "127.0.0.1", _published(lab, "well"))
    for short in ("wrong", "turned"):
        yield lab.sick("host", lab.name(short), "publish.listener/other-port", rungs=SEES)
        yield lab.sick(lab.name(short), None, "publish.listener/other-port", rungs=SEES)
    yield lab.healthy("host", lab.name("well"))


def port_to_spare(lab: Lab) -> Scenario:
    """Of two published ports one is served, as with a web server without TLS: a warning until it is asked for."""
    lab.run("web", WEB, options=("-p", "127.0.0.1::80", "-p", "127.0.0.1::443"))
    _serves(lab, "web", "127.0.0.1", _published(lab, "web"))
    spare = _published(lab, "web", "443/tcp")
    assert _host_hears("127.0.0.1", spare) == "hung up"
    yield lab.healthy(lab.name("web"), None, warns=("publish.listener/other-port",))
    yield lab.healthy("host", f"{lab.name('web')}:80")
    yield lab.sick("host", f"localhost:{spare}", "publish.listener/other-port", rungs=SEES)


def loopback_behind(lab: Lab) -> Scenario:
    """The server listens on its container's 127.0.0.1; a neighbour does so behind a sidecar, and is published well."""
    lab.run("web", ["labsrv", "http", "127.0.0.1", "80"], options=("-p", "127.0.0.1::80"))
    lab.run("app", ["labsrv", "http", "127.0.0.1", "3000"], options=("-p", "127.0.0.1::80"))
    lab.run("side", WEB, network=f"container:{lab.name('app')}")
    lab.listens("web", 80)
    assert _host_hears("127.0.0.1", _published(lab, "web")) == "hung up"
    _serves(lab, "app", "127.0.0.1", _published(lab, "app"))
    yield lab.sick("host", lab.name("web"), "publish.listener/loopback-behind", rungs=SEES)
    yield lab.sick(lab.name("web"), None, "publish.listener/loopback-behind", rungs=SEES)
    yield lab.healthy("host", lab.name("app"))
    yield lab.healthy("host", f"{lab.name('side')}:80")


def published_for_tcp_alone(lab: Lab) -> Scenario:
    """A name server serves UDP, and -p 53 publishes TCP; its neighbour has -p 53/udp."""
    serve = ("labsrv", "udp", "0.0.0.0", "53")
    lab.run("dns", serve, options=("-p", "127.0.0.1::53"))
    lab.run("well", serve, options=("-p", "127.0.0.1::53/udp"))
    lab.listens("dns", 53, file="udp")
    lab.listens("well", 53, file="udp")
    assert _host_hears("127.0.0.1", _published(lab, "dns", "53/tcp")) == "hung up"
    port = _published(lab, "well", "53/udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(2)
        line.sendto(b"hello", ("127.0.0.1", port))
        assert line.recv(100)
    yield lab.sick("host", lab.name("dns"), "publish.listener/other-protocol", rungs=SEES)
    yield lab.healthy("host", lab.name("well"))
    yield lab.healthy("host", f"localhost:{port}/udp")
    yield lab.healthy(lab.name("well"), None)


def bound_to_the_other_network(lab: Lab) -> Scenario:
    """On two networks, and bound to the address at which no published connection arrives; its neighbour is well."""
    for network in ("back", "front"):
        lab.network(network)
    for short in ("web", "well"):
        lab.run(short, network="back", options=("-p", "127.0.0.1::80"))
        lab.docker("network", "connect", lab.name("front"), lab.name(short))
        wanted = "front" if short == "web" else "back"
        lab.docker("exec", "--detach", lab.name(short), "labsrv", "http", lab.address(short, wanted), "80")
        lab.listens(short, 80)
    assert "default via " + _gateway(lab, "back") in lab.inside("web", "ip", "route").stdout
    assert _host_hears("127.0.0.1", _published(lab, "web")) == "hung up"
    _serves(lab, "well", "127.0.0.1", _published(lab, "well"))
    yield lab.sick("host", lab.name("web"), "publish.listener/other-address", rungs=SEES)
    yield lab.healthy("host", lab.name("well"))


def localhost_is_ipv6_first(lab: Lab) -> Scenario:
    """[::] leads to the container's IPv6 address, where nobody serves IPv6: localhost is reset, 127.0.0.1 works."""
    lab.network("net", "--ipv6", "--subnet", "fd00:6d1:2::/64")
    lab.run("web", WEB, network="net", options=("-p", "80"))
    lab.run("well", ["labsrv", "http", "::*", "80"], network="net", options=("-p", "80"))
    port, right = _published(lab, "web"), _published(lab, "well")
    _serves(lab, "web", "127.0.0.1", port)
    for address in ("127.0.0.1", "::1"):
        _serves(lab, "well", address, right)
    assert _host_hears("::1", port) in ("hung up", "refused")
    yield lab.sick("host", f"[::1]:{port}", "publish.listener/other-family", rungs=SEES)
    yield lab.healthy("host", f"127.0.0.1:{port}", warns=("publish.listener/other-family",))
    yield lab.healthy(lab.name("web"), None, warns=("publish.listener/other-family",))
    yield lab.healthy("host", f"[::1]:{right}")


# -- publish.bound --------------------------------------------------------------------------------------------------


def exposed_and_not_published(lab: Lab) -> Scenario:
    """EXPOSE publishes nothing, which is well between containers; its neighbour is published."""
    port = _free_port()
    serve = ("labsrv", "http", "0.0.0.0", str(port))
    lab.network("net")
    lab.run("db", serve, network="net", options=("--expose", str(port)))
    lab.run("well", WEB, network="net", options=("-p", "127.0.0.1::80"))
    lab.run("api", network="net", options=("-e", f"DB_URL=http://{lab.name('db')}:{port}"))
    lab.connects("api", "db", port)
    _serves(lab, "well", "127.0.0.1", _published(lab, "well"))
    assert _host_hears("127.0.0.1", port) == "refused"
    yield lab.sick("host", lab.name("db"), "publish.bound/not-published")
    yield lab.sick("host", f"{lab.name('db')}:{port}", "publish.bound/not-published")
    yield lab.sick("host", f"localhost:{port}", "publish.bound/not-published", rungs=("netns",))
    yield lab.sick("host", f"{lab.name('well')}:81", "publish.bound/not-published")
    yield lab.healthy(lab.name("api"), lab.name("db"))
    yield lab.healthy("host", f"{lab.address('db')}:{port}", warns=("address.host/fixed-address",))


def port_taken(lab: Lab) -> Scenario:
    """The port of the host is another container's, a process's, or a proxy's that no container needs any more."""
    lab.run("holder", WEB, options=("-p", "127.0.0.1::80"))
    held = _published(lab, "holder")
    with _process_on_the_host() as process, _forgotten_proxy(lab) as proxy:
        for short, port in (("second", held), ("late", process), ("stale", proxy)):
            lab.run(short, WEB, options=("-p", f"127.0.0.1:{port}:80"), check=False)
            error = lab.inspect(short)["State"]["Error"]
            assert "already allocated" in error or "already in use" in error, error
        _serves(lab, "holder", "127.0.0.1", held)
        for short in ("second", "late", "stale"):
            yield lab.sick("host", lab.name(short), "publish.bound/port-taken")
            yield lab.sick(lab.name(short), None, "publish.bound/port-taken")
        yield lab.sick("host", f"localhost:{process}", "publish.bound/port-taken")
        yield lab.healthy("host", f"localhost:{held}")
        yield lab.healthy("host", lab.name("holder"))


@contextmanager
def _process_on_the_host() -> Iterator[int]:
    """A port that a process of the host listens on: this one."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield int(one.getsockname()[1])


@contextmanager
def _forgotten_proxy(lab: Lab) -> Iterator[int]:
    """A port that a process listens on which is called docker-proxy, and serves no container."""
    port = _free_port()
    program = Path(lab.file("docker-proxy", ""))
    lab.docker("cp", "--follow-link", f"{lab.name('holder')}:/usr/bin/labsrv", str(program))
    process = subprocess.Popen([str(program), "http", "127.0.0.1", str(port)])
    try:
        lab.until("the proxy to listen", lambda: _host_hears("127.0.0.1", port) == "ok")
        yield port
    finally:
        process.kill()
        process.wait()


def address_not_on_the_host(lab: Lab) -> Scenario:
    """Published on an address that the host does not have: not when it was to start, or not any more."""
    for network in ("vpn", "lan"):
        lab.network(network)
    vpn, lan = _gateway(lab, "vpn"), _gateway(lab, "lan")
    lab.run("never", WEB, options=("-p", "10.99.99.99::80"), check=False)
    assert "cannot assign requested address" in lab.inspect("never")["State"]["Error"]
    lab.run("since", WEB, options=("-p", f"{vpn}::80"))
    lab.run("well", WEB, options=("-p", f"{lan}::80"))
    gone, right = _published(lab, "since"), _published(lab, "well")
    _serves(lab, "since", vpn, gone)
    _serves(lab, "well", lan, right)
    lab.docker("network", "rm", lab.name("vpn"))
    assert _host_hears(vpn, gone) != "ok"
    yield lab.sick(lab.name("never"), None, "publish.bound/not-bound")
    yield lab.healthy(lab.name("since"), None, warns=("publish.bound/not-bound",))
    yield lab.sick("host", lab.name("since"), "publish.bound/not-bound", rungs=("netns",))
    yield lab.healthy("host", lab.name("well"))
    yield lab.healthy("host", f"{lan}:{right}")


def bound_to_one_address(lab: Lab) -> Scenario:
    """Published on 127.0.0.1 and asked for at another address of the host, or the other way round; on purpose: well."""
    lab.network("net")
    gateway = _gateway(lab, "net")
    local = _free_port()
    lab.run("db", WEB, network="net", options=("-p", f"127.0.0.1:{local}:80"))
    _serves(lab, "db", "127.0.0.1", local)
    other = _free_port()
    lab.run("lan", WEB, network="net", options=("-p", f"{gateway}:{other}:80"))
    _serves(lab, "lan", gateway, other)
    assert _host_hears(gateway, local) == "refused"
    assert _host_hears("127.0.0.1", other) == "refused"
    yield lab.sick("host", f"{gateway}:{local}", "publish.bound/loopback-only")
    yield lab.sick("host", f"localhost:{other}", "publish.bound/other-address")
    for target in (f"127.0.0.1:{local}", lab.name("db"), f"{gateway}:{other}", lab.name("lan")):
        yield lab.healthy("host", target)
    yield lab.healthy(lab.name("db"), None)


def cut_off_by_the_host(lab: Lab) -> Scenario:
    """The engine's proxy and its rule for a publication are gone, as after `iptables -F` on a host without proxies."""
    for short in ("web", "well"):
        lab.run(short, WEB, options=("-p", "127.0.0.1::80"))
    port, right = _published(lab, "web"), _published(lab, "well")
    _serves(lab, "web", "127.0.0.1", port)
    _serves(lab, "well", "127.0.0.1", right)
    _cut_off(port)
    assert _host_hears("127.0.0.1", port) == "refused"
    yield lab.sick("host", lab.name("web"), "publish.bound/not-bound", rungs=("netns",))
    yield lab.healthy("host", lab.name("well"))


def _cut_off(port: int) -> None:
    """End the proxies and delete the rules that the engine made for a port of the scenario's own container."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:  # it has ended
            continue
        if words[0].endswith("docker-proxy") and str(port) in words and _is_here(folder):
            os.kill(int(folder.name), 9)
    rules = subprocess.run(["iptables", "-t", "nat", "-S", "DOCKER"], capture_output=True, text=True, check=True).stdout
    for rule in rules.splitlines():
        words = rule.split()
        if words[0] == "-A" and str(port) in words:
            subprocess.run(["iptables", "-w", "-t", "nat", "-D", *words[1:]], check=True)


def _is_here(process: Path) -> bool:
    """Whether it is of this engine, and not of one with a network namespace of its own."""
    return (process / "ns/net").readlink() == Path("/proc/self/ns/net").readlink()


def publication_without_effect(lab: Lab) -> Scenario:
    """-p on the network host, none, an internal one and a macvlan: a warning, a fault once the port is asked for."""
    ports = [_free_port() for _ in range(4)]
    lab.network("net", "--internal")
    lab.run("shared", ["labsrv", "http", "127.0.0.1", str(ports[0])], network="host", options=("-p", f"{ports[1]}:80"))
    lab.run("same", ["labsrv", "http", "127.0.0.1", str(ports[2])], network="host",
            options=("-p", f"{ports[2]}:{ports[2]}"))  # fmt: skip
    lab.run("sealed", WEB, network="net", options=("-p", f"127.0.0.1:{ports[3]}:80"))
    lab.network("lan", "--driver", "macvlan", "--opt", "parent=eth0", "--subnet", "198.51.100.0/24")
    lab.run("phone", WEB, network="lan", options=("-p", f"127.0.0.1:{ports[1]}:80"))
    lab.run("job", network="none", options=("-p", f"127.0.0.1:{ports[1]}:80"))
    _serves(lab, "shared", "127.0.0.1", ports[0])
    _serves(lab, "same", "127.0.0.1", ports[2])
    for port in (ports[1], ports[3]):
        assert _host_hears("127.0.0.1", port) == "refused"
    for short in ("shared", "sealed", "phone", "job"):
        assert not lab.inspect(short)["NetworkSettings"]["Ports"]
        yield lab.sick("host", lab.name(short), "publish.bound/ignored")
        yield lab.healthy(lab.name(short), None, warns=("publish.bound/ignored",))
    yield lab.sick("host", f"localhost:{ports[3]}", "publish.bound/ignored")
    yield lab.healthy("host", f"localhost:{ports[0]}")
    yield lab.healthy("host", lab.name("same"))
    yield lab.healthy(lab.name("same"), None)


def name_of_a_container_on_the_host(lab: Lab) -> Scenario:
    """A program on the host is told the name of a container, which only containers know; its port is published."""
    lab.network("net")
    lab.run("db", WEB, network="net", options=("-p", "127.0.0.1::80"))
    port = _published(lab, "db")
    _serves(lab, "db", "127.0.0.1", port)
    try:
        socket.getaddrinfo(lab.name("db"), 80)
    except socket.gaierror:
        pass
    else:
        raise AssertionError("the host resolves the name")
    yield lab.sick("host", f"http://{lab.name('db')}:80/", "network.shared/host-network")
    yield lab.healthy("host", lab.name("db"))


def dropped_behind_the_proxy(lab: Lab) -> Scenario:
    """A rule in the container drops what comes from the proxy, which goes on accepting; the neighbour drops others."""
    for short, port in (("db", "80"), ("well", "81")):
        lab.run(short, WEB, options=("-p", "127.0.0.1::80"))
        _serves(lab, short, "127.0.0.1", _published(lab, short))
        lab.rule(short, "-A", "INPUT", "-p", "tcp", "--dport", port, "-j", "DROP")
    assert _host_hears("127.0.0.1", _published(lab, "db")) == "silence"
    yield lab.sick("host", lab.name("db"), "port.accepts/timed-out", rungs=("netns",))
    yield lab.healthy("host", lab.name("well"))


# -- publish.exposure -----------------------------------------------------------------------------------------------


def open_to_the_world(lab: Lab) -> Scenario:
    """A cache and a console on all addresses; on 127.0.0.1, not published at all, or a web server: silent."""
    lab.network("net")
    redis = ("labsrv", "http", "0.0.0.0", "6379")
    lab.run("cache", redis, network="net", options=("-p", "6379"))
    lab.run("queue", ["labsrv", "http", "0.0.0.0", "15672"], network="net", options=("-p", "15672"))
    lab.run("local", redis, network="net", options=("-p", "127.0.0.1::6379"))
    lab.run("inner", redis, network="net")
    lab.run("web", WEB, network="net", options=("-p", "80"))
    for short, port in (("cache", 6379), ("queue", 15672), ("web", 80)):
        _serves(lab, short, _gateway(lab, "net"), _published(lab, short, f"{port}/tcp"))
    lab.listens("local", 6379)
    lab.listens("inner", 6379)
    for short in ("cache", "queue"):
        yield lab.healthy(lab.name(short), None, warns=("publish.exposure/open",))
    yield lab.healthy("host", lab.name("cache"), warns=("publish.exposure/open",))
    for short in ("local", "inner", "web"):
        yield lab.healthy(lab.name(short), None)
