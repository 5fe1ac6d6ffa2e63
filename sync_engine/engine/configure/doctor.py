"""Doctor: look for what would make the engine miss, refuse or misjudge something, and say how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sync_engine.domain.values import JsonObject
from sync_engine.engine.configure.setup import Installation, plan_setup
from sync_engine.errors import NotionError, SyncEngineError
from sync_engine.ports.installation import CaptureState

Level = Literal["ok", "warning", "error"]

SKEW_LIMIT = timedelta(seconds=5)
"""A clock further off than this makes more conflicts ambiguous than need be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` is the command or step that mends it; empty when there is nothing to mend.

    `cause`: the side could not be looked at because of this error.
    """

    level: Level
    what: str
    where: str
    mend: str = ""
    cause: SyncEngineError | None = None

    def to_json(self) -> JsonObject:
        """As `doctor --json` prints it."""
        return {"level": self.level, "what": self.what, "where": self.where, "mend": self.mend}


def examine(installation: Installation) -> Sequence[Finding]:
    """Look at everything; never raises for what it finds."""
    findings: list[Finding] = []
    for check in (_schema, _triggers, _log, _notion, _inbox, _drift):
        try:
            findings += check(installation)
        except SyncEngineError as error:
            found = Finding("error", error.message, check.__name__.strip("_"), error.hint, error)
            if found.what not in {item.what for item in findings}:
                findings.append(found)
    return findings


def _schema(installation: Installation) -> Iterator[Finding]:
    if installation.database.is_set_up():
        yield Finding("ok", "the engine schema is current", "schema sync_engine")
    else:
        yield Finding(
            "error", "the engine schema is missing or outdated", "schema sync_engine", "sync-engine setup"
        )


def _triggers(installation: Installation) -> Iterator[Finding]:
    if not installation.database.is_set_up():
        return
    with installation.database.transaction() as uow:
        states = [(mapping, uow.capture.state(mapping, table)) for mapping, table in installation.captured(uow)]
    for mapping, state in states:
        where = f"{mapping.schema}.{mapping.table}"
        if state is CaptureState.OK:
            yield Finding("ok", "row changes are captured", where)
        else:
            what = f"the capture trigger is {state.value}; changes made meanwhile are not in the log"
            yield Finding("error", what, where, "sync-engine setup, then sync-engine verify")


def _log(installation: Installation) -> Iterator[Finding]:
    if not installation.database.is_set_up():
        return
    with installation.database.transaction() as uow:
        guarded = uow.chain.is_guarded()
    if guarded:
        yield Finding("ok", "the log is append-only", "sync_engine.sync_events")
    else:
        what = "the triggers that keep the log append-only are off, or gone"
        mend = "sync-engine audit verify; then ALTER TABLE … ENABLE ALWAYS TRIGGER on sync_events and sync_chain"
        yield Finding("error", what, "sync_engine.sync_events", mend)


def _notion(installation: Installation) -> Iterator[Finding]:
    try:
        me = installation.workspace.whoami()
    except NotionError as error:
        yield Finding("error", error.message, "Notion", error.hint, error)
        return
    yield Finding("ok", f"connected as {me.name or me.id}", "Notion")
    if not me.is_bot:
        yield Finding(
            "warning",
            "the token belongs to a person, so the engine's own edits look like theirs",
            "Notion",
            "use the token of an internal connection",
        )
    skew = installation.workspace.clock_skew()
    if skew > SKEW_LIMIT:
        what = f"this machine's clock and Notion's differ by up to {skew.total_seconds():.0f} s"
        yield Finding("warning", what, "clock", "synchronise this machine's clock (NTP)")


def _inbox(installation: Installation) -> Iterator[Finding]:
    place = None
    if installation.database.is_set_up():
        with installation.database.transaction() as uow:
            place = uow.inbox.place()
    if place is not None and place.trouble:
        mend = "sync-engine setup, or share it with the connection again"
        yield Finding("error", f"people cannot decide in it: {place.trouble}", "conflict inbox", mend)


def _drift(installation: Installation) -> Iterator[Finding]:
    for change in plan_setup(installation):
        if change.action == "drift":
            yield Finding("error", change.detail, change.object, "see `sync-engine plan`")
        elif change.side == "notion":
            what = "is not there yet" if change.action == "create" else f"is not as it should be: {change.detail}"
            yield Finding("warning", f"{change.object} {what}", "Notion", "sync-engine setup")
