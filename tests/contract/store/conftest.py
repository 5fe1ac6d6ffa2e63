"""The adapters that every suite of this folder runs on. Another one is another branch of `store`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.ports.database import Database, UnitOfWork


@pytest.fixture(params=["postgres", "postgres rehearsal"])
def store(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty store that was set up."""
    opened = PostgresDatabase(request.getfixturevalue("database").url)
    match request.param:
        case "postgres":
            yield opened
        case "postgres rehearsal":
            with opened.rehearsal() as rehearsal:
                yield rehearsal
        case _:
            raise ValueError(request.param)
    opened.close()


@pytest.fixture
def unit(store: Database) -> Iterator[UnitOfWork]:
    """One transaction over it, committed when the test ends well."""
    with store.transaction() as opened:
        yield opened
