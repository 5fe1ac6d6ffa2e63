"""`audit checkpoint`: an anchor of the chain, to be kept elsewhere."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from sync_engine.engine.inquiry.tamper import checkpoint
from sync_engine.errors import UsageError


@click.command(
    "checkpoint",
    cls=Verb,
    short_help="Write down the hash that the log's chain ends with.",
    changes="nothing but the file named by --out",
    examples=[
        ("audit checkpoint --out checkpoint.json", "keep it where nobody who can write to the database can write"),
        ("audit checkpoint --json", "for a ticket, a commit, a page"),
    ],
    exits=exits.STORED,
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it here.")
@pass_session
def command(session: Session, out: Path | None) -> None:
    """Write down the hash that the chain ends with now, for `audit verify --against`.

    It covers all that was ever sealed: no event before it can be changed without another hash.
    """
    anchor = checkpoint(session.context).to_json()
    if out is not None:
        try:
            out.write_bytes(orjson.dumps(anchor) + b"\n")
        except OSError as error:
            raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from error
    session.output.result(anchor, lambda: session.output.text(f"link {anchor['link']}: {anchor['hash']}"))
