"""`sync_braked`: deletes and updates that wait behind the mass-change brake, or that a person let go on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, TextClause, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.among import among
from sync_engine.adapters.postgres.record_json import SIDE_CODES, SIDES
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import braked as table
from sync_engine.domain.brake import BrakeKind, Mass, Stop
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping

_WAITS = ~table.c.approved

_WITH_CASCADE = "cascade"
"""Where an entry that the brake made has its run: no run stopped this one, a person let it go on."""


class PostgresBrakes:
    """Implements `ports.brakes.Brakes`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def masses(self, mapping: TableMapping) -> Sequence[Mass]:
        """What waits to be deleted or updated, by side and kind."""
        rows = self._connection.execute(_over_candidates("brake_masses"), _asked(mapping))
        return [Mass(SIDES[side], kind, count, stopped, largest) for side, kind, count, stopped, largest in rows]

    def stop(self, mapping: TableMapping, side: Side, kind: BrakeKind, run_id: str) -> None:
        """Stop all that `masses` counts under that side and kind."""
        what = {"side": SIDE_CODES[side], "kind": kind, "run_id": run_id}
        self._connection.execute(_over_candidates("brake_stop"), _asked(mapping) | what)

    def forget(self, mapping: TableMapping) -> None:
        """Drop entries whose change is not there any more."""
        there = select(func.count()).where(table.c.mapping == mapping.id)
        if self._connection.execute(there).scalar_one():
            self._connection.execute(_over_candidates("brake_forget"), _asked(mapping))

    def stops(self, mapping: int | None = None) -> Sequence[Stop]:
        """What waits, by mapping, side and kind."""
        group = (table.c.mapping, table.c.side, table.c.kind)
        query = select(*group, func.count(), func.min(table.c.since), func.max(table.c.run_id)).where(_WAITS)
        if mapping is not None:
            query = query.where(table.c.mapping == mapping)
        rows = self._connection.execute(query.group_by(*group).order_by(*group))
        return [Stop(number, SIDES[side], kind, count, at, run) for number, side, kind, count, at, run in rows]

    def stopped(self, stop: Stop, limit: int | None = None) -> Sequence[int]:
        """Ids of the stopped records, oldest records first."""
        query = select(table.c.record_id).where(
            _WAITS,
            table.c.mapping == stop.mapping,
            table.c.side == SIDE_CODES[stop.side],
            table.c.kind == stop.kind,
        )
        return list(self._connection.execute(query.order_by(table.c.record_id).limit(limit)).scalars())

    def approve(self, record_ids: Sequence[int]) -> None:
        """Let stopped records go on."""
        if record_ids:
            chosen = update(table).where(among(table.c.record_id, record_ids))
            self._connection.execute(chosen.values(approved=True))

    def approve_delete(self, mapping: int, record_id: int, side: Side, *, cascades: bool) -> None:
        """Let the delete of a record that was never stopped go on."""
        values = {
            "mapping": mapping,
            "side": SIDE_CODES[side],
            "kind": "delete",
            "run_id": _WITH_CASCADE if cascades else "",
            "approved": True,
        }
        query = insert(table).values(record_id=record_id, **values)
        self._connection.execute(query.on_conflict_do_update(index_elements=[table.c.record_id], set_=values))

    def approved(self, record_ids: Sequence[int]) -> frozenset[int]:
        """Those of these records that a person let go on."""
        if not record_ids:
            return frozenset()
        query = select(table.c.record_id).where(table.c.approved, among(table.c.record_id, record_ids))
        return frozenset(self._connection.execute(query).scalars())

    def approved_cascades(self, record_ids: Sequence[int]) -> frozenset[int]:
        """Those of these records whose delete may take rows along that no log has."""
        if not record_ids:
            return frozenset()
        chosen = table.c.approved & (table.c.run_id == _WITH_CASCADE)
        query = select(table.c.record_id).where(chosen, among(table.c.record_id, record_ids))
        return frozenset(self._connection.execute(query).scalars())

    def drop(self, record_ids: Sequence[int]) -> None:
        """Forget entries of records whose change was discarded."""
        if record_ids:
            self._connection.execute(delete(table).where(among(table.c.record_id, record_ids)))


def _over_candidates(name: str) -> TextClause:
    return text(statement("brake_candidates") + statement(name))


def _asked(mapping: TableMapping) -> dict[str, object]:
    return {
        "mapping": mapping.id,
        "row_deletes": mapping.delete_from_postgres != "ignore",
        "page_deletes": mapping.delete_from_notion != "ignore",
    }
