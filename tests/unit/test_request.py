"""A target is read the way the user writes it."""

from __future__ import annotations

import pytest

from netdoctor.request import BadRequest, Given, read_target


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("postgres", Given(host="postgres")),
        ("postgres:5432", Given(host="postgres", port=5432)),
        ("dns:53/udp", Given(host="dns", port=53, protocol="udp")),
        ("shop/db", Given(host="shop/db")),
        ("shop/db:5432", Given(host="shop/db", port=5432)),
        ("localhost:5432", Given(host="localhost", port=5432)),
        ("10.0.0.7:5432", Given(host="10.0.0.7", port=5432, verbatim=True)),
        ("[::1]:80", Given(host="::1", port=80, verbatim=True)),
        ("::1", Given(host="::1", verbatim=True)),
        ("postgresql://me:pw@db:5433/app", Given(host="db", port=5433, scheme="postgresql", verbatim=True)),
        ("redis://cache", Given(host="cache", port=6379, scheme="redis", verbatim=True)),
        ("jdbc:mysql://m/x", Given(host="m", port=3306, scheme="mysql", verbatim=True)),
    ],
)
def test_reads(text: str, given: Given) -> None:
    assert read_target(text) == (given,)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ('["http://es1:9200","http://es2:9201"]', ["es1:9200", "es2:9201"]),
        ("postgres://u:p@db1:5432,db2:5433/app?target_session_attrs=any", ["db1:5432", "db2:5433"]),
        ("host=db port=5433 user=app password=x", ["db:5433"]),
        ("Host=db;Port=5432;Database=app;Username=app;Password=x", ["db:5432"]),
        ("Server=tcp:db,1433;Database=app", ["db:1433"]),
        ("cache:6379,password=x,abortConnect=false", ["cache:6379"]),
        ("root:pw@tcp(db:3306)/app", ["db:3306"]),
    ],
)
def test_reads_what_a_configuration_says(text: str, given: list[str]) -> None:
    assert [f"{one.host}:{one.port}" for one in read_target(text)] == given
    assert all(one.verbatim for one in read_target(text))


def test_reads_several_names() -> None:
    assert read_target("k1:9092, k2") == (Given(host="k1", port=9092), Given(host="k2"))


@pytest.mark.parametrize(
    "text", ["", "db,", "db:0", "db:70000", "db:abc", "db:", "http://db:99999/", "a b:80", "/x", "://"]
)
def test_refuses_in_one_sentence(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_target(text)
    assert "\n" not in str(refused.value)
    assert "write" in str(refused.value)
