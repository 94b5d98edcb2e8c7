"""What a scenario may do to its Docker host and to the world outside, all of it taken back at the end.

The host is the network namespace of an engine of the lab, never the machine's own: see tests/lab/README.md. Another
one stands for the world outside: the router and name server of the host's LAN, and a server in the internet.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.live.base import Base
from tests.live.undo import engine_folder

HOST = "192.0.2.2"
HOST6 = "2001:db8:2::2"
ROUTER = "192.0.2.1"
ROUTER6 = "2001:db8:2::1"
OUTSIDE_NAME = "outside.example"
"""What ROUTER resolves, and it knows no other name."""
OUTSIDE = "203.0.113.80"


class HostSide(Base):
    """The part of `Lab` for the host's side."""

    # -- commands -----------------------------------------------------------------------------------------------

    def host(self, *argv: str, undo: Sequence[str] | None = None, check: bool = True) -> str:
        """Run a command on the Docker host and return its output.

        What undoes it is known for added rules, routes, addresses, links, tables and mounts, for whatever changes
        iptables otherwise, and for what is done in a container's namespace, which goes with it. For anything else it
        must be said: `()` for a command that changes nothing.
        """
        return self._change((), argv, undo, check)

    def outside(self, *argv: str, undo: Sequence[str] | None = None, check: bool = True) -> str:
        """Run a command in the world outside, as `host` does."""
        return self._change(self._enter_outside(), argv, undo, check)

    def host_rule(self, *arguments: str, program: str = "iptables") -> None:
        """A rule on the host, `-I DOCKER-USER ...`, with a comment that says whose it is."""
        self.host(program, "-w", *arguments, "-m", "comment", "--comment", f"netdoctor.scenario={self.slug}")

    def host_chains(self) -> None:
        """Whatever becomes of the host's rules of iptables, they are as they were when the stack is removed."""
        self._restore_rules()

    def native_rule(self, rule: str) -> None:
        """A rule of nftables in a table of the scenario's own, in a chain at the hook `forward`."""
        table = f"netdoctor_{self.slug.replace('-', '_')}"
        self.host("nft", "add", "table", "inet", table)
        self.host("nft", "add", "chain", "inet", table, "forward", "{ type filter hook forward priority -10; }")
        self.host("nft", "add", "rule", "inet", table, "forward", rule)

    def outside_namespace(self) -> str:
        """The name by which `ip link add ... netns NAME` knows the world outside."""
        return f"netdoctor-{engine_folder().name}-out"

    def sysctl(self, name: str, value: str) -> None:
        """Set a sysctl of the Docker host."""
        path = Path("/proc/sys", *name.split("."))
        self.host("sysctl", "-qw", f"{name}={value}", undo=("sysctl", "-qw", f"{name}={path.read_text().strip()}"))

    def swarm(self) -> None:
        """Make the engine the only node of a swarm, so that there are overlay networks."""
        self._restore_rules()
        self.undo.note("docker", "network", "rm", "docker_gwbridge")
        self.undo.note("docker", "swarm", "leave", "--force")
        self.docker("swarm", "init", "--advertise-addr", HOST)

    def _enter_outside(self) -> tuple[str, ...]:
        return ("nsenter", f"--net=/run/netns/{self.outside_namespace()}")

    def _change(self, enter: tuple[str, ...], argv: Sequence[str], undo: Sequence[str] | None, check: bool) -> str:
        engine_folder()  # or this is no host of ours
        if undo is None:
            undo = inverse(argv)
        if undo is RESTORE:
            self._restore_rules()
        elif undo:
            self.undo.note(*enter, *undo)
        done = subprocess.run([*enter, *argv], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0 or not check, f"{shlex.join(argv)}: {done.stderr}"
        return done.stdout

    def _restore_rules(self) -> None:
        """Before the containers are removed, so that the engine finds its chains; and after, without their rules."""
        folder = engine_folder() / "pristine"
        for command, file in (("iptables-restore", "rules.v4"), ("ip6tables-restore", "rules.v6")):
            for early in (True, False):
                self.undo.note(command, str(folder / file), early=early)

    # -- servers ------------------------------------------------------------------------------------------------

    def host_server(self, *argv: str, port: int, file: str = "tcp") -> int:
        """Start a process on the Docker host, wait until it listens on the port, return its pid. `labsrv` is there."""
        return self._serve((), argv, port, file)

    def outside_server(self, *argv: str, port: int, file: str = "tcp") -> int:
        """Start a process in the world outside; its addresses are ROUTER and OUTSIDE."""
        return self._serve(self._enter_outside(), argv, port, file)

    def beyond(self, address: str, *argv: str, port: int) -> None:
        """A server in the world outside at an address of its own, which is beyond the host's router."""
        self.outside("ip", "address", "add", f"{address}/32", "dev", "lo")
        self.outside_server(*argv, port=port)

    def _serve(self, enter: tuple[str, ...], argv: Sequence[str], port: int, file: str) -> int:
        engine_folder()
        pid = self.process(*enter, *argv).pid
        self.listening(" ".join(argv), pid, port, file)
        return pid


RESTORE = ("(all rules)",)
"""Stands for bringing back the rules that the engine had when it was started."""


def inverse(argv: Sequence[str]) -> Sequence[str]:
    """The command that undoes another; () for one that changes nothing."""
    words = list(argv)
    match words:
        case [("iptables" | "ip6tables" | "iptables-legacy" | "ip6tables-legacy"), *rest]:
            return _inverse_rule(words, rest)
        case ["ip", *rest]:
            return _inverse_ip(words, rest)
        case ["nft", "add", "table", *table]:
            return ["nft", "delete", "table", *table]
        case ["nft", "add" | "insert", "chain" | "rule" | "set", *_]:
            return ()  # goes with its table
        case ["mount", *_]:
            return ["umount", "--lazy", words[-1]]
        case [("iptables-save" | "ip6tables-save" | "ss" | "ping" | "labsrv"), *_] | ["nft", "list", *_]:
            return ()
        case ["nsenter", "-t" | "--target", *_]:
            return ()  # goes with the container
    raise ValueError(f"say how to undo {' '.join(words)}")


def _inverse_rule(words: list[str], rest: list[str]) -> Sequence[str]:
    verbs = {"-A": "-D", "--append": "-D", "-I": "-D", "--insert": "-D"}
    for index, word in enumerate(rest):
        if word in ("-L", "-S", "-C", "--list", "--list-rules", "--check"):
            return ()
        if word in verbs:
            after = rest[index + 2 :]
            if after and after[0].isdigit():  # the place of an inserted rule
                after = after[1:]
            return [words[0], *rest[:index], verbs[word], rest[index + 1], *after]
    return [words[0], "--flush"] if words[0].endswith("-legacy") else RESTORE


def _inverse_ip(words: list[str], rest: list[str]) -> Sequence[str]:
    options = [w for w in rest if w.startswith("-")]
    match [w for w in rest if not w.startswith("-")]:
        case ["link", "add", "name" | "link", *_] | ["link", "set", *_]:
            raise ValueError(f"say how to undo {' '.join(words)}")
        case ["link", "add", name, *_]:
            return ["ip", "link", "delete", name]
        case [("route" | "rule" | "address" | "addr") as kind, "add", *what]:
            return ["ip", *options, kind, "delete", *what]
        case [_] | [_, "show" | "list" | "get", *_]:
            return ()
    raise ValueError(f"say how to undo {' '.join(words)}")
