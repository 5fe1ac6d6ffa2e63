"""The statements over a user's rows, composed for one table and one set of columns; every name is quoted.

They take one parameter, `$1`: the rows as a JSON text, of which each has `i` (its place), the parts of its key
`k0`, `k1` ..., new values `s0` ... and expected values `e0` ...: all of them literals or null. Run them with a raw
cursor, so that a `%` in a name means nothing. Those that return rows return `i`, the record key and the image; the
INSERT has no `i`, it returns in the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from psycopg.sql import SQL, Composable, Composed, Identifier

from sync_engine.adapters.postgres.images import OBJECT_NAMES, image, record_key, rows_of
from sync_engine.adapters.postgres.row_filter import fitting_rows
from sync_engine.adapters.postgres.row_shape import LinkShape, RowShape, WriteColumn

_ROW = Identifier("t")
_GIVEN = Identifier("v")
_LINK = Identifier("j")

OfLink = Callable[[LinkShape], Composed]
"""Composes a statement over the links of one row."""


def select_all(shape: RowShape) -> Composed:
    """Key and image of every row, in key order. No parameter."""
    order = SQL(", ").join(_own(column) for column in shape.key)
    return SQL("SELECT {} FROM {} ORDER BY {}").format(_key_and_image(shape), _table(shape), order)


def select_given(shape: RowShape) -> Composed:
    """Key and image of the rows with the given keys."""
    return SQL("SELECT {} FROM {} JOIN {} ON {}").format(
        _key_and_image(shape), _recordset(shape, (), ()), _table(shape), _has_key(shape)
    )


def select_page(shape: RowShape, title: str, *, at_edge: bool, backwards: bool) -> Composed:
    """Some rows in key order (or against it): `$1` of them, beyond the key whose parts are the next parameters.

    With `title`, only those with the last parameter in that column. All are plain parameters, for the key's index.
    """
    conditions: list[Composable] = [SQL("true")]
    if at_edge:
        own = SQL(", ").join(_own(column) for column in shape.key)
        edge = SQL(", ").join(SQL(f"${n}::text::{column.write_type}") for n, column in enumerate(shape.key, 2))
        conditions.append(SQL("({}) {} ({})").format(own, SQL("<" if backwards else ">"), edge))
    if title:
        last = SQL(f"${2 + (len(shape.key) if at_edge else 0)}::text")
        conditions.append(SQL("strpos(lower({}::text), lower({})) > 0").format(_own(shape.column(title)), last))
    order = SQL(", ").join(
        SQL("{} {}").format(_own(column), SQL("DESC" if backwards else "ASC")) for column in shape.key
    )
    return SQL("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT $1::integer").format(
        _key_and_image(shape), _table(shape), _and(conditions), order
    )


def count_all(shape: RowShape) -> Composed:
    """Number of rows that fit the filter. No parameter."""
    return SQL("SELECT count(*) FROM {}").format(_fitting(shape))


def select_keys(shape: RowShape) -> Composed:
    """The key of every row, in key order. No parameter."""
    order = SQL(", ").join(_own(column) for column in shape.key)
    return SQL("SELECT {} FROM {} ORDER BY {}").format(_key(shape), _table(shape), order)


def select_fitting(shape: RowShape) -> Composed:
    """The keys of those of the given rows that fit the filter, which is asked of no other row (OFFSET 0): it may
    fail for some."""
    return SQL("SELECT {} FROM (SELECT t.* FROM {} JOIN {} ON {} OFFSET 0) AS t WHERE ({})").format(
        _key(shape),
        _recordset(shape, (), ()),
        _table(shape),
        _has_key(shape),
        SQL(shape.row_filter or "true"),
    )


def update(shape: RowShape, values: Sequence[str], expected: Sequence[str]) -> Composed:
    """Set the values where the row still holds what is expected."""
    assignments = SQL(", ").join(
        SQL("{} = {}").format(Identifier(name), _literal("s", n, shape.column(name)))
        for n, name in enumerate(values)
    )
    return SQL("UPDATE {} SET {} FROM {} WHERE {} RETURNING {}, {}").format(
        _table(shape),
        assignments,
        _recordset(shape, values, expected),
        _and([_has_key(shape), *_holds("e", shape, expected)]),
        _given("i"),
        _key_and_image(shape),
    )


def put_back(shape: RowShape, columns: Sequence[str]) -> Composed:
    """Set the columns of rows that still hold `e0` ... to `s0` ..., as `picked` has them by the key `k0`; returns
    all of that, and whether the row now holds what was set."""
    assignments = SQL(", ").join(
        SQL("{} = {}").format(Identifier(name), _literal("s", n, shape.column(name)))
        for n, name in enumerate(columns)
    )
    return SQL("UPDATE {} SET {} FROM picked AS {} WHERE {} RETURNING {}.*, {} AS held").format(
        _table(shape),
        assignments,
        _GIVEN,
        _and([_has_key(shape), *_holds("e", shape, columns)]),
        _GIVEN,
        _and(_holds("s", shape, columns)),
    )


def delete(shape: RowShape, expected: Sequence[str]) -> Composed:
    """Delete where the row still holds what is expected; the image is that of the deleted row."""
    return SQL("DELETE FROM {} USING {} WHERE {} RETURNING {}, {}").format(
        _table(shape),
        _recordset(shape, (), expected),
        _and([_has_key(shape), *_holds("e", shape, expected)]),
        _given("i"),
        _key_and_image(shape),
    )


def insert(shape: RowShape, with_key: bool, values: Sequence[str]) -> Composed:
    """Insert, with the key given or made by the database; columns that are not given take their defaults."""
    key = [(column, _literal("k", n, column)) for n, column in enumerate(shape.key)] if with_key else []
    given = [(column, literal) for column, literal in key if not column.generated and column.name not in values]
    given += [(shape.column(name), _literal("s", n, shape.column(name))) for n, name in enumerate(values)]
    columns = SQL(", ").join(Identifier(column.name) for column, _ in given)
    # A row that is put back must have its old number, even where the database insists on making numbers.
    restored = any(column.identity_always for column, _ in key)
    return SQL("INSERT INTO {} AS {} {}{} SELECT {} FROM {} ORDER BY {} RETURNING {}").format(
        Identifier(shape.schema, shape.table),
        _ROW,
        SQL("({})").format(columns) if given else SQL(""),
        SQL(" OVERRIDING SYSTEM VALUE") if restored else SQL(""),
        SQL(", ").join(literal for _, literal in given),
        _recordset(shape, values, ()),
        _given("i"),
        _key_and_image(shape),
    )


def look(shape: RowShape, values: Sequence[str], expected: Sequence[str]) -> Composed:
    """The rows that exist among the given: `i`, whether it holds what is expected, whether it holds the new
    values, key, image."""
    return SQL("SELECT {}, {}, {}, {} FROM {} JOIN {} ON {}").format(
        _given("i"),
        _and([SQL("true"), *_holds("e", shape, expected)]),
        _and([SQL("true"), *_holds("s", shape, values)]),
        _key_and_image(shape),
        _recordset(shape, values, expected),
        _table(shape),
        _has_key(shape),
    )


def _table(shape: RowShape) -> Composed:
    return SQL("{} AS {}").format(rows_of(shape.schema, shape.table, partitioned=shape.partitioned), _ROW)


def _fitting(shape: RowShape) -> Composed:
    if not shape.row_filter:
        return _table(shape)
    return fitting_rows(shape.schema, shape.table, partitioned=shape.partitioned, row_filter=shape.row_filter)


def _recordset(shape: RowShape, values: Sequence[str], expected: Sequence[str]) -> Composed:
    names = [f"k{n}" for n in range(len(shape.key))]
    names += [f"s{n}" for n in range(len(values))]
    names += [f"e{n}" for n in range(len(expected))]
    columns = SQL(", ").join(SQL("{} text").format(Identifier(name)) for name in names)
    return SQL("json_to_recordset($1) AS {}(i integer, {})").format(_GIVEN, columns)


def _key_and_image(shape: RowShape) -> Composed:
    return SQL("{}, {}").format(_key(shape), _image(shape))


def _key(shape: RowShape) -> Composed:
    return record_key([column.described for column in shape.key], _ROW)


def _has_key(shape: RowShape) -> Composed:
    return _and(
        SQL("{} = {}").format(_own(column), _literal("k", n, column)) for n, column in enumerate(shape.key)
    )


def _holds(prefix: str, shape: RowShape, names: Sequence[str]) -> Iterable[Composed]:
    """Whether the row's columns equal the literals, NULL being equal to NULL."""
    for n, name in enumerate(names):
        column = shape.column(name)
        own, literal = _comparable(_own(column), column), _comparable(_literal(prefix, n, column), column)
        yield SQL("{} IS NOT DISTINCT FROM {}").format(own, literal)


def _comparable(value: Composed, column: WriteColumn) -> Composed:
    if column.base == "xml":
        # Its text has a declaration that it is not printed with, and so its image has not.
        return SQL("to_jsonb({})").format(value)
    if column.is_array:
        # As JSON, because two arrays that count from different numbers are not equal, and a literal counts from 1.
        as_type = "text[]" if column.comparison == "text" else column.comparison
        return SQL("to_jsonb({}{})").format(value, SQL(f"::{as_type}" if as_type else ""))
    if column.comparison == "text":
        return SQL('({}::text COLLATE "C")').format(value)
    return SQL("{}::{}").format(value, SQL(column.comparison)) if column.comparison else value


def _literal(prefix: str, n: int, column: WriteColumn) -> Composed:
    given = _given(f"{prefix}{n}")
    if column.base in OBJECT_NAMES:
        given = SQL("{}::oid{}").format(given, SQL("[]" if column.is_array else ""))
    return SQL("{}::{}").format(given, SQL(column.write_type))


def _own(column: WriteColumn) -> Composed:
    return SQL("{}.{}").format(_ROW, Identifier(column.name))


def _given(name: str) -> Composed:
    return SQL("{}.{}").format(_GIVEN, Identifier(name))


def _and(conditions: Iterable[Composable]) -> Composed:
    return SQL(" AND ").join(conditions)


def _image(shape: RowShape) -> Composed:
    """The captured columns as one JSON object, each as the capture trigger stores it, and the links.

    A row of a subquery and not `jsonb_build_object`, which is slower and takes 50 columns at most.
    """
    columns = [
        SQL("{} AS {}").format(image(column.described, _ROW), Identifier(column.name))
        for column in map(shape.column, shape.captured)
    ]
    columns += [SQL("({}) AS {}").format(_linked(shape, link), Identifier(link.name)) for link in shape.links]
    return SQL("(SELECT row_to_json(i.*) FROM (SELECT {}) AS i)").format(SQL(", ").join(columns))


def _linked(shape: RowShape, link: LinkShape) -> Composed:
    """The keys of the targets, as a JSON list in the order of their bytes."""
    own = zip(link.own, shape.key, strict=True)
    conditions: list[Composable] = [SQL("{} = {}").format(_linking(column), _own(key)) for column, key in own]
    conditions += [SQL("{} IS NOT NULL").format(_linking(column)) for column in link.other]
    return SQL(
        "SELECT coalesce(json_agg(l.k ORDER BY l.k), '[]')"
        ' FROM (SELECT DISTINCT {} COLLATE "C" AS k FROM {} WHERE {}) AS l'
    ).format(record_key([column.described for column in link.other], _LINK), _link_table(link), _and(conditions))


def links_of(link: LinkShape) -> Composed:
    """The keys of the targets of one row, locked. Parameters: the parts of its key."""
    return SQL("SELECT {} FROM {} WHERE {} FOR UPDATE").format(
        record_key([column.described for column in link.other], _LINK),
        _link_table(link),
        _and([*_belongs(link), *(SQL("{} IS NOT NULL").format(_linking(column)) for column in link.other)]),
    )


def unlink(link: LinkShape) -> Composed:
    """Delete the rows that link one row to the given. Parameters: the parts of its key, then the targets' keys
    as a JSON list of records with the parts `k0`, `k1` ..."""
    matching = [
        SQL("{} = {}").format(_linking(column), _literal("k", n, column)) for n, column in enumerate(link.other)
    ]
    return SQL("DELETE FROM {} USING {} WHERE {}").format(
        _link_table(link), _targets(link), _and([*_belongs(link), *matching])
    )


def link_up(link: LinkShape) -> Composed:
    """Insert a row for each of the given targets, unless it is there. Parameters as for `unlink`."""
    columns = [Identifier(column.name) for column in (*link.own, *link.other)]
    values: list[Composable] = [SQL(f"${n}::text::{column.write_type}") for n, column in enumerate(link.own, 1)]
    values += [_literal("k", n, column) for n, column in enumerate(link.other)]
    return SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
        Identifier(link.schema, link.table), SQL(", ").join(columns), SQL(", ").join(values), _targets(link)
    )


def _belongs(link: LinkShape) -> Iterable[Composed]:
    for n, column in enumerate(link.own, 1):
        yield SQL("{} = {}").format(_linking(column), SQL(f"${n}::text::{column.write_type}"))


def _targets(link: LinkShape) -> Composed:
    parts = SQL(", ").join(SQL("{} text").format(Identifier(f"k{n}")) for n in range(len(link.other)))
    return SQL("json_to_recordset({}) AS {}({})").format(SQL(f"${len(link.own) + 1}"), _GIVEN, parts)


def _link_table(link: LinkShape) -> Composed:
    return SQL("{} AS {}").format(rows_of(link.schema, link.table, partitioned=link.partitioned), _LINK)


def _linking(column: WriteColumn) -> Composed:
    return SQL("{}.{}").format(_LINK, Identifier(column.name))
