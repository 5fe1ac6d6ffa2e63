"""`audit export`: the log as JSON lines or CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import table_option
from cli.verbs import Verb
from cli.views.events import EXPORTED, csv_lines
from sync_engine.domain.values import JsonObject
from sync_engine.engine.inquiry.audit import AuditQuery, export
from sync_engine.errors import UsageError


@click.command(
    "export",
    cls=Verb,
    short_help="Write the log out as JSON lines or CSV.",
    changes="nothing but the file named by --out",
    examples=[
        ("audit export --out audit.jsonl", "all of it, an event a line"),
        ("audit export --table agents --since yesterday --format csv", "one table, lately, on standard output"),
    ],
    exits=exits.STORED,
)
@table_option
@click.option("--key", default="", metavar="KEY", help="Only the record with this key.")
@click.option("--since", metavar="TIME", help="At this time or later; a time or a mark.")
@click.option("--until", metavar="TIME", help="At this time or earlier.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True, help="Form."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write here.")
@pass_session
def command(
    session: Session, /, since: str | None, until: str | None, form: str, out: Path | None, **filters: Any
) -> None:
    """Write the log out, an event a line, streamed: the log may be longer than memory.

    A file is there in full or not at all: it is written beside its place and moved there at the end.
    """
    query = AuditQuery(**filters, since=session.moment(since, "--since"), until=session.moment(until, "--until"))
    events = _counted(session, export(session.context, query))
    lines = csv_lines(events, EXPORTED) if form == "csv" else map(_json_line, events)
    if out is None:
        for line in lines:
            session.output.raw(line)
        return
    count = _write(lines, out)
    exported = max(count - (form == "csv"), 0)
    document: JsonObject = {"file": str(out), "events": exported}
    session.output.result(document, lambda: session.output.text(f"{exported} events written to {out}"))


def _json_line(event: JsonObject) -> str:
    return orjson.dumps(event).decode() + "\n"


def _counted(session: Session, events: Iterable[JsonObject]) -> Iterator[JsonObject]:
    report: Callable[[str, int, int], None] = session.output.progress
    for count, event in enumerate(events, 1):
        yield event
        if count % 1000 == 0:
            report("exporting", count, 0)


def _write(lines: Iterable[str], out: Path) -> int:
    beside = out.with_name(out.name + ".partial")
    count = 0
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            for line in lines:
                file.write(line)
                count += 1
        beside.replace(out)
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count
