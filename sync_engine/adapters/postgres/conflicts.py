"""`sync_conflicts`: two different edits of one field, both kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, func, select, update

from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.recordset import recordsets
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import conflicts as table
from sync_engine.adapters.postgres.tables import policies
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject
from sync_engine.errors import DatabaseError
from sync_engine.ports.conflicts import ConflictRow, ConflictStatus, PolicyVersion, SideValue

_OPEN = table.c.status == "open"

FORGOTTEN_AT_ONCE = 5_000
"""Rows that one statement deletes."""


class PostgresConflicts:
    """Implements `ports.conflicts.Conflicts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, conflicts: Sequence[ConflictRow]) -> Sequence[ConflictRow]:
        """Store; a repeat of an open conflict keeps its id and first time, and adds to its occurrences."""
        driver, query = driver_of(self._connection), statement("conflicts_insert")
        batches = (recordsets(map(_row, batch)) for batch in _without_repeats(conflicts))
        made = [row for texts in batches for rows in texts for row in driver.execute(query, [rows])]
        return [
            replace(conflict, id=identity, detected_at=at, occurrences=occurrences)
            for conflict, (identity, at, occurrences) in zip(conflicts, made, strict=True)
        ]

    def get(self, conflict_id: int) -> ConflictRow | None:
        """One conflict, or None."""
        row = self._connection.execute(select(table).where(table.c.id == conflict_id)).one_or_none()
        return None if row is None else _conflict(row)

    def find(
        self, statuses: Sequence[ConflictStatus], mapping: int | None = None, record: int | None = None
    ) -> Sequence[ConflictRow]:
        """Those with one of the statuses, by id."""
        query = select(table).where(table.c.status.in_(statuses)).order_by(table.c.id)
        if mapping is not None:
            query = query.where(table.c.mapping == mapping)
        if record is not None:
            query = query.where(table.c.record_id == record)
        return [_conflict(row) for row in self._connection.execute(query)]

    def update(self, conflict: ConflictRow) -> None:
        """Store status, winner, reason, and who resolved it when. Raises DatabaseError when it is not there."""
        done = self._connection.execute(
            update(table)
            .where(table.c.id == conflict.id)
            .values(
                status=conflict.status,
                winner=conflict.winner or None,
                reason=conflict.reason,
                resolved_at=conflict.resolved_at,
                resolved_by=conflict.resolved_by or None,
            )
        )
        if done.rowcount != 1:
            raise DatabaseError(f"conflict {conflict.id} is not in sync_conflicts")

    def count_open(self, mapping: int | None = None) -> int:
        """How many wait for a person."""
        query = select(func.count()).where(_OPEN)
        if mapping is not None:
            query = query.where(table.c.mapping == mapping)
        return self._connection.execute(query).scalar_one()

    def forget(self, older_than: timedelta) -> int:
        """Forget what was closed so long ago, if its record has nothing left to carry across; returns how many."""
        driver, query = driver_of(self._connection), statement("conflicts_forget")
        forgotten = 0
        while done := driver.execute(query, {"age": older_than, "limit": FORGOTTEN_AT_ONCE}).rowcount:
            forgotten += done
        return forgotten

    def policy_version(self, mapping: int, rules: JsonObject) -> int:
        """The version of these rules of the mapping; rules that are not its newest become a new one."""
        parameters = {"mapping": mapping, "rules": Jsonb(rules)}
        row = driver_of(self._connection).execute(statement("policies_version"), parameters).fetchone()
        return int(row[0]) if row else 0

    def policy(self, mapping: int, version: int) -> PolicyVersion | None:
        """That version of the mapping's rules, or None."""
        wanted = policies.c.mapping == mapping, policies.c.version == version
        row = self._connection.execute(select(policies).where(*wanted)).one_or_none()
        return None if row is None else PolicyVersion(row.version, row.at, row.rules)


def _without_repeats(conflicts: Sequence[ConflictRow]) -> Iterator[list[ConflictRow]]:
    """Consecutive batches; one statement cannot update an open conflict that it has itself inserted."""
    batch: list[ConflictRow] = []
    seen: set[tuple[int, str]] = set()
    for conflict in conflicts:
        named = (conflict.record_id, conflict.field)
        if named in seen:
            yield batch
            batch, seen = [], set()
        batch.append(conflict)
        seen.add(named)
    if batch:
        yield batch


def _row(conflict: ConflictRow) -> dict[str, Any]:
    return {
        "record_id": conflict.record_id,
        "mapping": conflict.mapping,
        "key": conflict.key or None,
        "field": conflict.field,
        "type": conflict.type,
        "status": conflict.status,
        "winner": conflict.winner or None,
        "reason": conflict.reason,
        "policy": conflict.policy,
        "policy_version": conflict.policy_version,
        "run_id": conflict.run_id,
        "occurrences": conflict.occurrences,
        "base": conflict.base,
        "detected_at": conflict.detected_at,
        "resolved_at": conflict.resolved_at,
        "resolved_by": conflict.resolved_by or None,
        **_side_columns("postgres", conflict.postgres),
        **_side_columns("notion", conflict.notion),
    }


def _side_columns(side: str, value: SideValue) -> dict[str, Any]:
    return {
        f"{side}_value": value.value,
        f"{side}_since": value.at.since if value.at else None,
        f"{side}_until": value.at.until if value.at else None,
        f"{side}_actor": value.actor,
        f"{side}_seq": value.seq,
    }


def _conflict(row: Row[Any]) -> ConflictRow:
    return ConflictRow(
        mapping=row.mapping,
        record_id=row.record_id,
        key=row.key or "",
        field=row.field,
        type=row.type,
        status=row.status,
        base=row.base,
        postgres=SideValue(
            row.postgres_value,
            _interval(row.postgres_since, row.postgres_until),
            row.postgres_actor,
            row.postgres_seq,
        ),
        notion=SideValue(
            row.notion_value,
            _interval(row.notion_since, row.notion_until),
            row.notion_actor,
            row.notion_seq,
        ),
        winner=row.winner or "",
        reason=row.reason,
        policy=row.policy,
        run_id=row.run_id,
        policy_version=row.policy_version,
        occurrences=row.occurrences,
        id=row.id,
        detected_at=row.detected_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by or "",
    )


def _interval(since: datetime | None, until: datetime | None) -> Interval | None:
    return None if since is None or until is None else Interval(since, until)
