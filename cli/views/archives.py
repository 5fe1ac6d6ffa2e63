"""How archives of the log are shown, and how people are told that there are some."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cli.context import Session
from cli.output import Output
from sync_engine.domain.archive import Archive
from sync_engine.domain.times import iso
from sync_engine.domain.values import JsonObject
from sync_engine.engine.inquiry.archived import archived_note
from sync_engine.engine.life.retain import Retained


def tell_archived(session: Session, since: datetime | None = None) -> None:
    """A remark on stderr where an answer about the past begins before what the log still has."""
    if told := archived_note(session.context, since):
        session.output.note(told)


def archive_json(archive: Archive, there: bool) -> JsonObject:
    """As `log list --json` prints it."""
    return {
        "file": archive.file,
        "there": there,
        "at": iso(archive.at),
        "until": iso(archive.until),
        "links": [archive.first_link, archive.last_link],
        "seq": [archive.first_seq, archive.last_seq],
        "events": archive.events,
        "dropped": archive.dropped,
        "sha256": archive.sha256,
    }


def show_archives(output: Output, found: Sequence[JsonObject]) -> None:
    """A line an archive."""
    columns = ("file", "until", "events", "dropped", "there")
    output.table(columns, [[item[name] for name in columns] for item in found], empty="nothing was archived")


def show_retained(output: Output, done: Retained) -> None:
    """What was, or would be, archived, and what stands in the way of more."""
    would = "would be" if done.dry_run else "were"
    output.text(f"{done.events} events until {iso(done.until)} {would} archived in {done.place}")
    output.text(f"{done.dropped} of them {would} taken out of the log; on the others rests what is so now")
    for name in done.files:
        output.text(f"  {name}")
    for name in done.marks:
        output.text(f"mark {name} {would} deleted with them")
    for holder in done.stopped_by:
        output.text(f"later ones stay: {holder.why}")
