"""`sync_held`: records that cannot be applied, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.among import among
from sync_engine.adapters.postgres.record_json import SIDE_CODES, SIDES
from sync_engine.adapters.postgres.tables import held as table
from sync_engine.ports.held import HeldRecord


class PostgresHeld:
    """Implements `ports.held.Held`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, held: HeldRecord) -> None:
        """Hold the record; a second time counts the attempt and takes the newest reason, since when stays."""
        reason = {
            "mapping": held.mapping,
            "key": held.key or None,
            "side": SIDE_CODES[held.side],
            "op": held.op,
            "reason": held.reason,
            "constraint": held.constraint or None,
            "waiting_for": held.waiting_for or None,
        }
        since = {} if held.since is None else {"since": held.since}
        query = insert(table).values(record_id=held.record_id, attempts=held.attempts, **reason, **since)
        again = {**reason, "attempts": table.c.attempts + query.excluded.attempts}
        self._connection.execute(query.on_conflict_do_update(index_elements=[table.c.record_id], set_=again))

    def release(self, record_ids: Sequence[int]) -> None:
        """Let records go on; those not held are left alone."""
        if record_ids:
            self._connection.execute(delete(table).where(among(table.c.record_id, record_ids)))

    def of(self, record_ids: Sequence[int]) -> Sequence[HeldRecord]:
        """Those of these records that are held, by id."""
        if not record_ids:
            return []
        query = select(table).where(among(table.c.record_id, record_ids)).order_by(table.c.id)
        return [_held(row) for row in self._connection.execute(query)]

    def find(self, mapping: int | None = None) -> Sequence[HeldRecord]:
        """Held records by id."""
        query = select(table).order_by(table.c.id)
        if mapping is not None:
            query = query.where(table.c.mapping == mapping)
        return [_held(row) for row in self._connection.execute(query)]


def _held(row: Row[Any]) -> HeldRecord:
    return HeldRecord(
        record_id=row.record_id,
        mapping=row.mapping,
        key=row.key or "",
        side=SIDES[row.side],
        op=row.op,
        reason=row.reason,
        constraint=row.constraint or "",
        waiting_for=row.waiting_for or "",
        attempts=row.attempts,
        id=row.id,
        since=row.since,
    )
