"""Before a pass trusts the log: do the capture triggers see every change of every mapped table?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.schema import Table
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.restored import refuse_restored
from sync_engine.errors import DatabaseError, NotSetUp, SchemaChanged
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.installation import CaptureState
from sync_engine.ports.registrations import Registration

BLIND = (CaptureState.MISSING, CaptureState.DISABLED)
"""States in which changes are not logged."""

_log = logging.getLogger(__name__)


def ensure_captured(context: Context, registrations: Mapping[int, Registration]) -> dict[int, Registration]:
    """Carry the triggers over to what the tables look like now; returns the registrations as they are then.

    A renamed, dropped or added column needs no more than a new function. A column of another type makes the table
    be read again, because Postgres rewrote its rows without telling any trigger. Raises NotSetUp when a trigger
    is missing or disabled: what changed meanwhile is not in the log. Raises SchemaChanged when the mappings were
    made for other columns, DatabaseRestored when it is not the database that the engine left.
    """
    refuse_restored(context)
    with context.database.transaction() as uow:
        tables = {table.oid: table for table in uow.rows.tables(_schemas(context))}
        states = {item.id: _state(uow, item, tables.get(item.oid)) for item in context.captured}
    for mapping in context.captured:
        _refuse_blind(mapping, states[mapping.id])
        _refuse_other_filter(mapping, registrations[mapping.id])
        if drift := key_drift(mapping, registrations[mapping.id]):
            raise NotSetUp(f"table {mapping.name}: {drift}", hint=OTHER_KEY_HINT)
    refuse_altered(context)
    kept = dict(registrations)
    for mapping in context.captured:
        if states[mapping.id] is CaptureState.OUTDATED:
            _reinstall(context.database, mapping, tables[mapping.oid])
        kept[mapping.id] = _remember(context.database, mapping, kept[mapping.id])
    return kept


def refuse_altered(context: Context) -> None:
    """Raises SchemaChanged when somebody altered a mapped table since the mappings were made."""
    with context.database.transaction() as uow:
        found = uow.rows.fingerprint(context.captured)
    if context.fingerprint and found != context.fingerprint:
        raise SchemaChanged("somebody altered a mapped table at this moment", hint="run the command again")


def read_again(uow: UnitOfWork, mapping: TableMapping) -> None:
    """Have the next pass read the whole table, because changes of it were missed."""
    for registration in uow.registrations.all():
        if registration.id == mapping.id and registration.backfilled:
            uow.registrations.save(replace(registration, backfilled=False))


def memory_of_column(field: FieldMapping) -> JsonObject:
    """What is remembered of a field's column, or of its junction (`Registration.fields`)."""
    return {
        "number": field.number,
        "column": field.column,
        "column_type": field.column_type,
        "labels": list(field.options),
        "former": list(field.former),
        "through": _through(field),
    }


def _through(field: FieldMapping) -> str:
    """The junction and how it links, in one line; empty for a column."""
    junction = field.junction
    return f"{junction.rows.name}: {junction.own} → {junction.other}" if junction is not None else ""


def _schemas(context: Context) -> list[str]:
    return sorted({mapping.schema for mapping in context.captured})


def _state(uow: UnitOfWork, mapping: TableMapping, table: Table | None) -> CaptureState:
    return CaptureState.MISSING if table is None else uow.capture.state(mapping, table)


def _refuse_blind(mapping: TableMapping, state: CaptureState) -> None:
    if state in BLIND:
        raise NotSetUp(
            f"changes of table {mapping.name} are not captured: its trigger is {state.value}",
            hint="run `sync-engine setup`; the next sync then reads the whole table, so that nothing is missed",
        )


OTHER_KEY_HINT = "give the old key its UNIQUE and NOT NULL again; the primary key itself may be another one"


def key_drift(mapping: TableMapping, known: Registration) -> str:
    """Why the records of the table would not be found again by its key, or empty."""
    if known.oid != mapping.oid or known.key_numbers in ((), mapping.key_numbers):
        return ""
    return (
        f"its rows are known by other columns than ({', '.join(mapping.key_columns)}), and these do not name"
        " every row any more"
    )


def _refuse_other_filter(mapping: TableMapping, known: Registration) -> None:
    if mapping.where != known.where:
        raise NotSetUp(
            f"table {mapping.name}: its row filter was changed in sync.toml",
            hint="`sync-engine plan` tells how many rows leave and enter; `sync-engine setup` takes it over",
        )


def _reinstall(database: Database, mapping: TableMapping, table: Table) -> None:
    """Without the right to, go on: the old function still logs every change of the columns that it knows."""
    try:
        with database.transaction() as uow:
            uow.capture.install(mapping, table)
    except DatabaseError as error:
        _log.warning(
            "the capture trigger of %s is made for earlier columns and cannot be replaced (%s): run `setup` as"
            " the owner of the table",
            mapping.name,
            error.message,
        )


def is_rewritten(memory: JsonObject, field: FieldMapping) -> bool:
    """Whether the rows hold other values by now without any trigger telling: the column has another type, a label
    of its enum another name, or the links are those of another junction."""
    labels = memory.get("labels")
    if memory.get("column_type", field.column_type) != field.column_type:
        return True
    if memory.get("through", _through(field)) != _through(field):
        return True
    return isinstance(labels, list) and any(label not in field.options for label in labels)


def _remember(database: Database, mapping: TableMapping, known: Registration) -> Registration:
    """Note new names and types of columns."""
    fields, retyped = dict(known.fields), False
    for field in mapping.fields:
        memory = known.fields.get(field.name)
        if not isinstance(memory, dict):
            continue
        retyped |= is_rewritten(memory, field)
        fields[field.name] = {**memory, **memory_of_column(field)}
    if (fields, mapping.key_numbers, mapping.oid) == (known.fields, known.key_numbers, known.oid):
        return known
    backfilled = known.backfilled and not retyped
    noted = replace(known, fields=fields, backfilled=backfilled, oid=mapping.oid, key_numbers=mapping.key_numbers)
    with database.transaction() as uow:
        return uow.registrations.save(noted)
