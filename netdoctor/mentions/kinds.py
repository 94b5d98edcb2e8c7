"""Kinds of services: their usual ports, and the words by which names speak of them."""

from __future__ import annotations

import re
from functools import lru_cache

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
    "mqtts": 8883,
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

# What a word of a name says about the service behind it.
_HINTS = {
    "POSTGRES": "postgres", "POSTGRESQL": "postgres", "PG": "postgres", "PGHOST": "postgres", "PGSQL": "postgres",
    "MYSQL": "mysql", "MARIADB": "mysql", "REDIS": "redis", "VALKEY": "redis", "MONGO": "mongodb", "MONGODB": "mongodb",
    "RABBITMQ": "amqp", "AMQP": "amqp", "KAFKA": "kafka", "ELASTICSEARCH": "elasticsearch", "ELASTIC": "elasticsearch",
    "OPENSEARCH": "opensearch", "CASSANDRA": "cassandra", "ZOOKEEPER": "zookeeper", "ZK": "zookeeper", "ETCD": "etcd",
    "MEMCACHED": "memcached", "MEMCACHE": "memcached", "NATS": "nats", "SMTP": "smtp", "LDAP": "ldap",
    "CLICKHOUSE": "clickhouse",
    "MQTT": "mqtt", "NEO4J": "neo4j", "COUCHDB": "couchdb", "INFLUXDB": "influxdb", "MSSQL": "mssql",
    "PSQL": "postgres", "MONGOSH": "mongodb",
    "DB": DATABASE, "DATABASE": DATABASE,
}  # fmt: skip


@lru_cache(8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a variable's or an option's name, in capitals: DB, HOST for `db.host` and `--db-host`."""
    return tuple(w for w in re.split(r"[^A-Z0-9]+", name.upper()) if w)


def kind_of(text: str) -> str:
    """The kind of service that a name speaks of: redis for `redis-cache`, "" for nothing known."""
    return next((_HINTS[w] for w in words(text) if w in _HINTS), "")


def kind_told(value: str) -> str:
    """The kind that the value of a DB_TYPE or DB_CONNECTION names: postgres for `pgsql`, "" for none."""
    lower = value.lower()
    kinds = (kind for word, kind in _HINTS.items() if kind != DATABASE and lower.startswith(word.lower()))
    return next(kinds, "")
