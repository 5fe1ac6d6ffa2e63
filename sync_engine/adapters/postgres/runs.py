"""`sync_runs`: the runs of commands that may change something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from sync_engine.adapters.postgres.tables import runs as table
from sync_engine.errors import DatabaseError, UsageError
from sync_engine.ports.runs import Run


class PostgresRuns:
    """Implements `ports.runs.Runs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(self, run: Run) -> None:
        """Store a running run."""
        self._connection.execute(
            insert(table).values(
                run_id=run.run_id,
                kind=run.kind,
                started_at=run.started_at,
                options=run.options,
                finished_at=run.finished_at,
                status=run.status,
                summary=run.summary,
            )
        )

    def finish(self, run: Run) -> None:
        """Store its end. Raises DatabaseError when it was never started."""
        done = self._connection.execute(
            update(table)
            .where(table.c.run_id == run.run_id)
            .values(finished_at=run.finished_at, status=run.status, summary=run.summary)
        )
        if done.rowcount != 1:
            raise DatabaseError(f"run {run.run_id} is not in sync_runs")

    def get(self, run_id: str) -> Run | None:
        """By full id or by a prefix; None when there is none. Raises UsageError when the prefix fits several."""
        if not run_id:
            return None
        wanted = or_(table.c.run_id == run_id, table.c.run_id.startswith(run_id, autoescape=True))
        rows = self._connection.execute(select(table).where(wanted).order_by(table.c.run_id).limit(2)).all()
        if len(rows) > 1 and rows[0].run_id != run_id:
            raise UsageError(
                f"{run_id} is the beginning of several runs",
                hint=f"write more of it, such as {rows[0].run_id}",
            )
        return _run(rows[0]) if rows else None

    def running(self) -> Sequence[Run]:
        """Those without an end, oldest first."""
        unended = select(table).where(table.c.status == "running").order_by(table.c.started_at, table.c.run_id)
        return [_run(row) for row in self._connection.execute(unended)]

    def recent(self, limit: int) -> Sequence[Run]:
        """Newest first."""
        newest = (table.c.started_at.desc(), table.c.run_id.desc())
        return [_run(row) for row in self._connection.execute(select(table).order_by(*newest).limit(limit))]


def _run(row: Row[Any]) -> Run:
    return Run(
        run_id=row.run_id,
        kind=row.kind,
        started_at=row.started_at,
        options=row.options,
        finished_at=row.finished_at,
        status=row.status,
        summary=row.summary,
    )
