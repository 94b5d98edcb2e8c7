"""What the tools of an image say, and what it proves. Pure; what a tool cannot tell apart comes out as unresolved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, cast

import msgspec

from netdoctor.answers import Attempt, Outcome, Process
from netdoctor.probes.hello import heard, turned_away
from netdoctor.probes.processes import read_stat
from netdoctor.probes.resolver_files import is_address

Section = tuple[str, str]
"""A title and the text under it."""

KILLED = ("124", "137", "142", "143")
"""Exit codes of a command that `timeout`, the shell (TERM, KILL) or its own alarm ended."""

# glibc's words, musl's, and the names that node tells.
_OUTCOMES: tuple[tuple[str, Outcome], ...] = (
    ("connection refused", "refused"),
    ("econnrefused", "refused"),
    ("no route to host", "no-route"),
    ("host is unreachable", "no-route"),
    ("ehostunreach", "no-route"),
    ("network is unreachable", "network-unreachable"),
    ("network unreachable", "network-unreachable"),
    ("enetunreach", "network-unreachable"),
    ("cannot assign requested address", "no-address"),
    ("address not available", "no-address"),
    ("address family not supported", "no-address"),
    ("eaddrnotavail", "no-address"),
    ("timed out", "timed-out"),
    ("timeout", "timed-out"),
    ("etimedout", "timed-out"),
)


def sections(output: bytes, mark: str) -> tuple[Section, ...]:
    """The parts of a script's output, in order."""
    parts = re.split(rf"^{re.escape(mark)} (.*)\n", output.decode(errors="replace"), flags=re.MULTILINE)
    # The empty line before each mark ends an unfinished last line; it belongs to no section.
    return tuple((title.strip(), text.removesuffix("\n")) for title, text in zip(parts[1::2], parts[2::2], strict=True))


# -- names --------------------------------------------------------------------------------------------------------


class Heard(msgspec.Struct, frozen=True):
    """What the tools made of a name."""

    outcome: Literal["found", "unknown", "empty", "failed", "silent", "no-server", "unresolved"]
    addresses: tuple[str, ...] = ()
    rcode: str = ""


def read_lookup(said: Iterable[Section]) -> Heard:
    """The titles are `TOOL EXITCODE`; one that asked for IPv6 alone, `TOOL-ipv6`, says nothing about a failure."""
    addresses: dict[str, None] = {}
    failure: Heard | None = None
    for title, text in said:
        tool, _, code = title.partition(" ")
        addresses.update(dict.fromkeys(_addresses(tool.removesuffix("-ipv6"), text)))
        why = None if tool.endswith("-ipv6") else _failure(tool, code, text)
        if why is not None and (failure is None or failure.outcome == "unresolved"):
            failure = why
    if addresses:
        return Heard("found", tuple(addresses))
    return failure or Heard("unresolved")


def _addresses(tool: str, text: str) -> Iterable[str]:
    if tool == "nslookup":
        text = "\n".join(_answers_of_nslookup(text))
    for line in text.splitlines():
        word = (line.split() or [""])[0].partition("%")[0]
        if is_address(word) and not word.startswith("::ffff:"):  # ahostsv6 dresses IPv4 up as IPv6
            yield word


def _answers_of_nslookup(text: str) -> Iterable[str]:
    """`Address: 172.18.0.2`, or `Address 1: 172.18.0.2 name` in old busybox; the first is the server's own."""
    named = False
    for line in text.splitlines():
        named = named or line.startswith("Name:")
        if named and (match := re.match(r"Address(?: \d+)?:\s*(\S+)", line)):
            yield match[1]


def _failure(tool: str, code: str, text: str) -> Heard | None:
    if tool == "nslookup" and (why := _failure_of_nslookup(text)) != Heard("unresolved"):
        return why
    if code in KILLED and tool in ("getent", "nslookup", "python3", "perl"):
        return Heard("silent")  # all that these wait for is a name server; the others may only have been slow to start
    if tool in ("python3", "perl"):
        # getaddrinfo(3): -2 EAI_NONAME, -5 EAI_NODATA. -3 EAI_AGAIN is a failure as well as silence.
        for line in text.splitlines():
            word, _, number = line.partition(" ")
            if word == "error":
                return Heard({"-2": "unknown", "-5": "empty"}.get(number, "unresolved"))  # type: ignore[arg-type]
    return Heard("unresolved") if code != "0" or "error" in text else None


def _failure_of_nslookup(text: str) -> Heard | None:
    if match := re.search(r"can't find [^\n]*: (NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP)", text):
        return Heard("unknown") if match[1] == "NXDOMAIN" else Heard("failed", rcode=match[1])
    if "No answer" in text:
        return Heard("empty")
    if "onnection refused" in text or "nreachable" in text:
        return Heard("no-server")
    if "no servers could be reached" in text:
        return Heard("silent")
    if "Name does not resolve" in text or "Name or service not known" in text:  # EAI_NONAME in old busybox
        return Heard("unknown")
    if "Name:" not in text:
        # busybox says nothing at all about a name that exists without an address of the kind.
        return Heard("empty") if "answer:" in text else Heard("unresolved")
    return None


# -- connections --------------------------------------------------------------------------------------------------


def read_attempts(said: Iterable[Section], scheme: str) -> tuple[tuple[int, Attempt], ...]:
    """Pairs of port and attempt.

    The titles are `attempts` for lines as Python and Perl write them, or `TOOL EXITCODE ADDRESS PORT`.
    """
    found: list[tuple[int, Attempt]] = []
    for title, text in said:
        words = title.split()
        if words == ["attempts"]:
            for line in text.splitlines():
                part = line.split(maxsplit=7)
                if part[:1] == ["attempt"] and len(part) >= 7:
                    found.append((int(part[2]), _attempt(part, scheme)))
        elif len(words) == 4 and (attempt := _attempt_of_tool(words, text)) is not None:
            found.append((int(words[3]), attempt))
    return tuple(found)


def _attempt(part: list[str], scheme: str) -> Attempt:
    _, address, _, outcome, ms, after, hexed, *text = part
    said = b"" if hexed == "-" else bytes.fromhex(hexed)
    if outcome != "connected":
        words = " ".join(text)
        return Attempt(address=address, outcome=outcome_of(words), text=words, ms=float(ms))
    return Attempt(
        address=address,
        outcome="connected",
        after=cast('Literal["open", "closed", "reset", ""]', "" if after == "-" else after),
        heard=heard(said, scheme),
        turned_away=turned_away(said),
        ms=float(ms),
    )


def _attempt_of_tool(words: list[str], text: str) -> Attempt | None:
    """None when the tool says nothing that is known here: it may itself be the fault, as an nc without IPv6."""
    tool, code, address, _ = words
    if code == "0" or (tool == "nc-eof" and code in KILLED):
        return Attempt(address=address, outcome="connected")
    for line in text.splitlines():
        outcome = outcome_of(line)
        if outcome != "error":
            return Attempt(address=address, outcome=outcome, text=line.strip())
    return Attempt(address=address, outcome="timed-out", text="Connection timed out") if code in KILLED else None


def outcome_of(text: str) -> Outcome:
    """The outcome that an error text means; "error" for a text that nobody here knows."""
    lower = text.lower()
    return next((outcome for words, outcome in _OUTCOMES if words in lower), "error")


# -- processes ----------------------------------------------------------------------------------------------------


def holders(stats: str, files: str) -> Mapping[int, Process]:
    """Socket inodes with the process that holds them, the lowest pid first.

    `stats` is /proc/*/stat; `files` is `ls -l /proc/*/fd` with a line `/proc/PID/fd:` before each process's own.
    """
    known = {line.partition(" ")[0]: seen for line in stats.splitlines() if (seen := read_stat(line))}
    found: dict[int, Process] = {}
    pid = ""
    for line in files.splitlines():
        if match := re.fullmatch(r"/proc/(\d+)/fd:", line.strip()):
            pid = match[1]
        elif (match := re.search(r"socket:\[(\d+)\]$", line)) and pid in known:
            name, state = known[pid]
            process = Process(pid=int(pid), name=name, state=state)
            before = found.get(int(match[1]))
            if before is None or process.pid < before.pid:
                found[int(match[1])] = process
    return found
