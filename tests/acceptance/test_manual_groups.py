"""A group of fields that waits for a person is decided field by field; what is decided crosses at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_engine.engine.review.conflicts import conflict_list, resolve
from sync_engine.errors import SyncEngineError
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world

SCHEMA = "CREATE TABLE spans (id int PRIMARY KEY, name text, low int, high int, CHECK (low <= high))"
CONFIG = f"""{CONNECTED}[[tables]]
name = "spans"
title = "name"
groups = [{{ fields = ["low", "high"], conflict = "manual" }}]
"""


@pytest.fixture
def spans(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """One span, 10 to 20, on both sides."""
    with make_world(empty_database, tmp_path, schema=SCHEMA, config=CONFIG) as world:
        world.setup()
        world.sql("INSERT INTO spans VALUES (1, 'A', 10, 20)")
        world.sync()
        yield world
        world.assert_log_tells_all()


def waiting(world: World) -> dict[str, int]:
    """Ids of the open conflicts by field."""
    return {str(item["field"]): int(str(item["id"])) for item in conflict_list(world.app.context, "open")}


def held_by(world: World) -> list[tuple[int, int]]:
    """What the row and the page hold."""
    shown = world.page("spans", "A")["properties"]
    [row] = world.sql("SELECT low, high FROM spans")
    return [(int(row[0]), int(row[1])), (shown["Low"]["number"], shown["High"]["number"])]


def edit(world: World, **numbers: int) -> None:
    world.edit(world.page("spans", "A")["id"], **{name: {"number": value} for name, value in numbers.items()})


@pytest.mark.parametrize("keep", ["postgres", "notion"])
def test_the_rest_waits_when_one_field_of_two_is_decided(spans: World, keep: str) -> None:
    spans.sql("UPDATE spans SET low = 15, high = 25")
    edit(spans, Low=12, High=22)
    spans.sync()
    resolve(spans.app.context, waiting(spans)["low"], keep="postgres" if keep == "postgres" else "notion")
    low = {"postgres": 15, "notion": 12}[keep]
    assert held_by(spans) == [(low, 25), (low, 22)]
    assert spans.sync().total.conflicts_new == 0
    assert held_by(spans) == [(low, 25), (low, 22)] and list(waiting(spans)) == ["high"]
    resolve(spans.app.context, waiting(spans)["high"], keep="notion")
    assert held_by(spans) == [(low, 22), (low, 22)]
    spans.assert_in_sync()


def test_a_field_that_only_one_side_changed_goes_on_waiting_too(spans: World) -> None:
    spans.sql("UPDATE spans SET low = 15")
    edit(spans, High=18)
    spans.sync()
    assert sorted(waiting(spans)) == ["high", "low"]
    resolve(spans.app.context, waiting(spans)["low"], keep="postgres")
    spans.sync()
    assert held_by(spans) == [(15, 20), (15, 18)] and list(waiting(spans)) == ["high"]
    resolve(spans.app.context, waiting(spans)["high"], keep="postgres")
    assert held_by(spans) == [(15, 20), (15, 20)]
    spans.assert_in_sync()


def test_what_the_rule_forbids_beside_the_other_field_is_refused_and_the_other_order_works(spans: World) -> None:
    spans.sql("UPDATE spans SET low = 11, high = 21")
    edit(spans, Low=30, High=40)
    spans.sync()
    numbers = waiting(spans)
    with pytest.raises(SyncEngineError, match="spans_check"):
        resolve(spans.app.context, numbers["low"], keep="notion")
    assert held_by(spans) == [(11, 21), (30, 40)] and waiting(spans) == numbers
    resolve(spans.app.context, numbers["high"], keep="notion")
    resolve(spans.app.context, numbers["low"], keep="notion")
    assert held_by(spans) == [(30, 40), (30, 40)]
    spans.assert_in_sync()


def test_an_edit_taken_back_after_the_first_decision_ends_the_rest(spans: World) -> None:
    spans.sql("UPDATE spans SET low = 15, high = 25")
    edit(spans, Low=12, High=22)
    spans.sync()
    resolve(spans.app.context, waiting(spans)["low"], keep="postgres")
    edit(spans, High=25)
    spans.sync()
    assert waiting(spans) == {}
    spans.assert_in_sync()


def test_the_group_is_bound_again_once_all_of_it_was_decided(spans: World) -> None:
    spans.sql("UPDATE spans SET low = 15, high = 25")
    edit(spans, Low=12, High=22)
    spans.sync()
    for number in waiting(spans).values():
        resolve(spans.app.context, number, keep="postgres")
    spans.sql("UPDATE spans SET low = 16")
    edit(spans, High=24)
    spans.sync()
    assert sorted(waiting(spans)) == ["high", "low"]
