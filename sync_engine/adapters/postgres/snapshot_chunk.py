"""Composes the statements that log what a table holds: its rows as snapshots, and known rows that are gone."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.sql import SQL, Composed, Identifier, Literal

from sync_engine.adapters.postgres import images
from sync_engine.adapters.postgres.capture_function import Shape
from sync_engine.domain.schema import Column, Table

_ROW = Identifier("t")


def snapshot_chunk(shape: Shape, table: Table, *, resumed: bool) -> Composed:
    """Logs up to `$1` rows in key order, beyond the key `$2` ... when `resumed`; returns their keys.

    One statement, so that `pg_current_snapshot()` is the snapshot its rows are read under, in any isolation level:
    an event of the trigger belongs on top of the row exactly if that snapshot does not see its transaction.
    """
    order = SQL(", ").join(SQL("{}.{}").format(_ROW, Identifier(column.name)) for column in shape.key)
    return SQL(
        "INSERT INTO sync_engine.sync_events (mapping, source, op, key, after, snapshot)"
        " SELECT {mapping}, 'p', 's', {key}, {image}, pg_current_snapshot()"
        " FROM (SELECT * FROM {table} AS t WHERE {beyond} ORDER BY {order} LIMIT $1::bigint) AS t ORDER BY {order}"
        " RETURNING key"
    ).format(
        mapping=Literal(shape.mapping),
        key=images.record_key(shape.key, _ROW),
        image=images.row_image(shape.captured, _ROW),
        table=images.rows_of(table.schema, table.name, partitioned=table.partitioned),
        beyond=_beyond(shape.key, order) if resumed else SQL("true"),
        order=order,
    )


def absent_rows(shape: Shape, table: Table) -> Composed:
    """Logs a delete, with the snapshot of this statement, of each present record whose key is not in the table."""
    return SQL(
        "INSERT INTO sync_engine.sync_events (mapping, source, op, key, snapshot)"
        " SELECT r.mapping, 'p', 'd', r.key, pg_current_snapshot() FROM sync_engine.sync_records AS r"
        " WHERE r.mapping = {mapping} AND r.postgres_presence = 'p' AND NOT row_security_active({table}::regclass)"
        " AND NOT EXISTS (SELECT FROM {name} AS t WHERE {key} = r.key) ORDER BY r.id"
    ).format(
        mapping=Literal(shape.mapping),
        table=Literal(table.oid),
        name=images.rows_of(table.schema, table.name, partitioned=table.partitioned),
        key=images.record_key(shape.key, _ROW),
    )


def _beyond(key: Sequence[Column], own: Composed) -> Composed:
    parts = SQL(", ").join(SQL(f"${n}::text::{column.type}") for n, column in enumerate(key, 2))
    return SQL("({}) > ({})").format(own, parts)
