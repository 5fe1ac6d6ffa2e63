"""Browse: a table's rows as Postgres has them, a page at a time, and what the log and the journal say of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.unresolved import targets_of
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.errors import UsageError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import JournalEntry, JournalFilter
from sync_engine.ports.rows import RowsWanted
from sync_engine.ports.runs import Run


@dataclass(frozen=True, slots=True)
class BrowsedRow:
    """One row: canonical values by field, and what else the log holds of it by column, as captured."""

    key: str
    values: Mapping[str, Value]
    others: JsonObject


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some rows in key order. `titles` names the rows that relations point to, by table and key."""

    mapping: TableMapping
    rows: Sequence[BrowsedRow]
    total: int
    more_before: bool = False
    more_after: bool = False
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)


def rows_page(context: Context, table: str, wanted: RowsWanted) -> RowsPage:
    """A page of a table, and whether there is more before and after it. Raises UsageError for an unknown table."""
    mapping = context.mapping(table)
    with context.database.transaction() as uow:
        found = list(uow.rows.page(mapping, replace(wanted, limit=wanted.limit + 1)))
        backwards = bool(wanted.before) and not wanted.after
        beyond = len(found) > wanted.limit
        shown = found[-wanted.limit :] if backwards else found[: wanted.limit]
        rows = [browsed(mapping, key, image) for key, image in shown]
        return RowsPage(
            mapping,
            rows,
            uow.rows.count(replace(mapping, row_filter="")),
            more_before=beyond if backwards else bool(wanted.after),
            more_after=True if backwards else beyond,
            titles=_titles(uow, context, mapping, rows),
        )


def one_row(context: Context, table: str, key: str) -> RowsPage:
    """The page that holds one row only, or none. Raises UsageError for an unknown table."""
    mapping = context.mapping(table)
    with context.database.transaction() as uow:
        rows = [browsed(mapping, found, image) for found, image in uow.rows.fetch(mapping, [key]).items()]
        return RowsPage(
            mapping,
            rows,
            uow.rows.count(replace(mapping, row_filter="")),
            titles=_titles(uow, context, mapping, rows),
        )


def browsed(mapping: TableMapping, key: str, image: JsonObject) -> BrowsedRow:
    """A row image in fields and other columns."""
    values = {item.name: item.codec.from_postgres(image.get(item.column)) for item in mapping.fields}
    others = {name: value for name, value in image.items() if name not in mapping.by_column}
    return BrowsedRow(key, values, others)


def _titles(
    uow: UnitOfWork, context: Context, mapping: TableMapping, rows: Sequence[BrowsedRow]
) -> Mapping[tuple[str, str], str]:
    related = [item for item in mapping.fields if item.relation_to]
    return _fetched_titles(
        uow,
        context,
        {(item.relation_to, key) for item in related for row in rows for key in targets_of(row.values[item.name])},
    )


def titles_of(context: Context, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """The titles of rows by (table, key), for those that exist and whose table is synced."""
    with context.database.transaction() as uow:
        return _fetched_titles(uow, context, set(wanted))


def _fetched_titles(
    uow: UnitOfWork, context: Context, wanted: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    titles: dict[tuple[str, str], str] = {}
    for table in sorted({table for table, _ in wanted} & context.by_name.keys()):
        mapping = context.mapping(table)
        keys = sorted(key for owner, key in wanted if owner == table and key != "None")
        for key, image in uow.rows.fetch(mapping, keys).items():
            titles[table, key] = title_of(mapping, image)
    return titles


def title_of(mapping: TableMapping, image: JsonObject) -> str:
    """What names the row to a person; empty when its title is."""
    title = mapping.by_name[mapping.title]
    value = title.codec.from_postgres(image.get(title.column))
    return "" if value is None else str(value)


def relation_choices(context: Context, relation: FieldMapping, limit: int) -> Sequence[tuple[str, str]] | None:
    """The rows that a relation can point to as (key, title), by title; None when there are more than `limit`."""
    target = context.mapping(relation.relation_to)
    with context.database.transaction() as uow:
        found = uow.rows.page(target, RowsWanted(limit + 1))
    if len(found) > limit:
        return None
    titles = [(key, title_of(target, image) or key) for key, image in found]
    return sorted(titles, key=lambda pair: pair[1].casefold())


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run with the first of its changes; `more`: there are others."""

    run: Run
    changes: Sequence[JournalEntry]
    more: bool


def run_page(context: Context, run_id: str, limit: int) -> RunPage:
    """A run, by id or unambiguous prefix, and its changes. Raises UsageError when there is none."""
    with context.database.transaction() as uow:
        run = uow.runs.get(run_id)
        if run is None:
            raise UsageError(f"there is no run {run_id!r}", hint="the page of runs lists them")
        changes = list(islice(uow.journal.find(JournalFilter(run_id=run.run_id)), limit + 1))
    return RunPage(run, changes[:limit], len(changes) > limit)


def recent_runs(context: Context, limit: int) -> Sequence[Run]:
    """Newest first."""
    with context.database.transaction() as uow:
        return uow.runs.recent(limit)
