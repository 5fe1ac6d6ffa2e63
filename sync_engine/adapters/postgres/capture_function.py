"""Composes the two trigger functions of a captured table from the `.sql` templates; every name is quoted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from sync_engine.adapters.postgres import images
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import SCHEMA
from sync_engine.domain.schema import Column, Table
from sync_engine.errors import DatabaseError

VERSION = 1
"""In the functions' names. A change of a template that old readers would not understand is a new version."""

TRUNCATE_LIMIT = 1_000_000
"""Rows up to which a TRUNCATE is logged row by row."""

_OLD, _NEW = SQL("OLD"), SQL("NEW")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table's functions depend on: the mapping's number, the table's oid (the columns' numbers are true
    of no other), key columns in key order, captured columns, whether its rows are those of partitions, and the
    columns that every update tells, changed or not."""

    mapping: int
    table: int
    key: tuple[Column, ...]
    captured: tuple[Column, ...]
    partitioned: bool = False
    pinned: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A trigger function as it is to be: name (in the schema `sync_engine`), settings, and body."""

    name: str
    settings: Mapping[str, str]
    body: str


def shape_of(
    mapping: int, table: Table, key: Sequence[str], captured: Sequence[str], pinned: Sequence[str] = ()
) -> Shape:
    """The columns concerned, in the table's order; key columns are always captured, and so are `pinned` ones.

    Virtual generated columns are left out: triggers see them as NULL (PostgreSQL 18). Raises DatabaseError when
    the table has no key, or no longer has a key column.
    """
    if not key:
        raise DatabaseError(
            f"table {table.schema}.{table.name} has no primary key", hint="add one, or leave it out"
        )
    columns = {column.name: column for column in table.columns}
    missing = [name for name in key if name not in columns]
    if missing:
        raise DatabaseError(f"table {table.schema}.{table.name} has no column {missing[0]!r}, which was its key")
    wanted = set(key) | set(captured) | set(pinned)
    return Shape(
        mapping,
        table.oid,
        tuple(columns[name] for name in key),
        tuple(item for item in table.columns if item.name in wanted and item.generated != "virtual"),
        table.partitioned,
        tuple(columns[name] for name in pinned if name in columns),
    )


def row_function(shape: Shape) -> Function:
    """Logs INSERT, UPDATE and DELETE of one row."""
    body = SQL(_template("capture_row")).format(
        comparisons=SQL("\n").join(_comparisons(shape)),
        pinned=_pinned(shape),
        new_key=images.record_key(shape.key, _NEW),
        old_key=images.record_key(shape.key, _OLD),
        new_row=images.row_image(shape.captured, _NEW),
        old_row=images.row_image(shape.captured, _OLD),
        fallback=_fallback(shape),
        actor=SQL(_template("capture_actor")),
        mapping=Literal(shape.mapping),
    )
    return Function(f"capture_{shape.mapping}_v{VERSION}", _settings(shape), body.as_string())


def _pinned(shape: Shape) -> Composed:
    """Adds the pinned columns to both images of an update."""
    if not shape.pinned:
        return SQL("").format()
    return SQL("\n            v_before := {old} || v_before;\n            v_after := {new} || v_after;").format(
        old=images.row_image(shape.pinned, _OLD), new=images.row_image(shape.pinned, _NEW)
    )


def _fallback(shape: Shape) -> Composed:
    """What the row function does when the table's columns are not those of `shape` any more."""
    row = Identifier("r")
    names = [column.name for column in shape.captured]
    taken = [images.row_image([column], row).as_string() for column in shape.captured]
    return SQL(_template("capture_fallback")).format(
        key=Literal(images.record_key(shape.key, row).as_string()),
        names=_array(names, "text"),
        numbers=_array([column.number for column in shape.captured], "int2"),
        images=_array(taken, "text"),
        is_key=_array([column in shape.key for column in shape.captured], "bool"),
        key_size=Literal(len(shape.key)),
        table=Literal(shape.table),
    )


def _array(values: Sequence[str | int | bool], of: str) -> Composed:
    return SQL("ARRAY[{}]::{}[]").format(SQL(", ").join(map(Literal, values)), SQL(of))


def truncate_function(shape: Shape) -> Function:
    """Logs TRUNCATE."""
    row, only = Identifier("t"), SQL("" if shape.partitioned else "ONLY ")
    insert_from = SQL(
        "INSERT INTO sync_engine.sync_events (mapping, source, op, key, before, actor, origin)"
        " SELECT {mapping}, 'p', 't', {key}, {image}, {actor} FROM {only}"
    ).format(
        mapping=Literal(shape.mapping),
        key=images.record_key(shape.key, row),
        image=images.row_image(shape.captured, row),
        actor=SQL(_template("capture_actor")),
        only=only,
    )
    body = SQL(_template("capture_truncate")).format(
        actor=SQL(_template("capture_actor")),
        insert_from=Literal(insert_from.as_string()),
        only=only,
        limit=Literal(TRUNCATE_LIMIT),
        mapping=Literal(shape.mapping),
    )
    return Function(f"capture_truncate_{shape.mapping}_v{VERSION}", _settings(shape), body.as_string())


def definition(function: Function) -> Composed:
    """The statement that creates or replaces the function.

    SECURITY DEFINER, so that application roles need no right on the log; the search path is fixed, so that nobody
    can put an operator or a table of theirs in the way.
    """
    settings = SQL("\n").join(
        SQL("SET {} = {}").format(Identifier(name), Literal(value)) for name, value in function.settings.items()
    )
    return SQL(
        "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp {settings} AS {body}"
    ).format(name=Identifier(SCHEMA, function.name), settings=settings, body=Literal(function.body))


def _settings(shape: Shape) -> Mapping[str, str]:
    return images.settings(shape.captured, shape.key)


def _template(name: str) -> str:
    return statement(name).rstrip("\n")


def _comparisons(shape: Shape) -> Iterable[Composable]:
    """One a column; columns of one type are first compared all at once, because most of them do not change."""
    for group in images.alike(shape.captured):
        inner = SQL("\n").join(_comparison(column, shape) for column in group)
        if len(group) == 1:
            yield inner
        else:
            yield SQL("            IF {} THEN\n{}\n            END IF;").format(images.any_differs(group), inner)


def _comparison(column: Column, shape: Shape) -> Composed:
    """Keeps the column's old and new image when it differs; and the old key when it is a part of that."""
    keep_key: Composable = SQL("")
    if column in shape.key:
        keep_key = SQL("\n            v_old_key := {};").format(images.record_key(shape.key, _OLD))
    return SQL(
        "        IF {differs} THEN{keep_key}\n"
        "            IF v_after IS NULL THEN\n"
        "                v_before := jsonb_build_object({name}, {old});\n"
        "                v_after := jsonb_build_object({name}, {new});\n"
        "            ELSE\n"
        "                v_before := v_before || jsonb_build_object({name}, {old});\n"
        "                v_after := v_after || jsonb_build_object({name}, {new});\n"
        "            END IF;\n"
        "        END IF;"
    ).format(
        differs=images.any_differs([column]),
        keep_key=keep_key,
        name=Literal(column.name),
        old=images.image(column, _OLD),
        new=images.image(column, _NEW),
    )
