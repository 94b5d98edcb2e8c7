"""What engines really said, and what the model makes of it.

The dictionaries were recorded from Docker 20.10.24 (API 1.41), Docker 28.5.2 (1.51) and Podman 4.3.1 (1.41), and cut to
the fields that matter. None of these tests needs an engine.
"""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.model import Endpoint, Health, HealthRun, Mount, Network, Publication
from netdoctor.sources import inspected

NET_ID = "e60f2081de5d77b95557846d1badecc9d51db0fb064289216a873f51b2ce2895"
API_ID = "06de741283b409f6eca9dae9ff8d95f1bc311404a0019342441a2c4f2908d2a3"

# docker run -d --network src-net --ip 10.77.0.44 -p 18080:80 -p 127.0.0.1::81 -p 82/udp --tmpfs /run:ro,size=1m
#   -v /tmp/nd1:/host:ro -v src-vol:/data --add-host x:1.2.3.4 --health-cmd true --restart on-failure:3 ...
DOCKER_20: dict[str, Any] = {
    "Id": API_ID,
    "Created": "2026-11-23T23:01:46.540278899Z",
    "Path": "sleep",
    "Args": ["1000"],
    "State": {
        "Status": "running",
        "Running": True,
        "Restarting": False,
        "OOMKilled": False,
        "Pid": 24165,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": "2026-11-23T23:01:47.340482635Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {
            "Status": "healthy",
            "FailingStreak": 0,
            "Log": [
                {
                    "Start": "2026-11-23T23:02:26.379935634Z",
                    "End": "2026-11-23T23:02:26.481618012Z",
                    "ExitCode": 0,
                    "Output": "",
                }
            ],
        },
    },
    "Name": "/src-api",
    "RestartCount": 0,
    "HostConfig": {
        "NetworkMode": "src-net",
        "PortBindings": {
            "80/tcp": [{"HostIp": "", "HostPort": "18080"}],
            "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
            "82/udp": [{"HostIp": "", "HostPort": ""}],
        },
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        "AutoRemove": False,
        "ExtraHosts": ["x:1.2.3.4"],
        "Links": None,
        "ReadonlyRootfs": False,
        "Tmpfs": {"/run": "ro,size=1m"},
    },
    "Mounts": [
        {"Type": "bind", "Source": "/tmp/nd1", "Destination": "/host", "Mode": "ro", "RW": False},
        {
            "Type": "volume",
            "Name": "src-vol",
            "Source": "/var/lib/docker/volumes/src-vol/_data",
            "Destination": "/data",
            "Driver": "local",
            "Mode": "z",
            "RW": True,
        },
    ],
    "Config": {
        "Hostname": "06de741283b4",
        "User": "",
        "ExposedPorts": {"80/tcp": {}, "81/tcp": {}, "82/udp": {}},
        "Tty": False,
        "Env": ["DATABASE_URL=postgres://u:p@src-pg:5432/x", "PATH=/bin:/usr/bin"],
        "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1000000000},
        "Image": "netdoctor-test/busybox:1",
        "Labels": {"netdoctor.test": "1"},
    },
    "NetworkSettings": {
        "Ports": {
            "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "18080"}, {"HostIp": "::", "HostPort": "18080"}],
            "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}],
            "82/udp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}, {"HostIp": "::", "HostPort": "32768"}],
        },
        "Networks": {
            "src-net": {
                "IPAMConfig": {"IPv4Address": "10.77.0.44"},
                "Links": None,
                "Aliases": ["06de741283b4"],
                "NetworkID": NET_ID,
                "Gateway": "10.77.0.1",
                "IPAddress": "10.77.0.44",
                "GlobalIPv6Address": "",
            }
        },
    },
}

NETWORK_20: dict[str, Any] = {
    "Name": "src-net",
    "Id": NET_ID,
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv6": False,
    "IPAM": {"Driver": "default", "Options": {}, "Config": [{"Subnet": "10.77.0.0/24"}]},
    "Internal": False,
    "Attachable": False,
    "Options": {},
    "Labels": {"netdoctor.test": "1"},
}

PODMAN_4: dict[str, Any] = {
    "Id": "855e73390c533d743bff96f0167c028996fc782cb6be6cc64d3bc944189e2e03",
    "Created": "2026-11-23T23:30:26.686057335Z",
    "Path": "sh",
    "Args": ["-c", "sleep 1000"],
    "State": {
        "Status": "running",
        "Running": True,
        "Pid": 27861,
        "StartedAt": "2026-11-23T23:30:26.969321646Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {"Status": "", "FailingStreak": 0, "Log": None},
    },
    "Name": "/src-api",
    "HostConfig": {
        "NetworkMode": "bridge",
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "18080"}]},
        "RestartPolicy": {"Name": "no"},
        "Tmpfs": {"/run": "ro,rprivate,nosuid,nodev,tmpcopyup"},
    },
    "Mounts": [],
    "Config": {"Hostname": "855e73390c53", "ExposedPorts": {"80/tcp": {}}, "Env": ["TERM=xterm"], "Labels": None},
    "NetworkSettings": {
        "Ports": {"80/tcp": [{"HostIp": "", "HostPort": "18080"}]},
        "Networks": {
            "src-net": {
                "Aliases": ["855e73390c53"],
                "NetworkID": "src-net",
                "Gateway": "10.89.0.1",
                "IPAddress": "10.89.0.2",
            }
        },
    },
}


def changed(found: dict[str, Any], **parts: dict[str, Any]) -> dict[str, Any]:
    """The inspection with fields of its parts replaced: changed(X, State={"Pid": 0})."""
    return found | {name: found[name] | fields for name, fields in parts.items()}


def test_container_of_docker() -> None:
    found = inspected.container(DOCKER_20)
    assert (found.id, found.name, found.image, found.host_name) == (
        API_ID,
        "src-api",
        "netdoctor-test/busybox:1",
        "06de741283b4",
    )
    assert found.command == ("sleep", "1000")
    assert found.environment == (("DATABASE_URL", "postgres://u:p@src-pg:5432/x"), ("PATH", "/bin:/usr/bin"))
    assert found.labels == {"netdoctor.test": "1"}
    assert found.created == pytest.approx(1795474906.540279)
    assert (found.state.status, found.state.pid, found.state.finished) == ("running", 24165, 0.0)
    assert found.state.health == Health(
        status="healthy", test=("CMD-SHELL", "true"), runs=(HealthRun(exit_code=0, ended=1795474946.481618),)
    )
    assert found.network_mode == "src-net"
    assert found.endpoints == (
        Endpoint(
            network="src-net",
            network_id=NET_ID,
            address="10.77.0.44",
            gateway="10.77.0.1",
            aliases=("06de741283b4",),
            fixed_address="10.77.0.44",
        ),
    )
    assert found.extra_hosts == ("x:1.2.3.4",)
    assert (found.links, found.restart_policy, found.read_only, found.auto_remove) == ((), "on-failure", False, False)


@pytest.mark.parametrize(
    ("entry_point", "command", "expected"),
    [(["sleep"], ["1000"], 1), (None, ["sleep", "1000"], 0), ("sleep", ["1000"], None), (["tini"], ["1000"], None)],
)
def test_where_the_entry_point_ends(entry_point: object, command: list[str], expected: int | None) -> None:
    found = inspected.container(changed(DOCKER_20, Config={"Entrypoint": entry_point, "Cmd": command}))
    assert found.command == ("sleep", "1000")
    assert found.entry_words == expected


def test_ports_asked_for_and_published() -> None:
    found = inspected.container(DOCKER_20)
    assert found.exposed == ((80, "tcp"), (81, "tcp"), (82, "udp"))
    assert found.publications == (
        Publication(container_port=80, host_port=18080, container=API_ID),
        Publication(container_port=81, host_address="127.0.0.1", container=API_ID),
        Publication(container_port=82, protocol="udp", container=API_ID),
    )
    assert [(p.host_address, p.host_port) for p in found.published] == [
        ("0.0.0.0", 18080),
        ("::", 18080),
        ("127.0.0.1", 32768),
        ("0.0.0.0", 32768),
        ("::", 32768),
    ]


def test_ports_exposed_only_ranges_and_the_very_same_twice() -> None:
    twice = [{"HostIp": "0.0.0.0", "HostPort": "1"}] * 2
    found = inspected.container(
        changed(
            DOCKER_20,
            NetworkSettings={"Ports": {"80/tcp": twice, "90/tcp": None, "5/sctp": twice}},
            HostConfig={"PortBindings": {"80/tcp": [{"HostPort": "8000-8010"}], "81/tcp": None}},
            Config={"ExposedPorts": {"7000-7002/udp": {}, "9/sctp": {}}},
        )
    )
    assert found.published == (Publication(container_port=80, host_address="0.0.0.0", host_port=1, container=API_ID),)
    assert found.publications == (Publication(container_port=80, container=API_ID),)
    assert found.exposed == ((7000, "udp"), (7001, "udp"), (7002, "udp"))


def test_publish_all_asks_for_every_exposed_port() -> None:
    found = inspected.container(changed(DOCKER_20, HostConfig={"PublishAllPorts": True, "PortBindings": {}}))
    assert [p.container_port for p in found.publications] == [80, 81, 82]


def test_mounts_with_those_that_only_the_host_configuration_has() -> None:
    assert inspected.container(DOCKER_20).mounts == (
        Mount(kind="bind", destination="/host", source="/tmp/nd1", writable=False, container=API_ID),
        Mount(
            kind="volume",
            destination="/data",
            name="src-vol",
            source="/var/lib/docker/volumes/src-vol/_data",
            driver="local",
            container=API_ID,
            relabelled=False,  # the engine writes the mode z for every volume
        ),
        Mount(kind="tmpfs", destination="/run", writable=False, container=API_ID, given="--tmpfs"),
    )


def test_how_a_mount_was_asked_for() -> None:
    hexadecimal = "0f" * 32
    mounts = [
        {"Type": "bind", "Source": r"C:\data", "Destination": "/win"},
        {"Type": "volume", "Name": "plain", "Destination": "/plain"},
        {"Type": "volume", "Name": "part", "Destination": "/part"},
        {"Type": "volume", "Name": hexadecimal, "Destination": "/anonymous"},
        {"Type": "volume", "Name": hexadecimal[::-1], "Destination": "/rescued"},
    ]
    wanted = {"Subpath": "sub", "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs"}}}
    host = {
        "Binds": [r"C:\data:/win:ro", "plain:/plain/", f"{hexadecimal[::-1]}:/rescued"],
        "Mounts": [
            {"Type": "volume", "Source": "part", "Target": "/part", "VolumeOptions": wanted},
            {"Type": "volume", "Target": "/anonymous"},
        ],
    }
    found = inspected.container({**DOCKER_20, "Mounts": mounts, "HostConfig": host}).mounts
    assert [m.given for m in found] == ["-v", "-v", "--mount", "", "-v"]
    assert [m.anonymous for m in found] == [False, False, False, True, False]
    assert (found[2].subpath, found[2].wanted) == ("sub", (("type", "tmpfs"),))


def test_restarting_container_has_no_process_whatever_running_says() -> None:
    state = {"Status": "restarting", "Running": True, "Restarting": True, "Pid": 0, "ExitCode": 3}
    found = inspected.container(changed(DOCKER_20, State=state)).state
    assert (found.status, found.running, found.exit_code) == ("restarting", False, 3)


def test_container_that_was_never_started_is_on_its_network_by_name() -> None:
    never = {"IPAMConfig": None, "Aliases": None, "NetworkID": "", "Gateway": "", "IPAddress": "", "DNSNames": None}
    found = changed(DOCKER_20, NetworkSettings={"Ports": {}, "Networks": {"src-net": never}})
    assert inspected.container(found, (inspected.network(NETWORK_20),)).endpoints == (
        Endpoint(network="src-net", network_id=NET_ID),
    )


def test_names_that_newer_engines_list() -> None:
    entry = DOCKER_20["NetworkSettings"]["Networks"]["src-net"] | {"DNSNames": ["src-api", "5ec8b0e909c1"]}
    found = inspected.container(changed(DOCKER_20, NetworkSettings={"Networks": {"src-net": entry}}))
    assert found.endpoints[0].dns_names == ("src-api", "5ec8b0e909c1")


def test_container_of_podman() -> None:
    network = Network(id="ae1407", name="src-net")
    found = inspected.container(PODMAN_4, (network,))
    assert found.state.health is None
    assert (found.endpoints[0].network, found.endpoints[0].network_id) == ("src-net", "ae1407")
    assert found.publications == (Publication(container_port=80, host_port=18080, container=found.id),)
    assert found.published == (
        Publication(container_port=80, host_address="0.0.0.0", host_port=18080, container=found.id),
    )
    assert found.mounts == (
        Mount(kind="tmpfs", destination="/run", writable=False, container=found.id, given="--tmpfs"),
    )


def test_podmans_default_network_has_two_names() -> None:
    entry = {"podman": {"NetworkID": "podman", "IPAddress": "10.88.0.2", "Gateway": "10.88.0.1"}}
    listed = (Network(id="2f259b", name="bridge"),)
    found = inspected.container(changed(PODMAN_4, NetworkSettings={"Networks": entry}), listed)
    assert (found.endpoints[0].network, found.endpoints[0].network_id) == ("bridge", "2f259b")


def test_podman_repeats_what_the_joined_container_has() -> None:
    found = inspected.container(changed(PODMAN_4, HostConfig={"NetworkMode": "container:abc"}))
    assert (found.endpoints, found.published, found.donor) == ((), (), "abc")


@pytest.mark.parametrize(("theirs", "ours"), [("configured", "created"), ("stopped", "exited"), ("paused", "paused")])
def test_podmans_words_for_states(theirs: str, ours: str) -> None:
    assert inspected.container(changed(PODMAN_4, State={"Status": theirs})).state.status == ours


def test_networks() -> None:
    assert inspected.network(NETWORK_20) == Network(
        id=NET_ID,
        name="src-net",
        driver="bridge",
        subnets=("10.77.0.0/24",),
        ranges=("10.77.0.0/24",),
        labels={"netdoctor.test": "1"},
    )
    bare = inspected.network({"Id": "1", "Name": "none", "Options": None, "Labels": None, "IPAM": {"Config": None}})
    assert bare == Network(id="1", name="none")


def test_gateway_that_only_the_endpoints_know() -> None:
    networks = (inspected.network(NETWORK_20), Network(id="other", name="other", gateways=("172.17.0.1",)))
    found = inspected.with_gateways(networks, (inspected.container(DOCKER_20),))
    assert [n.gateways for n in found] == [("10.77.0.1",), ("172.17.0.1",)]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-23T23:01:46.540278899Z", 1795474906.540278),
        ("2026-11-24T01:01:46+02:00", 1795474906.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
        (None, 0.0),
        ("soon", 0.0),
    ],
)
def test_times(time: str | None, expected: float) -> None:
    assert inspected.seconds(time) == pytest.approx(expected, abs=1e-5)
