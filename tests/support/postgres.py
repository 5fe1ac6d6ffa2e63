"""Databases for tests: one server a version and session, one database a test, cloned from a migrated template.

- `database`: a fresh database with the engine schema at head.
- `empty_database`: a fresh database without it.
- `@pytest.mark.every_postgres`: the test runs on each server version of this machine: the embedded
  18, and the system's 15 where it is installed. Without the mark: on the embedded one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sync_engine.adapters.embedded import Binaries, EmbeddedServer, find_binaries, libpq_environment_removed

EMBEDDED = "embedded-18"
SYSTEM = "system-15"
SYSTEM_BIN = Path("/usr/lib/postgresql/15/bin")
MIGRATED = "sync_engine_template"


@dataclass(frozen=True)
class Database:
    """A database that only this test knows."""

    url: str
    name: str

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A new connection; the test closes it (`with`). `options` as for `psycopg.connect`."""
        return psycopg.connect(self.url, **options)


class TestServer:
    """One running server and its templates."""

    __test__ = False

    def __init__(self, binaries: Binaries) -> None:
        self.binaries = binaries
        self.server = EmbeddedServer.ephemeral(binaries=binaries)
        self._numbers = itertools.count(1)
        self._migrated = False

    @property
    def version(self) -> int:
        return self.server.version

    def clone(self, template: str | None) -> Database:
        """A new database, empty or like the template."""
        name = f"test_{next(self._numbers)}"
        self.server.create_database(name, template)
        return Database(self.server.url(name), name)

    def migrated_template(self) -> str:
        """The name of a database with the engine schema at head, made at the first call."""
        if not self._migrated:
            from sync_engine.adapters.postgres.migrate import upgrade

            self.server.create_database(MIGRATED)
            upgrade(self.server.url(MIGRATED))
            self._seal(MIGRATED)
            self._migrated = True
        return MIGRATED

    def _seal(self, name: str) -> None:
        """No connection may be open to a template, and autovacuum's are in the way too."""
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            closing = "ALTER DATABASE {} ALLOW_CONNECTIONS false"
            connection.execute(sql.SQL(closing).format(sql.Identifier(name)))
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def versions() -> list[str]:
    """The servers that this machine offers to tests."""
    return [EMBEDDED, SYSTEM] if SYSTEM_BIN.is_dir() else [EMBEDDED]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `every_postgres` once a version."""
    if metafunc.definition.get_closest_marker("every_postgres") and "postgres" in metafunc.fixturenames:
        metafunc.parametrize("postgres", versions(), indirect=True)


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[Callable[[str], TestServer]]:
    """The server of a version, started when it is first asked for, stopped at the end of the session."""
    started: dict[str, TestServer] = {}

    def get(version: str) -> TestServer:
        if version not in started:
            binaries = find_binaries("embedded" if version == EMBEDDED else SYSTEM_BIN)
            started[version] = TestServer(binaries)
        return started[version]

    with libpq_environment_removed():
        try:
            yield get
        finally:
            for running in started.values():
                running.server.close()


@pytest.fixture
def postgres(request: pytest.FixtureRequest, postgres_servers: Callable[[str], TestServer]) -> TestServer:
    """The server of this test."""
    return postgres_servers(getattr(request, "param", EMBEDDED))


@pytest.fixture
def empty_database(postgres: TestServer) -> Iterator[Database]:
    """A database without the engine schema."""
    made = postgres.clone(None)
    yield made
    postgres.server.drop_database(made.name)


@pytest.fixture
def database(postgres: TestServer) -> Iterator[Database]:
    """A database with the engine schema at head."""
    made = postgres.clone(postgres.migrated_template())
    yield made
    postgres.server.drop_database(made.name)
