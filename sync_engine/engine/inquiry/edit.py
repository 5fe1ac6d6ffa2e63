"""Edit: a person changes one cell of a row in Postgres, unless somebody else changed it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.values import Value
from sync_engine.engine.context import Context
from sync_engine.errors import UsageError
from sync_engine.ports.rows import RowOp, RowResult, RowWrite


@dataclass(frozen=True, slots=True)
class CellEdit:
    """The wish to put `literal` into a cell that was seen to hold `expected`: Postgres literals, None is NULL."""

    table: str
    key: str
    field: str
    literal: str | None
    expected: str | None


@dataclass(frozen=True, slots=True)
class EditResult:
    """How it ended, and what the cell holds now (None too where the row is gone).

    CHANGED: somebody else edited the cell since it was seen. REJECTED: `reason` is what Postgres says.
    """

    result: RowResult
    value: Value = None
    reason: str = ""
    constraint: str = ""


def edit_cell(context: Context, edit: CellEdit, *, actor: str) -> EditResult:
    """Write one cell as that person; a trigger of the table may have the last word on the value.

    The write carries no origin: it is captured and crosses like the edit of any application. Raises UsageError for
    a field that cannot be edited, DatabaseError when Postgres refuses for another reason than the row.
    """
    mapping = context.mapping(edit.table)
    field = editable_field(mapping, edit.field)
    write = RowWrite(RowOp.UPDATE, edit.key, {field.column: edit.literal}, {field.column: edit.expected})
    with context.database.transaction(actor=actor) as uow:
        [outcome] = uow.rows.write(mapping, [write])
        now = uow.rows.fetch(mapping, [edit.key]).get(edit.key, {})
    value = field.codec.from_postgres(now.get(field.column))
    return EditResult(outcome.result, value, outcome.reason, outcome.constraint)


def editable_field(mapping: TableMapping, name: str) -> FieldMapping:
    """The field of that name. Raises UsageError when there is none, or when Postgres makes its value."""
    field = mapping.field_named(name)
    if field is None:
        raise UsageError(f"table {mapping.name} has no synced field {name!r}", hint="see sync.toml")
    if field.junction is not None or field.composite is not None:
        raise UsageError(
            f"{mapping.name}.{name} is a relation of several columns or rows", hint="change it in Notion or by SQL"
        )
    if not field.writable:
        raise UsageError(f"{mapping.name}.{name} is a key or computed by Postgres", hint="edit another column")
    return field
