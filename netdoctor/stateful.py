"""Software that keeps data: where, unless it is told otherwise; what it is told by; what a filled folder of it holds.

Each entry names its documentation. Which of it a container runs, and where that container's data lies, is told by
`netdoctor.keeping`.
"""

from __future__ import annotations

import re

import msgspec

from netdoctor.patterns import lazily


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """`programs` are names of the server's process. `images` are the ends of names of images that are made for it.

    `folder` is the data folder of these images; `variables` and `flags` can say another one. `holds`: files or folders
    of which a filled data folder has at least one. `alone`: two servers on one data folder destroy it. `restored`: what
    it keeps is often provisioned anew at each start, so that losing it may be no loss. `stands_in`: its working
    directory is its data folder. `late`: the folder may be empty while it runs, until it saves. `forgets`: a word of
    the command line with which it keeps nothing, on purpose. `user`: as whom the images' entry points have it work.
    """

    name: str
    programs: tuple[str, ...]
    images: tuple[str, ...]
    folder: str
    variables: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    alone: bool = False
    restored: bool = False
    stands_in: bool = False
    late: bool = False
    forgets: str = ""
    user: str = ""
    source: str = ""


# fmt: off
KNOWN: tuple[Software, ...] = (
    Software(
        name="PostgreSQL", programs=("postgres", "postmaster"),
        images=("postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "pgvector", "pgvecto-rs",
                "pgautoupgrade"),
        folder="/var/lib/postgresql/data", variables=("PGDATA", "POSTGRESQL_DATA_DIR"),
        flags=("-D", "--pgdata", "data_directory"), holds=("PG_VERSION",), alone=True, stands_in=True,
        user="postgres",
        source="https://hub.docker.com/_/postgres, PGDATA; from 18 on another: docker-library/postgres#1259",
    ),
    Software(
        name="MySQL", programs=("mysqld", "mariadbd"),
        images=("mysql", "mariadb", "mysql-server", "percona", "percona-server", "mariadb-galera"),
        folder="/var/lib/mysql", variables=("MYSQL_DATA_DIR", "MARIADB_DATA_DIR"), flags=("--datadir",),
        holds=("ibdata1", "mysql", "aria_log_control"), alone=True, stands_in=True,
        user="mysql",
        source="https://hub.docker.com/_/mariadb and https://hub.docker.com/_/mysql, 'Where to Store Data'",
    ),
    Software(
        name="Redis", programs=("redis-server", "valkey-server", "keydb-server", "dragonfly"),
        images=("redis", "valkey", "redis-stack", "redis-stack-server", "keydb", "dragonfly"), folder="/data",
        variables=("REDIS_DATA_DIR", "VALKEY_DATA_DIR"), flags=("--dir",),
        holds=("dump.rdb", "appendonlydir", "appendonly.aof"), alone=True, stands_in=True, late=True,
        user="redis",
        source="https://hub.docker.com/_/redis, 'start with persistent storage'",
    ),
    Software(
        name="MongoDB", programs=("mongod",),
        images=("mongo", "mongodb", "mongodb-community-server", "percona-server-mongodb", "mongodb-atlas-local"),
        folder="/data/db", variables=("MONGODB_DATA_DIR",), flags=("--dbpath",),
        holds=("WiredTiger", "storage.bson", "mongod.lock"), alone=True,
        user="mongodb",
        source="https://hub.docker.com/_/mongo, 'Where to Store Data'",
    ),
    Software(
        name="Elasticsearch", programs=("elasticsearch",), images=("elasticsearch",),
        folder="/usr/share/elasticsearch/data", variables=("path.data",), flags=("-Epath.data",),
        holds=("nodes", "_state", "node.lock"), alone=True,
        source="https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-prod",
    ),
    Software(
        name="OpenSearch", programs=("opensearch",), images=("opensearch",), folder="/usr/share/opensearch/data",
        variables=("path.data",), flags=("-Epath.data",), holds=("nodes", "_state", "node.lock"), alone=True,
        source="https://docs.opensearch.org/latest/install-and-configure/install-opensearch/docker/",
    ),
    Software(
        name="RabbitMQ", programs=("rabbitmq-server",), images=("rabbitmq",), folder="/var/lib/rabbitmq",
        variables=("RABBITMQ_MNESIA_BASE", "RABBITMQ_MNESIA_DIR"), holds=("mnesia",), alone=True,
        user="rabbitmq",
        source="https://hub.docker.com/_/rabbitmq, 'Running the daemon': it also needs a fixed host name",
    ),
    Software(
        name="InfluxDB", programs=("influxd", "influxdb3"), images=("influxdb",), folder="/var/lib/influxdb2",
        variables=("INFLUXD_ENGINE_PATH", "INFLUXDB_DATA_DIR", "INFLUXDB3_DB_DIR"),
        flags=("--engine-path", "--data-dir"), holds=("influxd.bolt", "engine", "data", "meta"), alone=True,
        user="influxdb",
        source="https://hub.docker.com/_/influxdb",
    ),
    Software(
        name="ClickHouse", programs=("clickhouse-server", "clickhouse"), images=("clickhouse-server", "clickhouse"),
        folder="/var/lib/clickhouse", variables=("CLICKHOUSE_DATA_DIR",), holds=("store", "metadata", "uuid"),
        alone=True, source="https://hub.docker.com/_/clickhouse",
    ),
    Software(
        name="Cassandra", programs=("cassandra",), images=("cassandra", "scylla"), folder="/var/lib/cassandra",
        holds=("data", "commitlog"), alone=True, user="cassandra",
        source="https://hub.docker.com/_/cassandra, 'Where to Store Data'",
    ),
    Software(
        name="CouchDB", programs=("couchdb",), images=("couchdb",), folder="/opt/couchdb/data",
        holds=("_dbs.couch", "shards"), alone=True, user="couchdb",
        source="https://hub.docker.com/_/couchdb, 'Where to Store Data'",
    ),
    Software(
        name="Neo4j", programs=("neo4j",), images=("neo4j",), folder="/data",
        holds=("databases", "dbms", "transactions"), alone=True,
        user="neo4j",
        source="https://neo4j.com/docs/operations-manual/current/docker/mounting-volumes/",
    ),
    Software(
        name="Microsoft SQL Server", programs=("sqlservr",), images=("mssql/server", "azure-sql-edge"),
        folder="/var/opt/mssql", variables=("MSSQL_DATA_DIR",), holds=("data", ".system"), alone=True,
        source="https://learn.microsoft.com/sql/linux/sql-server-linux-docker-container-configure#persist",
    ),
    Software(
        name="CockroachDB", programs=("cockroach",), images=("cockroach",), folder="/cockroach/cockroach-data",
        flags=("--store",), holds=("STORAGE_MIN_VERSION", "cockroachdb_VERSION"), alone=True,
        source="https://www.cockroachlabs.com/docs/stable/start-a-local-cluster-in-docker-linux",
    ),
    Software(
        name="etcd", programs=("etcd",), images=("etcd",), folder="/etcd-data", variables=("ETCD_DATA_DIR",),
        flags=("--data-dir", "-data-dir"), holds=("member",), alone=True,
        source="https://etcd.io/docs/latest/op-guide/container/",
    ),
    Software(
        name="Kafka", programs=(), images=("kafka", "cp-kafka", "kafka-native"), folder="/var/lib/kafka/data",
        variables=("KAFKA_LOG_DIRS", "KAFKA_LOG_DIR", "KAFKA_CFG_LOG_DIRS"), holds=("meta.properties",), alone=True,
        source="https://kafka.apache.org/documentation/#brokerconfigs_log.dirs",
    ),
    Software(
        name="ZooKeeper", programs=("zkServer.sh",), images=("zookeeper", "cp-zookeeper"), folder="/data",
        variables=("ZOO_DATA_DIR",), holds=("version-2", "myid"), alone=True,
        source="https://hub.docker.com/_/zookeeper, 'Where to store data'",
    ),
    Software(
        name="MinIO", programs=("minio",), images=("minio",), folder="/data", variables=("MINIO_VOLUMES",),
        flags=("server",), holds=(".minio.sys",), source="https://min.io/docs/minio/container/index.html",
    ),
    Software(
        name="Qdrant", programs=("qdrant",), images=("qdrant",), folder="/qdrant/storage",
        variables=("QDRANT__STORAGE__STORAGE_PATH",), holds=("collections", "raft_state.json"), alone=True,
        source="https://qdrant.tech/documentation/guides/installation/#docker",
    ),
    Software(
        name="Meilisearch", programs=("meilisearch",), images=("meilisearch",), folder="/meili_data",
        variables=("MEILI_DB_PATH",), flags=("--db-path",), holds=("data.ms", "indexes"), alone=True,
        source="https://www.meilisearch.com/docs/guides/docker",
    ),
    Software(
        name="Prometheus", programs=("prometheus",), images=("prometheus",), folder="/prometheus",
        flags=("--storage.tsdb.path",), holds=("wal", "chunks_head", "queries.active"), alone=True, restored=True,
        source="https://prometheus.io/docs/prometheus/latest/installation/#using-docker",
    ),
    Software(
        name="Grafana", programs=("grafana", "grafana-server"),
        images=("grafana", "grafana-oss", "grafana-enterprise"), folder="/var/lib/grafana",
        variables=("GF_PATHS_DATA",), holds=("grafana.db",), restored=True,
        source="https://grafana.com/docs/grafana/latest/setup-grafana/installation/docker/#save-your-grafana-data",
    ),
    Software(
        name="Loki", programs=("loki",), images=("loki",), folder="/loki", holds=("chunks", "wal"), restored=True,
        source="https://grafana.com/docs/loki/latest/setup/install/docker/",
    ),
    Software(
        name="Vault", programs=("vault", "bao"), images=("vault", "openbao"), folder="/vault/file",
        holds=("core", "sys", "vault.db"), forgets="-dev", source="https://hub.docker.com/r/hashicorp/vault",
    ),
    Software(
        name="Consul", programs=("consul",), images=("consul",), folder="/consul/data", flags=("-data-dir",),
        holds=("raft", "serf"), forgets="-dev", source="https://hub.docker.com/r/hashicorp/consul",
    ),
    Software(
        name="Nextcloud", programs=(), images=("nextcloud",), folder="/var/www/html",
        holds=("config", "data", "version.php"), source="https://hub.docker.com/_/nextcloud, 'Persistent data'",
    ),
    Software(
        name="WordPress", programs=(), images=("wordpress",), folder="/var/www/html",
        holds=("wp-content", "wp-config.php"), source="https://hub.docker.com/_/wordpress",
    ),
    Software(
        name="Ghost", programs=(), images=("ghost",), folder="/var/lib/ghost/content", holds=("data", "images"),
        source="https://hub.docker.com/_/ghost, 'Data Persistence'",
    ),
    Software(
        name="Gitea", programs=("gitea", "forgejo"), images=("gitea", "forgejo"), folder="/data",
        variables=("GITEA_WORK_DIR",), holds=("git", "gitea", "gitea.db"), alone=True,
        source="https://docs.gitea.com/installation/install-with-docker",
    ),
    Software(
        name="Jenkins", programs=("jenkins.sh", "jenkins"), images=("jenkins",), folder="/var/jenkins_home",
        variables=("JENKINS_HOME",), holds=("config.xml", "jobs"), alone=True,
        source="https://github.com/jenkinsci/docker/blob/master/README.md",
    ),
    Software(
        name="a registry", programs=("registry",), images=("registry",), folder="/var/lib/registry",
        variables=("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY",), holds=("docker",),
        source="https://distribution.github.io/distribution/about/deploying/#storage-customization",
    ),
    Software(
        name="Vaultwarden", programs=("vaultwarden",), images=("vaultwarden", "bitwarden_rs"), folder="/data",
        variables=("DATA_FOLDER",), holds=("db.sqlite3", "rsa_key.pem"), alone=True,
        source="https://github.com/dani-garcia/vaultwarden/wiki/Starting-a-Container",
    ),
    Software(
        name="Home Assistant", programs=(), images=("home-assistant",), folder="/config",
        holds=("configuration.yaml", "home-assistant_v2.db"), alone=True,
        source="https://www.home-assistant.io/installation/linux#docker-compose",
    ),
    Software(
        name="n8n", programs=("n8n",), images=("n8n",), folder="/home/node/.n8n", variables=("N8N_USER_FOLDER",),
        holds=("database.sqlite", "config"), alone=True, source="https://docs.n8n.io/hosting/installation/docker/",
    ),
    Software(
        name="Portainer", programs=("portainer",), images=("portainer", "portainer-ce", "portainer-ee"),
        folder="/data", flags=("--data",), holds=("portainer.db", "portainer.key"), alone=True,
        source="https://docs.portainer.io/start/install-ce/server/docker/linux",
    ),
    Software(
        name="Uptime Kuma", programs=(), images=("uptime-kuma",), folder="/app/data", variables=("DATA_DIR",),
        holds=("kuma.db",), alone=True,
        source="https://github.com/louislam/uptime-kuma/wiki/%F0%9F%94%A7-How-to-Install",
    ),
    Software(
        name="a linuxserver.io application", programs=(), images=("linuxserver/*",), folder="/config",
        source="https://docs.linuxserver.io/general/running-our-containers/#the-config-volume",
    ),
)
# fmt: on

# -- files that are databases, whoever wrote them -------------------------------------------------------------------

_DATABASES = {
    "PG_VERSION": "a PostgreSQL cluster",
    "ibdata1": "a MySQL or MariaDB data folder",
    "WiredTiger": "a MongoDB data folder",
    "dump.rdb": "a Redis snapshot",
    "appendonly.aof": "a Redis log",
    "data.mdb": "an LMDB database",
    "influxd.bolt": "an InfluxDB database",
}
_SUFFIXES = {
    ".sqlite": "an SQLite database",
    ".sqlite3": "an SQLite database",
    ".db3": "an SQLite database",
    ".db": "a database",
    ".mv.db": "an H2 database",
    ".rdb": "a Redis snapshot",
    ".aof": "a Redis log",
}

# What a container writes and nobody misses: temporary files, caches, logs, what belongs to the system and its packages,
# and whatever a program keeps in a hidden folder of its own (histories, profiles).
_NOT_DATA = lazily(
    r"/(tmp|temp|run|cache|caches|logs?|lock|locks|proc|sys|dev|boot|node_modules|__pycache__|site-packages|dist-packages)"
    r"(/|$)|/\.[^/]+(/|$)|^/(bin|sbin|lib|lib32|lib64|libexec|etc)/|^/usr/(local/)?(bin|sbin|lib|lib64|libexec|include)/"
    r"|^/usr/share/(doc|man|info|locale|zoneinfo|mime|icons|fonts|perl|python3)/"
    r"|^/var/(backups|mail|spool|opt/microsoft)/"
    r"|^/var/lib/(apk|apt|aspell|clamav|dbus|dhcp|dictionaries-common|dnf|dpkg|fail2ban|ieee-data|initscripts|ispell"
    r"|logrotate|misc|nssdb|pam|pacman|pcp|polkit-1|python|rpm|sgml-base|systemd|ucf|urandom|vim|xml-core|yum)/"
    r"|/storage/framework/|/php\d*/sessions/"
    r"|\.(pid|lock|log|sock|socket|tmp|swp|pyc|pyo)$|/(celerybeat-schedule|Thumbs)[^/]*$",
    re.IGNORECASE,
)


def database(path: str) -> str:
    """What a file is by its name, `an SQLite database`; "" for what is no database, or lies where no data is kept."""
    name = path.rpartition("/")[2]
    known = _DATABASES.get(name) or next((says for end, says in _SUFFIXES.items() if name.endswith(end)), "")
    return known if known and is_data(path) else ""


def is_data(path: str) -> bool:
    """Whether a file at this place can be somebody's data: no log, cache, temporary or system file."""
    return _NOT_DATA.search(path) is None
