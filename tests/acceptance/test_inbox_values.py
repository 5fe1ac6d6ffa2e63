"""Whatever somebody writes into `Value`, for a field of any type: it is applied or answered, and ends no pass."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.engine.inbox.answers import value_of
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.errors import UsageError
from sync_engine.ports.conflicts import ConflictRow, SideValue
from tests.support.inbox import cell, choose, inbox_rows, with_inbox
from tests.support.world import World, text

ODD = (
    *("{}", "[]", "[1]", '{"a": 1}', "true", "null", '"x"', "1e400", "NaN", "-Infinity", "9" * 1900, "[["),
    *("\u0000", "[null]", "🔴", "0.5", "7", '["a", "b"]'),
)
FIELDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "temperature": ("0.3", "Temperature", {"number": 0.4}),
    "max_tokens": ("3", "Max Tokens", {"number": 4}),
    "tags": ("ARRAY['r']", "Tags", {"multi_select": [{"name": "p"}]}),
    "metadata": ("""'{"r": 1}'""", "Metadata", text('{"p": 1}')),
    "mood": ("'busy'", "Mood", {"select": {"name": "on fire"}}),
    "born": ("'2001-01-01'", "Born", {"date": {"start": "2002-02-02"}}),
    "prompt": ("'r'", "Prompt", text("p")),
}


def dispute_all(world: World) -> None:
    """Every field of the one agent in conflict, but for those that are already."""
    still = {str(item["field"]) for item in conflict_list(world.app.context, "open")}
    again = {name: found for name, found in FIELDS.items() if name not in still}
    if not again:
        return
    world.sql(f"UPDATE agents SET {', '.join(f'{name} = NULL' for name in again)}")
    world.sync()
    world.sql(f"UPDATE agents SET {', '.join(f'{name} = {row}' for name, (row, _, _) in again.items())}")
    edited = {shown: value for _, shown, value in again.values()}
    world.call("PATCH", f"/pages/{world.page('agents', 'Ada')['id']}", {"properties": edited})
    world.sync()


def test_odd_values_of_every_type_end_no_pass(world: World) -> None:
    with_inbox(world, *FIELDS)
    world.sql("INSERT INTO agents (name) VALUES ('Ada')")
    world.sync()
    applied: set[str] = set()
    for odd in ODD:
        dispute_all(world)
        rows = {cell(row, "Field"): row for row in inbox_rows(world)}
        for row in rows.values():
            choose(world, row, "Edit", odd)
        world.sync()
        left = {cell(row, "Field"): row for row in inbox_rows(world)}
        for name in rows.keys() & left.keys():
            assert cell(left[name], "Keep") is None and "Not applied" in cell(left[name], "Answer"), (name, odd)
            assert cell(left[name], "Value") == odd
        applied |= {f"{name} {odd}" for name in rows.keys() - left.keys()}
    assert {"temperature 0.5", "max_tokens 7", 'tags ["a", "b"]', "prompt [["} <= applied
    assert "temperature 9" not in applied and "max_tokens [1]" not in applied


def test_numbers_that_are_none_are_refused() -> None:
    two, three = (SideValue(value, None, {}) for value in (2, 3))
    conflict = ConflictRow(1, 1, "k", "f", "update_differing", "open", 1, two, three, "", "", "", "")
    for written in ("NaN", "Infinity", "-Infinity", "[NaN]", "1e400", "9" * 5000, "", "{"):
        with pytest.raises(UsageError, match="not written as JSON"):
            value_of(written, conflict)
