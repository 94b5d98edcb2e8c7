"""Does the source ask for the right place? Scenarios of the family `address`.

Mostly `netdoctor api db` without a port, as people type it: the address comes from the source's environment.
"""

from __future__ import annotations

import socket

from tests.live.lab import Lab, Scenario

DATABASE = ["labsrv", "http", "0.0.0.0", "5432"]
WEB = ["labsrv", "http", "0.0.0.0", "8080"]


def variables(**values: object) -> list[str]:
    return [word for name, value in values.items() for word in ("--env", f"{name}={value}")]


def _free_port() -> int:
    """A port that nothing on the host has, for a publication."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# -- address.host ---------------------------------------------------------------------------------------------------


def database_at_localhost(lab: Lab) -> Scenario:
    """DATABASE_URL says localhost; the neighbour says the name, and localhost only where it connects to nothing."""
    lab.network("net")
    db = lab.run("db", DATABASE, network="net", options=["--expose", "5432"])
    lab.run("api", network="net", options=variables(DATABASE_URL="postgres://u:pw@localhost:5432/app"))
    own = {
        "PUBLIC_URL": "http://localhost:5432",
        "CORS_ORIGIN": "http://localhost:5432",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "LISTEN_ADDR": "127.0.0.1:5432",
        "TEST_DATABASE_URL": "postgres://localhost:5432/test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317",
    }
    lab.run("well", network="net", options=variables(DB_HOST=db, DB_PORT=5432, **own))
    lab.listens("db", 5432)
    lab.refused("api", "127.0.0.1", 5432)
    lab.connects("well", "db", 5432)
    yield lab.sick(lab.name("api"), db, "address.host/localhost")
    yield lab.sick(lab.name("api"), "localhost:5432", "address.host/localhost")
    yield lab.healthy(lab.name("well"), db)


def database_inside_at_localhost(lab: Lab) -> Scenario:
    """localhost is right for a container with a database inside, and wrong for one whose database is another."""
    lab.network("net")
    lab.run("db", DATABASE, network="net")
    lab.run("api", network="net", options=variables(DB_HOST="127.0.0.1", DB_PORT=5432))
    inside = ["labsrv", "http", "127.0.0.1", "5432", "--", "sleep"]
    lab.run("well", inside, network="net", options=variables(DB_HOST="localhost", DB_PORT=5432))
    lab.listens("db", 5432)
    lab.listens("well", 5432)
    lab.refused("api", "127.0.0.1", 5432)
    lab.connects("well", "127.0.0.1", 5432)
    lab.run("lone", network="net", options=variables(REDIS_HOST="localhost"))
    lab.refused("lone", "127.0.0.1", 6379)
    yield lab.sick(lab.name("api"), None, "address.host/localhost", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("well"), "localhost:5432")
    yield lab.healthy(lab.name("well"), None)
    yield lab.healthy(lab.name("lone"), None, warns=("address.host/localhost", "port.accepts/refused"))


def sidecar_at_localhost(lab: Lab) -> Scenario:
    """A proxy in the network namespace of its app asks for localhost, and is right; a proxy of its own is wrong."""
    lab.network("net")
    app = lab.run("app", ["labsrv", "http", "127.0.0.1", "3000"], network="net")
    upstream = variables(UPSTREAM="http://127.0.0.1:3000")
    lab.run("sidecar", WEB, network=f"container:{app}", options=upstream)
    lab.listens("app", 3000)
    lab.listens("app", 8080)
    lab.connects("sidecar", "127.0.0.1", 3000)
    yield lab.healthy(lab.name("sidecar"), app)
    other = lab.run("other", ["labsrv", "http", "0.0.0.0", "3000"], network="net")
    lab.run("apart", WEB, network="net", options=upstream)
    lab.listens("other", 3000)
    lab.refused("apart", "127.0.0.1", 3000)
    yield lab.sick(lab.name("apart"), other, "address.host/localhost")


def localhost_for_a_browser(lab: Lab) -> Scenario:
    """API_URL says localhost and the published port: fine in a browser on the host. Where the log shows that the
    container itself asks there, it is not."""
    lab.network("net")
    port = _free_port()
    api = lab.run("api", WEB, network="net", options=["-p", f"127.0.0.1:{port}:8080"])
    told = variables(API_URL=f"http://localhost:{port}")
    lab.run("pages", WEB, network="net", options=["-p", "127.0.0.1::8080", *told])
    complain = f"echo 'connect ECONNREFUSED 127.0.0.1:{port} (connection refused)'; exec labsrv http 0.0.0.0 8080"
    lab.run("server", complain, network="net", options=["-p", "127.0.0.1::8080", *told])
    for short in ("api", "pages", "server"):
        lab.listens(short, 8080)
    lab.refused("server", "127.0.0.1", port)
    lab.connects("pages", "api", 8080)
    yield lab.sick(lab.name("server"), api, "address.host/localhost")
    yield lab.healthy(lab.name("pages"), api, warns=("address.host/localhost",))


def any_address_as_destination(lab: Lab) -> Scenario:
    """0.0.0.0 was copied from the server's setting; where a server listens there, it is right."""
    lab.network("net")
    backend = lab.run("backend", WEB, network="net", options=["--expose", "8080"])
    lab.run("api", network="net", options=variables(BACKEND_URL="http://0.0.0.0:8080"))
    settings = variables(UVICORN_HOST="0.0.0.0", UVICORN_PORT=8080, HOST="0.0.0.0", BIND="0.0.0.0:8080")
    lab.run("well", WEB, network="net", options=settings)
    lab.listens("backend", 8080)
    lab.listens("well", 8080)
    lab.refused("api", "0.0.0.0", 8080)
    lab.connects("well", "backend", 8080)
    yield lab.sick(lab.name("api"), backend, "address.host/any-address", rungs=("netns", "exec"))
    yield lab.sick(lab.name("api"), "0.0.0.0:8080", "address.host/any-address", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("well"), backend)
    yield lab.healthy(lab.name("well"), None)


def address_of_yesterday(lab: Lab) -> Scenario:
    """The database was made anew, and another container has its address; today's address is right until tomorrow."""
    lab.network("net", "--subnet", "10.231.57.0/24")
    lab.run("db", DATABASE, network="net", options=["--expose", "5432"])
    old = lab.address("db")
    lab.run("api", network="net", options=variables(DB_HOST=old, DB_PORT=5432))
    lab.docker("rm", "--force", lab.name("db"))
    lab.run("squatter", network="net", options=["--ip", old])
    db = lab.run("db", DATABASE, network="net", options=["--expose", "5432"])
    lab.listens("db", 5432)
    lab.refused("api", old, 5432)
    lab.connects("api", "db", 5432)
    yield lab.sick(lab.name("api"), db, "address.host/stale-address")
    today = f"{lab.address('db')}:5432"
    yield lab.healthy(lab.name("squatter"), today, warns=("address.host/fixed-address",))


def address_of_nobody(lab: Lab) -> Scenario:
    """The address in the configuration is nobody's any more. One that is fixed with --ip is right for ever, and one
    outside the engine's networks is none of ours."""
    lab.network("net", "--subnet", "10.231.58.0/24")
    db = lab.run("db", DATABASE, network="net", options=["--ip", "10.231.58.53", "--expose", "5432"])
    lab.run("api", network="net", options=variables(DATABASE_URL="postgres://u:pw@10.231.58.77:5432/app"))
    outside = variables(MAIL_HOST="mail.example.com", MAIL_PORT=25, REPLICA_HOST="198.51.100.7", REPLICA_PORT=5432)
    lab.run("well", network="net", options=[*variables(DB_HOST="10.231.58.53", DB_PORT=5432), *outside])
    lab.listens("db", 5432)
    lab.times_out("api", "10.231.58.77", 5432)
    lab.connects("well", "db", 5432)
    yield lab.sick(lab.name("api"), db, "address.host/stale-address")
    yield lab.healthy(lab.name("well"), db)
    yield lab.healthy(lab.name("well"), None)


HOST_GATEWAY = ["--add-host", "host.docker.internal:host-gateway"]


def _gateway(lab: Lab, short: str) -> str:
    """The address at which a container with HOST_GATEWAY arrives on the host."""
    hosts = lab.inside(short, "cat", "/etc/hosts").stdout.splitlines()
    return next(line.split()[0] for line in hosts if "host.docker.internal" in line)


def host_name_without_extra_hosts(lab: Lab) -> Scenario:
    """host.docker.internal is used as on a desktop; the neighbour was given the name."""
    lab.network("net")
    port = _free_port()
    told = variables(DB_HOST="host.docker.internal", DB_PORT=port)
    lab.run("well", network="net", options=[*HOST_GATEWAY, *told])
    gateway = _gateway(lab, "well")
    db = lab.run("db", DATABASE, network="net", options=["-p", f"{gateway}:{port}:5432"])
    lab.run("api", network="net", options=told)
    lab.listens("db", 5432)
    lab.does_not_resolve("api", "host.docker.internal")
    lab.connects("well", gateway, port)
    yield lab.sick(lab.name("api"), db, "address.host/engine-host-name", rungs=("netns", "exec"))
    yield lab.sick(lab.name("api"), "host.docker.internal:1", "address.host/engine-host-name", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("well"), db)


def host_publishes_on_loopback(lab: Lab) -> Scenario:
    """The database is published on 127.0.0.1 of the host and asked for there; the neighbour where containers arrive."""
    lab.network("net")
    port, other = _free_port(), _free_port()
    lab.run("api", network="net", options=[*HOST_GATEWAY, *variables(DB_HOST="host.docker.internal", DB_PORT=port)])
    gateway = _gateway(lab, "api")
    db = lab.run("db", DATABASE, network="net", options=["-p", f"127.0.0.1:{port}:5432"])
    open_db = lab.run("opendb", DATABASE, network="net", options=["-p", f"{gateway}:{other}:5432"])
    lab.run("well", network="net", options=variables(DB_HOST=gateway, DB_PORT=other))
    lab.listens("db", 5432)
    lab.listens("opendb", 5432)
    lab.refused("api", gateway, port)
    lab.connects("well", gateway, other)
    yield lab.sick(lab.name("api"), db, "address.host/host-loopback")
    yield lab.sick(lab.name("well"), f"{gateway}:{port}", "address.host/host-loopback")
    yield lab.healthy(lab.name("well"), open_db)


def host_server_on_loopback(lab: Lab) -> Scenario:
    """A server on the host itself listens on 127.0.0.1 only; its neighbour where containers arrive. Some are containers
    on the host's network, others are none."""
    lab.network("net")
    port, other = _free_port(), _free_port()
    lab.run("api", network="net", options=[*HOST_GATEWAY, *variables(DB_HOST="host.docker.internal", DB_PORT=port)])
    gateway = _gateway(lab, "api")
    both = ["labsrv", "http", "127.0.0.1", str(port), "--", "http", gateway, str(other)]
    lab.run("server", both, network="host")
    lab.listens("server", other)
    lab.refused("api", gateway, port)
    lab.connects("api", gateway, other)
    yield lab.sick(
        lab.name("api"), f"host.docker.internal:{port}", "address.host/host-loopback", rungs=("netns", "exec")
    )
    yield lab.healthy(lab.name("api"), f"{gateway}:{other}")
    third = _free_port()
    lab.host_server("labsrv", "http", "127.0.0.1", str(third), port=third)
    lab.run("lone", network="net", options=variables(DB_URL=f"mysql://{gateway}:{third}/app"))
    lab.run("well", network="net", options=variables(DB_URL=f"mysql://{gateway}:{other}/app"))
    lab.run("beside", network="host")
    lab.refused("lone", gateway, third)
    yield lab.sick(
        lab.name("lone"), None, "address.host/host-loopback", rungs=("netns",), instead=("port.accepts/refused",)
    )
    yield lab.healthy(lab.name("well"), None)
    yield lab.healthy(lab.name("beside"), f"{lab.name('server')}:{port}")


def service_name_for_a_browser(lab: Lab) -> Scenario:
    """A front end's build is told the name of a service; its neighbour is told the published port."""
    lab.network("net")
    port = _free_port()
    api = lab.run("api", WEB, network="net", options=["-p", f"127.0.0.1:{port}:8080"])
    lab.run("front", WEB, network="net", options=variables(VITE_API_URL=f"http://{api}:8080"))
    lab.run("well", WEB, network="net", options=variables(VITE_API_URL=f"http://localhost:{port}"))
    lab.listens("api", 8080)
    lab.connects("front", "api", 8080)
    yield lab.healthy(lab.name("front"), api, warns=("address.host/browser-address",))
    yield lab.healthy(lab.name("well"), api)


def underscore_in_a_url(lab: Lab) -> Scenario:
    """A name with an underscore in a web address; in a database's it harms nobody."""
    lab.network("net")
    api = lab.run("my_api", WEB, network="net")
    lab.run("front", network="net", options=variables(API_URL=f"http://{api}:8080"))
    lab.run("well", network="net", options=variables(DB_HOST=api, DB_PORT=8080))
    lab.listens("my_api", 8080)
    lab.resolves("front", api)
    lab.connects("front", "my_api", 8080)
    yield lab.healthy(lab.name("front"), api, warns=("address.host/not-a-host-name",))
    yield lab.healthy(lab.name("well"), api)


# -- address.port ---------------------------------------------------------------------------------------------------


def port_of_the_host(lab: Lab) -> Scenario:
    """The published port is used between containers; the neighbour uses it where it exists, at the host."""
    lab.network("net")
    port = _free_port()
    lab.run("well", network="net", options=[*HOST_GATEWAY, *variables(DB_HOST="host.docker.internal", DB_PORT=port)])
    gateway = _gateway(lab, "well")
    db = lab.run("db", DATABASE, network="net", options=["-p", f"{gateway}:{port}:5432"])
    lab.run("api", network="net", options=variables(DATABASE_URL=f"postgres://u:pw@{db}:{port}/app"))
    lab.run("both", network="net", options=variables(DB_HOST="localhost", DB_PORT=port))
    lab.listens("db", 5432)
    lab.refused("api", "db", port)
    lab.connects("api", "db", 5432)
    lab.connects("well", gateway, port)
    yield lab.sick(lab.name("api"), db, "address.port/published-port")
    yield lab.sick(lab.name("both"), db, "address.host/localhost")
    yield lab.healthy(lab.name("well"), db)


def port_of_nobody(lab: Lab) -> Scenario:
    """A number that the target never had. What an image exposes and does not open harms nobody who does not ask."""
    lab.network("net")
    web = lab.run("web", WEB, network="net", options=["--expose", "9999"])
    lab.run("api", network="net", options=variables(WEB_SERVICE=f"{web}:9090"))
    lab.run("well", network="net", options=variables(WEB_SERVICE=f"{web}:8080", METRICS_PORT=9999))
    lab.listens("web", 8080)
    lab.refused("api", "web", 9090)
    lab.connects("well", "web", 8080)
    yield lab.sick(lab.name("api"), web, "address.port/wrong-port", rungs=("netns", "exec"))
    yield lab.sick(lab.name("well"), f"{web}:80", "address.port/wrong-port", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("well"), web)


# -- address.current ------------------------------------------------------------------------------------------------


def proxy_takes_internal_calls(lab: Lab) -> Scenario:
    """HTTP_PROXY is set as for the world outside, and NO_PROXY does not know the stack; the neighbour's does."""
    lab.network("net")
    web = lab.run("web", WEB, network="net")
    proxy = variables(http_proxy="http://proxy.corp.example:3128", HTTP_PROXY="http://proxy.corp.example:3128")
    url = variables(WEB_API=f"http://{web}:8080")
    lab.run("api", network="net", options=[*proxy, *url, *variables(NO_PROXY="localhost,.internal,10.0.0.0/8")])
    lab.run("well", network="net", options=[*proxy, *url, *variables(no_proxy=f"localhost,{web}")])
    lab.listens("web", 8080)
    lab.connects("api", "web", 8080)
    yield lab.healthy(lab.name("api"), web, warns=("address.proxy/not-excluded",))
    yield lab.healthy(lab.name("well"), web)


def proxy_and_a_database(lab: Lab) -> Scenario:
    """A proxy is set, and the link is not HTTP: the database's driver does not know what a proxy is."""
    lab.network("net")
    db = lab.run("db", DATABASE, network="net")
    proxy = variables(ALL_PROXY="http://proxy.corp.example:3128", HTTP_PROXY="http://proxy.corp.example:3128")
    lab.run("api", network="net", options=[*proxy, *variables(DB_HOST=db, DB_PORT=5432)])
    lab.listens("db", 5432)
    lab.connects("api", "db", 5432)
    yield lab.healthy(lab.name("api"), db)
