"""Addresses in one text: URLs of every scheme, JDBC, DSNs, host:port and lists of them, YAML and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.mentions.addresses import is_any_address, is_loopback
from netdoctor.mentions.kinds import SCHEME_PORTS
from netdoctor.mentions.mention import Mention
from netdoctor.patterns import lazily

_UDP_SCHEMES = {"udp", "syslog", "statsd", "dns"}
# Schemes that name no service of a network: what follows is a file, a bucket, a switch. An SRV record has a host and a
# port of its own. (doctrine://default and null://null are Symfony's transports.)
_NO_NETWORK = {
    "file", "unix", "sqlite", "sqlite3", "data", "about", "mailto", "urn", "app", "chrome-extension", "mongodb+srv",
    "classpath", "s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "az", "azure", "r2", "b2", "oci",
    "memory", "doctrine", "null", "sync", "native", "sendmail", "duckdb",
}  # fmt: skip

NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+._-]*://"  # the underscore is for Kafka, whose listeners are named like schemes
# A comma parts hosts, unless the next URL follows it, with its name perhaps: etcd1=http://etcd1:2380,etcd2=http://...
_URL = lazily(
    rf"(?P<jdbc>jdbc:(?P<kind>[a-z0-9]+):(?:[a-z]+:)?)?"
    rf"(?P<scheme>{_SCHEME})(?P<authority>(?:[^/\s?#\"'\\;,]|,(?!(?:[\w.-]+=)?{_SCHEME}))+)"
)
_GO_DSN = lazily(r"@(?P<protocol>tcp|udp)\((?P<host>[^()]+)\)", holds="@")
_ORACLE = lazily(rf"jdbc:oracle:thin:[^@\s]*@(?://)?(?P<host>{NAME})(?::(?P<port>\d+))?", holds="jdbc:oracle:")
_KEY_VALUE = lazily(
    r"(?:^|[\s;])(?:host|hostaddr|server|data source|address|addr)\s*=\s*(?P<host>[^\s;,]+)(?:,(?P<comma>\d+))?"
    r"(?P<more>(?:,[A-Za-z_][^\s;,]*)*)",
    re.IGNORECASE,
    holds="=",
)
_KEY_PORT = lazily(r"(?:^|[\s;])port\s*=\s*(?P<port>\d{1,5}(?:,\d{1,5})*)", re.IGNORECASE)
# `host: db` of YAML and `"host": "db"` of JSON, and the port that stands beside it.
_FIELD = lazily(
    r"(?:^|[\s{,])[\"']?(?:[a-z]+_)?(?:host|hostname)[\"']?\s*:\s*[\"']?(?P<host>[^\s\"',{}\[\]]+)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD_PORT = lazily(r"(?:^|[\s{,])[\"']?(?:[a-z]+_)?port[\"']?\s*:\s*[\"']?(?P<port>\d{1,5})\b", re.IGNORECASE)
_HOST_PORT = lazily(rf"^(?P<host>\[[0-9a-fA-F:.]+\]|{NAME}):(?P<port>\d{{1,5}})(?:/(?P<protocol>tcp|udp))?$", holds=":")
_SETTING = lazily(r"^\s*[A-Za-z]\w*\s*=")
"""cache:6379,password=secret,abortConnect=false, of StackExchange.Redis."""
_VOTER = lazily(r"^\d+@(?=[\w.-]+:\d)")  # 1@kafka1:9093, of KAFKA_CONTROLLER_QUORUM_VOTERS
# server.1=zoo1:2888:3888;2181: followers call the leader on the first port, everybody everybody on the second.
_QUORUM = lazily(rf"server\.\d+=(?P<host>{NAME}):\d{{1,5}}:(?P<port>\d{{1,5}})")
_LABELLED = lazily(rf"^[\w-]+:(?P<host>{NAME}):(?P<port>\d{{1,5}})(?::\d{{1,3}}(?::[^:]*)?)?$")
"""local:redis:6379:0:password, of REDIS_HOSTS."""

_NEAR = 120
"""Characters after a host in which its port can stand."""


def parse(text: str) -> tuple[Mention, ...]:
    """The addresses in one string: a URL, host:port, a list of them, a DSN."""
    return tuple(in_text(text.strip()))


def in_text(text: str) -> Iterator[Mention]:
    """As `parse`, one by one; the text has no white space around it."""
    urls = 0
    for match in _URL.finditer(text) if "://" in text else ():
        urls += 1
        yield from _in_url(match["kind"] or match["scheme"].removesuffix("://"), match["authority"])
    if "@" in text:
        yield from _in_dsn(text)
    if text.startswith("server."):
        for match in _QUORUM.finditer(text):
            yield Mention(host=match["host"], port=port_in(match["port"]), scheme="zookeeper-election", sure=True)
        return
    if ":" in text and ("\n" in text or "{" in text):
        yield from _in_fields(text)
    if urls:
        return
    if "@" not in text:
        yield from _in_list(text)
        yield from _in_keys(text)
    elif _VOTER.match(text):
        yield from _in_list(re.sub(r"(^|[,\s])\d+@", r"\1", text))


def _in_dsn(text: str) -> Iterator[Mention]:
    for match in _GO_DSN.finditer(text):
        host, port = split(match["host"])
        if host:
            yield Mention(host=host, port=port or SCHEME_PORTS["mysql"], scheme="mysql")
    for match in _ORACLE.finditer(text):
        yield Mention(host=match["host"], port=port_in(match["port"] or "") or SCHEME_PORTS["oracle"], scheme="oracle")


def _in_list(text: str) -> Iterator[Mention]:
    """`db:5432`, `kafka1:9092,kafka2:9092`: all of the text, or none of it, but for the settings behind a comma."""
    bare = text.strip("[]") if text.startswith('["') else text
    if "," in bare and "=" in bare:
        bare = ",".join(p for p in bare.split(",") if not _SETTING.match(p))
    pieces = [_HOST_PORT.match(p.strip("\"'")) for p in re.split(r"[,;\s]+", bare) if p] if ":" in bare else []
    for piece in pieces if all(pieces) else ():
        if piece is not None and not piece["host"].isdigit() and (port := port_in(piece["port"])):
            udp = piece["protocol"] == "udp"
            yield Mention(host=piece["host"].strip("[]"), port=port, protocol="udp" if udp else "tcp")
    if not all(pieces):
        labelled = [_LABELLED.match(p) for p in bare.split(",")]
        for found in labelled if all(labelled) else ():
            if found is not None and not found["host"].isdigit() and (port := port_in(found["port"])):
                yield Mention(host=found["host"], port=port)


def _in_keys(text: str) -> Iterator[Mention]:
    """`host=db port=5432`, `host=db1,db2 port=5432,5433`, `Server=db,1433;Database=app`."""
    for match in _KEY_VALUE.finditer(text) if "=" in text else ():
        given = _KEY_PORT.search(text)
        ports = given["port"].split(",") if given else ["0"]  # one for all hosts, or one for each
        for index, piece in enumerate((match["host"], *match["more"].split(",")[1:])):
            host, port = split(piece.removeprefix("tcp:"))
            if host:
                own = port or port_in(match["comma"] or "")
                yield Mention(host=host, port=own or port_in(ports[min(index, len(ports) - 1)]), sure=True)


def _in_fields(text: str) -> Iterator[Mention]:
    """A whole configuration in one variable."""
    for match in _FIELD.finditer(text):
        host, port = split(match["host"])
        # The port stands beside its host: in the same block of YAML, or in the same braces.
        beside = re.split(r"\n\s*\n|\}", text[match.end() : match.end() + _NEAR])[0]
        given = _FIELD_PORT.search(beside)
        # `host: localhost` may as well be where the process itself listens.
        if host and host.lower() not in ("true", "false", "null") and not (is_loopback(host) or is_any_address(host)):
            yield Mention(host=host, port=port or (port_in(given["port"]) if given else 0), sure=True)


def _in_url(written: str, authority: str) -> Iterator[Mention]:
    parts = written.split("+")
    # db+postgresql:// is Celery's, postgresql+psycopg2:// SQLAlchemy's: the part that is a service's counts.
    scheme = next((p for p in parts if p.lower() in SCHEME_PORTS), parts[0])
    if {written.lower(), scheme.lower()} & _NO_NETWORK:
        return
    if not scheme.isupper() or scheme.lower() in SCHEME_PORTS:  # the name of a Kafka listener stays as it is
        scheme = scheme.lower()
    for piece in authority.rpartition("@")[2].split(","):
        host, port = split(piece)
        if host:
            udp = scheme in _UDP_SCHEMES
            usual = SCHEME_PORTS.get(scheme, 0)
            yield Mention(host=host, port=port or usual, scheme=scheme, protocol="udp" if udp else "tcp", sure=True)


def split(piece: str) -> tuple[str, int]:
    """`host:port`, `[v6]:port`, `host`; ("", 0) for anything that is no host."""
    bracketed = re.match(r"^\[(?P<host>[0-9a-fA-F:.]+)\](?::(?P<port>\d+))?$", piece)
    if bracketed:
        return bracketed["host"], port_in(bracketed["port"] or "")
    host, _, port = piece.partition(":")
    if not re.match(rf"^{NAME}$", host) or (port and not port.isdigit()):
        return "", 0
    return host, port_in(port)


def port_in(text: str) -> int:
    """The port that the text is, 0 for none."""
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else 0
