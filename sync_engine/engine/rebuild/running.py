"""A rebuilding is a run like any: listed, ended whatever happens, sealed in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sync_engine.engine.context import Context
from sync_engine.engine.rebuild.rebuilt import Rebuilt, Span
from sync_engine.engine.undo.marks import mark_before
from sync_engine.ports.runs import Run


@contextmanager
def as_run(context: Context, result: Rebuilt, span: Span) -> Iterator[None]:
    """Store the run, and its end: `done`, or `failed` when the block raises."""
    run = Run(result.run_id, "replay", context.database.now(), {"target": result.target, **span.to_json()})
    with context.database.transaction() as uow:
        uow.runs.start(run)
        mark_before(uow, f"replay {result.run_id}", run.started_at)
    status = "failed"
    try:
        yield
        status = "done"
    finally:
        summary = {key: value for key, value in result.to_json().items() if key not in ("plan", "differences")}
        with context.database.transaction() as uow:
            finished = context.database.now()
            uow.runs.finish(replace(run, finished_at=finished, status=status, summary=summary))
            uow.events.seal()
