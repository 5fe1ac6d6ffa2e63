"""`sync_rollbacks` and `sync_rollback_steps`: how far each rollback has come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import rollback_steps, rollbacks
from sync_engine.errors import UsageError
from sync_engine.ports.rollbacks import RollbackRow, RollbackState, StepRow


class PostgresRollbacks:
    """Implements `ports.rollbacks.Rollbacks`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, row: RollbackRow) -> None:
        """Store a rollback before anything is written."""
        self._connection.execute(
            insert(rollbacks).values(
                rollback_id=row.rollback_id, state=row.state, selection=row.selection, started_at=row.started_at
            )
        )

    def get(self, rollback_id: str) -> RollbackRow | None:
        """By full id or by a prefix; None when there is none. Raises UsageError when the prefix fits several."""
        name = rollbacks.c.rollback_id
        wanted = or_(name == rollback_id, name.startswith(rollback_id, autoescape=True))
        found = self._connection.execute(select(rollbacks).where(wanted).order_by(name).limit(2)).all()
        if len(found) > 1 and found[0].rollback_id != rollback_id:
            raise UsageError(f"{rollback_id} is the beginning of several rollbacks", hint="write more of it")
        return _rollback(found[0]) if found and rollback_id else None

    def unfinished(self) -> Sequence[RollbackRow]:
        """Those that are `planned` or `rows_done`, oldest first."""
        query = select(rollbacks).where(rollbacks.c.state.in_(("planned", "rows_done")))
        ordered = query.order_by(rollbacks.c.started_at, rollbacks.c.rollback_id)
        return [_rollback(row) for row in self._connection.execute(ordered)]

    def rows_done(self, rollback_id: str, steps: Sequence[StepRow], undone: int) -> None:
        """The rows are as they should be; store what is left to do."""
        this = rollbacks.c.rollback_id == rollback_id
        self._connection.execute(update(rollbacks).where(this).values(state="rows_done", undone=undone))
        ids, mappings = [step.record_id for step in steps], [step.mapping for step in steps]
        remedies = [step.remedy for step in steps]
        driver_of(self._connection).execute(
            statement("rollback_steps_insert"), [rollback_id, ids, mappings, remedies]
        )

    def steps(self, rollback_id: str, remedies: Collection[str]) -> Sequence[StepRow]:
        """What is left to do by these remedies, in the order given."""
        wanted = (rollback_steps.c.rollback_id == rollback_id, rollback_steps.c.remedy.in_(remedies))
        query = select(rollback_steps).where(*wanted)
        found = self._connection.execute(query.order_by(rollback_steps.c.position))
        return [StepRow(row.record_id, row.mapping, row.remedy) for row in found]

    def steps_done(self, rollback_id: str, remedies: Collection[str]) -> None:
        """Nothing more is to be done by these remedies."""
        done = (rollback_steps.c.rollback_id == rollback_id, rollback_steps.c.remedy.in_(remedies))
        self._connection.execute(delete(rollback_steps).where(*done))

    def end(self, rollback_id: str, state: RollbackState) -> None:
        """It is over; steps that are left are forgotten."""
        self._connection.execute(delete(rollback_steps).where(rollback_steps.c.rollback_id == rollback_id))
        this = rollbacks.c.rollback_id == rollback_id
        self._connection.execute(update(rollbacks).where(this).values(state=state))


def _rollback(row: Row[Any]) -> RollbackRow:
    return RollbackRow(row.rollback_id, row.state, row.selection, row.started_at, row.undone)
