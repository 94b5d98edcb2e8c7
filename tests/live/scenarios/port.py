"""Does somebody answer? Scenarios of the family `port`."""

from __future__ import annotations

from tests.live.lab import Lab, Scenario

SEES = ("netns", "exec")
"""The rungs that see sockets and connections; the engine's API alone shows neither."""


def loopback_only(lab: Lab) -> Scenario:
    """The database listens on 127.0.0.1 only; its neighbour listens on all addresses."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432)
    lab.connects("api", "well", 5432)
    lab.refused("api", "db", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.interface/loopback-only", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")
    both = f"host={lab.name('well')},{lab.name('db')} port=5432 user=app"
    yield lab.sick(lab.name("api"), both, "port.interface/loopback-only", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"Host={lab.name('well')};Port=5432;Database=app")


def redis_bound_to_loopback(lab: Lab) -> Scenario:
    """A real Redis with `--bind 127.0.0.1`; beside it one as its image starts it."""
    lab.network("net")
    lab.run("cache", ["redis-server", "--bind", "127.0.0.1"], image="redis:7", network="net")
    lab.run("well", ["redis-server", "--protected-mode", "no"], image="redis:7", network="net")
    lab.run("api", network="net")
    lab.listens("cache", 6379)
    lab.connects("api", "well", 6379)
    lab.refused("api", "cache", 6379)
    yield lab.sick(lab.name("api"), f"redis://{lab.name('cache')}:6379", "port.interface/loopback-only", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"redis://{lab.name('well')}:6379/0")


def development_server(lab: Lab) -> Scenario:
    """Compose services: one has BIND=127.0.0.1:8000, one has `--bind 127.0.0.1` in its command, one is well."""
    lab.network("default")
    lab.service("", "told", image="python:3.11", command=[], network="default", options=["-e", "BIND=127.0.0.1:8000"])
    flask = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "8000"]
    lab.service("", "flagged", image="python:3.11", command=flask, network="default")
    lab.service("", "well", image="python:3.11", command=[], network="default")
    lab.service("", "front", network="default")
    lab.listens("told-1", 8000)
    lab.listens("flagged-1", 8000)
    lab.connects("front-1", "well-1", 8000)
    lab.refused("front-1", "told-1", 8000)
    lab.refused("front-1", "flagged-1", 8000)
    for short in ("told", "flagged"):
        yield lab.sick(f"{lab.slug}/front", f"{short}:8000", "port.interface/loopback-only", rungs=SEES)
    yield lab.healthy(f"{lab.slug}/front", "well:8000")


def shellless_on_loopback(lab: Lab) -> Scenario:
    """Images without a shell on both sides, one server on 127.0.0.1: nothing can be run inside, which is no finding."""
    lab.network("net")
    lab.run("web", ["http", "127.0.0.1", "8080"], image="static:1", network="net")
    lab.run("well", ["http", "0.0.0.0", "8080"], image="static:1", network="net")
    lab.run("front", ["sleep"], image="static:1", network="net")
    lab.run("prober", network="net")
    lab.listens("web", 8080)
    lab.connects("prober", "well", 8080)
    lab.refused("prober", "web", 8080)
    assert lab.inside("web", "sh", "-c", "true").returncode != 0
    yield lab.sick(lab.name("front"), f"{lab.name('web')}:8080", "port.interface/loopback-only", rungs=("netns",))
    yield lab.sick(lab.name("prober"), f"{lab.name('web')}:8080", "port.interface/loopback-only", rungs=("netns",))
    yield lab.healthy(lab.name("front"), f"{lab.name('well')}:8080")


def published_and_on_loopback(lab: Lab) -> Scenario:
    """Asked for by its port on the host: docker-proxy accepts, and behind it the server listens on 127.0.0.1 alone."""
    lab.network("net")
    publish = ["--publish", "5432", "--expose", "5432"]
    lab.run("db", ["labsrv", "http", "127.0.0.1", "5432"], network="net", options=publish)
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net", options=publish)
    lab.run("api", network="bridge", options=["--add-host", "host.docker.internal:host-gateway"])
    lab.listens("db", 5432)
    for short in ("db", "well"):
        port = lab.docker("port", lab.name(short), "5432/tcp").stdout.split()[0].rpartition(":")[2]
        answer = lab.inside("api", "labsrv", "get", "host.docker.internal", port).stdout
        asked = f"host.docker.internal:{port}"
        if short == "db":
            assert "ERR read" in answer, answer
            warns = ("port.accepts/closed-at-once",)
            yield lab.sick(lab.name("api"), asked, "port.interface/loopback-only", rungs=SEES, warns=warns)
        else:
            assert "OK" in answer, answer
            yield lab.healthy(lab.name("api"), asked)


def loopback_behind_a_sidecar(lab: Lab) -> Scenario:
    """An application on 127.0.0.1 that a sidecar in its namespace serves to the world: healthy, from both sides."""
    lab.network("net")
    lab.run("app", ["labsrv", "http", "127.0.0.1", "3000"], network="net", options=["--expose", "8080"])
    lab.run("side", ["labsrv", "http", "0.0.0.0", "8080"], network=f"container:{lab.name('app')}")
    lab.run("api", network="net")
    lab.listens("app", 3000)
    lab.connects("api", "app", 8080)
    lab.connects("side", "127.0.0.1", 3000)
    lab.refused("api", "app", 3000)
    yield lab.healthy(lab.name("api"), f"{lab.name('app')}:8080")
    yield lab.healthy(lab.name("api"), lab.name("app"))
    yield lab.healthy(lab.name("side"), "localhost:3000")


def debug_port_on_loopback(lab: Lab) -> Scenario:
    """Besides its port the server has one on 127.0.0.1 that no client uses, and it exposes a third that is closed."""
    lab.network("net")
    serve = ["labsrv", "http", "0.0.0.0", "80", "--", "http", "127.0.0.1", "9229"]
    lab.run("web", serve, network="net", options=["--expose", "9999"])
    lab.run("api", network="net", options=["-e", f"WEB_URL=http://{lab.name('web')}"])
    lab.connects("api", "web", 80)
    yield lab.healthy(lab.name("api"), lab.name("web"))
    yield lab.healthy(lab.name("api"), f"{lab.name('web')}:80")
    yield lab.healthy(lab.name("api"), None)


def bound_to_another_network(lab: Lab) -> Scenario:
    """The server is on two networks and bound to its address on one; the source is on the other."""
    lab.network("front")
    lab.network("back")
    lab.run("db", network="front")
    lab.docker("network", "connect", lab.name("back"), lab.name("db"))
    lab.run("api", network="front")
    lab.run("job", network="back")
    lab.docker("exec", "--detach", lab.name("db"), "labsrv", "http", lab.address("db", "back"), "5432")
    lab.listens("db", 5432)
    lab.refused("api", lab.address("db", "front"), 5432)
    lab.connects("job", lab.address("db", "back"), 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.interface/other-address", rungs=SEES)
    yield lab.healthy(lab.name("job"), f"{lab.name('db')}:5432")


def ipv6_only_listener(lab: Lab) -> Scenario:
    """A socket on :: with IPV6_V6ONLY on a network without IPv6; its neighbour's is dual-stack and looks the same."""
    lab.network("net")
    lab.run("db", ["labsrv", "http", "::", "5432"], network="net")
    lab.run("well", ["labsrv", "http", "::*", "5432"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432, file="tcp6")
    lab.connects("api", "well", 5432)
    lab.refused("api", "db", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.interface/other-family", rungs=("netns",))
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def ipv4_only_asked_by_ipv6(lab: Lab) -> Scenario:
    """A name that means the server's IPv6 address, and a server for IPv4 alone; a name with both addresses is well."""
    lab.network("net", "--ipv6", "--subnet", "fd00:6d1:1::/64")
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="net", options=["--expose", "5432"])
    lab.run("api", network="net", options=["--add-host", f"db6:{lab.address6('db', 'net')}"])
    lab.connects("api", "db", 5432)
    assert lab.means("api", "db6") == [lab.address6("db", "net")]
    lab.refused("api", lab.address6("db", "net"), 5432)
    yield lab.sick(lab.name("api"), "db6:5432", "port.interface/other-family", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432")


def several_sockets_of_one_port(lab: Lab) -> Scenario:
    """Workers that share a port by SO_REUSEPORT: three sockets, one server."""
    lab.network("net")
    program = (
        "import socket, time; ss = [socket.socket() for _ in range(3)]\n"
        "for s in ss: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.bind(('', 8000)); s.listen()\n"
        "import select; taken = []\n"
        "while True: taken += [s.accept() for s in select.select(ss, [], [])[0]]"
    )
    lab.run("web", ["python3", "-c", program], image="python:3.11", network="net")
    lab.run("api", network="net")
    lab.connects("api", "web", 8000)
    yield lab.healthy(lab.name("api"), f"{lab.name('web')}:8000")


def nothing_listens(lab: Lab) -> Scenario:
    """The container runs and exposes 5432, and nothing in it listens; its neighbour's server does."""
    lab.network("net")
    lab.run("db", network="net", options=["--expose", "5432"])
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.connects("api", "well", 5432)
    lab.refused("api", "db", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.listening/nothing-listens", rungs=SEES)
    yield lab.sick(lab.name("api"), lab.name("db"), "port.listening/nothing-listens", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def exposed_port_is_closed(lab: Lab) -> Scenario:
    """The image exposes 80 and the server listens on 8080: to ask for 80 is right; its neighbour keeps the promise."""
    lab.network("net")
    lab.run("web", ["labsrv", "http", "0.0.0.0", "8080"], network="net", options=["--expose", "80"])
    lab.run("well", ["labsrv", "http", "0.0.0.0", "80"], network="net", options=["--expose", "80"])
    lab.run("api", network="net")
    lab.connects("api", "web", 8080)
    lab.connects("api", "well", 80)
    lab.refused("api", "web", 80)
    yield lab.sick(lab.name("api"), f"{lab.name('web')}:80", "port.listening/other-port", rungs=SEES)
    yield lab.healthy(lab.name("api"), lab.name("well"))


def udp_instead_of_tcp(lab: Lab) -> Scenario:
    """A port that is open for UDP is asked for by TCP, and the other way; asked as they are, both are well. So is a
    configuration that does not say that it means UDP."""
    lab.network("net")
    lab.run("dns", ["labsrv", "dns", "0.0.0.0", "53", "silent"], network="net")
    lab.run("echo", ["labsrv", "udp", "0.0.0.0", "7"], network="net")
    lab.run("web", ["labsrv", "http", "0.0.0.0", "80"], network="net")
    lab.run("api", network="net")
    lab.run("told", network="net", options=["-e", f"STATSD_HOST={lab.name('echo')}", "-e", "STATSD_PORT=7"])
    lab.listens("dns", 53, file="udp")
    lab.listens("echo", 7, file="udp")
    lab.connects("api", "web", 80)
    lab.refused("api", "dns", 53)
    yield lab.sick(lab.name("api"), f"{lab.name('dns')}:53", "port.listening/other-protocol", rungs=SEES)
    yield lab.sick(lab.name("api"), f"{lab.name('web')}:80/udp", "port.listening/other-protocol", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('dns')}:53/udp")
    yield lab.healthy(lab.name("api"), f"{lab.name('echo')}:7/udp")
    yield lab.healthy(lab.name("api"), f"{lab.name('web')}:80")
    yield lab.healthy(lab.name("told"), None)


def unix_socket_only(lab: Lab) -> Scenario:
    """A server on a Unix socket and no port; its neighbour has both."""
    lab.network("net")
    lab.run("app", ["labsrv", "unix", "/tmp/app.sock"], network="net", options=["--expose", "8000"])
    lab.run("well", ["labsrv", "unix", "/tmp/app.sock", "--", "http", "0.0.0.0", "8000"], network="net")
    lab.run("web", network="net")
    lab.connects("web", "well", 8000)
    lab.refused("web", "app", 8000)
    yield lab.sick(lab.name("web"), f"{lab.name('app')}:8000", "port.listening/unix-socket-only", rungs=SEES)
    yield lab.healthy(lab.name("web"), f"{lab.name('well')}:8000")


def postgres_on_its_unix_socket(lab: Lab) -> Scenario:
    """A real PostgreSQL with `listen_addresses=`; another port of its container is open, and not for its clients."""
    lab.network("net")
    password = ["-e", "POSTGRES_PASSWORD=hunter2hunter2"]
    lab.run("db", ["postgres", "-c", "listen_addresses="], image="postgres:15", network="net", options=password)
    lab.run("metrics", ["labsrv", "http", "0.0.0.0", "9187"], network=f"container:{lab.name('db')}")
    lab.run("api", network="net")
    lab.connects("api", "db", 9187)
    ready = ("pg_isready", "--quiet", "--host", "/var/run/postgresql")
    lab.until("PostgreSQL on its Unix socket", lambda: lab.inside("db", *ready).returncode == 0)
    lab.refused("api", "db", 5432)
    asked = f"postgresql://app:hunter2hunter2@{lab.name('db')}:5432/app"
    yield lab.sick(lab.name("api"), asked, "port.listening/unix-socket-only", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:9187")


def real_servers(lab: Lab) -> Scenario:
    """PostgreSQL, Redis and nginx as their images start them, asked for by URL."""
    lab.network("net")
    lab.run("db", ["postgres"], image="postgres:15", network="net", options=["-e", "POSTGRES_PASSWORD=hunter2hunter2"])
    lab.run("cache", [], image="redis:7", network="net")
    lab.run("web", [], image="nginx:1.22", network="net")
    lab.run("api", network="net")
    lab.connects("api", "cache", 6379)
    lab.connects("api", "web", 80)
    lab.connects("api", "db", 5432)
    yield lab.healthy(lab.name("api"), f"postgresql://postgres:hunter2hunter2@{lab.name('db')}:5432/postgres")
    yield lab.healthy(lab.name("api"), f"redis://{lab.name('cache')}:6379")
    yield lab.healthy(lab.name("api"), f"http://{lab.name('web')}")


def nobody_has_the_address(lab: Lab) -> Scenario:
    """A name of extra_hosts that leads to an address which nobody has; its neighbour leads to somebody."""
    lab.network("net", "--subnet", "10.213.77.0/24")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net", options=["--ip", "10.213.77.5"])
    hosts = ["--add-host", "old-db:10.213.77.99", "--add-host", "new-db:10.213.77.5"]
    lab.run("api", network="net", options=hosts)
    lab.connects("api", "10.213.77.5", 5432)
    lab.times_out("api", "10.213.77.99", 5433)
    yield lab.sick(lab.name("api"), "old-db:5433", "port.accepts/unreachable", rungs=SEES)
    yield lab.healthy(lab.name("api"), "new-db:5432")


def closes_at_once(lab: Lab) -> Scenario:
    """A server that accepts and hangs up before a byte: a warning, since only it knows why."""
    lab.network("net")
    lab.run("db", ["labsrv", "closer", "0.0.0.0", "5432"], network="net")
    lab.run("well", ["labsrv", "banner", "0.0.0.0", "5432", "hello\\n"], network="net")
    lab.run("api", network="net")
    lab.connects("api", "db", 5432)
    lab.connects("api", "well", 5432)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432", warns=("port.accepts/closed-at-once",))
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def accept_queue_full(lab: Lab) -> Scenario:
    """A server that listens with a short queue and never accepts, and the queue is full; its neighbour's is empty."""
    lab.network("net")
    lab.run("db", ["labsrv", "hang", "0.0.0.0", "5432", "1"], network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.listens("db", 5432)
    for _ in range(2):
        lab.connects("api", "db", 5432)
    lab.times_out("api", "db", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.accepts/queue-full", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def process_does_not_accept(lab: Lab) -> Scenario:
    """One server never accepts, one is stopped by a signal: the kernel accepts for both. The third is well."""
    lab.network("net")
    lab.run("hung", ["labsrv", "hang", "0.0.0.0", "5432", "128"], network="net")
    lab.run("stopped", ["redis-server", "--protected-mode", "no"], image="redis:7", network="net")
    lab.run("well", ["labsrv", "http", "0.0.0.0", "5432"], network="net")
    lab.run("api", network="net")
    lab.connects("api", "stopped", 6379)
    lab.docker("kill", "--signal", "STOP", lab.name("stopped"))
    lab.connects("api", "stopped", 6379)  # by the kernel
    lab.connects("api", "hung", 5432)
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('hung')}:5432", "port.accepts/not-answering", rungs=SEES)
    yield lab.sick(lab.name("api"), f"redis://{lab.name('stopped')}:6379", "port.accepts/not-answering", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def speaks_another_protocol(lab: Lab) -> Scenario:
    """https:// and postgres:// to a plain web server; http:// to it is well."""
    lab.network("net")
    lab.run("web", [], image="nginx:1.22", network="net")
    lab.run("mail", ["labsrv", "banner", "0.0.0.0", "25", "220 mail ESMTP\\r\\n"], network="net")
    lab.run("api", network="net")
    lab.connects("api", "web", 80)
    lab.connects("api", "mail", 25)
    warns = ("port.accepts/other-protocol-spoken",)
    yield lab.healthy(lab.name("api"), f"https://{lab.name('web')}:80", warns=warns)
    yield lab.healthy(lab.name("api"), f"redis://{lab.name('mail')}:25", warns=warns)
    yield lab.healthy(lab.name("api"), f"http://{lab.name('web')}")
    yield lab.healthy(lab.name("api"), f"smtp://{lab.name('mail')}")


def wrong_port_on_the_default_bridge(lab: Lab) -> Scenario:
    """Two faults: the name does not work on the default bridge, and the port is not the one that is open."""
    lab.run("db", ["labsrv", "http", "0.0.0.0", "5432"], network="bridge")
    lab.run("api", network="bridge")
    lab.connects("api", "db", 5432)
    lab.refused("api", "db", 5433)
    assert lab.means("api", lab.name("db")) == []
    faults = ("network.default-bridge/no-names", "address.port/wrong-port")
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5433", faults, rungs=SEES)


def turns_others_away(lab: Lab) -> Scenario:
    """A Redis in protected mode, a MariaDB whose accounts are its own host's; a Redis with a password is well."""
    lab.network("net")
    root = ["-e", "MARIADB_ROOT_PASSWORD=hunter2hunter2"]
    lab.run("maria", [], image="mariadb:10.11", network="net", options=root)
    lab.run("cache", ["redis-server"], image="redis:7", network="net")
    lab.run("well", ["redis-server", "--requirepass", "hunter2hunter2"], image="redis:7", network="net")
    lab.run("api", image="debian:12", network="net")
    for short, port in (("maria", 3306), ("cache", 6379), ("well", 6379)):
        lab.listens(short, port)
    drop = "DELETE FROM mysql.global_priv WHERE host NOT IN ('localhost', '127.0.0.1', '::1'); FLUSH PRIVILEGES"
    mariadb = ["mariadb", "-phunter2hunter2", "-e", drop]
    lab.until("the other accounts to be gone", lambda: lab.inside("maria", *mariadb).returncode == 0)
    read = "exec 3<>/dev/tcp/%s/%d; head -c 90 <&3 | tr -cd '[:print:]'"
    assert "DENIED" in lab.inside("api", "bash", "-c", read % (lab.name("cache"), 6379)).stdout
    assert "not allowed" in lab.inside("api", "bash", "-c", read % (lab.name("maria"), 3306)).stdout
    yield lab.sick(lab.name("api"), f"redis://{lab.name('cache')}", "port.accepts/turned-away", rungs=SEES)
    yield lab.sick(lab.name("api"), f"mysql://{lab.name('maria')}", "port.accepts/turned-away", rungs=SEES)
    yield lab.healthy(lab.name("api"), f"redis://{lab.name('well')}")
