"""The overview: what is where and what waits, the last runs, and a pass at the press of a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.status import status
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.holding import held_list
from sync_engine.web.forms import Fields, local_address
from sync_engine.web.jobs import Done
from sync_engine.web.pages.runs import eventful, ran
from sync_engine.web.site import Site, with_query

_RUNS = 8
_REASONS = 10


def routes(site: Site) -> list[BaseRoute]:
    """The overview and the button."""
    return [
        Route("/", partial(_overview, site)),
        Route("/sync", site.guard.changing(partial(_sync, site)), methods=["POST"]),
    ]


def _overview(site: Site, request: Request) -> Response:
    context = site.context()
    document = status(context, site.requests_per_minute)
    tables = [_table(site, context, item) for item in _items(document["tables"])]
    held = _by_reason(held_list(context))
    view = {
        "tables": tables,
        "open_conflicts": document["open_conflicts"],
        "held": held[:_REASONS],
        "more_held": max(0, len(held) - _REASONS),
        "runs": eventful(context, _RUNS),
        "ran": ran(context, request),
        "running": _running(document["run"]),
        "budget": document["budget"],
        "backlog": document["backlog"],
        "eta_seconds": document["eta_seconds"],
    }
    return site.show(request, "overview.html", view)


def _running(run: Json) -> JsonObject | None:
    """What the continuous run is doing; None when there is none."""
    return run if isinstance(run, dict) and run["active"] else None


def _by_reason(held: Sequence[JsonObject]) -> list[tuple[str, str, list[JsonObject]]]:
    """Held records with the same trouble together, the most frequent first."""
    groups: dict[tuple[str, str], list[JsonObject]] = {}
    for item in held:
        waits = f" (waits for {item['waiting_for']})" if item["waiting_for"] else ""
        groups.setdefault((str(item["table"]), f"{item['reason']}{waits}"), []).append(item)
    found = [(table, reason, items) for (table, reason), items in groups.items()]
    return sorted(found, key=lambda group: -len(group[2]))


def _items(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _table(site: Site, context: Context, item: Mapping[str, Json]) -> dict[str, Json]:
    mapping = context.mapping(str(item["table"]))
    return {**item, "icon": mapping.icon, "notion": site.notion_address(str(item["notion_database_id"]))}


def _sync(site: Site, _request: Request, fields: Fields) -> Response:
    back = local_address(fields.one("back"))

    def work(context: Context) -> Done:
        summary = sync(context, SyncOptions(cheap_proof=True))
        return Done(with_query(back, ran=summary.run_id))

    return site.after(site.jobs.start("Syncing both sides", site.context(), work))
