"""The ways to an engine: TCP, TLS, ssh; and what is said where nobody answers."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netdoctor.sources.docker_api import EngineAPI, NotFound, Unreachable
from netdoctor.sources.endpoint import TLS, EndpointAddress
from netdoctor.sources.errors import in_words
from tests.unit.fake_engine import FakeEngine, frame, reply, stream


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_plain_tcp(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {address}")
    with listener:
        FakeEngine(listener).on("GET /v1.41/info", reply({"Name": "far"}))
        host = f"[{address}]" if ":" in address else address
        with EngineAPI(EndpointAddress(f"tcp://{host}:{listener.getsockname()[1]}"), timeout=2) as api:
            assert api.get("/info") == {"Name": "far"}


def test_ssh_is_the_docker_commands_way(
    engine: FakeEngine, folder: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], None]
) -> None:
    program(
        "ssh",
        "import socket,sys,os,threading\n"
        "open(sys.argv[0]+'.args','w').write(' '.join(sys.argv[1:]))\n"
        f"s=socket.socket(socket.AF_UNIX); s.connect('{folder}/e.sock')\n"
        "threading.Thread(target=lambda: [os.write(1,d) for d in iter(lambda: s.recv(9999),b'')],daemon=True).start()\n"
        "for d in iter(lambda: os.read(0,9999),b''): s.sendall(d)\n",
    )
    engine.on("GET /v1.41/info", reply({"Name": "far"}))
    with EngineAPI(EndpointAddress("ssh://me@build:2222/run/d.sock"), timeout=5) as api:
        assert api.get("/info") == {"Name": "far"}
    wanted = "-T -l me -p 2222 -- build docker --host unix:///run/d.sock system dial-stdio"
    assert (folder / "bin/ssh.args").read_text() == wanted


def test_what_ssh_complains_about_is_told(program: Callable[[str, str], None]) -> None:
    program("ssh", "import sys; sys.exit('me@build: Permission denied (publickey).')")
    with pytest.raises(Unreachable, match=r"ssh says: me@build: Permission denied \(publickey\)"):
        EngineAPI(EndpointAddress("ssh://me@build"), timeout=5).get("/info")


@pytest.fixture
def program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def make(name: str, script: str) -> None:
        path = folder / "bin" / name
        path.parent.mkdir()
        path.write_text(f"#!{sys.executable} -IS\n{script}")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent))

    return make


def test_tls_goes_through_the_docker_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost -keyout key.pem -out ca.pem",
        shell=True,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")  # must not replace the engine's own
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as plain, context.wrap_socket(plain, server_side=True) as listener:
        engine = FakeEngine(listener)
        engine.on("GET /v1.41/info", reply({"Name": "far"}))
        engine.on("POST /v1.41/containers/c1/exec", reply({"Id": "e1"}, "201 Created"))
        engine.on("POST /v1.41/exec/e1/start", stream(frame(1, b"out") + frame(2, b"err")), None)
        engine.on("GET /v1.41/exec/e1/json", reply({"Running": False, "ExitCode": 0}))
        engine.on("GET /v1.41/x", reply({"message": "no x"}, "404 Not Found"), None)
        endpoint = EndpointAddress(f"tcp://localhost:{listener.getsockname()[1]}", tls=TLS(ca=str(folder / "ca.pem")))
        with EngineAPI(endpoint, timeout=1.5) as api:
            assert api.get("/info") == {"Name": "far"}
            assert api.exec("c1", ["id"], timeout=1).errors == b"err"
            with pytest.raises(NotFound, match="no x"):
                api.get("/x")
            with pytest.raises(Unreachable, match=r"did not answer within 1\.5 s"):
                api.get("/x")
        missing = EndpointAddress(endpoint.url, tls=TLS(ca="/nowhere/ca.pem"))
        with pytest.raises(Unreachable, match="cannot be reached"):
            EngineAPI(missing, timeout=0.5).get("/info")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
        with pytest.raises(Unreachable, match=r"do not trust each other \(self-signed certificate\)"):
            EngineAPI(EndpointAddress(endpoint.url, tls=TLS()), timeout=0.5).get("/info")
    with pytest.raises(Unreachable, match="no Docker engine answers"):
        EngineAPI(endpoint, timeout=0.5).get("/info")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/run/user/1000/docker.sock", "systemctl --user start docker"),
        ("/run/podman/podman.sock", "systemctl start podman.socket"),
        ("/root/.docker/desktop/docker.sock", "start Docker Desktop"),
        ("/root/.colima/default/docker.sock", "colima start"),
    ],
)
def test_each_engine_is_started_its_own_way(path: str, wanted: str) -> None:
    assert wanted in str(in_words(FileNotFoundError(2, "x"), EndpointAddress(f"unix://{path}"), 10))
