"""The endpoint is the one that the docker command would talk to."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from netdoctor.sources.endpoint import DEFAULT_URL, TLS, BadEndpoint, EndpointAddress, find_endpoint, other_endpoints


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".docker").mkdir()
    return tmp_path


def environ(home: Path, **more: str) -> Mapping[str, str]:
    return {"HOME": str(home), **more}


def add_context(home: Path, name: str, host: str, skip: bool = False, tls: bool = False) -> Path:
    """As `docker context create` writes it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    folder = home / ".docker/contexts/meta" / digest
    folder.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": skip}}
    (folder / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints}))
    material = home / ".docker/contexts/tls" / digest / "docker"
    if tls:
        material.mkdir(parents=True)
        for part in ("ca", "cert", "key"):
            (material / f"{part}.pem").write_text("x")
    return material


def set_current(home: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (home / ".docker/config.json").write_text(text)


def test_default_without_any_configuration(tmp_path: Path) -> None:
    assert find_endpoint(environ={"HOME": str(tmp_path / "nowhere")}) == EndpointAddress(DEFAULT_URL)


def test_order_of_precedence(home: Path) -> None:
    for name in ("typed", "variable", "current"):
        add_context(home, name, f"unix:///{name}.sock")
    set_current(home, {"currentContext": "current"})
    with_all = environ(home, DOCKER_HOST="unix:///host.sock", DOCKER_CONTEXT="variable")
    without_host = environ(home, DOCKER_CONTEXT="variable")
    assert find_endpoint("unix:///x.sock", environ=with_all).url == "unix:///x.sock"
    assert find_endpoint(context="typed", environ=with_all) == EndpointAddress("unix:///typed.sock", name="typed")
    assert find_endpoint(environ=with_all) == EndpointAddress("unix:///host.sock")
    assert find_endpoint(environ=without_host).name == "variable"
    assert find_endpoint(environ=environ(home)).name == "current"
    # The docker command means DOCKER_HOST by the context "default".
    assert find_endpoint(context="default", environ=with_all).url == "unix:///host.sock"
    assert find_endpoint(context="default", environ=environ(home)).url == DEFAULT_URL


def test_docker_config_names_the_folder(home: Path, tmp_path: Path) -> None:
    add_context(home, "rootless", "unix:///r.sock")
    set_current(home, {"currentContext": "rootless"})
    found = find_endpoint(environ={"HOME": "/nowhere", "DOCKER_CONFIG": str(home / ".docker")})
    assert found == EndpointAddress("unix:///r.sock", name="rootless")
    assert found.socket == "/r.sock"


def test_host_and_context_are_a_contradiction(home: Path) -> None:
    with pytest.raises(BadEndpoint, match="not both"):
        find_endpoint("unix:///x", "y", environ(home))


def test_unknown_context_lists_the_known_ones(home: Path) -> None:
    add_context(home, "rootless", "unix:///r.sock")
    add_context(home, "desktop-linux", "unix:///d.sock")
    with pytest.raises(BadEndpoint, match=r"no docker context prod; known: default, desktop-linux, rootless$"):
        find_endpoint(context="prod", environ=environ(home))


@pytest.mark.parametrize("content", ["{bad", '{"currentContext": 3}', "[]", "\xff"])
def test_config_that_cannot_be_read_is_one_sentence(home: Path, content: str) -> None:
    (home / ".docker/config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(BadEndpoint) as error:
        find_endpoint(environ=environ(home))
    assert str(error.value).startswith(f"{home}/.docker/config.json is not a docker configuration")
    assert "\n" not in str(error.value)
    # Nobody needs that file when the engine is named.
    assert find_endpoint("unix:///x", environ=environ(home)).url == "unix:///x"


def test_damaged_context(home: Path) -> None:
    add_context(home, "broken", "unix:///r.sock")
    next((home / ".docker/contexts/meta").glob("*/meta.json")).write_text("{")
    with pytest.raises(BadEndpoint, match="the context broken is damaged"):
        find_endpoint(context="broken", environ=environ(home))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("unix://", DEFAULT_URL),
        ("tcp://", "tcp://localhost:2375"),
        ("localhost", "tcp://localhost:2375"),
        (":4000", "tcp://localhost:4000"),
        ("tcp://10.0.0.1:1", "tcp://10.0.0.1:1"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("ssh://me@host:22/run/x.sock", "ssh://me@host:22/run/x.sock"),
    ],
)
def test_urls_are_completed_like_the_docker_command_does(given: str, url: str) -> None:
    assert find_endpoint(given, environ={"HOME": "/nowhere"}).url == url


@pytest.mark.parametrize("given", ["/var/run/docker.sock", "gopher://x", "tcp://host:port"])
def test_urls_that_name_no_engine(given: str) -> None:
    with pytest.raises(BadEndpoint, match="write "):
        find_endpoint(given, environ={"HOME": "/nowhere"})


def test_tls_from_the_environment(home: Path, tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    certs.mkdir()
    (certs / "ca.pem").write_text("x")
    given = environ(home, DOCKER_HOST="tcp://build", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(certs))
    assert find_endpoint(environ=given) == EndpointAddress("tcp://build:2376", tls=TLS(ca=str(certs / "ca.pem")))
    # A socket of this machine has no use for it.
    assert find_endpoint("unix:///x", environ=given).tls is None


def test_tls_of_a_context(home: Path) -> None:
    folder = add_context(home, "remote", "tcp://build:2376", tls=True)
    add_context(home, "careless", "tcp://build", skip=True)
    add_context(home, "plain", "tcp://build")
    expected = TLS(ca=f"{folder}/ca.pem", cert=f"{folder}/cert.pem", key=f"{folder}/key.pem")
    assert find_endpoint(context="remote", environ=environ(home)).tls == expected
    assert find_endpoint(context="careless", environ=environ(home)).tls == TLS(verify=False)
    assert find_endpoint(context="careless", environ=environ(home)).url == "tcp://build:2376"
    assert find_endpoint(context="plain", environ=environ(home)) == EndpointAddress("tcp://build:2375", name="plain")


def test_shown_has_no_password() -> None:
    assert EndpointAddress("tcp://me:hunter2x@build:2375").shown == "tcp://me@build:2375"
    assert EndpointAddress("ssh://me@build").shown == "ssh://me@build"


@pytest.fixture
def sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the sockets one.sock, two.sock and docker.sock."""
    monkeypatch.chdir(tmp_path)  # a socket's path has a limit of 107 characters
    with ExitStack() as stack:
        for name in ("one.sock", "two.sock", "docker.sock"):
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(name)
        yield tmp_path


def test_other_engines_are_other_sockets_that_exist(home: Path, sockets: Path) -> None:
    add_context(home, "one", f"unix://{sockets}/one.sock")
    add_context(home, "two", f"unix://{sockets}/two.sock")
    add_context(home, "gone", f"unix://{sockets}/gone.sock")
    add_context(home, "far", "tcp://10.0.0.1:2375")
    (sockets / "alias.sock").symlink_to("one.sock")
    given = environ(home, XDG_RUNTIME_DIR=str(sockets))
    found = other_endpoints(EndpointAddress(f"unix://{sockets}/alias.sock"), given)
    ours = tuple(pair for pair in found if str(sockets) in pair[1])
    rootless = f"unix://{sockets}/docker.sock"
    assert ours == (("two", f"unix://{sockets}/two.sock"), (rootless, rootless))
