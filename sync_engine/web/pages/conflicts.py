"""Conflicts: both values side by side, what they began from, why one won, and the buttons that decide."""

from __future__ import annotations

from functools import partial
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.browse import titles_of
from sync_engine.engine.review.conflicts import Keep, conflict_list, conflict_show, resolve, swap
from sync_engine.errors import UsageError
from sync_engine.web.difference import Piece, pieces
from sync_engine.web.forms import Fields, local_address
from sync_engine.web.jobs import Done
from sync_engine.web.site import WHO, Site
from sync_engine.web.titled import Shown, Titles, shown, targets

_SHOWN = 50
_SHELVES = (
    ("review", "To look at", ("open", "auto")),
    ("open", "Open", ("open",)),
    ("auto", "Decided by policy", ("auto",)),
    ("resolved", "Reviewed", ("resolved",)),
)
"""Name, title, and the statuses of `conflict_list` on each shelf."""


def routes(site: Site) -> list[BaseRoute]:
    """The list, one conflict, and its buttons."""
    return [
        Route("/conflicts", partial(_list, site)),
        Route("/conflicts/{conflict_id:int}", partial(_one, site)),
        Route(
            "/conflicts/{conflict_id:int}/decide", site.guard.changing(partial(_decide, site)), methods=["POST"]
        ),
    ]


def _list(site: Site, request: Request) -> Response:
    context = site.context()
    asked = request.query_params.get("show", "review")
    shelf = asked if asked in {name for name, _, _ in _SHELVES} else "review"
    found = {status: conflict_list(context, status) for status in ("open", "auto", "resolved")}
    tabs = [(name, title, sum(len(found[status]) for status in statuses)) for name, title, statuses in _SHELVES]
    statuses = next(statuses for name, _, statuses in _SHELVES if name == shelf)
    items = [item for status in statuses for item in found[status][::-1]]
    view = {
        "tabs": tabs,
        "shelf": shelf,
        "cards": _cards(context, items[:_SHOWN]),
        "left_out": max(0, len(items) - _SHOWN),
    }
    return site.show(request, "conflicts.html", view)


def _one(site: Site, request: Request) -> Response:
    context = site.context()
    item = conflict_show(context, request.path_params["conflict_id"])
    return site.show(request, "conflict.html", {"card": _cards(context, [item])[0], "item": item})


def _cards(context: Context, items: list[JsonObject]) -> list[dict[str, object]]:
    pairs = {(str(item["table"]), str(item["key"])) for item in items}
    for item in items:
        mapping = context.by_name.get(str(item["table"]))
        if mapping is not None:
            values = [item["base"], _value(item, "postgres"), _value(item, "notion")]
            pairs |= targets(mapping, [(str(item["field"]), value) for value in values])
    titles = titles_of(context, pairs)
    return [_card(context, item, titles) for item in items]


def _card(context: Context, item: JsonObject, titles: Titles) -> dict[str, object]:
    table, field = str(item["table"]), str(item["field"])
    mapping = context.by_name.get(table)
    postgres, notion = (shown(mapping, field, _value(item, side), titles) for side in ("postgres", "notion"))
    left, right = pieces(postgres.text, notion.text)
    return {
        "item": item,
        "title": titles.get((table, str(item["key"])), ""),
        "base": shown(mapping, field, item["base"], titles),
        "sides": [_side(item, "postgres", postgres, left), _side(item, "notion", notion, right)],
        "decidable": item["status"] in ("open", "auto"),
        "swappable": item["status"] != "open" and item["winner"] in ("postgres", "notion"),
    }


def _side(item: JsonObject, name: str, value: Shown, told: list[Piece]) -> dict[str, object]:
    side = cast(JsonObject, item[name])
    return {
        "name": name,
        "title": name.capitalize(),
        "value": value,
        "pieces": told,
        "at": side["at"],
        "actor": side["actor"],
        "won": item["winner"] == name,
    }


def _value(item: JsonObject, name: str) -> Json:
    side = item[name]
    return side["value"] if isinstance(side, dict) else None


def _decide(site: Site, request: Request, fields: Fields) -> Response:
    conflict_id: int = request.path_params["conflict_id"]
    back = local_address(fields.one("back"))
    choice = fields.one("choice")
    if choice not in ("postgres", "notion", "swap"):
        raise UsageError(f"there is no choice {choice!r}", hint="keep Postgres, keep Notion, or swap")

    def work(context: Context) -> Done:
        if choice == "swap":
            swap(context, conflict_id, who=WHO)
        else:
            resolve(context, conflict_id, keep=cast(Keep, choice), who=WHO)
        return Done(back)

    return site.after(site.jobs.start(f"Deciding conflict {conflict_id}", site.context(), work))
