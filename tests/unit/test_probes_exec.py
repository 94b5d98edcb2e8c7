"""What the tools of images say, recorded from busybox 1.35, Debian 12 and their like."""

from __future__ import annotations

import pytest

from netdoctor.answers import Attempt, Outcome, Process
from netdoctor.probes.exec_reading import Heard, holders, outcome_of, read_attempts, read_lookup, sections

BUSYBOX_FOUND = """\
Server:		127.0.0.11
Address:	127.0.0.11:53

Non-authoritative answer:
Name:	ndp-web
Address: 172.23.0.5

Non-authoritative answer:
"""
OLD_BUSYBOX_FOUND = "Server:    127.0.0.11\nAddress 1: 127.0.0.11\n\nName:      db\nAddress 1: 172.18.0.2 db.app-net\n"
BIND_FOUND = (
    "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11#53\n\nNon-authoritative answer:\nName:\tdb\nAddress: 172.18.0.2\n"
)
AHOSTS = "172.23.0.2      STREAM db\n172.23.0.2      DGRAM  \n172.23.0.2      RAW    \n"
AHOSTS6 = "::ffff:172.23.0.2 STREAM db\nfd77:1::3       STREAM \n"
HEAD = "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n"


def test_sections_belong_to_their_mark() -> None:
    output = b"noise\n\nM /etc/hosts\n1.2.3.4 a\nM/etc/x\n\nM status 0\nunfinished\n\nM arp\n"
    assert sections(output, "M") == (("/etc/hosts", "1.2.3.4 a\nM/etc/x\n"), ("status 0", "unfinished\n"), ("arp", ""))


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ([("getent 0", AHOSTS)], Heard("found", ("172.23.0.2",))),
        ([("getent 0", AHOSTS), ("getent-ipv6 0", AHOSTS6)], Heard("found", ("172.23.0.2", "fd77:1::3"))),
        ([("getent 0", AHOSTS), ("getent-ipv6 124", "")], Heard("found", ("172.23.0.2",))),
        ([("getent 2", "")], Heard("unresolved")),
        ([("getent 124", "")], Heard("silent")),
        ([("getent 2", ""), ("getent-ipv6 124", ""), ("perl 0", "error -2\n")], Heard("unknown")),
        ([("getent 2", ""), ("python3 0", "error -5\n")], Heard("empty")),
        ([("getent 2", ""), ("python3 0", "error -3\nerror -3\n")], Heard("unresolved")),
        ([("getent 2", ""), ("python3 142", "")], Heard("silent")),
        ([("python3 142", "10.0.0.1\n")], Heard("found", ("10.0.0.1",))),
        ([("nslookup 0", BUSYBOX_FOUND)], Heard("found", ("172.23.0.5",))),
        ([("nslookup 0", OLD_BUSYBOX_FOUND)], Heard("found", ("172.18.0.2",))),
        ([("nslookup 0", BIND_FOUND)], Heard("found", ("172.18.0.2",))),
        ([("nslookup 1", HEAD + "** server can't find nosuch: NXDOMAIN\n")], Heard("unknown")),
        ([("nslookup 1", HEAD + "** server can't find x: SERVFAIL\n")], Heard("failed", rcode="SERVFAIL")),
        ([("nslookup 1", HEAD + "** server can't find x: REFUSED\n")], Heard("failed", rcode="REFUSED")),
        ([("nslookup 0", HEAD + "Non-authoritative answer:\n\n")], Heard("empty")),
        ([("nslookup 0", HEAD + "*** Can't find x: No answer\n")], Heard("empty")),
        ([("nslookup 1", ";; connection timed out; no servers could be reached\n")], Heard("silent")),
        ([("nslookup 143", "")], Heard("silent")),
        ([("nslookup 143", "nslookup: read: Connection refused\n")], Heard("no-server")),
        ([("nslookup 1", "can't connect to remote host (10.0.0.1): Network is unreachable")], Heard("no-server")),
        ([("nslookup 1", "nslookup: can't resolve 'x': Name does not resolve\n")], Heard("unknown")),
        ([("nslookup 1", "** server can't find a.test: NXDOMAIN"), ("nslookup 0", BUSYBOX_FOUND)],
         Heard("found", ("172.23.0.5",))),
        ([("node 0", "error ENOTFOUND\n")], Heard("unresolved")),
        ([("node 143", "")], Heard("unresolved")),
        ([("php 0", "error\n")], Heard("unresolved")),
        ([("ruby 1", "getaddrinfo: Name or service not known (SocketError)\n")], Heard("unresolved")),
        ([], Heard("unresolved")),
    ],
)  # fmt: skip
def test_lookups(said: list[tuple[str, str]], heard: Heard) -> None:
    assert read_lookup(said) == heard


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("nc: can't connect to remote host (172.23.0.5): Connection refused", "refused"),
        ("(UNKNOWN) [172.20.0.17] 82 (?) : Connection refused", "refused"),
        ("nc: connect to 172.20.0.99 port 80 (tcp) timed out: Operation now in progress", "timed-out"),
        ("nc: timed out", "timed-out"),
        ("Ncat: TIMEOUT.", "timed-out"),
        ("Operation timed out", "timed-out"),
        ("bash: /dev/tcp/10.0.0.1/80: No route to host", "no-route"),
        ("nc: 10.0.0.1 (10.0.0.1:80): Host is unreachable", "no-route"),
        ("Network unreachable", "network-unreachable"),
        ("connect: Network is unreachable", "network-unreachable"),
        ("nc: can't connect to remote host: Address not available", "no-address"),
        ("EHOSTUNREACH", "no-route"),
        ("Can't parse ::1 as an IP address", "error"),
    ],
)
def test_error_texts(text: str, outcome: Outcome) -> None:
    assert outcome_of(text) == outcome


def attempts(title: str, text: str, scheme: str = "") -> list[Attempt]:
    return [attempt for _, attempt in read_attempts([(title, text)], scheme)]


def test_attempts_of_python_and_perl() -> None:
    said = (
        "attempt 10.0.0.1 80 error 0.21 - - Connection refused\n"
        "attempt fd00::1 80 error 2001.5 - - Connection timed out\n"
        "attempt 10.0.0.2 80 connected 0.42 open 485454502f312e30\n"
        "perl: warning: Setting locale failed.\n"
    )
    assert attempts("attempts", said) == [
        Attempt(address="10.0.0.1", outcome="refused", text="Connection refused", ms=0.21),
        Attempt(address="fd00::1", outcome="timed-out", text="Connection timed out", ms=2001.5),
        Attempt(address="10.0.0.2", outcome="connected", after="open", heard="http", ms=0.42),
    ]
    assert attempts("attempts", "attempt 10.0.0.2 80 connected 0.4 closed -\n")[0].after == "closed"
    assert attempts("attempts", "attempt 10.0.0.2 5432 connected 0.4 open 4e\n", "postgres")[0].heard == "postgres"


def test_attempts_of_other_tools() -> None:
    assert attempts("nc 0 10.0.0.1 80", "") == [Attempt(address="10.0.0.1", outcome="connected")]
    curl = (
        "*   Trying 10.0.0.1:80...\n* connect to 10.0.0.1 port 80 failed: Connection refused\n* Closing connection 0\n"
    )
    assert attempts("curl 7 10.0.0.1 80", curl) == [
        Attempt(address="10.0.0.1", outcome="refused", text="* connect to 10.0.0.1 port 80 failed: Connection refused")
    ]
    assert attempts("bash 124 10.0.0.1 80", "")[0].outcome == "timed-out"
    assert attempts("nc-eof 143 10.0.0.1 80", "")[0].outcome == "connected", "it outlived its own time for connecting"
    assert attempts("nc-eof 1 10.0.0.1 80", "nc: timed out\n")[0].outcome == "timed-out"


def test_a_tool_that_is_the_fault_itself_proves_nothing() -> None:
    assert attempts("nc 1 ::1 80", "Can't parse ::1 as an IP address\n") == []
    assert attempts("curl 1 10.0.0.1 80", '* Protocol "telnet" not supported\n') == []
    assert attempts("none", "") == []


def test_ports_are_told_apart() -> None:
    said = "attempt 10.0.0.1 80 connected 0.1 - -\nattempt 10.0.0.1 81 error 0.1 - - Connection refused\n"
    assert [(port, a.outcome) for port, a in read_attempts([("attempts", said)], "")] == [
        (80, "connected"),
        (81, "refused"),
    ]


def test_holders_of_sockets() -> None:
    stats = "1 (sh) S 0 1 1\n7 (my (odd) name) D 1 1 1\n12 (cat) R 7 1\n"
    files = (
        "/proc/1/fd:\ntotal 0\nlrwx------ 1 0 0 64 Nov 23 23:38 0 -> /dev/null\n\n"
        "/proc/12/fd:\nlrwx------ 1 0 0 64 Nov 23 23:38 3 -> socket:[135028]\n\n"
        "/proc/7/fd:\nlrwx------ 1 0 0 64 Nov 23 23:38 3 -> socket:[135028]\nsocket:[99]\n\n"
        "/proc/99/fd:\nsocket:[100]\n"
    )
    process = Process(pid=7, name="my (odd) name", state="D")
    assert holders(stats, files) == {135028: process, 99: process}
