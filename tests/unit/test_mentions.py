"""Which addresses a configuration holds, as people really write it."""

from __future__ import annotations

import pytest

from netdoctor.mentions import Mention, is_any_address, is_loopback, mentions, nearest, parse
from netdoctor.model import Container, State


def told(environment: dict[str, str] | None = None, command: tuple[str, ...] = ("app",)) -> tuple[Mention, ...]:
    variables = tuple((environment or {}).items())
    return mentions(
        Container(id="a" * 64, name="app", state=State(status="running"), environment=variables, command=command)
    )


def pairs(found: tuple[Mention, ...], purpose: str = "client") -> list[tuple[str, int]]:
    return [(m.host, m.port) for m in found if m.purpose == purpose]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://u:<secret-1>@localhost:5432/app", [("localhost", 5432)]),
        ("postgresql+asyncpg://u:p@db/app", [("db", 5432)]),
        ("jdbc:postgresql://db:5432/app?ssl=true", [("db", 5432)]),
        ("jdbc:mysql://db/app", [("db", 3306)]),
        ("jdbc:sqlserver://mssql:1433;databaseName=app", [("mssql", 1433)]),
        ("jdbc:oracle:thin:@//oracle:1521/XE", [("oracle", 1521)]),
        ("jdbc:oracle:thin:scott/tiger@oracle:1521:XE", [("oracle", 1521)]),
        ("mysql+pymysql://u:p@mysql/app", [("mysql", 3306)]),
        ("user:pass@tcp(localhost:3306)/app?parseTime=true", [("localhost", 3306)]),
        ("mongodb://u:p@m1:27017,m2:27018,m3/app?replicaSet=rs0", [("m1", 27017), ("m2", 27018), ("m3", 27017)]),
        ("mongodb+srv://u:p@cluster0.example.mongodb.net/app", []),
        ("redis://:p@redis:6379/0", [("redis", 6379)]),
        ("rediss://cache", [("cache", 6379)]),
        ("amqp://guest:guest@rabbitmq:5672//", [("rabbitmq", 5672)]),
        ('["http://es01:9200","http://es02:9200"]', [("es01", 9200), ("es02", 9200)]),
        ("http://es01:9200,http://es02:9200", [("es01", 9200), ("es02", 9200)]),
        ("kafka1:9092,kafka2:9092", [("kafka1", 9092), ("kafka2", 9092)]),
        ("redis-1:7001 redis-2:7002", [("redis-1", 7001), ("redis-2", 7002)]),
        ("[fd00::2]:5432", [("fd00::2", 5432)]),
        ("http://[::1]:8080/x", [("::1", 8080)]),
        ("http://my_api:8080", [("my_api", 8080)]),
        ("host=db port=6432 user=u dbname=x", [("db", 6432)]),
        ("host=db1,db2 port=5432,5433 user=u", [("db1", 5432), ("db2", 5433)]),
        ("host=db1,db2 port=5432", [("db1", 5432), ("db2", 5432)]),
        ("Host=db;Port=5433;Username=u", [("db", 5433)]),
        ("Server=localhost,1433;Database=app;User Id=sa", [("localhost", 1433)]),
        ("Server=tcp:mssql,1433;Initial Catalog=x", [("mssql", 1433)]),
        ("Data Source=db;Initial Catalog=x", [("db", 0)]),
        ("postgres://u:p@%2Fvar%2Frun%2Fpostgresql/app", []),
        ("postgresql:///app?host=/var/run/postgresql", []),
        ("sqlite:///data/app.db", []),
        ("unix:///var/run/docker.sock", []),
        ("cache:6379,password=x,abortConnect=false", [("cache", 6379)]),
        ("s3://my-bucket/prefix", []),
        ("doctrine://default:1", []),
        ("12:30", []),
        ("1000:1000", []),
        ("a@b.example:25", []),
        ("1@kafka:9093,2@kafka2:9093", [("kafka", 9093), ("kafka2", 9093)]),
        ("http://api:port/", []),
        ("db:70000", []),
        ("just words", []),
        ("", []),
    ],
)
def test_texts(text: str, expected: list[tuple[str, int]]) -> None:
    assert [(m.host, m.port) for m in parse(text)] == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DB_HOST": "localhost", "DB_PORT": "5432"}, [("localhost", 5432)]),
        ({"PGHOST": "db", "PGPORT": "6432"}, [("db", 6432)]),
        ({"POSTGRES_HOST": "db"}, [("db", 0)]),
        ({"DATABASE_HOST": "db", "DATABASE_PORT_NUMBER": "3307"}, [("db", 3307)]),
        ({"Redis__Host": "cache", "Redis__Port": "6380"}, [("cache", 6380)]),
        ({"database__connection__host": "mysql"}, [("mysql", 0)]),
        ({"spring.datasource.url": "jdbc:postgresql://db/app"}, [("db", 5432)]),
        ({"WORDPRESS_DB_HOST": "db:3306"}, [("db", 3306)]),
        ({"DB_SERVICE_HOST": "10.0.0.1", "DB_SERVICE_PORT": "5432"}, [("10.0.0.1", 5432)]),
        ({"SPRING_KAFKA_BOOTSTRAP_SERVERS": "localhost:9092"}, [("localhost", 9092)]),
        ({"KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181"}, [("zookeeper", 2181)]),
        ({"CASSANDRA_HOSTS": "c1,c2"}, [("c1", 0), ("c2", 0)]),
        ({"REDIS_HOST": "0.0.0.0"}, [("0.0.0.0", 0)]),
        ({"BACKEND_URL": "http://0.0.0.0:8000"}, [("0.0.0.0", 8000)]),
        ({"HOST": "db", "PORT": "5432"}, [("db", 5432)]),
        ({"SERVER_URL": "http://server:8080"}, [("server", 8080)]),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}, [("collector", 4317)]),
        ({"STATSD_URL": "statsd://statsd:8125"}, [("statsd", 8125)]),
        ({"DB_HOST": "db", "DB_PORT": "tcp://172.17.0.2:5432"}, [("db", 0), ("172.17.0.2", 5432)]),
        # none of these is an address that the process connects to
        (
            {"PUBLIC_URL": "http://localhost:3000", "APP_URL": "http://localhost", "BASE_URL": "http://localhost:8080"},
            [],
        ),
        ({"GF_SERVER_ROOT_URL": "http://localhost:8080/grafana", "KC_HOSTNAME_URL": "http://localhost:8080"}, []),
        ({"APP_PUBLIC": "http://localhost:1", "PAPERLESS_URL": "http://localhost:8000"}, [("localhost", 8000)]),
        ({"CORS_ORIGIN": "http://localhost:3000", "ALLOWED_HOSTS": "localhost,web:8000"}, []),
        ({"CSRF_TRUSTED_ORIGINS": "https://shop.example", "OAUTH_REDIRECT_URI": "http://localhost:8080/cb"}, []),
        ({"SANCTUM_STATEFUL_DOMAINS": "localhost:3000", "VIRTUAL_HOST": "app", "LETSENCRYPT_HOST": "a.example"}, []),
        ({"LISTEN_ADDR": "127.0.0.1:8080", "BIND": "0.0.0.0:80", "HTTP_LISTEN": ":8080"}, []),
        ({"HOST": "0.0.0.0", "PORT": "3000", "HOSTNAME": "0.0.0.0"}, []),
        ({"UVICORN_HOST": "0.0.0.0", "UVICORN_PORT": "8000", "ROCKET_ADDRESS": "0.0.0.0", "ROCKET_PORT": "8000"}, []),
        (
            {
                "SERVER_ADDR": "0.0.0.0:8080",
                "ADDRESS": "127.0.0.1:3000",
                "ASPNETCORE_URLS": "http://+:80;http://0.0.0.0:81",
            },
            [],
        ),
        ({"FRONTEND_URL": "http://localhost:3000", "NEXTAUTH_URL": "http://localhost:3000"}, []),
        ({"BASE_IMAGE": "redis:7", "APP_VERSION": "v1:2", "RUN_USER": "app:1000"}, []),
        ({"NO_PROXY": "localhost,db:5432", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "DEBUG_HOST": "true"}, []),
        ({"JAVA_OPTS": "-Xmx512m", "START": "12:30", "GREETING": "hello"}, []),
    ],
)
def test_environment(environment: dict[str, str], expected: list[tuple[str, int]]) -> None:
    assert pairs(told(environment)) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("wait-for-it.sh db:5432 -- app", [("db", 5432)]),
        ("dockerize -wait tcp://db:5432 app", [("db", 5432)]),
        ("worker --broker=kafka:9092 --redis redis://cache:6379", [("kafka", 9092), ("cache", 6379)]),
        ("sh -c|until nc -z db 5432; do :; done; exec app --db=postgres://u@db:5432/x", [("db", 5432)]),
        ("env DB_HOST=db DATABASE_URL=postgres://pg/x app", [("db", 0), ("pg", 5432)]),
        ("psql -h db -p 6432 -c|select 1", [("db", 6432)]),
        ("redis-cli -h cache ping", [("cache", 0)]),
        ("redis_exporter --redis.addr=localhost:6379", [("localhost", 6379)]),
        ("caddy reverse-proxy --from :80 --to api:8080", [("api", 8080)]),
        # where the process itself listens
        ("gunicorn -b 0.0.0.0:8000 app:app", []),
        ("gunicorn --bind 127.0.0.1:8000 app:app", []),
        ("python manage.py runserver 127.0.0.1:8000", []),
        ("uvicorn main:app --host 0.0.0.0 --port 8000", []),
        ("uvicorn main:app --host 127.0.0.1 --port 8000", []),
        ("prometheus --web.listen-address=0.0.0.0:9090", []),
        ("vite --host 0.0.0.0", []),
        ("labsrv http 0.0.0.0 5432", []),
        ("sleep 3600", []),
        ('sh -c|an "unbalanced quote', []),
    ],
)
def test_command(command: str, expected: list[tuple[str, int]]) -> None:
    words, _, line = command.partition("|")
    assert pairs(told(command=(*words.split(), *([line] if line else [])))) == expected


def test_what_ends_up_in_a_browser() -> None:
    found = told(
        {"VITE_API_URL": "http://api:8000", "NEXT_PUBLIC_API": "http://api:8000", "REACT_APP_X": "http://api:1"}
    )
    assert pairs(found, "browser") == [("api", 8000), ("api", 8000), ("api", 1)]


def test_kafka_names_its_listeners_like_schemes() -> None:
    listeners = "PLAINTEXT://kafka:29092,PLAINTEXT_HOST://localhost:9092"
    found = told({"KAFKA_ADVERTISED_LISTENERS": listeners, "KAFKA_LISTENERS": "PLAINTEXT://:29092,HOST://0.0.0.0:9092"})
    assert [(m.scheme, m.host, m.port) for m in found if m.purpose == "advertised"] == [
        ("PLAINTEXT", "kafka", 29092),
        ("PLAINTEXT_HOST", "localhost", 9092),
    ]
    assert pairs(found) == []


@pytest.mark.parametrize(
    ("environment", "command", "expected"),
    [
        ({"ETCD_ADVERTISE_CLIENT_URLS": "http://localhost:2379"}, "etcd", [("localhost", 2379)]),
        ({"network.publish_host": "127.0.0.1"}, "es", [("127.0.0.1", 0)]),
        ({"KAFKA_ADVERTISED_HOST_NAME": "localhost", "KAFKA_ADVERTISED_PORT": "9092"}, "kafka", [("localhost", 9092)]),
        ({}, "redis-server --cluster-announce-ip 127.0.0.1 --cluster-announce-port 7000", [("127.0.0.1", 7000)]),
        (
            {},
            "redpanda start --advertise-kafka-addr internal://rp:9092,ext://localhost:19092",
            [("rp", 9092), ("localhost", 19092)],
        ),
        ({}, "etcd --advertise-client-urls http://0.0.0.0:2379", [("0.0.0.0", 2379)]),
    ],
)
def test_what_a_server_tells_its_clients(
    environment: dict[str, str], command: str, expected: list[tuple[str, int]]
) -> None:
    assert pairs(told(environment, tuple(command.split())), "advertised") == expected


def test_hints_tell_the_kind_of_service() -> None:
    environment = {
        "POSTGRES_HOST": "a",
        "DB_HOST": "b",
        "DB_CONNECTION": "pgsql",
        "MY_DB_HOST": "c",
        "X_URL": "redis://d",
    }
    assert {m.host: m.hint for m in told(environment)} == {
        "a": "postgres",
        "b": "postgres",
        "c": "database",
        "d": "redis",
    }


def test_a_url_named_after_the_container_itself_is_its_own() -> None:
    url = (("PAPERLESS_URL", "http://localhost:8000"), ("PAPERLESS_DB", "postgres://localhost/x"))
    container = Container(
        id="a", name="x", image="ghcr.io/paperless-ngx:2", state=State(status="running"), environment=url
    )
    assert pairs(mentions(container)) == [("localhost", 5432)]


def test_sure_and_spare() -> None:
    environment = {
        "LLM": "llama:70",
        "TEST_DATABASE_URL": "postgres://localhost/x",
        "SITE": "shop:80",
        "DB_ADDR": "db:1",
    }
    found = {m.host: m for m in told(environment)}
    assert {host: (m.sure, m.spare) for host, m in found.items()} == {
        "llama": (False, False),
        "localhost": (True, True),
        "shop": (False, False),
        "db": (True, False),
    }


def test_proxies_are_told_apart() -> None:
    found = told({"HTTP_PROXY": "http://proxy:3128", "https_proxy": "http://proxy:3128"})
    assert {(m.host, m.purpose) for m in found} == {("proxy", "proxy")}


@pytest.mark.parametrize("text", ["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback(text: str) -> None:
    assert is_loopback(text)


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "[::]"])
def test_any_address(text: str) -> None:
    assert is_any_address(text)
    assert not is_loopback(text)


@pytest.mark.parametrize("text", ["db", "localhost-db", "mylocalhost", "10.0.0.1", "128.0.0.1", "::2", ""])
def test_elsewhere(text: str) -> None:
    assert not is_loopback(text)
    assert not is_any_address(text)


def test_nearest_names() -> None:
    assert nearest("postgress", ["redis", "postgres", "web"]) == ("postgres",)
    assert nearest("shop_db_1", ["shop-db-1", "shop-web-1"])[0] == "shop-db-1"
    assert nearest("db", ["shop-db-1"]) == ()
    assert nearest("postgres", ["my-postgres", "x"]) == ("my-postgres",)
