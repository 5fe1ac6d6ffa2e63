"""Hints: each event once, oldest first, kept after they were followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.hints import Hint

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HINT = Hint("e1", "page.properties_updated", "p1", AT, "d1", ("u1", "u2"))


def test_a_hint_is_kept_as_it_is(unit: UnitOfWork) -> None:
    bare = Hint("e2", "page.deleted", "p2", AT)
    assert unit.hints.add(HINT) and unit.hints.add(bare)
    assert list(unit.hints.waiting(10)) == [HINT, bare]
    assert [hint.entity_id for hint in unit.hints.waiting(1)] == ["p1"]
    assert HINT.entity == "page"


def test_an_event_counts_once_also_after_it_was_followed(unit: UnitOfWork) -> None:
    assert unit.hints.add(HINT)
    assert not unit.hints.add(replace(HINT, entity_id="other"))
    unit.hints.done(["e1", "unknown"])
    unit.hints.done([])
    assert unit.hints.count() == 0
    assert not unit.hints.add(HINT)
    assert unit.hints.waiting(10) == []


def test_only_followed_ones_are_forgotten(unit: UnitOfWork) -> None:
    unit.hints.add(HINT)
    unit.hints.add(replace(HINT, event_id="e2"))
    unit.hints.done(["e1"])
    assert unit.hints.prune(timedelta(hours=1)) == 0
    assert unit.hints.prune(timedelta()) == 1
    assert unit.hints.count() == 1
    assert unit.hints.add(HINT)
