"""Interrupted: a run whose process was killed is told of as that, with what it did until then."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sync_engine.domain.plan import Action
from sync_engine.domain.values import JsonObject
from sync_engine.engine.burst import KIND
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import is_run_active
from sync_engine.engine.summary import TableSummary
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeStatus, JournalFilter
from sync_engine.ports.runs import Run

_WRITES = frozenset(action.value for action in Action)

_log = logging.getLogger(__name__)


def close_interrupted(context: Context, under_way: str) -> None:
    """Mark every run that is still called running as interrupted, but for `under_way`.

    Only while holding the installation's lock: whoever ran under it is gone. The burst of a live `run` is not,
    because it lets go of the lock between its turns.
    """
    alive = is_run_active(context.database)
    with context.database.transaction() as uow:
        left = [run for run in uow.runs.running() if run.run_id != under_way]
        _close(context, uow, [run for run in left if run.kind != KIND or not alive])


def close_interrupted_bursts(context: Context) -> None:
    """Mark the bursts of an earlier `run`. Only while holding its lease: nobody else can have one under way."""
    with context.database.transaction() as uow:
        _close(context, uow, [run for run in uow.runs.running() if run.kind == KIND])


def done_by(uow: UnitOfWork, run_id: str) -> JsonObject:
    """What the journal says that a run has written: the `applied` of `runs list`."""
    applied = Counter(
        (entry.side, Action(entry.op.value))
        for entry in uow.journal.find(JournalFilter(run_id=run_id, status=ChangeStatus.DONE))
        if entry.op.value in _WRITES
    )
    return {"applied": TableSummary(applied=applied).to_json()["applied"]}


def _close(context: Context, uow: UnitOfWork, left: Iterable[Run]) -> None:
    now = context.database.now()
    for run in left:
        summary = {**run.summary, **done_by(uow, run.run_id)}
        uow.runs.finish(replace(run, status="interrupted", finished_at=now, summary=summary))
        _log.warning(
            "run %s was cut short: its process was killed",
            run.run_id,
            extra={"event": "interrupted", "kind": run.kind},
        )
