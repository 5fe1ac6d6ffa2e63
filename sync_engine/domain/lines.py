"""Three-way merge of a text by its lines: what each side changed is kept, unless both changed the same place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_LINES = 5_000
"""Longer texts are not merged: comparing them would hold up all others."""


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines `start` to `end` of the base have become `lines`."""

    start: int
    end: int
    lines: Sequence[str]


def merge_lines(base: str, ours: str, theirs: str) -> str | None:
    """The text with both changes, or None where they touch or overlap, or are too long to compare.

    Equal changes count once. A line keeps its ending, so a text without one at its end stays without.
    """
    old = base.splitlines(keepends=True)
    left, right = ours.splitlines(keepends=True), theirs.splitlines(keepends=True)
    if max(len(old), len(left), len(right)) > MOST_LINES:
        return None
    changes = _together(_changes(old, left), _changes(old, right))
    return None if changes is None else "".join(_applied(old, changes))


def _changes(old: Sequence[str], new: Sequence[str]) -> list[_Change]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [_Change(a, b, new[c:d]) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _together(ours: Sequence[_Change], theirs: Sequence[_Change]) -> list[_Change] | None:
    """Both lists in order; None when two different changes touch the same place."""
    merged: list[_Change] = []
    for change in sorted([*ours, *(item for item in theirs if item not in ours)], key=lambda item: item.start):
        if merged and change.start <= merged[-1].end and not _apart(merged[-1], change):
            return None
        merged.append(change)
    return merged


def _apart(one: _Change, other: _Change) -> bool:
    """Whether replaced lines only border on each other; an insertion beside a change has no certain place."""
    return one.end == other.start and one.start < one.end and other.start < other.end


def _applied(old: Sequence[str], changes: Sequence[_Change]) -> Iterator[str]:
    place = 0
    for change in changes:
        yield from old[place : change.start]
        yield from change.lines
        place = change.end
    yield from old[place:]
