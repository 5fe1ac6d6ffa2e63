"""One pass: capture and pull, then carry changes across in rounds until both sides are quiet."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import refuse_beside_run
from sync_engine.engine.passes.carry import Pass, SyncDirection, SyncOptions, carry, count_news
from sync_engine.engine.passes.closing import close_settled, forget_closed
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.passes.missing import distrust
from sync_engine.engine.restored import remember
from sync_engine.engine.summary import PassSummary
from sync_engine.errors import NotionRejected
from sync_engine.ports.runs import Run
from sync_engine.ports.workspace import RequestCounts

_log = logging.getLogger(__name__)

__all__ = ["SyncDirection", "SyncOptions", "sync"]


def sync(context: Context, options: SyncOptions) -> PassSummary:
    """Run one pass and return what it did; the run is stored.

    A table that Notion refuses to show is left alone, and told as an error at the end, when the others are done.

    Raises NotSetUp before `setup`, LockHeld when another run is at work, and what the adapters raise; everything
    that was applied until then is committed, journalled and counted in the stored run.
    """
    selected = context.selected(options.tables)
    if options.dry_run:
        with context.database.rehearsal() as rehearsal:
            return _sync(replace(context, database=rehearsal), options, selected)
    refuse_beside_run(context.database)
    with context.database.lock():
        return _sync(context, options, selected)


def _sync(context: Context, options: SyncOptions, mappings: Sequence[TableMapping]) -> PassSummary:
    started, requests = context.clock.monotonic(), context.workspace.counts()
    run_id = context.ids.new_id()
    summary = PassSummary(run_id, options.direction, options.dry_run)
    for mapping in mappings:
        summary.table(mapping.name)
    work = Pass(context, options, run_id, summary, mappings)
    run = Run(run_id, "sync", context.database.now(), _options_json(options))
    with context.database.transaction() as uow:
        uow.runs.start(run)
    synced: Sequence[TableMapping] = ()
    try:
        news = gather(
            context,
            mappings,
            run_id,
            full=options.full,
            dry_run=options.dry_run,
            lenient=True,
            cheap_proof=options.cheap_proof,
        )
        count_news(work, news)
        summary.planned += news.links if options.dry_run else []
        work.refused = news.refused
        work.mappings = [mapping for mapping in mappings if mapping.name not in news.refused]
        has_inbox = _read_inbox(work)
        carry(work)
        if has_inbox and work.fatal is None:
            _show_inbox(work)
        synced = [] if work.fatal is not None else [item for item in mappings if item.name not in work.refused]
    finally:
        summary.seconds = context.clock.monotonic() - started
        summary.requests = _since(requests, context.workspace.counts())
        _finish(work, run, synced, done=len(synced) == len(mappings))
    forget_closed(context)
    if not options.dry_run:
        remember(context)
    if work.fatal is not None:
        raise work.fatal
    if work.refused:
        for name in work.refused:
            distrust(context.database, context.mapping(name))
        raise _left_alone(work.refused, len(mappings))
    return summary


def _has_inbox(work: Pass) -> bool:
    """A part of the tables, one direction or a dry run decides nothing in the inbox: a poll that passes over a
    choice would never see it again."""
    options = work.options
    return not (options.tables or options.dry_run or options.direction != "both")


def _read_inbox(work: Pass) -> bool:
    """Whether there is an inbox that can be read; trouble with it is told by the inbox itself."""
    if work.context.inbox is None or not _has_inbox(work):
        return False
    try:
        work.context.inbox.read(work.context, work.run_id, full=work.options.full)
    except NotionRejected as error:
        _log.debug("the inbox cannot be read: %s", error)
        return False
    return True


def _show_inbox(work: Pass) -> None:
    if work.context.inbox is None:
        return
    with work.context.database.transaction() as uow:
        for mapping in work.mappings:
            close_settled(uow, mapping.id, work.context.database.now())
    try:
        work.context.inbox.show(work.context)
    except NotionRejected as error:
        _log.debug("the inbox cannot be written: %s", error)


def _left_alone(refused: Mapping[str, NotionRejected], of: int) -> NotionRejected:
    first = next(iter(refused.values()))
    others = "; the other tables were synced" if len(refused) < of else ""
    return NotionRejected(
        f"left alone, nothing of it counts as deleted: {', '.join(refused)}{others}. {first.message}",
        hint=first.hint,
        status=first.status,
        api_code=first.api_code,
    )


def _since(before: RequestCounts, after: RequestCounts) -> dict[str, int]:
    return {
        "notion": after.total - before.total,
        "retried": after.retried - before.retried,
        "rate_limited": after.rate_limited - before.rate_limited,
    }


def _options_json(options: SyncOptions) -> JsonObject:
    tables: list[Json] = list(options.tables)
    return {"direction": options.direction, "tables": tables, "limit": options.limit, "full": options.full}


def _finish(work: Pass, run: Run, synced: Sequence[TableMapping], *, done: bool) -> None:
    context, summary = work.context, work.summary
    with context.database.transaction() as uow:
        for mapping in work.mappings:
            table = summary.table(mapping.name)
            close_settled(uow, mapping.id, context.database.now())
            table.conflicts_open = uow.conflicts.count_open(mapping.id)
            table.held_open = len(uow.held.find(mapping.id))
        if work.options.limit is not None or work.options.direction != "both":
            summary.quiet = summary.quiet and not any(
                uow.records.counts(mapping.id).open for mapping in work.mappings
            )
        now = context.database.now()
        status = "done" if done else "failed"
        uow.runs.finish(replace(run, finished_at=now, status=status, summary=summary.to_json()))
        uow.events.seal()
        stamped = {mapping.id for mapping in synced}
        for registration in uow.registrations.all():
            if registration.id in stamped:
                uow.registrations.save(replace(registration, last_sync=now))
