"""How a list of writes is cut into batches that one savepoint, and mostly one statement, can carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync_engine.ports.rows import RowOp, RowWrite

ROWS = 1_000
"""Rows a batch: enough to be as fast as larger ones, few enough that one bad row costs little."""

CHARACTERS = 16_000_000
"""Text a batch: far below what one parameter may hold, and memory stays flat on both sides."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What the writes of one statement have in common."""

    op: RowOp
    with_key: bool
    values: tuple[str, ...]
    expected: tuple[str, ...]
    cascades: bool = False


def signature(write: RowWrite) -> Signature:
    """The statement that this write is a row of."""
    values, expected = tuple(sorted(write.values)), tuple(sorted(write.expected))
    return Signature(write.op, bool(write.key), values, expected, write.cascades)


def batches(writes: Sequence[RowWrite], key_columns: Sequence[str]) -> Iterator[list[int]]:
    """Places of the writes, in order, in runs that may be applied together.

    The writes of a run do the same to different rows, so that their order does not matter. A write that changes
    a key is a run of its own, because a later write may mean the new key; so is one with links, which are written
    row by row.
    """
    run: list[int] = []
    seen: set[str] = set()
    size = 0
    previous: RowOp | None = None
    for place, write in enumerate(writes):
        moves = write.op is RowOp.UPDATE and not write.values.keys().isdisjoint(key_columns)
        alone = moves or bool(write.links)
        full = len(run) >= ROWS or size >= CHARACTERS
        if run and (alone or full or write.op is not previous or write.key in seen):
            yield run
            run, seen, size = [], set(), 0
        run.append(place)
        size += _characters(write)
        previous = None if alone else write.op
        if write.key:
            seen.add(write.key)
    if run:
        yield run


def _characters(write: RowWrite) -> int:
    return sum(len(literal) for values in (write.values, write.expected) for literal in values.values() if literal)


def by_signature(writes: Sequence[RowWrite], places: Sequence[int]) -> dict[Signature, list[int]]:
    """The places of a run, by the statement that carries them."""
    groups: dict[Signature, list[int]] = {}
    for place in places:
        groups.setdefault(signature(writes[place]), []).append(place)
    return groups
