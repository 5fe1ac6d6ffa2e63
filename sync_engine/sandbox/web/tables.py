"""A data source as a table: columns, one page of rows, the trash."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import from_milliseconds
from sync_engine.sandbox.model import Database, DataSource, Page, Property, User
from sync_engine.sandbox.properties.schema import source_name
from sync_engine.sandbox.shapes.pages import title_text
from sync_engine.sandbox.shapes.parents import trashed
from sync_engine.sandbox.web.cells import UNTITLED, Cell, cell_of

ROWS = 50
"""Rows on one page of a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One page as a row."""

    id: str
    icon: str
    cells: list[Cell]
    edited_by: str
    edited_at: str


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a table. `number` counts from 1."""

    columns: list[Property]
    rows: list[Row]
    total: int
    number: int
    pages: int
    trashed: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A database on the first page."""

    id: str
    name: str
    icon: str
    rows: int
    in_trash: bool


def listed_databases(call: Call) -> list[tuple[str, list[Listed]]]:
    """Return the databases under the title of their parent, both by name."""
    groups: dict[str, list[Listed]] = {}
    for database in call.store.every(Database):
        sources = [call.store.take(DataSource, each) for each in database.data_sources]
        if not sources:
            continue
        count = sum(len(call.store.order(each.id).by_creation) for each in sources)
        gone = trashed(call.store, database)
        entry = Listed(database.id, source_name(call, sources[0]), _emoji(database.icon), count, gone)
        groups.setdefault(_parent_title(call, database), []).append(entry)
    return [(name, sorted(groups[name], key=lambda each: each.name.casefold())) for name in sorted(groups)]


def _parent_title(call: Call, database: Database) -> str:
    page = call.store.find(Page, database.parent.id)
    return (title_text(page) or UNTITLED) if page else "Workspace"


def _emoji(icon: object) -> str:
    return str(icon["emoji"]) if isinstance(icon, dict) and icon.get("type") == "emoji" else ""


def table_of(call: Call, source: DataSource, number: int, wanted: str, *, trash: bool) -> Table:
    """Return one page of rows, oldest first; `wanted` limits them to titles that contain it."""
    order = call.store.order(source.id)
    ids = sorted(order.hidden) if trash else [page_id for _, page_id in order.by_creation]
    if wanted:
        folded = wanted.casefold()
        ids = [each for each in ids if folded in title_text(call.store.take(Page, each)).casefold()]
    pages = max(1, -(-len(ids) // ROWS))
    number = min(max(1, number), pages)
    columns = columns_of(source)
    shown = (call.store.take(Page, each) for each in ids[(number - 1) * ROWS : number * ROWS])
    rows = [_row(call, columns, page) for page in shown]
    return Table(columns, rows, len(ids), number, pages, len(order.hidden))


def columns_of(source: DataSource) -> list[Property]:
    """Return the title first, then the properties by name."""
    return sorted(source.properties.values(), key=lambda prop: (prop.type != "title", prop.name.casefold()))


def _row(call: Call, columns: list[Property], page: Page) -> Row:
    editor = call.store.find(User, page.edited_by)
    return Row(
        page.id,
        _emoji(page.icon),
        [cell_of(call, prop, page) for prop in columns],
        editor.name if editor else page.edited_by,
        from_milliseconds(page.edited).strftime("%Y-%m-%d %H:%M"),
    )
