"""`conflicts resolve`: a person decides, one conflict or many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import click
import orjson

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, table_option, yes_option
from cli.selection import open_conflicts, refuse_unknown_field
from cli.verbs import Verb
from cli.views.conflicts import show_conflicts, side
from sync_engine.domain.merge import ConflictType
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.review.conflicts import Keep, conflict_show, merged, resolve
from sync_engine.errors import DatabaseError, LockHeld, NotionError, SyncEngineError, UsageError


@click.command(
    "resolve",
    cls=Verb,
    short_help="Decide a conflict: keep one side, or give a value.",
    changes="the field on both sides, as a logged edit that can be taken back; the conflict becomes `resolved`",
    examples=[
        ("conflicts resolve 3 --keep notion", "Notion's value goes to Postgres"),
        (
            "conflicts resolve 3 --keep both-merged",
            "both, of lists, numbers, texts; --dry-run shows the value",
        ),
        ("conflicts resolve 3 --value '\"gold\"'", "a third value goes to both; it is JSON, so text needs quotes"),
        ("conflicts resolve --all --keep postgres --table agents --field tier", "every open one of that field"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.argument("conflict_id", metavar="[ID]", type=int, required=False)
@click.option("--all", "every", is_flag=True, help="Every open conflict that the filters leave.")
@click.option("--keep", type=click.Choice(["postgres", "notion", "both-merged"]), help="Whose value stays.")
@click.option("--value", metavar="JSON", help="Another value, put on both sides; null empties the field.")
@table_option
@click.option("--field", default="", metavar="FIELD", help="With --all: only this field.")
@click.option("--type", "kind", type=click.Choice(get_args(ConflictType)), help="With --all: only of this type.")
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
    kind: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Decide a conflict: keep the value of one side, both merged, or put another value on both.

    Merged, a list has what either side added and lacks what either removed, a number has both changes, a text the
    changed lines of both (or both texts, where they changed the same lines). Other values cannot be merged.
    """
    _check(conflict_id, every, keep, value)
    refuse_unknown_field(session, table, field)
    chosen: Sequence[JsonObject] = (
        [conflict_show(session.context, conflict_id)]
        if conflict_id is not None
        else open_conflicts(session, table, field, kind)
    )
    if every and not dry_run and chosen:
        if not yes and not session.options.json:
            show_conflicts(session.output, [*chosen])
        session.ask(f"Keep {keep} in {len(chosen)} conflicts?", yes=yes)
    wanted = None if value is None else _parsed(value)
    done, refused = _decided(session, chosen, keep, wanted, dry_run=dry_run)
    if refused and not every:
        raise refused[0]
    session.output.result(done if every else done[0], lambda: show_conflicts(session.output, done))
    if dry_run:
        session.output.text(f"dry run: nothing was changed; would keep {keep or value}")
    if refused:
        raise SyncEngineError(f"{len(refused)} of {len(chosen)} were not decided: {refused[0]}")


def _decided(
    session: Session, chosen: Sequence[JsonObject], keep: Keep | None, value: Json, *, dry_run: bool
) -> tuple[list[Json], list[SyncEngineError]]:
    """The conflicts as they are afterwards, and why others were refused; one refusal does not stop the rest."""
    done: list[Json] = []
    refused: list[SyncEngineError] = []
    for item in chosen:
        if dry_run:
            planned = value if keep is None else side(item, keep).get("value")
            if keep == "both-merged":
                planned = merged(session.context, int(str(item["id"])))
            done.append({**item, "dry_run": True, "value": planned})
            continue
        try:
            done.append(resolve(session.context, int(str(item["id"])), keep=keep, value=value, who=session.who))
        except (LockHeld, NotionError, DatabaseError):
            raise
        except SyncEngineError as error:
            refused.append(error)
    return done, refused


def _check(conflict_id: int | None, every: bool, keep: str | None, value: str | None) -> None:
    if (conflict_id is None) is not every:
        raise UsageError("name one conflict or --all", hint="`conflicts list` shows the ids")
    if keep is not None and value is not None:
        raise UsageError(
            "--keep and --value do not go together",
            hint="--keep takes the value of one side, --value puts another one on both",
        )
    if keep is None and value is None:
        raise UsageError("nothing decided", hint="name the side to --keep, or a --value for both")
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
