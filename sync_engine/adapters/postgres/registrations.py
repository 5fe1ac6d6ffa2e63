"""`sync_mappings`: the mappings as `setup` registered them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from sync_engine.adapters.postgres.tables import mappings as table
from sync_engine.errors import DatabaseError
from sync_engine.ports.registrations import Registration


class PostgresRegistrations:
    """Implements `ports.registrations.Registrations`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Sequence[Registration]:
        """All of them, by id."""
        return [_registration(row) for row in self._connection.execute(select(table).order_by(table.c.id))]

    def save(self, registration: Registration) -> Registration:
        """Insert (id 0) or update by id. Raises DatabaseError when the one to update is not there."""
        if not registration.id:
            query = insert(table).values(**_row(registration)).returning(table.c.id)
            return replace(registration, id=self._connection.execute(query).scalar_one())
        changed = update(table).where(table.c.id == registration.id).values(**_row(registration))
        if self._connection.execute(changed).rowcount != 1:
            raise DatabaseError(f"mapping {registration.id} is not in sync_mappings")
        return registration


def _row(registration: Registration) -> dict[str, Any]:
    return {
        "name": registration.name,
        "schema": registration.schema,
        "table": registration.table,
        "oid": registration.oid,
        "database_id": registration.database_id or None,
        "data_source_id": registration.data_source_id or None,
        "key_property_id": registration.key_property_id or None,
        "fields": registration.fields,
        "backfilled": registration.backfilled,
        "recovering": registration.recovering,
        "row_filter": registration.where,
        "row_filter_sql": registration.row_filter,
        "row_filter_due": registration.filter_due,
        "matched": registration.matched,
        "key_numbers": [*registration.key_numbers],
        "polled_until": registration.polled_until,
        "last_full_scan": registration.last_full_scan,
        "last_sync": registration.last_sync,
    }


def _registration(row: Row[Any]) -> Registration:
    return Registration(
        id=row.id,
        name=row.name,
        schema=row.schema,
        table=row.table,
        oid=row.oid,
        database_id=row.database_id or "",
        data_source_id=row.data_source_id or "",
        key_property_id=row.key_property_id or "",
        fields=row.fields,
        backfilled=row.backfilled,
        recovering=row.recovering,
        where=row.row_filter,
        row_filter=row.row_filter_sql,
        filter_due=row.row_filter_due,
        matched=row.matched,
        key_numbers=tuple(row.key_numbers),
        polled_until=row.polled_until,
        last_full_scan=row.last_full_scan,
        last_sync=row.last_sync,
    )
