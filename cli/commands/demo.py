"""`demo`: the whole story on a Postgres and a Notion of its own."""

from __future__ import annotations

import time

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject


@click.command(
    "demo",
    cls=Verb,
    short_help="See everything, on a Postgres and a Notion of its own.",
    changes="nothing of yours: it starts a Postgres and a local Notion of its own, and both are gone at the end; "
    "with --keep their data stays in one folder, which it names",
    examples=[
        ("demo", "the story, then both sides stay open to play with, until Ctrl-C"),
        ("demo --once", "the story only; exit 0 when every step did what it says"),
        ("demo --keep", "keep the data; the next `demo --keep` goes on with it"),
    ],
    exits=exits.EVERYWHERE,
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="P",
    help="Port of the local Notion.  [default: free]",
)
@click.option("--keep", is_flag=True, help="Keep the data and go on with it next time.")
@click.option("--once", is_flag=True, help="End after the story.")
@pass_session
def command(session: Session, port: int, keep: bool, once: bool) -> None:
    """See everything, on a Postgres and a Notion of its own.

    Setup, the first sync, edits on both sides that merge, a conflict and its review, a bulk mistake and its
    rollback, and the audit trail: each step is the command you would type, run for real and checked. It needs no
    account, no configuration and less than a minute.
    """
    # Here and not above: the drivers and the web server take a second to import, and `--help` needs neither.
    from cli.demo.afterwards import stay_open
    from cli.demo.narrator import Narrator
    from cli.demo.stage import open_stage
    from cli.demo.story import Story
    from sync_engine.bootstrap import demo_folder

    started = time.monotonic()
    folder = demo_folder() if keep else None
    with open_stage(port, folder, session.environment) as stage:
        narrator = Narrator(session.output, session.options, stage.environment)
        if stage.told:
            narrator.say(f"Going on with the data in {folder}; delete that folder to hear the story again.")
        else:
            Story(stage, narrator).tell()
        seconds = round(time.monotonic() - started, 1)
        narrator.say(f"\nThe story took {seconds} s, and every step was checked.")
        document: JsonObject = {
            "ok": True,
            "steps": narrator.steps,
            "seconds": seconds,
            "notion_url": stage.notion_url,
            "folder": str(folder) if folder else None,
        }
        if folder:
            narrator.say(f"Its data is in {folder}")
        session.output.result(document, lambda: None)
        if not once:
            stay_open(stage, narrator)
