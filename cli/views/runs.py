"""Runs and the changes they made, as documents and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cli.output import Output
from cli.times import shown
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.ports.journal import JournalEntry
from sync_engine.ports.runs import Run


def run_json(run: Run) -> JsonObject:
    """A run as `runs list --json` prints it."""
    shape: JsonObject = {
        "run_id": run.run_id,
        "kind": run.kind,
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at) if run.finished_at else None,
        "status": run.status,
        "applied": run.summary.get("applied", {}),
        "conflicts": run.summary.get("conflicts", {}),
    }
    return shape | {name: run.summary[name] for name in ("undone", "blocked") if name in run.summary}


def change_json(entry: JournalEntry, tables: Mapping[int, str]) -> JsonObject:
    """A journal entry as `runs show --json` prints it."""
    return {
        "id": entry.id,
        "side": entry.side.value,
        "table": tables.get(entry.mapping, str(entry.mapping)),
        "key": entry.key,
        "op": entry.op.value,
        "status": entry.status.value,
        "before": entry.before,
        "after": entry.after,
        "error": entry.error,
        "at": iso(entry.at) if entry.at else None,
    }


def show_runs(output: Output, runs: Sequence[Json]) -> None:
    """One line each."""
    rows = [
        [run["run_id"], run["kind"], shown(run["started_at"]), run["status"], _did(run)]
        for run in runs
        if isinstance(run, dict)
    ]
    output.table(["run", "kind", "started", "status", "did"], rows, empty="no runs yet")


def _did(run: JsonObject) -> str:
    undone = run.get("undone")
    return f"{undone} records taken back" if undone else applied_in_words(run["applied"])


def applied_in_words(applied: Json) -> str:
    """`postgres: 3 update; notion: 1 create`."""
    if not isinstance(applied, dict):
        return "–"
    sides = []
    for side, counts in applied.items():
        done = [f"{count} {op}" for op, count in counts.items() if count] if isinstance(counts, dict) else []
        if done:
            sides.append(f"{side}: {', '.join(done)}")
    return "; ".join(sides) or "–"


def show_run(output: Output, run: JsonObject) -> None:
    """The run, then each field that it changed."""
    output.fields([(name, run[name]) for name in ("run_id", "kind", "status", "started_at", "finished_at")])
    output.fields([("did", _did(run))])
    output.text()
    changes = run["changes"] if isinstance(run["changes"], list) else []
    rows = [row for change in changes if isinstance(change, dict) for row in _field_rows(change)]
    output.table(["side", "table", "key", "did", "field", "before", "after"], rows, empty="it changed nothing")


def _field_rows(change: JsonObject) -> list[list[Json]]:
    before, after = change["before"], change["after"]
    start: list[Json] = [change["side"], change["table"], change["key"], change["op"]]
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [[*start, None, None, None]]
    return [[*start, name, before.get(name), after.get(name)] for name in sorted({*before, *after})] or [
        [*start, None, None, None]
    ]
