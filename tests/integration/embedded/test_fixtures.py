"""The fixtures that other tests stand on: fresh databases, on each version, cloned from a template."""

from __future__ import annotations

import pytest

from tests.support.postgres import EMBEDDED, Database, TestServer, versions


def test_a_database_is_fresh_for_every_test(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE only_here ()")


def test_a_database_is_fresh_for_the_next_test(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


@pytest.mark.every_postgres
def test_a_marked_test_runs_on_each_version(postgres: TestServer, empty_database: Database) -> None:
    with empty_database.connect() as connection:
        assert connection.info.server_version // 10000 == postgres.version
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


@pytest.mark.every_postgres
def test_the_template_is_migrated(database: Database) -> None:
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) > 0 FROM pg_tables WHERE schemaname = 'sync_engine'").fetchone()
        assert row == (True,)


def test_an_unmarked_test_runs_on_the_embedded_version(postgres: TestServer) -> None:
    assert versions()[0] == EMBEDDED
    assert postgres.version == 18
