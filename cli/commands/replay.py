"""`replay`: fold the log again."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, tables_option, yes_option
from cli.verbs import Verb
from cli.views.replay import show_rebuilding, show_replay
from sync_engine.engine.inquiry.replay_schema import replay_into_schema
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.replayed import Replayed
from sync_engine.engine.rebuild.elsewhere import rebuild_elsewhere
from sync_engine.engine.rebuild.pages import rebuild_pages
from sync_engine.engine.rebuild.rebuilt import Rebuilt, Span
from sync_engine.engine.rebuild.relink import relink as relink_records
from sync_engine.engine.rebuild.rows import rebuild_rows
from sync_engine.errors import DifferencesFound, SyncEngineError, UsageError

TARGETS = "write verify, postgres, notion, schema:NAME, or new-notion:PAGE_ID"


@click.command(
    "replay",
    cls=Verb,
    short_help="Fold the log again: to check it, or to rebuild what was.",
    changes="nothing with --target verify; with schema:NAME a new schema in the database, and nothing else; with "
    "postgres or notion the rows or pages that are not what the log tells; with new-notion:PAGE_ID new databases "
    "under that page, and with --relink what is synced with them",
    examples=[
        ("replay --target verify", "fold the whole log and compare with the engine, the rows and the pages"),
        ("replay --target schema:yesterday --until '1 day ago'", "all tables as they were, beside those of today"),
        ("replay --target schema:before --until before-import --table agents", "one table as of a mark"),
        ("replay --target postgres --dry-run", "which rows are not what the log tells"),
        ("replay --target postgres --table agents", "put back a table that was truncated while capture was off"),
        ("replay --target new-notion:1f2e… --relink", "build all databases anew elsewhere, and sync with those"),
        ("replay --target notion --until '1 hour ago'", "the pages as they were; rows follow with the next sync"),
    ],
    exits=[*exits.CONNECTED, exits.DIFFERENCES, exits.LOCKED],
)
@click.option(
    "--target",
    required=True,
    metavar="TARGET",
    help="verify; schema:NAME for a new schema of that name; postgres or notion to put rows or pages back; "
    "new-notion:PAGE_ID for new databases under that page.",
)
@click.option("--from", "since", metavar="TIME", help="Only records of which the log tells since then.")
@click.option("--until", metavar="TIME", help="Only what happened until then; a time or a mark.")
@click.option("--relink", is_flag=True, help="Sync with the new databases from now on.")
@tables_option
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session,
    target: str,
    since: str | None,
    until: str | None,
    relink: bool,
    tables: tuple[str, ...],
    dry_run: bool,
    yes: bool,
) -> None:
    """Fold the log from its beginning.

    With verify, what comes out must be what the engine holds, and what rows and pages hold: the log tells all. An
    edit that was made since the last pass is no difference. With schema:NAME the rows as of a time are put into a
    new schema; columns that are not captured, as secrets, are not there.

    With postgres or notion only what differs from the log is written, after a preview and a question. What the log
    does not know is never deleted. After an interruption, give the command again: it goes on with what is left.
    The writes are logged as the replay's; the next `sync` carries across what the other side does not hold.

    With new-notion:PAGE_ID the log fills new databases under that page, which the connection must see: for a
    workspace that was lost, or to look at an earlier state. With --relink the records are linked to the new pages
    and synced with them; without it nothing that is synced changes.
    """
    kind, _, name = target.partition(":")
    span = Span(tables, session.moment(since, "--from"), session.moment(until, "--until"))
    if target == "verify":
        _verify(session, span)
    elif kind == "schema" and name:
        if since is not None:
            raise UsageError("--from: a schema is made of all records", hint="leave it out, or name --table")
        done = replay_into_schema(session.context, name, tables, span.until, dry_run=dry_run)
        session.output.result(done.to_json(), lambda: show_replay(session.output, done, dry_run=dry_run))
    elif target in ("postgres", "notion") or (kind == "new-notion" and name):
        _refuse_half(relink, kind, tables)
        _rebuild(session, target, span, relink=relink, dry_run=dry_run, yes=yes)
    else:
        raise UsageError(f"--target: {target!r} is no target", hint=TARGETS)


def _verify(session: Session, span: Span) -> None:
    if span.until is not None:
        raise UsageError("--until: verify compares with what is there now", hint="leave it out")
    if span.since is not None:
        raise UsageError("--from: verify folds the whole log", hint="leave it out")
    found: Replayed = replay_verify(session.context, span.tables)
    session.output.result(found.to_json(), lambda: show_replay(session.output, found))
    if not found.ok:
        raise DifferencesFound(
            f"{len(found.differences)} differences in {found.records} records",
            hint="`audit history TABLE KEY` shows what the log tells; `audit verify` whether it was altered",
        )


def _refuse_half(relink: bool, kind: str, tables: tuple[str, ...]) -> None:
    if relink and kind != "new-notion":
        raise UsageError("--relink goes with --target new-notion:PAGE_ID", hint="leave it out")
    if relink and tables:
        raise UsageError("--relink: tables are linked to each other, so all are moved", hint="leave out --table")


def _rebuild(session: Session, target: str, span: Span, *, relink: bool, dry_run: bool, yes: bool) -> None:
    planned = _rebuilt(session, target, span, relink=relink, dry_run=True)
    if dry_run:
        session.output.result(planned.to_json(), lambda: show_rebuilding(session.output, planned))
        return
    if not session.output.as_json:
        show_rebuilding(session.output, planned)
    if planned.writes:
        session.ask(f"Write {planned.writes} {'record' if planned.writes == 1 else 'records'}?", yes=yes)
    done = _rebuilt(session, target, span, relink=relink, dry_run=False)
    session.output.result(done.to_json(), lambda: show_rebuilding(session.output, done))
    if not done.ok:
        raise SyncEngineError(
            "not everything could be put back", hint="the reasons are listed; mend them and replay again"
        )


def _rebuilt(session: Session, target: str, span: Span, *, relink: bool, dry_run: bool) -> Rebuilt:
    if target == "postgres":
        return rebuild_rows(session.context, span, dry_run=dry_run)
    budget = session.settings.notion.requests_per_minute
    if target == "notion":
        return rebuild_pages(session.context, span, dry_run=dry_run, requests_per_minute=budget)
    parent = target.partition(":")[2]
    done, copies = rebuild_elsewhere(session.context, parent, span, dry_run=dry_run, requests_per_minute=budget)
    if relink and not dry_run and done.ok:
        relink_records(session.context, copies, done.run_id)
    return done
