"""Rollbacks that were cut short: found, and completed from their stored steps."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync_engine.domain.origin import Origin
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.interrupted import close_interrupted
from sync_engine.engine.passes.recover import recover
from sync_engine.engine.undo.finishing import finish
from sync_engine.errors import UsageError
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.rollbacks import RollbackRow

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resumed:
    """A rollback that was cut short and is complete now: the records taken back in all, and why others refused."""

    rollback_id: str
    undone: int
    refused: Mapping[int, str]


def finish_unfinished(context: Context, selection: JsonObject) -> Resumed | None:
    """Complete every rollback that was cut short; returns the one of this selection, if there was one: to give a
    command again is to go on with it. Only while holding the installation's lock: whoever began them is gone.

    One that has written nothing yet is over, and what it was to take back is selected anew. Raises what Notion
    raises.
    """
    with context.database.transaction() as uow:
        unfinished = uow.rollbacks.unfinished()
    if unfinished:
        recover(context)
        close_interrupted(context, "")
    same: Resumed | None = None
    for row in unfinished:
        _log.warning("rollback %s was cut short: it is completed first", row.rollback_id)
        if row.state == "planned":
            with context.database.transaction() as uow:
                uow.rollbacks.end(row.rollback_id, "aborted")
            continue
        resumed = _complete(context, row)
        same = resumed if row.selection == selection else same
    return same


def _complete(context: Context, row: RollbackRow) -> Resumed:
    refused = finish(context, Origin(row.rollback_id, "rollback"))
    with context.database.transaction() as uow:
        run = uow.runs.get(row.rollback_id)
        if run is not None:
            now, summary = context.database.now(), {**run.summary, "undone": row.undone - len(refused)}
            uow.runs.finish(replace(run, finished_at=now, status="done", summary=summary))
        uow.events.seal()
    return Resumed(row.rollback_id, row.undone - len(refused), refused)


def resume(context: Context, rollback_id: str) -> Resumed:
    """Complete one rollback, or the only one that was cut short when the id is empty.

    Raises UsageError when there is none or it is over, LockHeld, and what Notion raises.
    """
    with between_turns(context.database):
        row = _unfinished_one(context, rollback_id)
        if row.state == "planned":
            raise UsageError(
                f"rollback {row.rollback_id} was cut short before it wrote anything",
                hint="nothing is left of it: give the rollback command again",
            )
        recover(context)
        close_interrupted(context, "")
        return _complete(context, row)


def give_up(context: Context, rollback_id: str) -> tuple[str, Sequence[int]]:
    """End a rollback where it is; returns its full id and the events that it has made, which can be taken back.

    Raises UsageError when there is none of that id or it is over, LockHeld.
    """
    with between_turns(context.database):
        row = _unfinished_one(context, rollback_id)
        recover(context)
        close_interrupted(context, "")
        with context.database.transaction() as uow:
            uow.rollbacks.end(row.rollback_id, "aborted")
            made = [event.seq for event in uow.events.find(EventFilter(run=row.rollback_id))]
        return row.rollback_id, made


def _unfinished_one(context: Context, rollback_id: str) -> RollbackRow:
    """The unfinished rollback of that id, or the only one when the id is empty. Raises UsageError."""
    with context.database.transaction() as uow:
        unfinished = uow.rollbacks.unfinished()
        row = uow.rollbacks.get(rollback_id) if rollback_id else (unfinished[0] if unfinished else None)
    if row is None:
        raise UsageError(f"there is no rollback {rollback_id!r}".replace(" ''", " to complete"), hint=_HINT)
    if row.state not in ("planned", "rows_done"):
        raise UsageError(f"rollback {row.rollback_id} is over: {row.state}", hint=_HINT)
    return row


_HINT = "`runs list` shows rollbacks; to take one back, `rollback --run ID`"
