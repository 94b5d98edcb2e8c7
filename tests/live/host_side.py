"""What a scenario does to the engine's host: rules, sysctls, a world outside. All of it is undone with the stack.

The host is the network namespace that the tests run in, which is the engine's own and not the machine's; on the
machine's own namespace nothing of this is done.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path


class HostSide:
    """The host's part of a lab."""

    slug: str

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def host(self, *argv: str, check: bool = True) -> str:
        """Run a command as root on the host; returns what it printed."""
        assert _own_namespace(), "the host is changed only where the engine has a network namespace of its own"
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0 or not check, f"{shlex.join(argv)}: {done.stderr}"
        return done.stdout

    def host_rule(self, *arguments: str, program: str = "iptables") -> None:
        """A rule on the host, `-I DOCKER-USER ...`, with a comment by which it is found again and deleted."""
        self.host(program, "-w", *arguments, "-m", "comment", "--comment", self._mark)

    def host_chains(self) -> None:
        """Whatever becomes of the host's rules of iptables, they are as they were when the stack is removed."""
        saved = self.host("iptables-save")
        self._undo.append(lambda: subprocess.run(["iptables-restore"], input=saved, text=True, check=True, timeout=30))

    def native_rule(self, rule: str) -> None:
        """A rule of nftables in a table of the scenario's own, in a chain at the hook `forward`."""
        table = f"netdoctor_{self.slug.replace('-', '_')}"
        self.host("nft", f"add table inet {table}")
        self.host("nft", f"add chain inet {table} forward {{ type filter hook forward priority -10; }}")
        self.host("nft", f"add rule inet {table} forward {rule}")

    def sysctl(self, name: str, value: str) -> None:
        """A setting of the host's namespace."""
        file = Path("/proc/sys", *name.split("."))
        before = file.read_text()
        self._undo.append(lambda: file.write_text(before))
        self.host("sysctl", "-qw", f"{name}={value}")

    @property
    def _mark(self) -> str:
        return f"netdoctor.scenario={self.slug}"

    def restore_host(self) -> None:
        """Undo all of it, and what a killed run of the same scenario left."""
        while self._undo:
            self._undo.pop()()
        if not _own_namespace():
            return
        for program in ("iptables", "iptables-legacy"):
            for line in self.host(f"{program}-save", check=False).splitlines():
                words = shlex.split(line) if line.startswith("-A ") else []
                if self._mark in words:
                    self.host(program, "-w", "-D", *words[1:])
        table = f"netdoctor_{self.slug.replace('-', '_')}"
        if f"table inet {table}" in self.host("nft", "list", "tables", check=False).splitlines():
            self.host("nft", "delete", "table", "inet", table)


def _own_namespace() -> bool:
    """Whether this is a network namespace that somebody made and named, ip-netns(8), and so not the machine's."""
    own = Path("/proc/self/ns/net").stat().st_ino
    folder = Path("/run/netns")
    return folder.is_dir() and any(named.stat().st_ino == own for named in folder.iterdir())
