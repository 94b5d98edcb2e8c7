"""What images are, by their names: the kind of service that they hold, and whether they only keep data."""

from __future__ import annotations

from functools import lru_cache

from netdoctor.mentions import DATABASE
from netdoctor.model import Container
from netdoctor.patterns import lazily

# What the images of a kind of service are called.
_NAMES = {
    "postgres": ("postgres", "postgis", "timescale", "pgvector"),
    "postgresql": ("postgres", "postgis", "timescale", "pgvector"),
    "mysql": ("mysql", "mariadb", "percona"),
    "mariadb": ("mysql", "mariadb", "percona"),
    "mongodb": ("mongo",),
    "redis": ("redis", "valkey", "keydb", "dragonfly"),
    "rediss": ("redis", "valkey", "keydb", "dragonfly"),
    "amqp": ("rabbitmq", "activemq"),
    "kafka": ("kafka", "redpanda"),
    "elasticsearch": ("elasticsearch", "opensearch"),
    "sqlserver": ("mssql", "sql-server", "sqlserver"),
    "smtp": ("smtp", "mail", "postfix", "exim"),
    DATABASE: ("postgres", "postgis", "mysql", "mariadb", "percona", "mongo", "mssql", "cockroach"),
}

# Servers that keep data and ask nobody by themselves; tools for them have longer names: mongo-express, redis-commander.
_STORES = {
    "postgres": lazily(r"(postgres(ql)?|postgis|timescaledb(-ha)?|pgvector|pgvecto-rs|spilo|.*-postgres)"),
    "mysql": lazily(r"(mysql(-server)?|mariadb|percona(-server)?)"),
    "mongodb": lazily(r"(mongo(db)?(-community-server)?)"),
    "redis": lazily(r"(redis(-stack(-server)?|-alpine)?|valkey|keydb|dragonfly)"),
    "memcached": lazily(r"memcached"),
    "amqp": lazily(r"rabbitmq"),
    "kafka": lazily(r"(cp-)?(kafka|redpanda|enterprise-kafka|cp-server|server)"),
    "elasticsearch": lazily(r"(elasticsearch|opensearch)(-oss)?"),
    "clickhouse": lazily(r"clickhouse(-server)?|.*clickhouse-self-hosted.*"),
    "cassandra": lazily(r"(cassandra|scylla)"),
    "sqlserver": lazily(r"(mssql-server|server|azure-sql-edge)"),
    "neo4j": lazily(r"neo4j"),
    "influxdb": lazily(r"influxdb"),
    "couchdb": lazily(r"couchdb"),
    "nats": lazily(r"nats"),
    "smtp": lazily(r"(exim4|postfix|smtp|docker-mailserver)"),
}
_NEEDS_VENDOR = {"kafka": ("confluentinc/",), "sqlserver": ("mssql/",)}
"""`cp-server` and `mssql/server` say little without the name before them."""

# What else is run of a server's image: its clients, and whatever a script does that does not start the server.
_CLIENTS = lazily(
    r"psql|pg_\w+|createdb|vacuumdb|reindexdb|mysql|mysql(dump|admin|check)|mariadb|mariadb-(dump|admin|check|backup)"
    r"|(redis|valkey|keydb)-(cli|benchmark)|mongo(sh|dump|restore|export|import)?|clickhouse-client|cqlsh"
)
_SHELLS = ("sh", "bash", "ash", "dash")
_STARTS_SERVER = lazily(
    r"\b(postgres|postmaster|mysqld\w*|mariadbd\w*|(redis|valkey|keydb|rabbitmq)-server|mongod|\S*entrypoint\S*)(\s|$|;)"
)

_PROXIES = lazily(r"(nginx(-unprivileged|-proxy)?|openresty|haproxy|traefik|caddy|httpd|apache|envoy|kong|varnish)")


def is_kind(image: str, kind: str) -> bool:
    """Whether the image's name speaks of this kind of service; a tool for the service does so too."""
    name = base(image)
    return any(word in name for word in _NAMES.get(kind, (kind,)))


@lru_cache(4096)
def store_kind(image: str) -> str:
    """The kind of a server that keeps data for others (a database, a cache, a broker), "" for any other image."""
    name = base(image)
    for kind, names in _STORES.items():
        vendors = _NEEDS_VENDOR.get(kind) if name.endswith("server") else None
        if names.fullmatch(name) and (vendors is None or any(v in image for v in vendors)):
            return kind
    return ""


def is_store(container: Container) -> bool:
    """A server that keeps data, by its image and by what is run of it: a backup or a migration is a client."""
    if not store_kind(container.image):
        return False
    words = container.command[container.entry_words or 0 :]
    program = words[0].rpartition("/")[2] if words else ""
    if program in _SHELLS and "-c" in words[:-1]:
        return _STARTS_SERVER.search(words[words.index("-c") + 1]) is not None
    return _CLIENTS.fullmatch(program) is None


def is_proxy(image: str) -> bool:
    """A server that hands on what it is asked: its configuration is a file."""
    return _PROXIES.fullmatch(base(image)) is not None


def base(image: str) -> str:
    """`postgres` for docker.io/library/postgres:15@sha256:..."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
