"""What logs say of connections that did not come about, in the words of the common clients.

Each pattern is the very text of a runtime, a library or a tool, as people paste it into bug reports: Node, Python, Go,
Java, Ruby, PHP, .NET, Rust, Elixir, nginx, and the clients of PostgreSQL, MySQL, Redis, MongoDB, Kafka and RabbitMQ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from netdoctor.mentions.addresses import is_address
from netdoctor.mentions.kinds import SCHEME_PORTS
from netdoctor.mentions.texts import NAME, port_in, split
from netdoctor.patterns import lazily

Symptom = Literal["refused", "unresolved", "timed-out", "unreachable", "failed"]
"""unresolved: the name has no address. unreachable: no route, or no network. failed: the text does not say how."""


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """A place that could not be reached, and the line (0 is the first) that says so.

    `port` is 0 where the text names none. `address` is the IP address that the name stood for then, "" where the text
    has one or the other.
    """

    host: str
    port: int = 0
    address: str = ""
    scheme: str = ""
    symptom: Symptom = "failed"
    line: int = 0


_H = rf"(?P<host>\[[0-9a-fA-F:.]+\]|::1|{NAME})"
_HP = rf"{_H}:(?P<port>\d{{1,5}})\b"
_IP = r"(?P<ip>\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+)"
_URL = rf"(?P<scheme>[a-z][a-z0-9+]*)://(?:[^\s/@'\"]*@)?{_H}(?::(?P<port>\d{{1,5}}))?"
_WHY = (
    r"(?:[Cc]onnection refused|[Cc]onnection timed out|[Oo]peration timed out|[Nn]o route to host"
    r"|[Hh]ost is unreachable|[Nn]etwork (?:is )?unreachable|i/o timeout|[Nn]ame or service not known"
    r"|[Nn]ame does not resolve"
    r"|[Tt]emporary failure in name resolution|[Nn]odename nor servname provided|[Nn]o such host"
    r"|[Nn]o address associated|server misbehaving|[Tt]ry again|[Uu]nknown host"
    r"|nxdomain|econnrefused|etimedout|ehostunreach|timed? ?out)"
)

# What a line must hold to be looked at more closely.
_HINT = lazily(
    r"refused|REFUSED|timed? ?out|TIMEDOUT|timeout|unreachable|UNREACH|[Rr]esol|ENOTFOUND|EAI_AGAIN|EAI_NONAME|"
    r"no such host|[Nn]o route|not known|getaddrinfo|UnknownHost|[Uu]nknown MySQL|server misbehaving|host not found|"
    r"translate host|nxdomain|could not be established|bad address|[Cc]an't (?:connect|reach)|[Uu]nable to connect|"
    r"[Ff]ailed to connect|[Cc]ould not connect|Error \d+ connecting|nodename|reach database|make a connection|"
    r"UnableToConnect|attempt to connect|make connection|Connect call failed|TCP connection|server running on host"
)

# Text that names host and port, or host alone, of what failed. The first that fits a place of the text speaks for it.
_PATTERNS = tuple(
    lazily(p)
    for p in (
        # Node: connect ECONNREFUSED 127.0.0.1:5432 · getaddrinfo ENOTFOUND db · queryA EAI_AGAIN db
        rf"connect E[A-Z]+ {_HP}",
        rf"connect E[A-Z]+ {_IP}:(?P<port>\d{{1,5}})\b",
        rf"(?:getaddrinfo|query[A-Z]+) E[A-Z_]+ {_H}(?: {NAME}:(?P<port>\d{{1,5}}))?(?=[\s\"',;)]|$)",
        # libpq and all that stands on it; a blank line, a tab and a newline of older versions
        rf"could not translate host name \"{_H}\" to address",
        rf"connection to server at \"{_H}\"(?: \({_IP}\))?, port (?P<port>\d+) failed",
        rf"running on host \"{_H}\"(?: \({_IP}\))? and accepting\s+TCP/IP connections on port (?P<port>\d+)",
        # MySQL and MariaDB clients
        rf"Can't connect to (?:MySQL |MariaDB )?server on '{_H}(?::(?P<port>\d+))?'",
        rf"Unknown (?:MySQL|MariaDB)? ?server host '{_H}'",
        # Prisma
        rf"Can't reach database server at `?{_H}`?:`?(?P<port>\d+)",
        # redis-py, redis-rb, ioredis, Predis, Lettuce, StackExchange.Redis, redis-cli
        rf"Error -?\d+ (?:while )?connecting to {_HP}",
        rf"Error connecting to Redis on {_HP}",
        rf"Could not connect to Redis at {_HP}",
        rf"Unable to connect to (?:\[?)(?P<host>{NAME})(?:/<unresolved>|/[\d.]+)?:(?P<port>\d{{1,5}})\b",
        rf"UnableToConnect on {_HP}",
        rf"Connection refused \[{_URL}",
        # Ruby
        rf"connect\(2\) for \"?{_H}\"? port (?P<port>\d+)",
        rf"connect\(2\) for {_HP}",
        rf"Failed to open TCP connection to {_HP}",
        rf"Could not establish TCP connection to (?:any of the configured hosts|{_HP})",
        # Python: urllib3, aiohttp, asyncio, kombu, pymongo, kafka-python
        rf"HTTPS?ConnectionPool\(host='{_H}', port=(?P<port>\d+)\)",
        rf"Cannot connect to host {_HP}",
        rf"Connect call failed \('{_IP}', (?P<port>\d+)",
        rf"Cannot connect to {_URL}",
        rf"DNS lookup failed for {_HP}",
        # Go
        rf"\blookup {_H}(?: on [^\s:]+(?::\d+)?)?: ",
        rf"dial (?:tcp|udp)[46]?:? {_HP}: ",
        rf"dial (?:tcp|udp)[46]? (?:{_IP}|\[(?P<ip6>[0-9a-fA-F:]+)\]):(?P<port>\d{{1,5}})",
        # Java: the JDK, PostgreSQL's driver, Kafka, Netty, Apache HttpClient, Spring
        rf"UnknownHostException: {_H}(?=[\s:;,)]|$)",
        rf"Connection to {_HP} refused",
        rf"Connection to node -?\d+ \({_H}/{_IP}:(?P<port>\d+)\) could not be established",
        rf"Couldn't resolve server {_HP} from bootstrap",
        rf"(?:[Cc]onnection (?:refused|timed out)|No route to host): (?:[a-z ]+: )?{_H}?/{_IP}:(?P<port>\d+)",
        rf"Connect to {_HP} \[[^\]]*\] failed",
        rf"I/O error on [A-Z]+ request for \"{_URL}",
        # librdkafka
        rf"(?<![\w.]){_H}:(?P<port>\d+)/\w+: (?:Connect to|Failed to resolve)",
        rf"Failed to resolve '{_H}(?::(?P<port>\d+))?'",
        # PHP and curl
        rf"getaddrinfo for {_H} failed",
        rf"unable to connect to {_URL}",
        rf"Could not resolve (?:host|proxy): {_H}",
        rf"Failed to connect to {_H} port (?P<port>\d+)",
        rf"[Ff]ailed to connect to {_HP}",
        # .NET
        rf"(?:Connection refused|[Nn]ame or service not known|[Tt]emporarily unavailable|No route to host) \({_HP}\)",
        # nginx and Apache
        rf"while connecting to upstream, .*?upstream: \"{_URL}",
        rf"host not found in upstream \"{_H}(?::(?P<port>\d+))?\"",
        rf"(?<![\w.]){_H} could not be resolved \(\d+: ",
        rf"attempt to connect to {_IP}:(?P<port>\d+) \({_H}\) failed",
        # Elixir
        rf"tcp connect \({_HP}\)",
        # wget, nc, ssh and their like
        rf"bad address '{_H}(?::(?P<port>\d+))?'",
        rf"unable to resolve host address \W{_H}",
        rf"[Cc]ould not resolve hostname {_H}:",
        rf"Connecting to {NAME} \({_H}\)\|[^|]*\|:(?P<port>\d+)\.\.\. failed",
        rf"Connecting to {_H}(?: \({NAME}\))?\|[^|]*\|:(?P<port>\d+)\.\.\. failed",
        rf"nc: connect to {_H}(?: \({_IP}\))? port (?P<port>\d+)",
        rf"timeout occurred after waiting \d+ seconds for {_HP}",
        rf"/dev/tcp/{_H}/(?P<port>\d+): ",
    )
)
# Whatever stands between a place and the reason: `mongo:27017: [Errno 111] Connection refused`.
_LOOSE = tuple(
    lazily(p)
    for p in (
        rf"(?<![\w./@-]){_HP}[^\n:]{{0,12}}: (?:[^\n]{{0,60}}?){_WHY}",
        rf"(?<![\w@]){_URL}[^\n]{{0,60}}?[ :(]{_WHY}",
    )
)
_ACCESS = lazily(r"\"?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT) \S+ HTTP/")
"""A line of an access log: what stands in it was asked by somebody else."""

_SYMPTOMS: tuple[tuple[Symptom, re.Pattern[str]], ...] = (
    (
        "unresolved",
        lazily(
            r"ENOTFOUND|EAI_|not known|translate host|UnknownHost|no such host|resol|Unknown (?:MySQL|MariaDB)"
            r"|misbehaving|getaddrinfo|host not found|bad address|nxdomain|nodename|No address associated|DNS lookup"
            r"|Try again",
            re.IGNORECASE,
        ),
    ),
    ("refused", lazily(r"refused|\(111\)|Errno 111|Error 111|error 111", re.IGNORECASE)),
    ("unreachable", lazily(r"no route|unreach|\(113\)|Errno 113", re.IGNORECASE)),
    ("timed-out", lazily(r"time[d ]*out|timeout|deadline", re.IGNORECASE)),
)

_NEAR = 160
"""Characters after a place in which the reason can stand."""


@lru_cache(2048)  # one log is read for its links, and again for each of them
def complaints(text: str) -> tuple[Complaint, ...]:
    """The complaints in the lines of a log, in their order; the same place in one line once."""
    found: dict[tuple[int, str, int], Complaint] = {}
    for number, line, more in _suspicious(text):
        taken: list[tuple[int, int]] = []
        for pattern in _PATTERNS if _ACCESS.search(line) else (*_PATTERNS, *_LOOSE):
            for match in pattern.finditer(more):
                if match.start() <= len(line) and not any(a < match.end() and match.start() < b for a, b in taken):
                    taken.append(match.span())
                    one = _complaint(match, number)
                    if one is not None:
                        found.setdefault((number, one.host, one.port), one)
    return tuple(sorted(found.values(), key=lambda c: c.line))


def _suspicious(text: str) -> Iterator[tuple[int, str, str]]:
    """The lines that may complain: their number, they themselves, and with the two that follow."""
    if not text or not _HINT.search(text):
        return
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _HINT.search(line):
            yield number, line, "\n".join(lines[number : number + 3])


def _complaint(match: re.Match[str], line: int) -> Complaint | None:
    parts = match.groupdict()
    address = parts.get("ip") or parts.get("ip6") or ""
    written = (parts.get("host") or address).strip("[]")
    host, port = (written, 0) if is_address(written) else split(written)
    if not host or host.isdigit() or host.lower() in _NO_HOSTS:
        return None
    scheme = (parts.get("scheme") or "").lower()
    # Lettuce calls every name that it has not looked up yet so, whatever the reason was.
    near = match.string[match.start() : match.end() + _NEAR].replace("<unresolved>", "")
    whole = match.string.partition("\n")[0].replace("<unresolved>", "")
    symptom: Symptom = next((s for text in (near, whole) for s, pattern in _SYMPTOMS if pattern.search(text)), "failed")
    return Complaint(
        host=host.rstrip("."),
        port=port or port_in(parts.get("port") or "") or SCHEME_PORTS.get(scheme, 0),
        address=address if address != host and is_address(address) else "",
        scheme=scheme if scheme in SCHEME_PORTS else "",
        symptom=symptom,
        line=line,
    )


_NO_HOSTS = {"host", "hostname", "server", "address", "the", "a", "to", "failed", "error", "null", "undefined", "none"}
