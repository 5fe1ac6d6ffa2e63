"""After the story: both sides stay open and a pass runs every few seconds, until Ctrl-C."""

from __future__ import annotations

from threading import Event

from cli.demo.narrator import Narrator, found
from cli.demo.stage import Stage
from cli.views.runs import applied_in_words
from sync_engine.domain.values import Json

EVERY = 3.0
"""Seconds between two passes."""


def stay_open(stage: Stage, narrator: Narrator) -> None:
    """Sync until interrupted; say what each pass did. Returns at Ctrl-C."""
    narrator.chapter("Your turn")
    narrator.say(f"Notion:    {stage.notion_url}  (edit a cell as a person would)")
    narrator.say(f"Postgres:  psql '{stage.environment['DATABASE_URL']}'")
    narrator.say(f"A pass runs every {EVERY:.0f} seconds. Ctrl-C ends the demo.")
    pause = Event()
    try:
        while True:
            _tell(narrator, narrator.attempt("sync"))
            pause.wait(EVERY)
    except KeyboardInterrupt:
        narrator.say("")


def _tell(narrator: Narrator, summary: Json) -> None:
    applied = applied_in_words(found(summary, "applied"))
    conflicts = found(summary, "conflicts", "new")
    if applied != "–":
        narrator.say(f"sync: {applied}")
    if conflicts:
        narrator.say(f"sync: {conflicts} new conflicts")
