"""The history of one record: every change of both sides, with who, when, from what and to what."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.audit_record import history
from sync_engine.engine.inquiry.browse import one_row, titles_of
from sync_engine.web.pages.runs import ran
from sync_engine.web.site import Site
from sync_engine.web.titled import Change, Titles, change_of, targets

_SHOWN = 200


def routes(site: Site) -> list[BaseRoute]:
    """One page a record; the key is a parameter, for it may hold anything."""
    return [Route("/history/{table:path}", partial(_history, site))]


def _history(site: Site, request: Request) -> Response:
    context = site.context()
    mapping = context.mapping(request.path_params["table"])
    key = request.query_params.get("key", "")
    events = list(history(context, mapping.name, key))
    rows = one_row(context, mapping.name, key).rows
    newest = events[-_SHOWN:][::-1]
    view = {
        "mapping": mapping,
        "key": key,
        "exists": bool(rows),
        "title": str(rows[0].values[mapping.title] or "") if rows else "",
        "events": _told(context, mapping, newest),
        "left_out": len(events) - len(newest),
        "ran": ran(context, request),
    }
    return site.show(request, "history.html", view)


def _told(context: Context, mapping: TableMapping, events: list[JsonObject]) -> list[dict[str, object]]:
    """Events with the titles of the rows that their relations point to."""
    pairs = [
        (str(change["field"]), value)
        for event in events
        for change in _changes(event)
        for value in (change["from"], change["to"])
    ]
    titles = titles_of(context, targets(mapping, pairs))
    return [
        {
            **event,
            "run_id": _run_of(event),
            "changes": [_change(mapping, item, titles) for item in _changes(event)],
        }
        for event in events
    ]


def _change(mapping: TableMapping, item: JsonObject, titles: Titles) -> Change:
    return change_of(mapping, str(item["field"]), item["from"], item["to"], titles)


def _changes(event: JsonObject) -> list[JsonObject]:
    found = event["changes"]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _run_of(event: JsonObject) -> Json:
    """The run behind an event that the engine itself caused."""
    kind, _, run_id = str(event["origin"]).partition(":")
    return run_id if kind in ("run", "rollback") else ""
