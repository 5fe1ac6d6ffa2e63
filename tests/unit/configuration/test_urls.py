"""Database addresses: every spelling that people have, in the two forms that libraries take."""

from __future__ import annotations

import psycopg.conninfo
import pytest
from sqlalchemy.engine import make_url

from sync_engine.configuration.urls import has_password, libpq_url, sqlalchemy_url
from sync_engine.errors import ConfigurationError

SAME = {"host": "h", "port": "6543", "user": "me", "password": "p@ss", "dbname": "d"}


@pytest.mark.parametrize(
    "text",
    [
        "postgres://me:p%40ss@h:6543/d",
        "postgresql://me:p%40ss@h:6543/d",
        "postgresql+psycopg://me:p%40ss@h:6543/d",
        "POSTGRESQL+asyncpg://me:p%40ss@h:6543/d?prepared_statement_cache_size=0",
        "  postgres://me:p%40ss@h:6543/d?pgbouncer=true&connection_limit=1  ",
        "host=h port=6543 user=me password='p@ss' dbname=d",
    ],
)
def test_every_spelling_means_the_same(text: str) -> None:
    assert psycopg.conninfo.conninfo_to_dict(libpq_url(text)) == SAME
    url = make_url(sqlalchemy_url(text))
    assert url.drivername == "postgresql+psycopg"
    _, given = url.get_dialect()().create_connect_args(url)
    assert {name: str(value) for name, value in given.items() if name in SAME} == SAME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql:///d?host=/run/pg", {"host": "/run/pg", "dbname": "d"}),
        ("postgresql://%2Frun%2Fpg/d", {"host": "/run/pg", "dbname": "d"}),
        ("postgres://me@a:1,b:2/d?target_session_attrs=read-write", {"host": "a,b", "port": "1,2"}),
        ("postgres://a,b/d", {"host": "a,b", "port": "5432,5432"}),
        ("postgresql://h/d?sslmode=require", {"host": "h", "sslmode": "require"}),
    ],
)
def test_sockets_and_several_hosts(text: str, expected: dict[str, str]) -> None:
    url = make_url(sqlalchemy_url(text))
    _, given = url.get_dialect()().create_connect_args(url)
    assert {name: given[name] for name in expected} == expected


@pytest.mark.parametrize("text", ["mysql://me:hunter2@h/d", "hunter2", "", "http://x", "jdbc:postgresql://h/d"])
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        libpq_url(text)
    assert "hunter2" not in str(refused.value)
    assert "postgresql://user:password@host" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgres://me:hunter2@h/d", True),
        ("postgres://me@h/d", False),
        ("postgres://h/d?sslmode=require&password=hunter2", True),
        ("postgres://h/d?sslmode=require", False),
        ("host=h password='hunt er2' dbname=d", True),
        ("host=h dbname=d", False),
    ],
)
def test_a_password_is_found(text: str, found: bool) -> None:
    assert has_password(text) is found
