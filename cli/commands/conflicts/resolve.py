"""`conflicts resolve`: a person decides, one conflict or many."""

from __future__ import annotations

import click
import orjson

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, table_option, yes_option
from cli.verbs import Verb
from cli.views.conflicts import show_conflicts
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.review import Keep, conflict_list, conflict_show, resolve
from sync_engine.errors import UsageError


@click.command(
    "resolve",
    cls=Verb,
    short_help="Decide a conflict: keep one side, or give a value.",
    changes="the field on both sides, as a logged edit that can be taken back; the conflict becomes `resolved`",
    examples=[
        ("conflicts resolve 3 --keep notion", "Notion's value goes to Postgres"),
        ("conflicts resolve 3 --value '\"gold\"'", "a third value goes to both; it is JSON, so text needs quotes"),
        ("conflicts resolve --all --keep postgres --table agents --field tier", "every open one of that field"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.argument("conflict_id", metavar="[ID]", type=int, required=False)
@click.option("--all", "every", is_flag=True, help="Every open conflict that the filters leave.")
@click.option("--keep", type=click.Choice(["postgres", "notion"]), help="The side whose value stays.")
@click.option("--value", metavar="JSON", help="Another value, put on both sides; null empties the field.")
@table_option
@click.option("--field", default="", metavar="FIELD", help="With --all: only this field.")
@click.option("--type", "kind", default="", metavar="TYPE", help="With --all: only conflicts of this type.")
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session,
    conflict_id: int | None,
    every: bool,
    keep: Keep | None,
    value: str | None,
    table: str,
    field: str,
    kind: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Decide a conflict: keep the value of one side, or put another value on both."""
    _check(conflict_id, every, keep, value)
    chosen: list[JsonObject] = (
        [conflict_show(session.context, conflict_id)]
        if conflict_id is not None
        else [item for item in conflict_list(session.context, "open", table) if _fits(item, field, kind)]
    )
    if every and not dry_run and chosen:
        session.ask(f"Keep {keep} in {len(chosen)} conflicts?", yes=yes)
    wanted = None if value is None else _parsed(value)
    done: list[Json] = [
        item
        if dry_run
        else resolve(session.context, int(str(item["id"])), keep=keep, value=wanted, who=session.who)
        for item in chosen
    ]
    session.output.result(
        done if every else done[0],
        lambda: show_conflicts(session.output, done),
    )
    if dry_run:
        session.output.text(f"dry run: nothing was changed; would keep {keep or value}")


def _fits(item: JsonObject, field: str, kind: str) -> bool:
    return field in ("", item["field"]) and kind in ("", item["type"])


def _check(conflict_id: int | None, every: bool, keep: str | None, value: str | None) -> None:
    if (conflict_id is None) is not every:
        raise UsageError("name one conflict or --all", hint="`conflicts list` shows the ids")
    if (keep is None) is (value is None):
        raise UsageError("name --keep or --value", hint="see `conflicts resolve --help`")
    if every and keep is None:
        raise UsageError("--all goes with --keep", hint="a value belongs to one field: resolve it by its id")


def _parsed(text: str) -> Json:
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"--value {text!r} is not JSON: {error}", hint="a text needs quotes of its own: --value '\"text\"'"
        ) from error
    return value
