"""`audit verify`: whether the log was tampered with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import orjson

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.verbs import Verb
from sync_engine.domain.chain import Anchor
from sync_engine.domain.values import Json
from sync_engine.engine.inquiry.tamper import Verdict, verify_log
from sync_engine.errors import DifferencesFound, UsageError


@click.command(
    "verify",
    cls=Verb,
    short_help="Find events of the log that were altered, deleted, added or moved.",
    examples=[
        ("audit verify", "exit 7 and the events concerned when the log is not what was sealed"),
        (
            "audit verify --against checkpoint.json",
            "also that the chain still has the hash that was kept elsewhere",
        ),
    ],
    exits=[*exits.STORED, exits.DIFFERENCES],
)
@click.option(
    "--against",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A checkpoint made by `audit checkpoint`; may be repeated.",
)
@pass_session
def command(session: Session, against: tuple[Path, ...]) -> None:
    """Compute the hash of every event again and compare it with the chain that each pass has sealed.

    It names the event that was altered, deleted, put in afterwards or given another's number. Whoever can write to
    the database can also make the whole chain anew; only a checkpoint kept elsewhere shows that.
    """
    verdict = verify_log(session.context, [_anchor(file) for file in against])
    session.output.result(verdict.to_json(), lambda: _show(session.output, verdict))
    if not verdict.ok:
        raise DifferencesFound(
            f"{len(verdict.problems)} problems in {verdict.checked} events",
            hint="`audit log` shows the events; a backup from before has them as they were",
        )


def _anchor(file: Path) -> Anchor:
    try:
        found = orjson.loads(file.read_bytes())
        return Anchor(int(found["link"]), str(found["hash"]), datetime.fromisoformat(found["at"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"--against: {file} is no checkpoint", hint="`sync-engine audit checkpoint --out FILE` writes one"
        ) from error


def _show(output: Output, verdict: Verdict) -> None:
    rows: list[list[Json]] = [[item.seq, item.problem] for item in verdict.problems]
    if rows:
        output.table(["seq", "problem"], rows)
    found = "as they were sealed" if verdict.ok else "not as they were sealed"
    output.text(f"{verdict.checked} events in {verdict.links} links: {found}")
    if verdict.archived:
        output.text(f"{verdict.archived} events left the log for archives")
    for name in verdict.files_missing:
        output.text(f"archive {name} is not in its folder, so it was not looked at")
    if verdict.unsealed:
        output.text(f"{verdict.unsealed} newer events are sealed by the next pass")
