"""Is there anything to reach? Scenarios of the family `container`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.lab import Lab, Scenario

SERVER = ("labsrv", "http", "0.0.0.0", "5432")
FAILING = ("--health-interval", "200ms", "--health-retries", "1")


def _with_api(lab: Lab) -> None:
    lab.network("net")
    lab.run("api", network="net")


def _ended(lab: Lab, short: str) -> None:
    lab.until(f"{short} to end", lambda: lab.inspect(short)["State"]["Status"] == "exited")


def _has_health(lab: Lab, short: str, status: str) -> None:
    lab.until(f"{short} to be {status}", lambda: lab.inspect(short)["State"]["Health"]["Status"] == status)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of the host that the engine can mount."""
    with tempfile.TemporaryDirectory(prefix="netdoctor-") as name:
        yield Path(name)


# -- container.running --------------------------------------------------------------------------------------------


def ended_with_an_error(lab: Lab) -> Scenario:
    """The database ended with 3, so its name is gone; the migration beside it ended with 0 and is nobody's target."""
    _with_api(lab)
    lab.run("db", "echo FATAL: bad configuration; exit 3", network="net")
    lab.run("migrate", "echo done", network="net")
    lab.run("well", SERVER, network="net")
    _ended(lab, "db")
    _ended(lab, "migrate")
    lab.listens("well", 5432)
    lab.does_not_resolve("api", lab.name("db"))
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "container.running/exited")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")
    yield lab.healthy(lab.name("migrate"), None)


def ended_with_nothing_to_do(lab: Lab) -> Scenario:
    """The target is a shell without a terminal, which ends at once with 0; a terminal keeps its neighbour."""
    _with_api(lab)
    lab.run("db", ["sh"], network="net")
    lab.run("well", ["sh"], network="net", options=("--tty",))
    _ended(lab, "db")
    lab.does_not_resolve("api", lab.name("db"))
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "container.running/exited")
    yield lab.healthy(lab.name("well"), None)


def stopped_by_hand(lab: Lab) -> Scenario:
    """Killed by docker stop (137, and not for its memory): a fault for api that needs it, none when nobody does."""
    _with_api(lab)
    lab.run("db", SERVER, network="net")
    lab.run("worker", network="net", options=("--restart", "unless-stopped"))
    lab.docker("stop", "--time", "0", lab.name("db"), lab.name("worker"))
    state = lab.inspect("worker")["State"]
    assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 137, False)
    lab.does_not_resolve("api", lab.name("db"))
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "container.running/exited")
    yield lab.healthy(lab.name("worker"), None)


def windows_line_ends(lab: Lab) -> Scenario:
    """The mounted start script has Windows line ends, so the kernel looks for an interpreter that is not there."""
    with _folder() as folder:
        _with_api(lab)
        for name, text in (("db.sh", "#!/bin/sh\r\nsleep 3600\r\n"), ("well.sh", "#!/bin/sh\nexec sleep 3600\n")):
            (folder / name).write_bytes(text.encode())
            (folder / name).chmod(0o755)
        for short in ("db", "well"):
            mounted = ("--volume", f"{folder}/{short}.sh:/start.sh:ro", "--entrypoint", "/start.sh")
            lab.run(short, [], network="net", options=mounted)
        _ended(lab, "db")
        assert "exec /start.sh: no such file" in lab.docker("logs", lab.name("db")).stderr
        lab.does_not_resolve("api", lab.name("db"))
        yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "container.running/exited")
        yield lab.healthy(lab.name("well"), None)


def too_little_memory(lab: Lab) -> Scenario:
    """The kernel kills the database at its limit of 8 MiB; its neighbour has the same limit and needs less."""
    _with_api(lab)
    limit = ("--memory", "8m")
    # The first process outlives the one that is killed by a moment, or the engine may see its end before the kill.
    lab.run("db", "sh -c \"x=$(yes | tr -d '\\n' | head -c 200m)\"; sleep 1; exit 137", network="net", options=limit)
    lab.run("well", SERVER, network="net", options=limit)
    _ended(lab, "db")
    assert lab.inspect("db")["State"]["OOMKilled"]
    lab.does_not_resolve("api", lab.name("db"))
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "container.running/out-of-memory")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def crash_loop(lab: Lab) -> Scenario:
    """The database ends at once and is restarted again and again; its neighbour needed two starts and runs since."""
    _with_api(lab)
    lab.run("db", "echo FATAL: no data; exit 1", network="net", options=("--restart", "always"))
    twice = "test -e /tmp/again || { touch /tmp/again; exit 1; }; exec labsrv http 0.0.0.0 5432"
    lab.run("well", twice, network="net", options=("--restart", "on-failure:3"))
    lab.until("three restarts", lambda: lab.inspect("db")["RestartCount"] >= 3)
    lab.until("the second start", lambda: lab.inspect("well")["RestartCount"] == 1)
    lab.listens("well", 5432)
    lab.until(
        "the name to be gone", lambda: lab.inside("api", "nslookup", lab.name("db")).returncode
    )  # it comes and goes
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "container.running/crash-looping")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def frozen(lab: Lab) -> Scenario:
    """The database (an image without a shell) is paused: it resolves, it accepts, and it never answers."""
    _with_api(lab)
    for short in ("db", "well"):
        lab.run(short, [], image="static:1", network="net")
        lab.listens(short, 8080)
    lab.docker("pause", lab.name("db"))
    lab.connects("api", "db", 8080)
    for short, code in (("db", 1), ("well", 0)):
        assert lab.inside("api", "labsrv", "get", lab.address(short), "8080", "1").returncode == code
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:8080", "container.running/paused")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:8080")


def only_created(lab: Lab) -> Scenario:
    """The database (an image without a shell) was created and never started."""
    _with_api(lab)
    lab.create("db", [], image="static:1", network="net")
    lab.run("well", [], image="static:1", network="net")
    lab.listens("well", 8080)
    lab.does_not_resolve("api", lab.name("db"))
    lab.connects("api", "well", 8080)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:8080", "container.running/never-started")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:8080")


def waits_for_what_never_gets_ready(lab: Lab) -> Scenario:
    """Compose would start api when db is healthy, and web after it; db crashes. The job that well waits for is done."""
    lab.network("default")
    lab.service("", "db", "exit 1", network="default", options=["--restart", "always"])
    lab.service("", "job", "exit 0", network="default")
    lab.service("", "well", SERVER, network="default", options=_compose_waits("job:service_completed_successfully"))
    lab.service(
        "", "worker", network="default", options=["-e", "BACKEND=http://api:8000", "-e", "WELL=http://well:5432"]
    )
    for service, awaited in (("api", "db:service_healthy"), ("web", "api:service_started")):
        waits = _compose_waits(f"{awaited}:false", project=lab.slug, service=service)
        lab.create(f"{service}-1", network="default", options=["--network-alias", service, *waits])
    lab.until("db to be restarted", lambda: lab.inspect("db-1")["RestartCount"] > 2)
    lab.does_not_resolve("worker-1", "api")
    lab.connects("worker-1", "well-1", 5432)
    yield lab.whole("", "container.running/crash-looping")
    yield lab.sick(f"{lab.slug}/worker", "api:8000", "container.running/waiting")
    yield lab.healthy(f"{lab.slug}/worker", "well")


def _compose_waits(depends_on: str, **labels: str) -> list[str]:
    told = {"depends_on": depends_on, **labels}
    return [word for name, value in told.items() for word in ("--label", f"com.docker.compose.{name}={value}")]


def start_failed_for_a_port(lab: Lab) -> Scenario:
    """The database wants a port of the host that its neighbour has already."""
    _with_api(lab)
    taken = ("--publish", "127.0.0.1:18432:5432")
    lab.run("well", SERVER, network="net", options=taken)
    lab.run("db", SERVER, network="net", options=taken, check=False)
    lab.listens("well", 5432)
    assert "port is already allocated" in lab.inspect("db")["State"]["Error"]
    lab.does_not_resolve("api", lab.name("db"))
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "publish.bound/port-taken")
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def start_failed_for_a_command(lab: Lab) -> Scenario:
    """The command is not in the image; or it is a mounted script that may not be executed."""
    with _folder() as folder:
        _with_api(lab)
        lab.run("typo", ["postgress"], network="net", check=False)
        (folder / "start.sh").write_text("#!/bin/sh\nexec sleep 3600\n")
        mounted = ("--volume", f"{folder}/start.sh:/start.sh", "--entrypoint", "/start.sh")
        lab.run("script", [], network="net", options=mounted, check=False)
        assert "executable file not found" in lab.inspect("typo")["State"]["Error"]
        assert "permission denied" in lab.inspect("script")["State"]["Error"]
        lab.does_not_resolve("api", lab.name("typo"))
        yield lab.sick(lab.name("api"), f"{lab.name('typo')}:5432", "container.running/start-failed")
        yield lab.sick(lab.name("api"), f"{lab.name('script')}:5432", "container.running/start-failed")
        yield lab.healthy(lab.name("api"), None)


def start_failed_for_a_mount(lab: Lab) -> Scenario:
    """A directory is mounted onto a file; or the mounted folder was there for the first start and is gone since."""
    with _folder() as folder:
        _with_api(lab)
        kind = ("--volume", f"{folder}:/etc/passwd")
        lab.run("kind", network="net", options=kind, check=False)
        (folder / "data").mkdir()
        data = ("--mount", f"type=bind,source={folder}/data,target=/data", "--restart", "on-failure")
        lab.run("data", "while test -e /data; do sleep 0.1; ls /data/.. > /dev/null; test -e /end && exit 1; done",
                network="net", options=data)  # fmt: skip
        (folder / "data").rmdir()
        lab.inside("data", "touch", "/end")
        lab.until("the second start to fail", lambda: lab.inspect("data")["State"]["Error"])
        assert "not a directory" in lab.inspect("kind")["State"]["Error"]
        assert "no such file or directory" in lab.inspect("data")["State"]["Error"]
        lab.does_not_resolve("api", lab.name("data"))
        yield lab.sick(lab.name("api"), f"{lab.name('kind')}:5432", "volume.source/wrong-kind")
        yield lab.sick(lab.name("api"), f"{lab.name('data')}:5432", "volume.source/missing")
        yield lab.healthy(lab.name("api"), None)


# -- container.healthy --------------------------------------------------------------------------------------------


def unhealthy_and_deaf(lab: Lab) -> Scenario:
    """The health check fails since nothing listens; one neighbour is unhealthy and serves, the other is well."""
    _with_api(lab)
    ask = ("--health-cmd", "labsrv get 127.0.0.1 5432", *FAILING)
    lab.run("db", network="net", options=ask)
    lab.run("doubted", SERVER, network="net", options=("--health-cmd", "echo replication is late; exit 1", *FAILING))
    lab.run("well", SERVER, network="net", options=ask)
    _has_health(lab, "db", "unhealthy")
    _has_health(lab, "doubted", "unhealthy")
    _has_health(lab, "well", "healthy")
    lab.refused("api", "db", 5432)
    lab.connects("api", "doubted", 5432)
    lab.connects("api", "well", 5432)
    yield lab.sick(lab.name("api"), f"{lab.name('db')}:5432", "port.listening/nothing-listens", rungs=("netns", "exec"))
    yield lab.healthy(lab.name("api"), f"{lab.name('doubted')}:5432", warns=("container.healthy/unhealthy",))
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def still_starting(lab: Lab) -> Scenario:
    """Within its start period the database does not listen yet; its neighbour is as young and already serves."""
    _with_api(lab)
    period = ("--health-cmd", "labsrv get 127.0.0.1 5432", "--health-interval", "300s", "--health-start-period", "600s")
    lab.run("db", network="net", options=period)
    lab.run("well", SERVER, network="net", options=period)
    lab.listens("well", 5432)
    _has_health(lab, "db", "starting")
    _has_health(lab, "well", "starting")
    lab.refused("api", "db", 5432)
    lab.connects("api", "well", 5432)
    yield lab.sick(
        lab.name("api"), f"{lab.name('db')}:5432", "port.listening/nothing-listens",
        rungs=("netns", "exec"), warns=("container.healthy/starting",),
    )  # fmt: skip
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")
    yield lab.healthy(lab.name("well"), None)


def checker_not_in_the_image(lab: Lab) -> Scenario:
    """The health check wants curl, or a shell, that the image does not have: unhealthy, and the service is well."""
    _with_api(lab)
    curl = ("--health-cmd", "curl -f http://127.0.0.1:5432/ || exit 1", *FAILING)
    lab.run("curl", SERVER, network="net", options=curl)
    lab.run("shell", [], image="static:1", network="net", options=curl)
    lab.run("well", SERVER, network="net", options=("--health-cmd", "labsrv get 127.0.0.1 5432", *FAILING))
    for short in ("curl", "shell"):
        _has_health(lab, short, "unhealthy")
    _has_health(lab, "well", "healthy")
    lab.connects("api", "curl", 5432)
    lab.connects("api", "shell", 8080)
    yield lab.healthy(lab.name("api"), f"{lab.name('curl')}:5432", warns=("container.healthy/checker-missing",))
    yield lab.healthy(lab.name("api"), f"{lab.name('shell')}:8080", warns=("container.healthy/checker-missing",))
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")


def checker_on_ipv6(lab: Lab) -> Scenario:
    """wget of musl takes localhost for ::1, and the server listens on IPv4 only; its neighbour listens on both."""
    _with_api(lab)
    ask = ("--sysctl", "net.ipv6.conf.lo.disable_ipv6=0", "--health-cmd", "wget -O- http://localhost:5432/", *FAILING)
    lab.run("db", SERVER, image="alpine:3", network="net", options=ask)
    lab.run("well", ["labsrv", "http", "::*", "5432"], image="alpine:3", network="net", options=ask)
    _has_health(lab, "db", "unhealthy")
    _has_health(lab, "well", "healthy")
    assert "[::1]:5432" in lab.inside("db", "wget", "-O-", "http://localhost:5432/").stderr
    assert lab.inside("db", "wget", "-O-", "http://127.0.0.1:5432/").returncode == 0
    lab.connects("api", "db", 5432)
    yield lab.healthy(lab.name("api"), f"{lab.name('db')}:5432", warns=("container.healthy/checker-asks-ipv6",))
    yield lab.healthy(lab.name("api"), f"{lab.name('well')}:5432")
