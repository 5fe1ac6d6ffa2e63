"""What waits behind the brake, and what came of a release or a discard, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from cli.output import Output
from cli.times import shown
from sync_engine.domain.values import Json, JsonObject

_COLUMNS = ("table", "side", "op", "count", "of", "allowed", "run_id", "since")


def show_brakes(output: Output, found: Sequence[Json]) -> None:
    """A line for each table, side and kind; then the two ways on."""
    stops = [item for item in found if isinstance(item, dict)]
    rows = [[*(item[name] for name in _COLUMNS[:-1]), shown(item["since"])] for item in stops]
    output.table(_COLUMNS, rows, empty="nothing waits behind the brake")
    for item in stops:
        keys = item["keys"] if isinstance(item["keys"], list) else []
        more = f" and {int(str(item['count'])) - len(keys)} more" if int(str(item["count"])) > len(keys) else ""
        output.text(f"{item['table']} {item['op']}: {', '.join(map(str, keys))}{more}")
    if stops:
        output.text("let them go on: sync-engine brake release [--table T] [--limit N]")
        output.text("undo them where they were made: sync-engine brake discard [--table T]")


def show_outcome(output: Output, document: JsonObject, done: str, verb: str) -> None:
    """How many records were let go on or put back, and how many still wait."""
    if not document["braked"]:
        output.text("nothing waits behind the brake")
        return
    words = f"dry run: would {verb}" if document["dry_run"] else done
    run = f" (run {document['run_id']})" if "run_id" in document else ""
    output.text(f"{words} {document[done]} records, {document['left']} still wait{run}")
    refused = document.get("refused")
    for item in refused if isinstance(refused, list) else []:
        if isinstance(item, dict):
            output.text(f"{item['table']} {item['key']}: {item['reason']}")
