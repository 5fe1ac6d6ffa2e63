"""Writes are cut so that order never matters within a run."""

from __future__ import annotations

import pytest

from sync_engine.adapters.postgres import row_batches
from sync_engine.adapters.postgres.row_batches import batches, by_signature
from sync_engine.ports.rows import RowOp, RowWrite


def write(op: RowOp, key: str, *columns: str) -> RowWrite:
    return RowWrite(op, key, dict.fromkeys(columns, "x"), {})


def update(key: str, *columns: str) -> RowWrite:
    return write(RowOp.UPDATE, key, *(columns or ("a",)))


def cut(*writes: RowWrite) -> list[list[int]]:
    return list(batches(writes, ["id"]))


def test_nothing() -> None:
    assert cut() == []


def test_one_run_of_different_rows() -> None:
    assert cut(update("1"), update("2", "b"), update("3")) == [[0, 1, 2]]


def test_the_same_row_begins_a_new_run() -> None:
    assert cut(update("1"), update("2"), update("1"), update("3")) == [[0, 1], [2, 3]]


def test_another_operation_begins_a_new_run() -> None:
    assert cut(update("1"), write(RowOp.DELETE, "2"), update("3")) == [[0], [1], [2]]


def test_inserts_without_a_key_are_different_rows() -> None:
    assert cut(write(RowOp.INSERT, ""), write(RowOp.INSERT, "")) == [[0, 1]]


def test_a_change_of_key_is_alone() -> None:
    assert cut(update("1"), update("2", "id"), update("9"), update("3", "id")) == [[0], [1], [2], [3]]


def test_rows_and_text_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_batches, "ROWS", 3)
    assert cut(*(update(str(n)) for n in range(7))) == [[0, 1, 2], [3, 4, 5], [6]]
    monkeypatch.setattr(row_batches, "CHARACTERS", 2)
    assert cut(*(update(str(n)) for n in range(3))) == [[0, 1], [2]]


def test_by_signature_ignores_the_order_of_columns() -> None:
    writes = [update("1", "a", "b"), update("2", "b", "a"), update("3", "a")]
    assert sorted(by_signature(writes, [0, 1, 2]).values()) == [[0, 1], [2]]
