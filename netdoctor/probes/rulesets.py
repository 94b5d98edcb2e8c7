"""The rules of a network namespace that can stop packets, from every backend that has some there.

Programs of the host are run in the namespace, only to list, and only where the kernel says that there is something to
list: iptables-save and `nft list` make no tables where there are none (iptables -L of the legacy backend would).
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from contextlib import suppress
from functools import cache

from netdoctor.answers import Unread
from netdoctor.model import HOST
from netdoctor.probes.inside import Inside
from netdoctor.probes.route_netlink import NETLINK_NETFILTER, attributes, messages, text
from netdoctor.probes.rule_counters import Reading
from netdoctor.probes.rule_listing import read_listing
from netdoctor.probes.rule_saves import read_save, tables_of

SECONDS = 2.0
"""For one program: 5000 rules take 60 ms, and a machine may be busy."""

_IPTABLES = frozenset({"filter", "nat", "mangle", "raw", "security"})
_FAMILIES = {1: "inet", 2: "ip", 5: "netdev", 7: "bridge", 10: "ip6"}  # NFPROTO_*; arp stops no IP packet
_GET_TABLES = 10 << 8 | 1  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE


class Ruleset:
    """The rules of one namespace for one family of packets. `read` is called again and again; it raises nothing."""

    def __init__(self, inside: Inside, place: str, ipv6: bool) -> None:
        self._inside = inside
        self.place = place
        self._six = "6" if ipv6 else ""
        self._family = "ip6" if ipv6 else "ip"
        self.unread: list[Unread] = []

    def read(self) -> Reading:
        """What there is now."""
        self.unread = []
        found = Reading()
        tables = _nft_tables(self._inside)
        shown: frozenset[tuple[str, str]] = frozenset()
        if any(family == self._family and name in _IPTABLES for family, name in tables):
            said = self._run("nft", f"ip{self._six}tables-save")
            shown = frozenset((self._family, name) for name in tables_of(said))
            found += read_save(said, self.place, "iptables-nft", self._family)
        if _legacy_tables(self._inside, self._six):
            said = self._run("legacy", f"ip{self._six}tables-legacy-save")
            found += read_save(said, self.place, "iptables-legacy", self._family)
        relevant = {self._family, "inet", "netdev", "bridge"}
        if any(family in relevant for family, _ in tables - shown):
            found += self._natively(shown, relevant)
        return found

    def _natively(self, shown: frozenset[tuple[str, str]], relevant: set[str]) -> Reading:
        said = self._run("native", "nft -a list ruleset")
        reading = read_listing(said, self.place, shown)
        return reading._replace(counted=tuple(c for c in reading.counted if c.rule.family in relevant))

    def _run(self, kind: str, by_hand: str) -> str:
        """The output of the program for the backend, "" where it cannot be run; then `unread` says so."""
        argv = _program(kind, self._six)
        enter = "" if self.place == HOST else f"nsenter -t {self._inside.pid} -n "
        command = f"sudo {enter}{by_hand}"
        what = {"nft": "rules of iptables", "legacy": "rules of iptables-legacy", "native": "rules of nftables"}[kind]
        if argv is None:
            self.unread.append(
                Unread(why=f"there are {what}, and the program to list them is missing", command=command)
            )
            return ""
        try:
            done = self._inside.namespace.act(lambda: _listed(argv))
        except (OSError, subprocess.SubprocessError) as error:
            self.unread.append(Unread(why=f"{argv[0]} could not list the {what}: {error}", command=command))
            return ""
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
            self.unread.append(Unread(why=f"{argv[0]} could not list the {what}: {said}", command=command))
            return ""
        return done.stdout


def _listed(argv: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    # The child is made by this thread, so it is in this thread's namespace.
    return subprocess.run(  # noqa: S603  fixed words
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )


@cache
def _program(kind: str, six: str) -> tuple[str, ...] | None:
    """The program that lists the rules of a backend, or None where it is not installed."""
    if kind == "native":
        path = _which("nft")
        return (path, "-a", "list", "ruleset") if path else None
    name = f"ip{six}tables-{kind}-save"
    if path := _which(name):
        return (path, "-c")
    path = _which(f"ip{six}tables-save")
    if path is None:
        return None
    # Before 1.8 there was one backend, and no word of it: v1.6.1. After, v1.8.9 (nf_tables) or (legacy).
    said = _listed((path, "-V")).stdout
    return (path, "-c") if ("nf_tables" in said) == (kind == "nft") else None


def _which(name: str) -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"))
    return shutil.which(name, path=path)


def _legacy_tables(inside: Inside, six: str) -> bool:
    return bool(inside.table(f"ip{six}_tables_names").strip())


def _nft_tables(inside: Inside) -> frozenset[tuple[str, str]]:
    """Pairs of family and name, of nftables and of iptables-nft; none where the kernel has no nftables."""
    found: set[tuple[str, str]] = set()
    with suppress(OSError), inside.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as line:
        line.settimeout(1.0)
        for body in messages(line, _GET_TABLES, bytes(4)):  # nfgenmsg: family, version, resource
            (family,) = struct.unpack_from("=B", body)
            if family in _FAMILIES:
                found.add((_FAMILIES[family], text(attributes(body[4:]).get(1))))  # NFTA_TABLE_NAME
    return frozenset(found)
