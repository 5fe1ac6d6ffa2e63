"""DATABASE_URL in every spelling, and what is told of it."""

from __future__ import annotations

import pytest

from sync_engine.adapters.postgres.url import connection_parameters, describe


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("postgres://u:p@h/d", {"host": "h", "port": "5432", "user": "u", "password": "p", "dbname": "d"}),
        ("postgresql+asyncpg://u@h:6/d", {"host": "h", "port": "6", "user": "u", "dbname": "d"}),
        ("postgresql://u@/d?host=/run/x", {"host": "/run/x", "port": "5432", "hostaddr": "", "dbname": "d"}),
        ("host=h dbname='a b'", {"host": "h", "dbname": "a b"}),
        ("postgresql://u:p%40%2F@[::1]:7/d", {"host": "::1", "port": "7", "password": "p@/"}),
        ("postgresql://a,b:2/d", {"host": "a,b"}),
        ("postgresql:///d", {"dbname": "d"}),
        ("postgresql://h/d?application_name=x&keepalives_idle=5", {"keepalives_idle": "5"}),
    ],
)
def test_parameters(url: str, parts: dict[str, str]) -> None:
    found = connection_parameters(url)
    assert parts.items() <= found.items()
    assert found["application_name"] == "sync-engine"


def test_without_a_host_the_environment_decides() -> None:
    assert not {"host", "port", "hostaddr"} & connection_parameters("dbname=x").keys()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgres://u:secret@h:7/d", "database 'd' at h:7 as 'u'"),
        ("postgres://u:secret@/d?host=/run/x", "database 'd' at /run/x as 'u'"),
        ("postgres://:secret@h", "h:5432"),
        ("password=secret", "the local socket"),
    ],
)
def test_description(url: str, told: str) -> None:
    assert describe(connection_parameters(url)) == told
