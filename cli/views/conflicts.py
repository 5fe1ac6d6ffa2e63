"""Conflicts as a table, and one conflict in full."""

from __future__ import annotations

from collections.abc import Sequence

from cli.output import Output
from cli.times import shown
from cli.views.people import actor_name
from sync_engine.domain.values import Json, JsonObject


def show_conflicts(output: Output, found: Sequence[Json]) -> None:
    """One line each."""
    rows = [_row(item) for item in found if isinstance(item, dict)]
    columns = ["id", "table", "key", "field", "status", "postgres", "notion", "winner"]
    output.table(columns, rows, empty="no conflicts")


def _row(item: JsonObject) -> list[Json]:
    return [
        item["id"],
        item["table"],
        item["key"],
        item["field"],
        item["status"],
        side(item, "postgres")["value"],
        side(item, "notion")["value"],
        item["winner"] or None,
    ]


def side(item: JsonObject, name: str) -> JsonObject:
    """One side of a conflict."""
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def show_conflict(output: Output, item: JsonObject) -> None:
    """Everything that is known of one conflict, with the values in full."""
    output.heading(f"conflict {item['id']}: {item['table']} {item['key']} {item['field']}")
    output.fields(
        [
            ("status", item["status"]),
            ("type", item["type"]),
            ("winner", item["winner"] or None),
            ("reason", item["reason"]),
            ("policy", _policy(item)),
            ("seen", _seen(item.get("occurrences"))),
            ("run", item.get("run_id")),
            ("resolved by", item.get("resolved_by") or None),
        ]
    )
    output.text()
    output.fields(
        [
            ("base", item["base"]),
            ("postgres", side(item, "postgres").get("value")),
            ("  set", when(side(item, "postgres"))),
            ("notion", side(item, "notion").get("value")),
            ("  set", when(side(item, "notion"))),
        ]
    )


def _policy(item: JsonObject) -> str:
    """The policy with the version of the table's rules, and since when they are these."""
    rules = item.get("rules")
    if not isinstance(rules, dict):
        return str(item["policy"])
    return f"{item['policy']} (version {item['policy_version']} of the rules, since {shown(rules['since'])})"


def _seen(occurrences: Json) -> str:
    return "once" if occurrences == 1 else f"{occurrences} times"


def when(one: JsonObject) -> str:
    """When one side was set, and by whom."""
    at = one.get("at")
    moment = f"between {shown(at[0])} and {shown(at[1])}" if isinstance(at, list) else shown(at)
    return f"{moment} by {actor_name(one.get('actor'))}"
