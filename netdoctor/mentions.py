"""Addresses that a container has been told: found in its environment and its command line, never invented.

A mention is a host and a port as the configuration writes them. What they mean in the stack is judged elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import msgspec

from netdoctor.patterns import lazily

if TYPE_CHECKING:
    from netdoctor.model import Container

Purpose = Literal["client", "browser", "proxy", "advertised", "own"]
"""client: the process connects there. browser: a front end's code does, on the user's machine. proxy: HTTP_PROXY and
its like. advertised: what a server tells its clients. own: where the process itself listens, or what others may call it
(BIND, PUBLIC_URL)."""

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
DATABASE = "database"
"""The hint of DB_HOST and its like: a database, nobody says which."""

_UDP_SCHEMES = {"udp", "syslog", "statsd", "dns"}
# Schemes that name no service of a network; an SRV record has a host and a port of its own.
_NO_NETWORK = {
    "file", "unix", "sqlite", "sqlite3", "data", "about", "mailto", "urn", "app", "chrome-extension", "mongodb+srv",
}  # fmt: skip

# -- what a variable's or a flag's name says ------------------------------------------------------------------------

_BROWSER = (
    "VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "VUE_APP_", "GATSBY_", "EXPO_PUBLIC_", "NG_APP_", "PUBLIC_",
)  # fmt: skip
_PROXY = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"}
_ADVERTISED = lazily(
    r"ADVERTISED?|(?:ANNOUNCE|PUBLISH|BROADCAST)[^A-Z]*(?:RPC[^A-Z]*)?(?:IP|HOST|HOSTNAME|ADDR|ADDRESS)$"
)
# This is where the process itself listens, or what others may call it.
_OWN = {
    "LISTEN", "LISTENER", "LISTENERS", "BIND", "BINDING", "ORIGIN", "ORIGINS", "CORS", "ALLOWED",
    "TRUSTED", "CALLBACK", "REDIRECT", "CANONICAL", "DOMAINS", "VIRTUAL", "LETSENCRYPT", "ACME",
    "HEALTHCHECK", "PROBE", "SELF", "REFERER", "CSRF", "COOKIE", "AUDIENCE", "SWAGGER", "NEXTAUTH",
    "LOGOUT", "SUCCESS", "CANCEL", "OVERWRITEHOST", "OVERWRITECLIURL", "LIVENESS", "READINESS",
}  # fmt: skip
# The address in a browser's address bar, if it is localhost or a domain; a service of the stack, if it is a bare name.
_EITHER = {
    "PUBLIC", "EXTERNAL", "DOMAIN", "ROOT", "SITE", "WEBSITE", "HOME", "HOMEPAGE", "FRONTEND",
    "WEBHOOK", "ISSUER", "RETURN", "EDITOR",
}  # fmt: skip
_EITHER_WHOLE = lazily(
    r"(HOST|HOSTNAME|PORT|URLS?|IP|ADDR(ESS)?|SERVER_NAME|NO_PROXY|ASPNETCORE_URLS)"
    r"|(APP|BASE|SERVER|WEB|SERVICE|CLIENT|AUTH|BETTER_AUTH|HTTP|HTTPS|GRPC|METRICS|ADMIN)_(BASE_)?"
    r"(URL|URI|HOST|HOSTNAME|ADDR|ADDRESS|IP|INTERFACE)"
    r"|KC_HOSTNAME.*"
)
# `redis:7` in one of these is an image, not an address.
_NO_ADDRESS = {
    "IMAGE", "IMAGES", "TAG", "VERSION", "VER", "USER", "GROUP", "OWNER", "CLASS", "MODEL", "DIGEST",
    "TIME", "TIMES", "RATIO", "KEY", "LABEL",
}  # fmt: skip
_SPARE = {"TEST", "TESTS", "TESTING", "LOCAL", "DEV", "DEVELOPMENT", "EXAMPLE", "SAMPLE", "CI"}
_HOST_SUFFIX = lazily(
    r"^(?P<stem>.*?)(?:[_.\-:]*(?:HOST|HOSTNAME|HOST_NAME|HOSTS|SERVERS?|ADDR|ADDRESS|ENDPOINT|SERVICE)|[_.\-:]+IP)$",
    re.IGNORECASE,
)
# What a word of the name says about the service behind it.
_HINTS = {
    "POSTGRES": "postgres", "POSTGRESQL": "postgres", "PG": "postgres", "PGHOST": "postgres", "PGSQL": "postgres",
    "MYSQL": "mysql", "MARIADB": "mysql", "REDIS": "redis", "VALKEY": "redis", "MONGO": "mongodb", "MONGODB": "mongodb",
    "RABBITMQ": "amqp", "AMQP": "amqp", "KAFKA": "kafka", "ELASTICSEARCH": "elasticsearch", "ELASTIC": "elasticsearch",
    "MEMCACHED": "memcached", "MEMCACHE": "memcached", "NATS": "nats", "SMTP": "smtp", "CLICKHOUSE": "clickhouse",
    "PSQL": "postgres", "MONGOSH": "mongodb",
    "DB": DATABASE, "DATABASE": DATABASE,
}  # fmt: skip
_KIND_SIBLINGS = ("TYPE", "ENGINE", "CLIENT", "DRIVER", "DIALECT", "CONNECTION", "VENDOR", "ADAPTER")

# -- what an address looks like -------------------------------------------------------------------------------------

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+._-]*://"  # the underscore is for Kafka, whose listeners are named like schemes
_URL = lazily(rf"(?P<scheme>{_SCHEME})(?P<authority>(?:[^/\s?#\"'\\;,]|,(?!{_SCHEME}))+)", holds="://")
_GO_DSN = lazily(r"@(?P<protocol>tcp|udp)\((?P<host>[^()]+)\)", holds="@")
_ORACLE = lazily(rf"jdbc:oracle:thin:[^@\s]*@(?://)?(?P<host>{_NAME})(?::(?P<port>\d+))?", holds="jdbc:oracle:")
_KEY_VALUE = lazily(
    r"(?:^|[\s;])(?:host|hostaddr|server|data source|address|addr)\s*=\s*(?P<host>[^\s;,]+)(?:,(?P<comma>\d+))?",
    re.IGNORECASE,
    holds="=",
)
_KEY_PORT = lazily(r"(?:^|[\s;])port\s*=\s*(?P<port>\d{1,5})", re.IGNORECASE)
_HOST_PORT = lazily(
    rf"^(?P<host>\[[0-9a-fA-F:.]+\]|{_NAME}):(?P<port>\d{{1,5}})(?:/(?P<protocol>tcp|udp))?$", holds=":"
)
_HOST_ONLY = lazily(rf"^(?:{_NAME})$")
_NO_HOST = {
    "true", "false", "yes", "no", "on", "off", "none", "null", "tcp", "udp",
}  # fmt: skip
_LISTENS = {"-b", "-s", "-l", "--addr", "-addr", "--address", "-address", "--host"}
_ASSIGNMENT = lazily(r"^(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$", re.DOTALL, holds="=")


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A host, and a port (0: none was given), as written in `where` ("environment DATABASE_URL").

    `scheme` is what stands before ://, for what is advertised the name of the listener. `variable` is the variable or
    the option that holds it. `hint` is the kind of service meant: `postgres` for POSTGRES_HOST, "" for nobody knows.
    `sure`: it can be nothing but an address; `redis:7` can be. `spare`: for tests or another place, by its name.
    """

    host: str
    port: int = 0
    scheme: str = ""
    protocol: Literal["tcp", "udp"] = "tcp"
    purpose: Purpose = "client"
    where: str = ""
    variable: str = ""
    hint: str = ""
    sure: bool = False
    spare: bool = False


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
    """The candidates that look most like the name, best first: a typo, another separator, a longer or shorter form."""
    from difflib import get_close_matches

    pool = {c.lower(): c for c in candidates if c}
    wanted = name.lower()
    same = [pool[c] for c in pool if _letters(c) == _letters(wanted)]
    close = [pool[c] for c in get_close_matches(wanted, pool, n=most, cutoff=0.6)]
    parts = [pool[c] for c in pool if len(wanted) > 2 and (wanted in _parts(c) or c in _parts(wanted))]
    return tuple(dict.fromkeys((*same, *close, *parts)))[:most]


def _parts(name: str) -> list[str]:
    return re.split(r"[-_.]", name)


def _letters(text: str) -> str:
    return re.sub(r"[-_.]", "", text)


def mentions(container: Container) -> tuple[Mention, ...]:
    """All addresses in the container's environment and command, each once, in the order of the configuration."""
    environment = dict(container.environment)
    told = [m for name, value in environment.items() for m in _in_variable(name, value, environment)]
    found = [msgspec.structs.replace(m, purpose="own") if _is_own_url(container, m) else m for m in told]
    return tuple(dict.fromkeys((*found, *_in_command(tuple(_tokens(container.command))))))


def _is_own_url(container: Container, mention: Mention) -> bool:
    """PAPERLESS_URL=http://localhost:8000 of paperless: what its users type."""
    first = mention.variable.partition("_")[0].lower()
    called = (container.name, container.service, container.image.rpartition("/")[2])
    web = mention.scheme in ("http", "https") and is_loopback(mention.host) and mention.purpose == "client"
    return web and len(first) > 2 and any(first in name.lower() for name in called)


def parse(text: str) -> tuple[Mention, ...]:
    """The addresses in one string: a URL, host:port, a list of them, a DSN."""
    return tuple(_in_text(text.strip()))


def kind_of(text: str) -> str:
    """The kind of service that a name speaks of: redis for `redis-cache`, "" for nothing known."""
    words = _words(text)
    return next((_HINTS[w] for w in words if w in _HINTS), "")


# -- the environment ------------------------------------------------------------------------------------------------


def _in_variable(variable: str, value: str, environment: Mapping[str, str], where: str = "") -> Iterator[Mention]:
    value, words = value.strip(), _words(variable)
    hint, where = _hint(variable, environment), where or f"environment {variable}"
    found = False
    for mention in _in_text(value):
        if not mention.scheme and _NO_ADDRESS & set(words):
            continue
        found = True
        yield _placed(mention, variable, where, hint)
    suffix = _HOST_SUFFIX.match(variable)
    if found or suffix is None or _NO_ADDRESS & set(words) or value.isdigit() or value.lower() in _NO_HOST:
        return
    for host in value.split(","):
        if _HOST_ONLY.match(host) or is_address(host):
            port = _sibling_port(variable, environment)
            if suffix["stem"] or port:
                scheme = "" if hint == DATABASE else hint
                yield _placed(Mention(host=host, port=port, scheme=scheme, sure=True), variable, where, hint)


def _placed(mention: Mention, variable: str, where: str, hint: str) -> Mention:
    words = set(_words(variable))
    either = _either(variable)
    return msgspec.structs.replace(
        mention,
        purpose=_purpose(variable, mention, hint),
        where=where,
        variable=variable,
        hint=mention.scheme if mention.scheme in SCHEME_PORTS else hint,
        sure=not either and bool(mention.sure or mention.scheme or hint or _HOST_SUFFIX.match(variable)),
        spare=bool(words & _SPARE),
    )


def _purpose(variable: str, mention: Mention, hint: str) -> Purpose:
    name, words = variable.upper(), set(_words(variable))
    if name in _PROXY:
        return "proxy"
    if name.startswith(_BROWSER):
        return "browser"
    if _ADVERTISED.search(name):
        return "advertised"
    bare_name = not is_loopback(mention.host) and not is_any_address(mention.host) and "." not in mention.host
    if words & _OWN or (_either(variable) and not bare_name):
        return "own"
    # HOST=0.0.0.0 is for listening; REDIS_HOST=0.0.0.0 and a URL are not.
    return "own" if is_any_address(mention.host) and not hint and not mention.scheme else "client"


def _either(variable: str) -> bool:
    return bool(_EITHER & set(_words(variable)) or _EITHER_WHOLE.fullmatch(variable.upper()))


def _hint(variable: str, environment: Mapping[str, str]) -> str:
    hint = kind_of(variable)
    suffix = _HOST_SUFFIX.match(variable)
    if hint in ("", DATABASE) and suffix is not None and suffix["stem"]:
        upper = {name.upper(): value for name, value in environment.items()}
        for sibling in _KIND_SIBLINGS:
            told = upper.get(f"{suffix['stem']}_{sibling}".upper(), "").lower()
            kinds = (kind for word, kind in _HINTS.items() if kind != DATABASE and told.startswith(word.lower()))
            hint = next(kinds, hint)
    return hint


def port_variable(variable: str, environment: Mapping[str, str]) -> str:
    """The variable that holds the port for a variable that holds a host: DB_PORT for DB_HOST, "" for none."""
    upper = {name.upper(): name for name in environment}
    stem = re.sub(r"(HOST|HOSTNAME|HOST_NAME|HOSTS|SERVER|ADDR|ADDRESS|ENDPOINT|IP|SERVICE)$", "", variable.upper())
    names = (f"{stem}PORT", f"{stem}PORT_NUMBER", f"{variable.upper()}_PORT")
    return next((upper[n] for n in names if n in upper and n != variable.upper() and _port(environment[upper[n]])), "")


def _sibling_port(variable: str, environment: Mapping[str, str]) -> int:
    name = port_variable(variable, environment)
    return _port(environment[name]) if name else 0


def _words(name: str) -> list[str]:
    return [w for w in re.split(r"[^A-Z0-9]+", name.upper()) if w]


# -- the command ----------------------------------------------------------------------------------------------------


def _tokens(command: Iterable[str]) -> Iterator[str]:
    """The words of a command; the line of `sh -c LINE` gives its own."""
    for index, argument in enumerate(command):
        if index and re.search(r"\s", argument.strip()):
            try:
                yield from shlex.split(argument, comments=True)
            except ValueError:  # an unbalanced quote
                yield from argument.split()
        else:
            yield argument


def _in_command(tokens: tuple[str, ...]) -> Iterator[Mention]:
    for before, token in pairwise(tokens):
        flag, equals, value = token.partition("=") if token.startswith("-") else ("", "", token)
        if token.startswith("-") and not equals:
            continue
        flag = flag or (before if before.startswith("-") and "=" not in before else "")
        assigned = None if flag else _ASSIGNMENT.match(token)
        if assigned:
            yield from _in_variable(assigned["name"], assigned["value"], {}, "the command")
        elif _HOST_ONLY.match(value) or is_address(value):
            yield from _host_option(flag, value, tokens)
        else:
            for mention in _in_text(value):
                placed = _placed(mention, flag, "the command", kind_of(flag))
                here = is_loopback(mention.host) and not mention.scheme
                own = here and (before == "runserver" or flag.lower() in _LISTENS)
                purpose = "own" if own else placed.purpose
                yield msgspec.structs.replace(placed, purpose=purpose, sure=bool(mention.scheme))


def _host_option(flag: str, host: str, tokens: tuple[str, ...]) -> Iterator[Mention]:
    """`psql -h db -p 5432`, `redis-server --cluster-announce-ip 10.0.0.5`; `--host 127.0.0.1` can be both, so none."""
    stem = re.sub(r"(ip|host|hostname)$", "", flag)
    if stem != flag and _ADVERTISED.search(flag.upper()):
        port = _after(tokens, f"{stem}port")
        yield Mention(host=host, port=port, purpose="advertised", where="the command", variable=flag)
    elif flag in ("-h", "--host") and not is_loopback(host) and not is_any_address(host) and not host.isdigit():
        port = next((p for name in ("-p", "-P", "--port") if (p := _after(tokens, name))), 0)
        kind = kind_of(tokens[0].rpartition("/")[2])
        yield Mention(host=host, port=port, where="the command", variable=flag, hint=kind)


def _after(tokens: tuple[str, ...], flag: str) -> int:
    for before, token in pairwise(tokens):
        if before == flag:
            return _port(token)
        if before.startswith(f"{flag}="):
            return _port(before.partition("=")[2])
    return 0


# -- texts ----------------------------------------------------------------------------------------------------------


def _in_text(text: str) -> Iterator[Mention]:
    urls = list(_URL.finditer(text))
    for match in urls:
        yield from _in_url(match["scheme"].removesuffix("://"), match["authority"])
    for match in _GO_DSN.finditer(text):
        host, port = _split(match["host"])
        if host:
            yield Mention(host=host, port=port or SCHEME_PORTS["mysql"], scheme="mysql")
    for match in _ORACLE.finditer(text):
        yield Mention(host=match["host"], port=_port(match["port"] or "") or SCHEME_PORTS["oracle"], scheme="oracle")
    if urls or "@" in text:
        return
    bare = text.strip("[]") if text.startswith('["') else text
    pieces = [_HOST_PORT.match(p.strip("\"'")) for p in re.split(r"[,;\s]+", bare) if p]
    for piece in pieces if all(pieces) else ():
        if piece is not None and not piece["host"].isdigit() and (port := _port(piece["port"])):
            udp = piece["protocol"] == "udp"
            yield Mention(host=piece["host"].strip("[]"), port=port, protocol="udp" if udp else "tcp")
    for match in _KEY_VALUE.finditer(text):
        host, port = _split(match["host"].removeprefix("tcp:"))
        given = _KEY_PORT.search(text)
        if host:
            port = port or _port(match["comma"] or "") or (_port(given["port"]) if given else 0)
            yield Mention(host=host, port=port, sure=True)


def _in_url(written: str, authority: str) -> Iterator[Mention]:
    scheme = written.split("+")[0]
    if {written.lower(), scheme.lower()} & _NO_NETWORK:
        return
    if not scheme.isupper() or scheme.lower() in SCHEME_PORTS:  # the name of a Kafka listener stays as it is
        scheme = scheme.lower()
    for piece in authority.rpartition("@")[2].split(","):
        host, port = _split(piece)
        if host:
            udp = scheme in _UDP_SCHEMES
            usual = SCHEME_PORTS.get(scheme, 0)
            yield Mention(host=host, port=port or usual, scheme=scheme, protocol="udp" if udp else "tcp", sure=True)


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
