"""Ports and images of what only its own stack, or its administrator, is meant to reach.

A port stands here for what its vendor's documentation or the IANA registry gives it to; numbers that many programs use
(8080, 9000, 8123) count only for the images that are named for the program.
https://www.iana.org/assignments/service-names-port-numbers/
"""

from __future__ import annotations

import re

from netdoctor.api import Container, Publication

# By port inside the container: a database, a cache, a broker, a store of configuration.
_DATA = {
    1433: "SQL Server",  # learn.microsoft.com/sql/database-engine/configure-windows
    1521: "Oracle Database",  # docs.oracle.com/en/database/oracle/oracle-database, Net Services
    2181: "ZooKeeper",  # zookeeper.apache.org, Administrator's Guide: clientPort
    2379: "etcd",  # etcd.io/docs, configuration: listen-client-urls
    3306: "MySQL or MariaDB",  # dev.mysql.com/doc/mysql-port-reference
    4222: "NATS",  # docs.nats.io/running-a-nats-service/configuration
    5432: "PostgreSQL",  # postgresql.org/docs, runtime-config-connection: port
    5672: "an AMQP broker",  # rabbitmq.com/docs/networking#ports
    5984: "CouchDB",  # docs.couchdb.org, chttpd: port
    6379: "Redis",  # redis.io/docs, redis.conf: port
    6650: "Pulsar",  # pulsar.apache.org/docs, broker.conf: brokerServicePort
    7687: "Neo4j",  # neo4j.com/docs/operations-manual/current/configuration/ports
    8086: "InfluxDB",  # docs.influxdata.com, http-bind-address
    8200: "Vault",  # developer.hashicorp.com/vault/docs/configuration/listener/tcp
    8500: "Consul",  # developer.hashicorp.com/consul/docs, ports
    9042: "Cassandra",  # cassandra.apache.org/doc, native_transport_port
    9092: "Kafka",  # kafka.apache.org/documentation: listeners
    9200: "Elasticsearch or OpenSearch",  # elastic.co/guide, http.port
    9300: "Elasticsearch's transport",  # elastic.co/guide, transport.port
    11211: "memcached",  # memcached(1): -p
    26257: "CockroachDB",  # cockroachlabs.com/docs/stable/cockroach-start: --listen-addr
    26379: "Redis Sentinel",  # redis.io/docs/management/sentinel
    27017: "MongoDB",  # mongodb.com/docs/manual/reference/default-mongodb-port
    27018: "a MongoDB shard",
    27019: "a MongoDB configuration server",
    33060: "MySQL",  # dev.mysql.com/doc/mysql-port-reference: X Protocol
    61616: "ActiveMQ",  # activemq.apache.org, OpenWire
}
_ADMIN = {
    2375: "the Docker API, which makes whoever reaches it root of its host",  # docs.docker.com, protect-access
    5601: "Kibana",  # elastic.co/guide, server.port
    8161: "ActiveMQ's console",  # activemq.apache.org/web-console
    15672: "RabbitMQ's management",  # rabbitmq.com/docs/networking#ports
}
# Programs that administrate, by the name of their image: whatever port of theirs is published.
_TOOLS = {
    "phpmyadmin": "phpMyAdmin",
    "pgadmin": "pgAdmin",
    "pgadmin4": "pgAdmin",
    "adminer": "Adminer",
    "mongo-express": "mongo-express",
    "redis-commander": "redis-commander",
    "redisinsight": "RedisInsight",
    "portainer": "Portainer",
    "portainer-ce": "Portainer",
    "portainer-ee": "Portainer",
    "dozzle": "Dozzle",
    "kafka-ui": "Kafka UI",
    "clickhouse-server": "ClickHouse",
    "minio": "MinIO",
}


def what_it_is(container: Container, publication: Publication) -> str:
    """What somebody would reach there that is not for everybody, "" for nothing known."""
    image = re.sub(r"[:@].*", "", container.image.rpartition("/")[2])
    if tool := _TOOLS.get(image):
        return tool
    known = _DATA | _ADMIN
    if publication.protocol == "udp" and publication.container_port != 11211:
        return ""
    return known.get(publication.container_port, "")
