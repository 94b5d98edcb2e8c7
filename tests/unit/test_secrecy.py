"""What is a secret, by its name, its place in a text, or its own shape; and what only looks like one."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from netdoctor.answers import Asked, AskLogs, LogLine, Logs
from netdoctor.model import Container, Engine, State
from netdoctor.redact import redact
from netdoctor.stack import Stack


def container(name: str = "api", **fields: object) -> Container:
    given = {"id": name, "name": name, "state": State(status="running"), **fields}
    return Container(**given)  # type: ignore[arg-type]


def stack(*containers: Container, **fields: object) -> Stack:
    return Stack(engine=Engine(), containers=containers, **fields)  # type: ignore[arg-type]


def variables(*pairs: tuple[str, str]) -> list[str]:
    """The values of one container's variables, redacted."""
    found, _ = redact(stack(container(environment=pairs)))
    return [value for _, value in found.containers[0].environment]


def command(*arguments: str) -> tuple[str, ...]:
    found, _ = redact(stack(container(command=arguments)))
    return found.containers[0].command


def log(*lines: str) -> list[str]:
    asked = Asked(question=AskLogs(container="api"), answer=Logs(lines=tuple(LogLine(at=1.0, text=t) for t in lines)))
    answer = redact(stack(container(), asked=(asked,)))[0].asked[0].answer
    assert isinstance(answer, Logs)
    return [line.text for line in answer.lines]


# -- values that their name calls a secret --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "POSTGRES_PASSWORD",
        "PGPASSWORD",
        "MYSQL_PWD",
        "SMTP_PASS",
        "DB_PW",
        "RABBITMQ_DEFAULT_PASS",
        "SECRET_KEY_BASE",
        "clientSecret",
        "API_KEY",
        "apikey",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "GITHUB_TOKEN",
        "TOKEN_2",
        "PRIVATE_KEY",
        "STRIPE_KEY",
        "APP_KEY",
        "NEO4J_AUTH",
        "BASIC_AUTH",
        "WP_AUTH_SALT",
        "RABBITMQ_ERLANG_COOKIE",
        "SESSION_SECRET",
        "VAULT_SECRET_ID",
        "DB_CREDENTIALS",
        "X_SIGNATURE",
        "PASSWORD_HASH",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert variables((name, "hunter2x")) == ["<secret-1>"]
    assert variables((name, "pw:12345")) == variables((name, "pw:12345"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_HOST_AUTH_METHOD", "trust"),
        ("PWD", "/app"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/db"),
        ("SECRET", "/run/secrets/db"),
        ("SSL_KEY", "/certs/server.key"),
        ("AUTH_HOST", "auth"),
        ("AUTH_URL", "http://auth:8080"),
        ("AUTH", "http://auth:8080/realm"),
        ("TOKEN_ENDPOINT", "http://auth:8080/token"),
        ("TOKEN_SERVICE", "tokens:8080"),
        ("SESSION_DRIVER", "redis"),
        ("SESSION_STORE", "redis:6379"),
        ("SMTP_AUTH", "plain"),
        ("NEO4J_AUTH", "none"),
        ("ALLOW_EMPTY_PASSWORD", "yes"),
        ("POSTGRES_PASSWORD", ""),
        ("POSTGRES_PASSWORD", "${DB_PASSWORD}"),
        ("MAX_TOKENS", "4096"),
        ("CACHE_KEY", "frontend"),
        ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1"),
        ("KEYCLOAK_ADMIN", "admin"),
        ("COMPASS", "north-by-2"),
        ("MONGO_URL", "mongodb://db:27017/x?authSource=admin&authMechanism=SCRAM-SHA-256"),
        ("KAFKA", "PLAINTEXT://kafka:9092,SSL://kafka:9093"),
        ("UPSTREAMS", "token:8080,auth:80"),
        ("IMAGE", "nginx:1.22@sha256:0123456789abcdef"),
    ],
)
def test_names_that_only_sound_like_it(name: str, value: str) -> None:
    assert variables((name, value)) == [value]


def test_quotes_and_white_space_around_a_secret_stay_to_be_seen() -> None:
    assert variables(("A_PASSWORD", '"hunter2x"'), ("B_PASSWORD", "hunter2x\n")) == ['"<secret-1>"', "<secret-1>\n"]


# -- secrets in URLs and connection strings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "cut"),
    [
        ("postgres://app:hunter2x@db:5432/shop", "postgres://app:<secret-1>@db:5432/shop"),
        ("postgres://app:p@ss:w@db:5432/shop", "postgres://app:<secret-1>@db:5432/shop"),
        ("postgres://app:a/b#c?d@db:5432/shop", "postgres://app:<secret-1>@db:5432/shop"),
        ("redis://:hunter2x@cache:6379/0", "redis://:<secret-1>@cache:6379/0"),
        ("amqp://guest:guest@rabbit:5672//", "amqp://guest:<secret-1>@rabbit:5672//"),
        ("mongodb://u:pw@m1:27017,m2:27017/x?tls=true", "mongodb://u:<secret-1>@m1:27017,m2:27017/x?tls=true"),
        ("http://u:p1@a:1,http://u:p2@b:2", "http://u:<secret-1>@a:1,http://u:<secret-2>@b:2"),
        ("http://[fd00::2]:80/x?token=abc&page=2", "http://[fd00::2]:80/x?token=<secret-1>&page=2"),
        ("https://0123456789abcdef@sentry.io/4", "https://<secret-1>@sentry.io/4"),
        ("https://hooks.slack.com/services/T0/B0/x1", "https://hooks.slack.com/services/<secret-1>"),
        ("root:pw@tcp(mysql:3306)/shop", "root:<secret-1>@tcp(mysql:3306)/shop"),
        ("app:pw@db:5432/shop", "app:<secret-1>@db:5432/shop"),
        ("jdbc:postgresql://db:1/x?password=pw&ssl=1", "jdbc:postgresql://db:1/x?password=<secret-1>&ssl=1"),
        ("jdbc:sqlserver://db:1433;password=P;w;user=x", "jdbc:sqlserver://db:1433;password=<secret-1>;user=x"),
        ("jdbc:oracle:thin:scott/tiger@//db:1521/x", "jdbc:oracle:thin:scott/<secret-1>@//db:1521/x"),
        ("host=db port=5432 password='a b' dbname=x", "host=db port=5432 password='<secret-1>' dbname=x"),
        ("Server=db,1433;Password=Pw1;Encrypt=no", "Server=db,1433;Password=<secret-1>;Encrypt=no"),
        ('{"host":"db","port":5432,"password":"p\\"w"}', '{"host":"db","port":5432,"password":"<secret-1>"}'),
        ("-Xmx1g -Ddb.password=pw -Ddb.host=db", "-Xmx1g -Ddb.password=<secret-1> -Ddb.host=db"),
        ("http://api:8080/mail?to=a@b.example", "http://api:8080/mail?to=a@b.example"),
        ("postgres://app@db:5432/shop", "postgres://app@db:5432/shop"),
        ("redis://:${REDIS_PASSWORD}@cache:6379", "redis://:${REDIS_PASSWORD}@cache:6379"),
    ],
)  # fmt: skip
def test_connection_strings(value: str, cut: str) -> None:
    assert variables(("DSN", value)) == [cut]


def test_urls_can_still_be_parsed() -> None:
    found = urlsplit(variables(("DATABASE_URL", "postgresql://app:hunter2x@db:5432/shop?sslmode=disable"))[0])
    assert (found.scheme, found.username, found.password) == ("postgresql", "app", "<secret-1>")
    assert (found.hostname, found.port, found.path, found.query) == ("db", 5432, "/shop", "sslmode=disable")


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrst",
        "xoxb-123456789012-abcdefghijkl",
        "sk-proj-abcdefghijklmnopqrstuvwx",
        "sk_live_abcdefghijklmnop",
        "glpat-abcdefghijklmnopqrst",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "$2y$10$abcdefghijklmnopqrstuv",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----",
    ],
)
def test_secrets_that_their_shape_betrays(secret: str) -> None:
    assert variables(("NOTE", f"see {secret}")) == ["see <secret-1>"]


# -- commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "cut"),
    [
        ("x|--password|my pass word|--host|db", "x|--password|<secret-1>|--host|db"),
        ("x|--password=my pass|--host=db", "x|--password=<secret-1>|--host=db"),
        ("x|--verbose|--token|abc", "x|--verbose|--token|<secret-1>"),
        ("redis-server|--requirepass|pw", "redis-server|--requirepass|<secret-1>"),
        ("redis-cli|-a|pw|ping", "redis-cli|-a|<secret-1>|ping"),
        ("sh|-c|redis-cli -h r -a 'p w' ping; echo", "sh|-c|redis-cli -h r -a '<secret-1>' ping; echo"),
        ("mysqladmin|ping|-uroot|-ppw", "mysqladmin|ping|-uroot|-p<secret-1>"),
        ("CMD-SHELL|mysqladmin ping -uroot -ppw", "CMD-SHELL|mysqladmin ping -uroot -p<secret-1>"),
        ("mongosh|-u|root|-p|pw", "mongosh|-u|root|-p|<secret-1>"),
        ("curl|-u|me:pw|http://x", "curl|-u|me:<secret-1>|http://x"),
        ("curl|-H|Authorization: Bearer abc|http://x", "curl|-H|Authorization: Bearer <secret-1>|http://x"),
        ("sh|-c|PGPASSWORD=pw exec psql -h db -p 5432", "sh|-c|PGPASSWORD=<secret-1> exec psql -h db -p 5432"),
        ("java|-Dpassword=pw|-jar|x.jar", "java|-Dpassword=<secret-1>|-jar|x.jar"),
        ("psql|-h|db|-p|5432|--no-password", "psql|-h|db|-p|5432|--no-password"),
        ("mongod|--auth|--bind_ip|0.0.0.0", "mongod|--auth|--bind_ip|0.0.0.0"),
        ('sh|-c|mysql -p"$MYSQL_PASSWORD" -h db', 'sh|-c|mysql -p"$MYSQL_PASSWORD" -h db'),
        ("docker|run|-u|1000:1000|-p|8080:80", "docker|run|-u|1000:1000|-p|8080:80"),
    ],
)  # fmt: skip
def test_commands(given: str, cut: str) -> None:
    assert command(*given.split("|")) == tuple(cut.split("|"))


# -- logs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        ("GENERATED ROOT PASSWORD: aB3dEf/=", "GENERATED ROOT PASSWORD: <secret-1>"),
        ("connecting to postgres://u:pw@db:5432/x", "connecting to postgres://u:<secret-1>@db:5432/x"),
        ("login user=x, password=pw, host=db", "login user=x, password=<secret-1>, host=db"),
        ("{password=pw,host=db}", "{password=<secret-1>,host=db}"),
        ("GET /lab?token=0a1b2c&x=1 HTTP/1.1", "GET /lab?token=<secret-1>&x=1 HTTP/1.1"),
        ("Set-Cookie: session=abc123; Path=/", "Set-Cookie: session=<secret-1>; Path=/"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic <secret-1>"),
        ("curl sent Basic dXNlcjpwYXNz", "curl sent Basic <secret-1>"),
        ("CREATE USER x WITH PASSWORD 'pw'", "CREATE USER x WITH PASSWORD '<secret-1>'"),
    ],
)
def test_log_lines(line: str, cut: str) -> None:
    assert log(line) == [cut]


@pytest.mark.parametrize(
    "line",
    [
        'FATAL:  password authentication failed for user "app"',
        "password: incorrect",
        "Invalid token: expired",
        "Using basic authentication",
        "auth: permission denied",
        "dial tcp: lookup token on 127.0.0.11:53: no such host",
        "connect to token:8080: connection refused",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "2024-05-01T10:00:00Z tokens: 5 pass=3 fail=0",
    ],
)
def test_log_lines_that_explain_the_fault(line: str) -> None:
    assert log(line) == [line]


def test_a_key_of_many_lines_keeps_its_lines() -> None:
    lines = [
        "start",
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBg",
        "kqhkiG9w0BAQEF",
        "-----END PRIVATE KEY-----",
        "end",
    ]
    assert log(*lines) == ["start", *["<secret-1>"] * 4, "end"]
    assert log(*lines[:3]) == ["start", "<secret-1>", "<secret-1>"]


def test_a_line_that_is_none_is_still_cut() -> None:
    assert log("a\nb", "password=pw") == ["a\nb", "password=<secret-1>"]
