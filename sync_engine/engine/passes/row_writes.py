"""Row writes: canonical values as Postgres is told them, columns as literals and relations to many as links."""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.links import keys_of
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import Value
from sync_engine.ports.rows import LinkWrite, RowOp, RowWrite


def row_write(
    op: RowOp, key: str, mapping: TableMapping, values: Mapping[str, Value], expected: Mapping[str, Value]
) -> RowWrite:
    """The write of these values, if the row holds what is expected. Raises FieldError, with the field's name."""
    links = {
        item.column: LinkWrite(
            item.junction,
            tuple(keys_of(values[item.name])) if item.name in values else None,
            tuple(keys_of(expected[item.name])) if item.name in expected else None,
        )
        for item in mapping.to_many
        if item.junction is not None and (item.name in values or item.name in expected)
    }
    written, held = literals(values, mapping), literals(expected, mapping)
    for column, (name, literal) in _bound(values, mapping).items():
        if op is RowOp.UPDATE and column not in written:
            held[column] = literal
        elif column in mapping.key_columns:
            continue
        elif written.setdefault(column, literal) != literal:
            raise FieldError(f"{name}: its {column} is {literal}, and another property says {written[column]}")
    return RowWrite(op, key, written, held, links=links)


def _bound(values: Mapping[str, Value], mapping: TableMapping) -> Mapping[str, tuple[str, str]]:
    """What columns that are not written with a composite key must hold for it to name its target."""
    found: dict[str, tuple[str, str]] = {}
    for item in mapping.composites:
        value = values.get(item.name)
        if item.composite is not None and value is not None:
            bound = item.composite.bound(str(value))
            found |= {column: (item.name, literal) for column, literal in bound.items()}
    return found


def literals(values: Mapping[str, Value], mapping: TableMapping) -> dict[str, str | None]:
    """The literals of those fields that are columns, by column. Raises FieldError, with the field's name."""
    found: dict[str, str | None] = {}
    for name, value in values.items():
        target = mapping.by_name[name]
        if target.junction is not None or target.template is not None:
            continue
        try:
            if target.composite is not None:
                found |= target.composite.literals(None if value is None else str(value))
            else:
                found[target.column] = target.codec.to_postgres(value)
        except FieldError as error:
            raise FieldError(f"{name}: {error}") from error
    return found
