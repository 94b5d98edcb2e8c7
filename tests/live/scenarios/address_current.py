"""Does it talk to the address of today? Scenarios of the check `address.current`."""

from __future__ import annotations

from tests.live.lab import Lab, Scenario
from tests.live.scenarios.address import DATABASE, WEB, variables


def nginx_keeps_the_old_upstream(lab: Lab) -> Scenario:
    """nginx looked its upstream up once; the backend was made anew, and another container has its address.

    One that was restarted since is well, and so is one that the log shows to have worked again."""
    lab.network("net")
    lab.run("backend", WEB, network="net", options=["--expose", "8080"])
    old = lab.address("backend")
    server = f"server {{ listen 80; location / {{ proxy_pass http://{lab.name('backend')}:8080; }} }}"
    serve = f"echo '{server}' > /etc/nginx/conf.d/x.conf; rm -f /etc/nginx/sites-enabled/*; exec nginx -g 'daemon off;'"
    lab.run("nginx", serve, image="nginx:1.22", network="net")
    lab.listens("nginx", 80)
    lab.until("an answer", lambda: _answer(lab, "nginx", 80) == "200")
    lab.docker("rm", "--force", lab.name("backend"))
    lab.run("squatter", network="net")
    assert lab.address("squatter") == old
    backend = lab.run("backend", WEB, network="net", options=["--expose", "8080"])
    lab.listens("backend", 8080)
    assert _answer(lab, "nginx", 80) == "502"
    yield lab.sick(lab.name("nginx"), backend, "address.current/cached")
    lab.inside("nginx", "nginx", "-s", "reload")
    lab.until("nginx to be well", lambda: _answer(lab, "nginx", 80) == "200")
    yield lab.healthy(lab.name("nginx"), backend)


def _answer(lab: Lab, short: str, port: int) -> str:
    """The status with which the container answers itself."""
    url = f"http://127.0.0.1:{port}/"
    return lab.inside(short, "curl", "-s", "-o", "/dev/null", "-m", "3", "-w", "%{http_code}", url).stdout


def client_keeps_the_old_address(lab: Lab) -> Scenario:
    """A client resolved the name once, and goes on trying an address that nobody has; a new one is well."""
    lab.network("net")
    lab.run("db", DATABASE, network="net", options=["--expose", "5432"])
    lab.run("api", ["labsrv", "client", lab.name("db"), "5432"], network="net")
    lab.until("api to connect", lambda: "connected to" in lab.docker("logs", lab.name("api")).stderr)
    lab.docker("rm", "--force", lab.name("db"))
    lab.docker("network", "connect", lab.name("net"), lab.run("holder"))  # takes the address for a moment
    db = lab.run("db", DATABASE, network="net", options=["--expose", "5432"])
    lab.docker("rm", "--force", lab.name("holder"))
    lab.listens("db", 5432)
    lab.run("well", ["labsrv", "client", lab.name("db"), "5432"], network="net")
    lab.until("well to connect", lambda: "connected to" in lab.docker("logs", lab.name("well")).stderr)
    # A failure from before the new database was up would prove nothing: wait for the next one.
    failures = lab.docker("logs", lab.name("api")).stderr.count(" failed: ")
    lab.until("api to fail again", lambda: lab.docker("logs", lab.name("api")).stderr.count(" failed: ") > failures)
    yield lab.sick(lab.name("api"), db, "address.current/cached")
    yield lab.healthy(lab.name("well"), db)


def kafka_advertises_localhost(lab: Lab) -> Scenario:
    """The broker sends its clients to localhost; its neighbour has a listener for containers and one for the host."""
    lab.network("net")
    broker = ["labsrv", "banner", "0.0.0.0", "9092", "x", "--", "banner", "0.0.0.0", "29092", "x"]
    told = variables(KAFKA_LISTENERS="PLAINTEXT://:9092", KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://localhost:9092")
    kafka = lab.run("kafka", broker, network="net", options=["--expose", "9092", *told])
    well = lab.name("well")
    two = variables(
        KAFKA_LISTENERS="INTERNAL://:29092,EXTERNAL://:9092",
        KAFKA_ADVERTISED_LISTENERS=f"INTERNAL://{well}:29092,EXTERNAL://localhost:9092",
    )
    lab.run("well", broker, network="net", options=["--expose", "29092", *two])
    lab.run("api", network="net", options=variables(KAFKA_BOOTSTRAP_SERVERS=f"{kafka}:9092"))
    lab.listens("kafka", 9092)
    lab.listens("well", 29092)
    lab.connects("api", "kafka", 9092)
    lab.refused("api", "127.0.0.1", 9092)
    yield lab.sick(lab.name("api"), kafka, "address.current/advertised")
    yield lab.sick(lab.name("api"), f"{well}:9092", "address.current/advertised")
    yield lab.healthy(lab.name("api"), f"{well}:29092")


def redis_cluster_announces_loopback(lab: Lab) -> Scenario:
    """A node of a Redis cluster announces 127.0.0.1; one that is no cluster may be told anything."""
    lab.network("net")
    server = ["redis-server", "--save", "", "--protected-mode", "no"]
    announce = ["--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", "6379"]
    cache = lab.run("cache", [*server, "--cluster-enabled", "yes", *announce], image="redis:7", network="net")
    single = lab.run("single", server, image="redis:7", network="net")
    lab.run("api", network="net", options=variables(REDIS_URL=f"redis://{cache}:6379"))
    lab.listens("cache", 6379)
    lab.listens("single", 6379)
    slots = lab.inside("cache", "redis-cli", "cluster", "nodes")
    assert "127.0.0.1:6379" in slots.stdout, slots
    lab.connects("api", "cache", 6379)
    lab.refused("api", "127.0.0.1", 6379)
    yield lab.sick(lab.name("api"), cache, "address.current/advertised")
    yield lab.healthy(lab.name("api"), single)


# -- address.proxy --------------------------------------------------------------------------------------------------
