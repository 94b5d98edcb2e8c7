"""A Compose project of five services, asked for with nothing named: well, and with one fault after the other."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.live.lab import Lab, Scenario

LOOKING = ("netns", "exec")
DATABASE = "postgresql://shop:hunter2hunter2@postgres:5432/shop"
CACHE = "redis://redis:6379/0"
ENVIRONMENT = {"DATABASE_URL": DATABASE, "REDIS_URL": CACHE}
PASSWORD = ("-e", "POSTGRES_PASSWORD=hunter2hunter2", "-e", "POSTGRES_USER=shop", "-e", "POSTGRES_DB=shop")
DATA = "/var/lib/postgresql/data"
OUTSIDE = "203.0.113.80"
PSQL = """
export PGCONNECT_TIMEOUT=2
while :; do
  psql "$DATABASE_URL" -c 'select 1'
  [ -z "$ARCHIVE_URL" ] || psql "$ARCHIVE_URL" -c 'select 1'
  sleep 0.2
done
"""
SITE = """
events {}
http { server { listen %s; location / { proxy_pass http://api:8000; } } }
"""


class Project:
    """The services, each of which can be made again otherwise. A label says who waits for whom, as Compose does."""

    def __init__(self, lab: Lab, port: int) -> None:
        self.lab = lab
        self.port = port
        """Of the host, for web."""
        lab.network("default")
        self.postgres()
        self.redis()
        self.api()
        self.worker()
        self.web()
        lab.connects("worker-1", "postgres-1", 5432)
        lab.connects("worker-1", "redis-1", 6379)
        lab.connects("worker-1", "api-1", 8000)
        lab.connects("worker-1", "web-1", 80)

    def postgres(self, *words: str, options: Sequence[str] = (), data: bool = True) -> None:
        volume = ("-v", f"{self._volume('pgdata')}:{DATA}") if data else ()
        command = ["postgres", *words] if words else []
        self._again("postgres", command, "postgres:15", (*PASSWORD, *volume, *options))
        self.lab.listens("postgres-1", 5432, seconds=60)

    def redis(self, *words: str, options: Sequence[str] = (), starts: bool = True, data: str = "") -> None:
        command = ["redis-server", "--protected-mode", "no", *words]
        self._again("redis", command, "redis:7", ("-v", f"{data or self._volume('cache')}:/data", *options))
        if starts:
            self.lab.listens("redis-1", 6379)

    def api(self, **environment: str) -> None:
        told = _variables({**ENVIRONMENT, **environment})
        self._again(
            "api", ["labsrv", "http", "0.0.0.0", "8000"], "busybox:1", (*told, *_waits_for("postgres", "redis"))
        )
        self.lab.listens("api-1", 8000)

    def worker(self, client: str = "", **environment: str) -> None:
        """`psql` as client asks whatever the variables that end in _URL name; without one it only sleeps."""
        told = _variables({**ENVIRONMENT, **environment})
        command, image = (PSQL, "postgres:15") if client else ("sleep 3600", "busybox:1")
        self._again("worker", command, image, (*told, *_waits_for("postgres", "redis")))

    def web(self, listens: str = "80") -> None:
        site = self.lab.file("nginx.conf", SITE % listens)
        options = ("-p", f"127.0.0.1:{self.port}:80", "-v", f"{site}:/etc/nginx/nginx.conf:ro", *_waits_for("api"))
        self._again("web", [], "nginx:1.22", options)
        self.lab.listens("web-1", int(listens.rpartition(":")[2]))

    def _again(self, service: str, command: str | Sequence[str], image: str, options: Sequence[str]) -> None:
        self.lab.docker("rm", "--force", "--volumes", self.lab.name(f"{service}-1"), check=False)
        self.lab.service("", service, command, image=image, network="default", options=options)

    def _volume(self, key: str) -> str:
        """As Compose makes it, once."""
        name = f"{self.lab.slug}_{key}"
        labels = (f"com.docker.compose.project={self.lab.slug}", f"com.docker.compose.volume={key}")
        told = [word for label in labels for word in ("--label", label)]
        self.lab.docker("volume", "create", *self.lab.labels, *told, name)
        return name


def _variables(environment: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for name, value in environment.items() for word in ("-e", f"{name}={value}"))


def _waits_for(*services: str) -> tuple[str, str]:
    waits = ",".join(f"{service}:service_started:false" for service in services)
    return "--label", f"com.docker.compose.depends_on={waits}"


def five_services_told_wrong(lab: Lab) -> Scenario:
    """All five are well, and the stack is silent; then one after the other is told something wrong, and mended."""
    shop = Project(lab, 18480)
    _serves(shop.port)
    yield lab.whole("")
    shop.api(DATABASE_URL=DATABASE.replace("@postgres:", "@localhost:"))
    lab.refused("api-1", "127.0.0.1", 5432)
    yield lab.whole("", "address.host/localhost")
    shop.api(DATABASE_URL=DATABASE.replace("@postgres:", "@postgre:"))
    lab.does_not_resolve("api-1", "postgre")
    yield lab.whole("", "dns.resolves/unknown-name")
    shop.api()
    shop.worker(REDIS_URL=CACHE.replace("6379", "6380"))
    lab.refused("worker-1", "redis-1", 6380)
    yield lab.whole("", "address.port/wrong-port", rungs=LOOKING)
    shop.worker()
    shop.postgres(options=("-p", "127.0.0.1:15480:5432"))
    shop.worker(DATABASE_URL=DATABASE.replace("5432", "15480"))
    lab.refused("worker-1", "postgres-1", 15480)
    yield lab.whole("", "address.port/published-port")
    shop.worker()
    shop.web("8080")
    yield lab.whole("", "publish.listener/other-port", rungs=LOOKING)
    shop.web()
    yield lab.whole("")


def five_services_run_wrong(lab: Lab) -> Scenario:
    """The same with what goes wrong in the servers, between them, and with the data; at last two things at once."""
    shop = Project(lab, 18481)
    for service in ("api-1", "worker-1"):
        lab.connects(service, "postgres-1", 5432)
    shop.redis("--bind", "127.0.0.1")
    lab.refused("worker-1", "redis-1", 6379)
    yield lab.whole("", "port.interface/loopback-only", rungs=LOOKING)
    shop.redis()
    lab.docker("pause", lab.name("redis-1"))
    yield lab.whole("", "container.running/paused")
    lab.docker("unpause", lab.name("redis-1"))
    lab.docker("stop", lab.name("postgres-1"))
    yield lab.whole("", "container.running/exited")
    lab.docker("start", lab.name("postgres-1"))
    lab.listens("postgres-1", 5432)
    lab.network("other")
    lab.docker("network", "connect", lab.name("other"), lab.name("worker-1"))
    lab.docker("network", "disconnect", lab.name("default"), lab.name("worker-1"))
    lab.times_out("worker-1", "postgres-1", 5432)
    yield lab.whole("", "network.shared/no-common-network")
    shop.worker()
    lab.connects("worker-1", "redis-1", 6379)
    ports = ("-p", "tcp", "--dport", "5432")
    lab.host_rule("-I", "DOCKER-USER", "-i", lab.bridge("api-1", "default"), *ports, "-j", "DROP")
    lab.times_out("worker-1", "postgres-1", 5432)
    yield lab.whole("", "firewall.allows/rule", rungs=("netns",), instead=("port.accepts/timed-out",))
    lab.host("iptables", "-F", "DOCKER-USER")
    shop.postgres(options=("-e", "PGDATA=/srv/pg"), data=False)
    lab.connects("worker-1", "postgres-1", 5432)
    yield lab.whole("", "volume.persistent/in-the-container", warns=("volume.orphans/dangling",))
    shop.postgres("-c", "listen_addresses=localhost")
    shop.redis("--no-such-setting", "1", options=("--restart", "always"), starts=False)
    lab.until("redis to be restarted", lambda: lab.inspect("redis-1")["RestartCount"] > 2)
    lab.refused("worker-1", "postgres-1", 5432)
    two = ("port.interface/loopback-only", "container.running/crash-looping")
    yield lab.whole("", *two, rungs=LOOKING)


def five_services_set_up_wrong(lab: Lab) -> Scenario:
    """The same where nobody listens to the wrong address: who turns others away, may not write, or may not leave."""
    shop = Project(lab, 18483)
    lab.outside_server("labsrv", "http", OUTSIDE, "5432", port=5432)
    shop.worker("psql", DATABASE_URL=DATABASE.replace("hunter2hunter2", "wrong"), ARCHIVE_URL=f"postgresql://{OUTSIDE}")
    lab.says("worker-1", "password authentication failed")  # which is no fault of the network
    yield lab.whole("")
    inside = ("postgres-1", "redis-1", "api-1", "worker-1")
    lab.network("back", "--internal")
    for service in inside:
        lab.docker("network", "connect", "--alias", service[:-2], lab.name("back"), lab.name(service))
    lab.docker("network", "disconnect", lab.name("default"), lab.name("worker-1"))
    lab.says("worker-1", "failed: timeout expired", "failed: Network is unreachable")  # as old and new engines do it
    yield lab.whole("", "network.way-out/internal-only", rungs=LOOKING)
    shop.worker()
    for service in inside[:-1]:
        lab.docker("network", "disconnect", lab.name("back"), lab.name(service))
    shop.redis("--protected-mode", "yes")
    assert "-DENIED" in lab.inside("worker-1", "nc", "-w", "1", "redis", "6379").stdout
    yield lab.whole("", warns=("port.accepts/turned-away",))
    shop.redis(options=("--user", "1234"), data=str(lab.folder("cache")))
    assert lab.inside("redis-1", "touch", "/data/x").returncode
    yield lab.whole("", "volume.writable/owner-mismatch", rungs=LOOKING)
    shop.redis()
    shop.web("127.0.0.1:80")
    lab.refused("worker-1", "web-1", 80)
    yield lab.whole("", "publish.listener/loopback-behind", rungs=LOOKING)
    shop.web()
    lab.docker("network", "disconnect", lab.name("default"), lab.name("postgres-1"))
    lab.docker("network", "connect", "bridge", lab.name("postgres-1"))
    lab.does_not_resolve("worker-1", "postgres")
    yield lab.whole("", "network.shared/default-and-own", rungs=LOOKING)


def _serves(port: int) -> None:
    """web serves what api says, at the host's port."""
    got = subprocess.run(["labsrv", "get", "127.0.0.1", str(port)], capture_output=True, text=True, check=False)
    assert "OK" in got.stdout, got.stdout + got.stderr
