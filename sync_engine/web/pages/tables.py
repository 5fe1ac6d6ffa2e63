"""A table's rows as Postgres has them, and the edit of one cell, compared with what the person saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.values import Value
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.browse import BrowsedRow, RowsPage, one_row, relation_choices, rows_page
from sync_engine.engine.inquiry.edit import CellEdit, EditResult, edit_cell, editable_field
from sync_engine.errors import DatabaseError, UsageError
from sync_engine.ports.rows import RowResult, RowsWanted
from sync_engine.web.cells import Cell, Editor, cell_of, editor_of, expected_of, literal_of
from sync_engine.web.forms import Fields
from sync_engine.web.pages.runs import ran
from sync_engine.web.shown import anchor, plain, query_of
from sync_engine.web.site import WHO, Site, address, see
from sync_engine.web.titled import Titles

ROWS = 50
_CHOICES = 300
_PLACE = ("after", "before", "q", "key")
"""Parameters that say which rows are shown."""


def routes(site: Site) -> list[BaseRoute]:
    """One page a table, and the form of its cells."""
    return [
        Route("/tables/{table:path}", partial(_table, site)),
        Route("/cell/{table:path}", site.guard.changing(partial(_edit, site)), methods=["POST"]),
    ]


def _table(site: Site, request: Request) -> Response:
    query = dict(request.query_params)
    context = site.context()
    editor = None
    if query.get("edit"):
        editor = _editor(context, request.path_params["table"], query.get("row", ""), query["edit"])
    return _show(site, request, context, query, editor)


def _show(
    site: Site,
    request: Request,
    context: Context,
    query: Mapping[str, str],
    editor: Editor | None,
    status: int = 200,
) -> Response:
    table = request.path_params["table"]
    place = {name: query[name] for name in _PLACE if query.get(name)}
    page = _rows(context, table, place)
    if editor is not None and editor.key not in {row.key for row in page.rows}:
        place = {"key": editor.key}
        page = _rows(context, table, place)
    view = {
        "mapping": page.mapping,
        "columns": _columns(page.mapping),
        "others": [name for name in page.mapping.captured if name not in page.mapping.by_column],
        "rows": [_row(page.mapping, row, page.titles) for row in page.rows],
        "page": page,
        "place": place,
        "search": place.get("q", ""),
        "editor": editor,
        "saved": query.get("saved", ""),
        "ran": ran(context, request),
        "notion": site.notion_address(page.mapping.database_id),
    }
    return site.show(request, "table.html", view, status)


def _rows(context: Context, table: str, place: Mapping[str, str]) -> RowsPage:
    if "key" in place:
        return one_row(context, table, place["key"])
    wanted = RowsWanted(ROWS, place.get("after", ""), place.get("before", ""), place.get("q", ""))
    return rows_page(context, table, wanted)


def _columns(mapping: TableMapping) -> list[FieldMapping]:
    """The title first, then as the table has them."""
    return sorted(mapping.fields, key=lambda item: item.name != mapping.title)


def _row(mapping: TableMapping, row: BrowsedRow, titles: Titles) -> dict[str, object]:
    cells: list[Cell] = [cell_of(item, row.values[item.name], titles) for item in _columns(mapping)]
    name = str(row.values[mapping.title] or row.key)
    return {"key": row.key, "name": name, "cells": cells, "others": row.others}


def _editor(context: Context, table: str, key: str, name: str) -> Editor:
    column = editable_field(context.mapping(table), name)
    found = one_row(context, table, key).rows
    if not found:
        raise UsageError(f"{table} {key} is gone: the row was deleted", hint="its history is still there")
    return editor_of(column, key, found[0].values[name], _choices(context, column))


def _choices(context: Context, column: FieldMapping) -> list[tuple[str, str]]:
    if column.relation_to:
        return list(relation_choices(context, column, _CHOICES) or ())
    return [] if column.column_type.endswith("[]") else [(name, name) for name in column.options]


def _edit(site: Site, request: Request, fields: Fields) -> Response:
    context = site.context()
    table, key, name = request.path_params["table"], fields.one("key"), fields.one("field")
    column = editable_field(context.mapping(table), name)
    query = query_of(fields.one("place"))
    expected = expected_of(fields)
    try:
        literal = literal_of(column, fields)
        result = EditResult(RowResult.DONE)
        if literal != expected:
            result = edit_cell(context, CellEdit(table, key, name, literal, expected), actor=WHO)
    except (FieldError, DatabaseError) as error:
        result = EditResult(RowResult.REJECTED, reason=str(error))
    if result.result is RowResult.DONE:
        saved = "yes" if literal != expected else ""
        place = {item: query[item] for item in _PLACE if query.get(item)}
        return see(address("tables", table, **place, saved=saved) + "#" + anchor(key))
    editor = _again(_editor(context, table, key, name), fields, result)
    return _show(site, request, context, query, editor, 409 if result.result is RowResult.CHANGED else 422)


def _again(editor: Editor, fields: Fields, result: EditResult) -> Editor:
    """The form after a refusal: what was typed stays, and the reason stands beside it."""
    chosen = fields.one("choice")
    typed = replace(
        editor,
        kind=fields.one("form") or editor.kind,
        text=chosen[1:] if chosen else fields.one("value"),
        null=fields.one("null") == "yes" or ("choice" in fields and not chosen),
    )
    if result.result is RowResult.CHANGED:
        return replace(typed, problem=_OVERTAKEN, now=_told(result.value))
    return replace(typed, expected=json.dumps(expected_of(fields)), problem=result.reason)


_OVERTAKEN = "Somebody else changed this cell while you were editing it. Save again to replace what it holds now:"


def _told(value: Value) -> str:
    return "null" if value is None else plain(value) or "an empty text"
