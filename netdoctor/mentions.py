"""Addresses that a container has been told: found in its environment and its command line, never invented.

A mention is a host and a port as the configuration writes them. What they mean in the stack is judged elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from netdoctor.model import Container

Purpose = Literal["client", "browser", "proxy", "advertised", "own"]
"""client: the process connects there. browser: a front end's code does, on the user's machine. proxy: HTTP_PROXY and
its like. advertised: what a server tells its clients. own: where the process itself listens or is found (BIND, PUBLIC_URL)."""

# Well-known ports of URL schemes (IANA service names registry; vendors' documentation for the databases).
SCHEME_PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mongodb": 27017,
    "redis": 6379,
    "rediss": 6379,
    "valkey": 6379,
    "memcached": 11211,
    "amqp": 5672,
    "amqps": 5671,
    "nats": 4222,
    "kafka": 9092,
    "mqtt": 1883,
    "elasticsearch": 9200,
    "opensearch": 9200,
    "clickhouse": 8123,
    "cassandra": 9042,
    "sqlserver": 1433,
    "mssql": 1433,
    "oracle": 1521,
    "ldap": 389,
    "ldaps": 636,
    "smtp": 25,
    "smtps": 465,
    "ftp": 21,
    "ssh": 22,
    "sftp": 22,
    "s3": 9000,
    "grpc": 50051,
    "etcd": 2379,
    "consul": 8500,
    "vault": 8200,
    "zookeeper": 2181,
    "pulsar": 6650,
    "bolt": 7687,
    "neo4j": 7687,
    "couchdb": 5984,
    "influxdb": 8086,
}
_UDP_SCHEMES = {"udp", "syslog", "statsd", "dns"}
# Schemes that name no service of a network.
_NO_NETWORK = {"file", "unix", "sqlite", "sqlite3", "data", "about", "mailto", "urn", "app", "chrome-extension"}

_BROWSER = ("VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "VUE_APP_", "GATSBY_", "EXPO_PUBLIC_", "NG_APP_", "PUBLIC_")
_PROXY = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"}
# Words in a variable's name that say: this is where the process itself listens, or is found from outside.
_OWN = {
    "LISTEN", "LISTENER", "LISTENERS", "BIND", "BINDING", "PUBLIC", "EXTERNAL", "ORIGIN", "ORIGINS", "CORS", "ALLOWED", "TRUSTED",
    "CALLBACK", "REDIRECT", "CANONICAL", "DOMAIN", "DOMAINS", "VIRTUAL", "HEALTHCHECK", "SELF", "REFERER", "CSRF", "COOKIE",
    "ISSUER", "AUDIENCE", "WEBHOOK",
}  # fmt: skip
_OWN_WHOLE = re.compile(
    r"(HOST|HOSTNAME|PORT|URLS?|IP|ADDR(ESS)?|SERVER_NAME|NO_PROXY|ASPNETCORE_URLS)"
    r"|(APP|BASE|SITE|ROOT|SERVER|FRONTEND|WEB|SERVICE|HTTP|HTTPS|GRPC|METRICS|ADMIN)_(BASE_)?(URL|URI|HOST|HOSTNAME|ADDR|ADDRESS|IP|INTERFACE)"
)
_HOST_SUFFIX = re.compile(r"^(?P<stem>.*?)_?(?:HOST|HOSTNAME|HOSTS|SERVER|SERVERS|ADDR|ADDRESS|ENDPOINT|SERVICE)$")
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/\s?#\"'\\;]+)")
_GO_DSN = re.compile(r"@(?P<protocol>tcp|udp)\((?P<host>[^()]+)\)")
_KEY_VALUE = re.compile(
    r"(?:^|[\s;])(?P<key>host|hostaddr|server|data source|address|addr)\s*=\s*(?P<host>[^\s;,]+)(?:,(?P<comma>\d+))?", re.IGNORECASE
)
_KEY_PORT = re.compile(r"(?:^|[\s;])port\s*=\s*(?P<port>\d{1,5})", re.IGNORECASE)
_HOST_PORT = re.compile(rf"^(?P<host>\[[0-9a-fA-F:.]+\]|{_NAME}):(?P<port>\d{{1,5}})(?:/(?P<protocol>tcp|udp))?$")
_HOST_ONLY = re.compile(rf"^(?:{_NAME})$")


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A host, and a port (0: none was given), as written in `where` ("environment DATABASE_URL")."""

    host: str
    port: int = 0
    scheme: str = ""
    protocol: Literal["tcp", "udp"] = "tcp"
    purpose: Purpose = "client"
    where: str = ""
    variable: str = ""
    hint: str = ""
    """What the variable's name says about the service: `postgres` for POSTGRES_HOST, "" for nothing."""


def is_address(text: str) -> bool:
    """Whether the text is a literal IPv4 or IPv6 address, with or without brackets."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(text: str) -> bool:
    """Whether the text means "this very namespace": localhost, *.localhost (RFC 6761), 127.0.0.0/8 or ::1."""
    bare = text.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    return is_address(bare) and ipaddress.ip_address(bare).is_loopback


def is_any_address(text: str) -> bool:
    """Whether the text is 0.0.0.0 or ::, which are for listening and not for connecting."""
    return is_address(text) and ipaddress.ip_address(text.strip("[]")).is_unspecified


def nearest(name: str, candidates: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The candidates that look most like the name, best first: a typo, another separator, a longer or a shorter form."""
    from difflib import get_close_matches

    pool = {c.lower(): c for c in candidates if c}
    wanted = name.lower()
    same = [pool[c] for c in pool if _letters(c) == _letters(wanted)]
    close = [pool[c] for c in get_close_matches(wanted, pool, n=most, cutoff=0.6)]
    parts = [pool[c] for c in pool if len(wanted) > 2 and (wanted in re.split(r"[-_.]", c) or c in re.split(r"[-_.]", wanted))]
    return tuple(dict.fromkeys((*same, *close, *parts)))[:most]


def _letters(text: str) -> str:
    return re.sub(r"[-_.]", "", text)


def mentions(container: Container) -> tuple[Mention, ...]:
    """All addresses in the container's environment and command, each once, in the order of the configuration."""
    found: dict[Mention, None] = {}
    environment = dict(container.environment)
    for variable, value in environment.items():
        for mention in _in_variable(variable, value, environment):
            found[mention] = None
    for word in container.command[1:]:
        for mention in _in_text(word.partition("=")[2] if word.startswith("-") and "=" in word else word):
            found[msgspec.structs.replace(mention, where="the command", purpose=_word_purpose(word))] = None
    return tuple(found)


def parse(text: str) -> tuple[Mention, ...]:
    """The addresses in one string: a URL, host:port, a list of them, a DSN."""
    return tuple(_in_text(text.strip()))


def _word_purpose(word: str) -> Purpose:
    flag = word.partition("=")[0].upper()
    if "ADVERTISE" in flag or "ANNOUNCE" in flag:
        return "advertised"
    return "own" if word.startswith("-") and _own_words(re.split(r"[-_.]", flag)) else "client"


def _in_variable(variable: str, value: str, environment: dict[str, str]) -> Iterator[Mention]:
    purpose = _purpose(variable)
    where = f"environment {variable}"
    hint = _hint(variable)
    found = False
    for mention in _in_text(value.strip()):
        found = True
        yield msgspec.structs.replace(mention, purpose=purpose, where=where, variable=variable, hint=mention.scheme or hint)
    match = _HOST_SUFFIX.match(variable.upper())
    if found or not match or not _HOST_ONLY.match(value) and not is_address(value):
        return
    if value.isdigit() or value.lower() in ("true", "false", "yes", "no", "on", "off", "none", "null", "tcp", "udp"):
        return
    port = _sibling_port(variable, environment)
    if match["stem"] or port:
        yield Mention(host=value, port=port, scheme=hint, purpose=purpose, where=where, variable=variable, hint=hint)


def _sibling_port(variable: str, environment: dict[str, str]) -> int:
    stem = re.sub(r"(HOST|HOSTNAME|HOSTS|SERVER|ADDR|ADDRESS|ENDPOINT)$", "", variable, flags=re.IGNORECASE)
    for name in (f"{stem}PORT", f"{variable}_PORT"):
        if name in environment and name != variable:
            return _port(environment[name])
    return 0


def _in_text(text: str) -> Iterator[Mention]:
    urls = list(_URL.finditer(text))
    for match in urls:
        scheme = match["scheme"].lower().split("+")[0]
        if scheme in _NO_NETWORK:
            continue
        for piece in match["authority"].rpartition("@")[2].split(","):
            host, port = _split(piece)
            if host:
                udp = scheme in _UDP_SCHEMES
                yield Mention(
                    host=host, port=port or SCHEME_PORTS.get(scheme, 0), scheme=scheme, protocol="udp" if udp else "tcp"
                )
    for match in _GO_DSN.finditer(text):
        host, port = _split(match["host"])
        if host:
            yield Mention(host=host, port=port or SCHEME_PORTS["mysql"], scheme="mysql")
    if urls or "@" in text:
        return
    pieces = [_HOST_PORT.match(p.strip()) for p in text.split(",")]
    for piece in pieces if all(pieces) else ():
        if piece is not None and not piece["host"].isdigit():
            protocol: Literal["tcp", "udp"] = "udp" if piece["protocol"] == "udp" else "tcp"
            if port := _port(piece["port"]):
                yield Mention(host=piece["host"].strip("[]"), port=port, protocol=protocol)
    for match in _KEY_VALUE.finditer(text):
        host, port = _split(match["host"].removeprefix("tcp:"))
        given = _KEY_PORT.search(text)
        if host:
            yield Mention(host=host, port=port or _port(match["comma"] or "") or (_port(given["port"]) if given else 0))


def _split(piece: str) -> tuple[str, int]:
    """`host:port`, `[v6]:port`, `host`; ("", 0) for anything that is no host."""
    bracketed = re.match(r"^\[(?P<host>[0-9a-fA-F:.]+)\](?::(?P<port>\d+))?$", piece)
    if bracketed:
        return bracketed["host"], _port(bracketed["port"] or "")
    host, _, port = piece.partition(":")
    if not re.match(rf"^{_NAME}$", host) or (port and not port.isdigit()):
        return "", 0
    return host, _port(port)


def _port(text: str) -> int:
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else 0


def _purpose(variable: str) -> Purpose:
    name = variable.upper()
    words = name.split("_")
    if name in _PROXY:
        return "proxy"
    if name.startswith(_BROWSER):
        return "browser"
    if "ADVERTISED" in words or "ADVERTISE" in words or "ANNOUNCE" in words:
        return "advertised"
    return "own" if _OWN_WHOLE.fullmatch(name) or _own_words(words) else "client"


def _own_words(words: Iterable[str]) -> bool:
    return any(w in _OWN for w in words)


# What a word in a variable's name says about the service behind it.
_HINTS = {
    "POSTGRES": "postgres", "POSTGRESQL": "postgres", "PG": "postgres", "PGHOST": "postgres", "MYSQL": "mysql", "MARIADB": "mysql",
    "REDIS": "redis", "VALKEY": "redis", "MONGO": "mongodb", "MONGODB": "mongodb", "RABBITMQ": "amqp", "AMQP": "amqp",
    "KAFKA": "kafka", "ELASTICSEARCH": "elasticsearch", "MEMCACHED": "memcached", "MEMCACHE": "memcached", "NATS": "nats",
    "SMTP": "smtp",
}  # fmt: skip


def _hint(variable: str) -> str:
    return next((_HINTS[w] for w in variable.upper().split("_") if w in _HINTS), "")
