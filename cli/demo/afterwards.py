"""After the story: both pages stay open and a pass runs every few seconds, until Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

from cli.demo.narrator import Narrator, found
from cli.demo.stage import Stage
from cli.views.runs import applied_in_words
from sync_engine.domain.values import Json
from sync_engine.settings import load_settings

EVERY = 3.0
"""Seconds between two passes."""


def stay_open(stage: Stage, narrator: Narrator) -> None:
    """Sync until Ctrl-C or SIGTERM, and say what each pass did. A pass at work is finished first."""
    narrator.chapter("Your turn")
    with _console(stage) as console_url, _told_to_stop() as stop:
        narrator.say(f"Notion:    {stage.notion_url}  (edit a cell as a person would)")
        narrator.say(f"Console:   {console_url}  (Postgres' side: edit a row; conflicts, history, rollback)")
        narrator.say(f"Postgres:  psql '{stage.environment['DATABASE_URL']}'")
        narrator.say(f"A pass runs every {EVERY:.0f} seconds. Ctrl-C ends the demo.")
        while not stop.wait(EVERY):
            _tell(narrator, narrator.attempt("sync"))


@contextmanager
def _console(stage: Stage) -> Iterator[str]:
    # Here and not above: the drivers take a second to import, and `--help` needs none of them.
    from sync_engine.bootstrap import open_app
    from sync_engine.web import Console

    with open_app(load_settings(None, stage.environment)) as app, Console.start(app) as console:
        yield console.url


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    stop = Event()

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(narrator: Narrator, summary: Json) -> None:
    applied = applied_in_words(found(summary, "applied"))
    conflicts = found(summary, "conflicts", "new")
    if applied != "–":
        narrator.say(f"sync: {applied}")
    if conflicts:
        narrator.say(f"sync: {conflicts} new conflicts")
