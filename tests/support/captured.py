"""Captured tables and readers of the log, without the rest of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import psycopg

from sync_engine.adapters.postgres import introspect
from sync_engine.adapters.postgres.capture import PostgresCapture
from sync_engine.adapters.postgres.connection import make_engine
from sync_engine.adapters.postgres.errors import translated
from sync_engine.adapters.postgres.event_log import PostgresEventLog
from sync_engine.domain.events import ChangeEvent
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Table
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.installation import CaptureState
from tests.support.postgres import Database


class CaptureLab:
    """One database: installs capture, writes as a user, reads as the engine."""

    def __init__(self, database: Database) -> None:
        self.url = database.url
        self.engine = make_engine(database.url)
        self.user: psycopg.Connection[Any] = database.connect(autocommit=True)

    def close(self) -> None:
        self.user.close()
        self.engine.dispose()

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run as the user; one statement with parameters, or several without."""
        cursor = self.user.execute(query, parameters or None)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []

    def without(self, feature: Literal["xml", "icu"]) -> bool:
        """Whether this server was built without it (the embedded one has neither)."""
        probes = {"xml": "SELECT '<a/>'::xml", "icu": "SELECT 'a' < 'b' COLLATE \"und-x-icu\""}
        try:
            self.sql(probes[feature])
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedObject):
            return True
        return False

    def table(self, name: str, schema: str = "public") -> Table:
        with self.engine.begin() as connection:
            found = introspect.tables(connection, [schema])
        return next(table for table in found if (table.schema, table.name) == (schema, name))

    def mapping(
        self, name: str, *, id: int = 1, schema: str = "public", without: Sequence[str] = ()
    ) -> TableMapping:
        """A mapping of all columns but some."""
        table = self.table(name, schema)
        types = {column.name: column.type for column in table.columns}
        return TableMapping(
            name=name,
            schema=schema,
            table=name,
            key_columns=table.primary_key,
            key_types=tuple(types[column] for column in table.primary_key),
            fields=(),
            title="",
            id=id,
            oid=table.oid,
            captured=tuple(column.name for column in table.columns if column.name not in without),
        )

    def capture(self, mapping: TableMapping) -> TableMapping:
        """Install its triggers."""
        with translated(), self.engine.begin() as connection:
            PostgresCapture(connection).install(mapping, self.table(mapping.table, mapping.schema))
        return mapping

    def release(self, mapping: TableMapping) -> None:
        with self.engine.begin() as connection:
            PostgresCapture(connection).uninstall(mapping)

    def state(self, mapping: TableMapping) -> CaptureState:
        with self.engine.begin() as connection:
            return PostgresCapture(connection).state(mapping, self.table(mapping.table, mapping.schema))

    @contextmanager
    def log(self) -> Iterator[PostgresEventLog]:
        """The event log in a transaction that commits."""
        with translated(), self.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL TimeZone = 'UTC'")
            yield PostgresEventLog(connection)

    def events(self, **wanted: Any) -> list[ChangeEvent]:
        """All events that match, by seq."""
        with self.log() as log:
            return list(log.find(EventFilter(**wanted)))

    def read(self, consumer: str = "test", page: int = 1000) -> list[ChangeEvent]:
        """One tick, read in pages; the cursor moves."""
        with self.log() as log:
            tick = log.tick(consumer)
            read: list[ChangeEvent] = []
            while got := log.read(tick, read[-1].seq if read else 0, page):
                read += got
            log.advance(consumer, tick)
        return read


@contextmanager
def capture_lab(database: Database) -> Iterator[CaptureLab]:
    """A lab that is closed at the end."""
    lab = CaptureLab(database)
    try:
        yield lab
    finally:
        lab.close()
