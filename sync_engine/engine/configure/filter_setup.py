"""Setting up row filters: checked by Postgres, previewed, remembered as it printed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence
from sync_engine.domain.schema import Table
from sync_engine.engine.configure.changes import SetupChange
from sync_engine.errors import ConfigurationError
from sync_engine.ports.database import Database, UnitOfWork


def filter_changes(uow: UnitOfWork, mapped: Sequence[tuple[TableMapping, Table]]) -> Sequence[SetupChange]:
    """What `set_filters` would change, with the number of rows concerned. Raises ConfigurationError."""
    changes: list[SetupChange] = []
    for mapping, table in mapped:
        checked = _checked(uow, mapping, table)
        if checked != mapping.row_filter:
            changes.append(_change(uow, replace(mapping, row_filter=checked)))
    return changes


def set_filters(database: Database, mapped: Sequence[tuple[TableMapping, Table]]) -> None:
    """Remember each filter that is another one than before; the next pass asks it of every row.

    Raises ConfigurationError, and then nothing is changed.
    """
    with database.transaction() as uow:
        known = {item.id: item for item in uow.registrations.all()}
        for mapping, table in mapped:
            checked, before = _checked(uow, mapping, table), known[mapping.id]
            if (checked, mapping.where) != (before.row_filter, before.where):
                due = before.filter_due or checked != before.row_filter
                uow.registrations.save(replace(before, where=mapping.where, row_filter=checked, filter_due=due))


def _checked(uow: UnitOfWork, mapping: TableMapping, table: Table) -> str:
    if not mapping.where:
        return ""
    try:
        return uow.rows.checked_filter(table, mapping.where)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"table {mapping.name!r}: where = {mapping.where!r}: {error.message}", hint=error.hint
        ) from error


def _change(uow: UnitOfWork, mapping: TableMapping) -> SetupChange:
    everything = uow.rows.count(replace(mapping, row_filter=""))
    detail = f"where {mapping.where}: " if mapping.where else "without a filter: "
    detail += f"{uow.rows.count(mapping)} of {everything} rows"
    if mapping.id:
        leave, enter = _moves(uow, mapping)
        detail += f", {leave} leave, {enter} enter"
    return SetupChange("postgres", "change", f"rows of {mapping.schema}.{mapping.table}", detail)


def _moves(uow: UnitOfWork, mapping: TableMapping) -> tuple[int, int]:
    fitting: set[str] = set()
    for keys in uow.rows.keys(mapping):
        fitting |= uow.rows.fitting(mapping, keys).keys
    synced = {
        record.key for record in uow.records.scan(mapping.id) if record.postgres_presence is Presence.PRESENT
    }
    return len(synced - fitting), len(fitting - synced)
