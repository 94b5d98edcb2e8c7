"""Files of a container from outside, connects on loopback, and the accept queue."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.probes.accept_queue import Queue, read_once, watch
from netdoctor.probes.cannot import CannotAsk, Vanished
from netdoctor.probes.connecting import listen_for, try_tcp, try_udp, with_neighbour
from netdoctor.probes.files_inside import read_inside
from netdoctor.probes.namespaces import make_sure
from netdoctor.probes.processes import family, owners
from netdoctor.probes.sock_diag import NETLINK_SOCK_DIAG

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces and /proc are Linux's")
ME = os.getpid()


def test_reads_through_links(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "stub").write_text("nameserver 127.0.0.11\n")
    (tmp_path / "absolute").symlink_to(tmp_path / "run" / "stub")
    (tmp_path / "relative").symlink_to("run/../run/./stub")
    (tmp_path / "folder").symlink_to(tmp_path / "run")
    for name in ("run/stub", "absolute", "relative", "folder/stub"):
        assert read_inside(ME, str(tmp_path / name)) == "nameserver 127.0.0.11\n"


def test_reads_regular_files_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    for name in ("pipe", "circle", "nothing", "."):
        with pytest.raises(OSError):  # noqa: PT011  which one is the system's business
            read_inside(ME, str(tmp_path / name))


def test_a_pid_must_be_the_containers() -> None:
    with pytest.raises(CannotAsk, match="not the process of api"):
        make_sure(ME, ["f" * 64], "api")
    with pytest.raises(Vanished):
        make_sure(2**22 + 1, ["f" * 64], "api")


def plain_socket(family: int, kind: int) -> socket.socket:
    return socket.socket(family, kind)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as line:
        yield line


def test_owner_of_a_socket(server: socket.socket) -> None:
    inode = os.fstat(server.fileno()).st_ino
    assert owners(frozenset({inode, 1}), family(ME))[inode].pid == ME


@pytest.mark.parametrize(
    ("act", "after", "heard"),
    [("close", "closed", ""), ("reset", "reset", ""), ("wait", "open", ""), ("greet", "open", "ssh")],
)
def test_the_moment_after(server: socket.socket, act: str, after: str, heard: str) -> None:
    def serve() -> None:
        line, _ = server.accept()
        with line:
            if act == "reset":  # closing with a zero linger sends RST
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif act == "greet":
                line.sendall(b"SSH-2.0-x\r\n")
            if act in ("wait", "greet"):
                time.sleep(0.3)

    thread = threading.Thread(target=serve)
    thread.start()
    tried = try_tcp("127.0.0.1", server.getsockname()[1], 1, plain_socket)
    attempt = listen_for(tried, "", "db")
    if tried.line is not None:  # none where the reset came before connect(2) had returned
        tried.line.close()
    thread.join()
    assert (attempt.outcome, attempt.after, attempt.heard) == ("connected", after, heard)


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        tried = try_tcp("127.0.0.1", port, 1, plain_socket)
    assert (tried.line, tried.attempt.outcome, tried.attempt.text) == (None, "refused", "Connection refused")


def test_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        attempt = try_udp("127.0.0.1", port, 0.1, plain_socket)
        assert (attempt.outcome, attempt.text) == ("timed-out", "Connection timed out")
    assert try_udp("127.0.0.1", port, 0.5, plain_socket).outcome == "refused"


def test_neighbour_is_read_where_nobody_answered(server: socket.socket) -> None:
    tried = try_tcp("127.0.0.1", 1, 1, plain_socket)
    assert with_neighbour(tried.attempt, lambda _: pytest.fail("refused by somebody")) == tried.attempt


def test_accept_queue(server: socket.socket) -> None:
    address, port = server.getsockname()
    with socket.socket(getattr(socket, "AF_NETLINK", 16), socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        assert read_once(netlink, (port,), address) == Queue((0,), 1)
        assert read_once(netlink, (1, port), address).readings == (0,)
        assert read_once(netlink, (1,), address) == Queue()
        with socket.create_connection((address, port)) as ours:
            stuck = watch(netlink, (port,), address, ours.getsockname(), time.monotonic() + 0.7)
            assert len(stuck.readings) > 1
            assert set(stuck.readings) == {1}
            accepted, _ = server.accept()
            with accepted, socket.create_connection((address, port)):
                # Somebody else waits, but ours has been taken: the process is alive.
                assert watch(netlink, (port,), address, ours.getsockname(), time.monotonic() + 0.7).readings == (0,)
