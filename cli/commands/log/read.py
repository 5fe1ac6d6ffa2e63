"""`log read`: the events of archives."""

from __future__ import annotations

from collections.abc import Iterator

import click
import orjson

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from sync_engine.domain.archive import event_json
from sync_engine.domain.values import JsonObject
from sync_engine.engine.life.retain import archived_events
from sync_engine.errors import UsageError


@click.command(
    "read",
    cls=Verb,
    short_help="Read the events of archives.",
    examples=[
        ("log read", "all archives, an event a line"),
        ("log read --table agents --key 7f3a…", "what became of one record"),
        ("log read log-000000001-000000040-5f0c….jsonl.gz --json", "one archive, as one array"),
    ],
    exits=exits.STORED,
)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--table", default="", metavar="TABLE", help="Only this table.")
@click.option("--key", default="", metavar="KEY", help="Only the record with this key; with --table.")
@pass_session
def command(session: Session, files: tuple[str, ...], table: str, key: str) -> None:
    """Read the events of archives, oldest first, as JSON: images as they were captured.

    Every file is proven while it is read: a line that is not what was sealed is an error, and none of its file's
    events is printed.
    """
    if key and not table:
        raise UsageError("--key names a record only together with --table", hint="--table agents --key 7f3a…")
    mapping = session.context.mapping(table).id if table else 0
    with session.stored() as uow:
        names = files or tuple(archive.file for archive in uow.archives.all())
    found = (item for item in _events(session, names) if _wanted(item, mapping, key))
    if session.output.as_json:
        session.output.stream(found)
    else:
        for item in found:
            session.output.raw(orjson.dumps(item).decode() + "\n")


def _events(session: Session, names: tuple[str, ...]) -> Iterator[JsonObject]:
    for name in names:
        for stored in archived_events(session.context, name):
            yield event_json(stored)


def _wanted(item: JsonObject, mapping: int, key: str) -> bool:
    return (not mapping or item["mapping"] == mapping) and (not key or key in (item["key"], item["old_key"]))
