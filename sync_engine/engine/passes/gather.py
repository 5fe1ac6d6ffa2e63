"""Gather: bring both sides' news into the records, before anything is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.interrupted import close_interrupted
from sync_engine.engine.passes.backfill import backfill, rehearse_backfill
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.captured import ensure_captured
from sync_engine.engine.passes.links import read_junctions, relink
from sync_engine.engine.passes.match_unlinked import match_unlinked
from sync_engine.engine.passes.missing import find_missing_pages, misses_pages, refuse_lost
from sync_engine.engine.passes.pull import proof_is_cheap, proof_is_due, pull
from sync_engine.engine.passes.recover import recover
from sync_engine.engine.passes.row_filters import ask_when_due
from sync_engine.errors import NotionRejected, NotSetUp
from sync_engine.ports.registrations import Registration


@dataclass
class News:
    """Edits by people and applications that were found, by table, the tables that Notion refuses to show, and the
    rows and pages that were linked, as lines of a dry run's plan."""

    postgres: Counter[str] = field(default_factory=Counter)
    notion: Counter[str] = field(default_factory=Counter)
    refused: dict[str, NotionRejected] = field(default_factory=dict)
    links: list[JsonObject] = field(default_factory=list)


def gather(
    context: Context,
    mappings: Sequence[TableMapping],
    run_id: str,
    *,
    full: bool,
    dry_run: bool,
    lenient: bool = False,
    cheap_proof: bool = False,
) -> News:
    """Rows that were there before capture, captured changes, edited pages; also what a killed run left in doubt.

    Raises NotSetUp when a mapping was never set up, or changes of its table are not captured. A table that Notion
    refuses to show is an error as well, or only noted with `lenient`. With `cheap_proof` also every page of the
    tables is read where that costs little.
    """
    registrations = ensure_captured(context, registrations_of(context))
    if not dry_run:
        recover(context)
        close_interrupted(context, run_id)
    for mapping in mappings:
        registration = registrations[mapping.id]
        if not registration.backfilled:
            _backfill(context, mapping, registration, dry_run=dry_run)
            registrations[mapping.id] = replace(registration, backfilled=True)
        registration = registrations[mapping.id]
        proof = full or proof_is_due(context, registration)
        ask_when_due(
            context.database,
            mapping,
            anyway=proof or (cheap_proof and proof_is_cheap(context, mapping, registration)),
        )
        registrations[mapping.id] = replace(registration, filter_due=False)
    if not dry_run:
        read_junctions(context, registrations)
    news = News(postgres=capture_by_table(context))
    if not dry_run:
        relink(context)
    for mapping in mappings:
        try:
            registration = registrations[mapping.id]
            due = full or proof_is_due(context, registration)
            cheap = cheap_proof and not due and proof_is_cheap(context, mapping, registration)
            news.notion[mapping.name] += _pull(context, mapping, registration, run_id, full=full, cheap=cheap)
        except NotionRejected as error:
            if not lenient:
                raise
            news.refused[mapping.name] = error
        else:
            news.links += match_unlinked(context.database, mapping)
    return news


def _pull(
    context: Context, mapping: TableMapping, registration: Registration, run_id: str, *, full: bool, cheap: bool
) -> int:
    pulled = pull(context, mapping, registration, run_id, full=full or cheap)
    if pulled.everything is None or (cheap and not misses_pages(context, mapping, pulled.everything)):
        return pulled.edits
    refuse_lost(context.workspace, mapping)
    return pulled.edits + find_missing_pages(context, mapping, pulled.everything)


def _backfill(context: Context, mapping: TableMapping, registration: Registration, *, dry_run: bool) -> None:
    if dry_run:
        rehearse_backfill(context, mapping)
    else:
        backfill(context, mapping, registration)


def capture_by_table(context: Context) -> Counter[str]:
    """One tick of the log; counts by table name."""
    counts = capture(context.database, context.by_id)
    return Counter({context.by_id[mapping_id].name: count for mapping_id, count in counts.items()})


def registrations_of(context: Context) -> dict[int, Registration]:
    """Registered mappings by id. Raises NotSetUp when a mapping was never set up."""
    if not context.database.is_set_up():
        raise NotSetUp("the engine schema is not in this database", hint="run `sync-engine setup`")
    with context.database.transaction() as uow:
        registered = {item.id: item for item in uow.registrations.all()}
    for mapping in context.mappings:
        if mapping.id not in registered or not mapping.data_source_id:
            raise NotSetUp(f"table {mapping.name} has no Notion database yet", hint="run `sync-engine setup`")
    for mapping in context.captured:
        if mapping.id not in registered:
            raise NotSetUp(f"changes of table {mapping.name} are not captured yet", hint="run `sync-engine setup`")
    return registered
