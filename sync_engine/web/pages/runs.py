"""Runs: what each did, and taking one back: the plan first, then a confirmation, then the rollback."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sync_engine.domain.compensation import Compensation, Remedy
from sync_engine.domain.fold import postgres_value
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.browse import RunPage, recent_runs, run_page, titles_of
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.ports.journal import JournalEntry
from sync_engine.ports.runs import Run
from sync_engine.web.forms import Fields
from sync_engine.web.jobs import Done, Planned
from sync_engine.web.shown import is_quiet
from sync_engine.web.site import WHO, Site, address
from sync_engine.web.titled import Change, Titles, change_of, targets

RUNS = 300
_CHANGES = 200
_PLANNED = 200


def routes(site: Site) -> list[BaseRoute]:
    """The list, one run, its plan of rollback, and the forms that make and carry out the plan."""
    changing = site.guard.changing
    return [
        Route("/runs", partial(_list, site)),
        Route("/runs/{run_id}", partial(_run, site)),
        Route("/runs/{run_id}/plan", changing(partial(_make_plan, site)), methods=["POST"]),
        Route("/runs/{run_id}/rollback", changing(partial(_roll_back, site)), methods=["POST"]),
        Route("/plans/{job_id}", partial(_plan, site)),
    ]


def ran(context: Context, request: Request) -> Run | None:
    """The run that the browser has just started, for the line that tells what it did."""
    wanted = request.query_params.get("ran", "")
    if not wanted:
        return None
    with context.database.transaction() as uow:
        return uow.runs.get(wanted)


def eventful(context: Context, limit: int) -> Sequence[Run]:
    """The newest runs that did something, as far back as is cheap to look."""
    return [run for run in recent_runs(context, RUNS) if not is_quiet(run)][:limit]


def _list(site: Site, request: Request) -> Response:
    found = recent_runs(site.context(), RUNS)
    shown = found if request.query_params.get("show") == "all" else [run for run in found if not is_quiet(run)]
    view = {"runs": shown, "quiet": len(found) - len(shown), "full": len(found) == RUNS, "limit": RUNS}
    return site.show(request, "runs.html", view)


def _run(site: Site, request: Request) -> Response:
    context = site.context()
    page = run_page(context, request.path_params["run_id"], _CHANGES)
    view = {"run": page.run, "changes": _told(context, page), "more": page.more, "ran": ran(context, request)}
    return site.show(request, "run.html", view)


def _told(context: Context, page: RunPage) -> list[dict[str, object]]:
    pairs: set[tuple[str, str]] = set()
    for entry in page.changes:
        mapping = context.by_id.get(entry.mapping)
        if mapping is not None:
            pairs |= {(mapping.name, entry.key)} if entry.key else set()
            pairs |= targets(mapping, [*(entry.before or {}).items(), *(entry.after or {}).items()])
    titles = titles_of(context, pairs)
    return [_entry(context, entry, titles) for entry in page.changes]


def _entry(context: Context, entry: JournalEntry, titles: Titles) -> dict[str, object]:
    mapping = context.by_id.get(entry.mapping)
    before, after = entry.before or {}, entry.after or {}
    name = mapping.name if mapping else ""
    return {
        "entry": entry,
        "table": name,
        "title": titles.get((name, entry.key), ""),
        "changes": [
            change_of(mapping, item, before.get(item), after.get(item), titles)
            for item in sorted(before.keys() | after.keys())
            if before.get(item) != after.get(item)
        ],
    }


def _make_plan(site: Site, request: Request, fields: Fields) -> Response:
    run_id = request.path_params["run_id"]
    force = fields.one("force") == "yes"
    job_id = site.app.ids.new_id()

    def work(context: Context) -> Done:
        budget = site.requests_per_minute
        planned = rollback(context, Selection(run=run_id), force=force, dry_run=True, requests_per_minute=budget)
        return Done(address("plans", job_id), Planned(run_id, force, planned))

    return site.after(site.jobs.start("Planning the rollback", site.context(), work, job_id))


def _plan(site: Site, request: Request) -> Response:
    job = site.jobs.get(request.path_params["job_id"])
    planned = job.result.planned if job is not None and job.result is not None else None
    if planned is None:
        raise HTTPException(404)
    context = site.context()
    view = {
        "run": run_page(context, planned.run_id, 0).run,
        "plan": planned.result,
        "lines": _lines(context, planned.result.plan[:_PLANNED]),
        "left_out": max(0, len(planned.result.plan) - _PLANNED),
        "force": planned.force,
    }
    return site.show(request, "plan.html", view)


def _lines(context: Context, shown: Sequence[Compensation]) -> list[dict[str, object]]:
    pairs = {(item.mapping.name, item.record.key) for item in shown}
    for item in shown:
        now = [(name, postgres_value(item.record, item.mapping.by_name[name])) for name in item.values]
        pairs |= targets(item.mapping, [*item.values.items(), *now])
    titles = titles_of(context, pairs)
    return [
        {
            "item": item,
            "title": titles.get((item.mapping.name, item.record.key), ""),
            "changes": _restored(item, titles),
        }
        for item in shown
    ]


def _restored(item: Compensation, titles: Titles) -> list[Change]:
    """Field by field what stands there now and what is put back."""
    if item.remedy is not Remedy.SET_FIELDS:
        return []
    now = {name: postgres_value(item.record, item.mapping.by_name[name]) for name in item.values}
    return [change_of(item.mapping, name, now[name], value, titles) for name, value in item.values.items()]


def _roll_back(site: Site, request: Request, fields: Fields) -> Response:
    run_id = request.path_params["run_id"]
    force = fields.one("force") == "yes"

    def work(context: Context) -> Done:
        done = rollback(context, Selection(run=run_id), force=force, who=WHO)
        return Done(address("runs", done.rollback_id, ran=done.rollback_id))

    return site.after(site.jobs.start("Rolling back", site.context(), work))
