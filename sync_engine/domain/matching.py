"""Matching: which unlinked rows and pages are the same thing, by the values of chosen fields. Pure.

Values are compared as Notion holds them (`codec.weaken`). An empty value matches nothing, and what fits several
records is never decided here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import is_unresolved
from sync_engine.domain.values import Value

T = TypeVar("T")

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """A row or a page, and what it is matched by: the values as text, empty when one of them is."""

    item: T
    by: str


@dataclass
class Matching(Generic[T]):
    """Pairs of a row and a page; `ambiguous` has what fits more than one record, by value: rows, pages."""

    pairs: list[tuple[T, T]] = field(default_factory=list)
    ambiguous: list[tuple[str, Sequence[T], Sequence[T]]] = field(default_factory=list)
    rows_alone: list[T] = field(default_factory=list)
    pages_alone: list[T] = field(default_factory=list)


def values_text(values: Mapping[str, Value], mapping: TableMapping) -> str:
    """What a record is matched by, from the weak values of its fields; empty when it cannot be matched."""
    fields = [mapping.by_name[name] for name in mapping.match or ()]
    found = [values.get(item.name) for item in fields]
    if not found or any(_is_empty(values.get(item.name), item) for item in fields):
        return ""
    texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in found]
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)


def _is_empty(value: Value, item: FieldMapping) -> bool:
    if value is None or is_unresolved(value):
        return True
    return value == item.codec.weaken(None) and item.type != "checkbox"


def match(rows: Iterable[Candidate[T]], pages: Iterable[Candidate[T]]) -> Matching[T]:
    """Pair what has one row and one page for a value."""
    found: Matching[T] = Matching()
    by_value: dict[str, tuple[list[T], list[T]]] = {}
    for place, candidates in enumerate((rows, pages)):
        for candidate in candidates:
            by_value.setdefault(candidate.by, ([], []))[place].append(candidate.item)
    for value, (some_rows, some_pages) in by_value.items():
        if not value or not some_rows or not some_pages:
            found.rows_alone += some_rows
            found.pages_alone += some_pages
        elif len(some_rows) == 1 and len(some_pages) == 1:
            found.pairs.append((some_rows[0], some_pages[0]))
        else:
            found.ambiguous.append((value, some_rows, some_pages))
    return found


def row_candidate(record: Record, mapping: TableMapping) -> Candidate[Record]:
    """A record that has a row and no page yet."""
    weak = {
        name: mapping.by_name[name].codec.weaken(change.value)
        for name, change in record.postgres.items()
        if name in mapping.by_name
    }
    return Candidate(record, values_text(weak, mapping))


def page_candidate(record: Record, mapping: TableMapping) -> Candidate[Record]:
    """A record that has a page and no row yet."""
    return Candidate(record, values_text({name: item.value for name, item in record.notion.items()}, mapping))


def linked(row: Record, page: Record, mapping: TableMapping, made: Collection[str]) -> Record:
    """The one record of a row and a page. There is no base: what both have, and have differently, is a conflict.

    An empty field gives way to a filled one without being an edit. An unticked checkbox says something, unless its
    property is one that `setup` made (`made`). Of a value that was there before capture nobody knows the age.
    """
    base, postgres, notion = dict(row.base), dict(row.postgres), dict(page.notion)
    for item in mapping.fields:
        ours, theirs = postgres.get(item.name), notion.get(item.name)
        if ours is None or theirs is None or is_unresolved(theirs.value):
            continue
        empty = item.codec.weaken(None)
        if item.codec.weaken(ours.value) == theirs.value:
            continue
        if theirs.value == empty and (item.type != "checkbox" or item.name in made):
            del notion[item.name]
            base[item.name] = None
        elif ours.value is None or (item.codec.weaken(ours.value) == empty and item.type != "checkbox"):
            del postgres[item.name]
            base[item.name] = ours.value
        elif not ours.actor:
            postgres[item.name] = _of_unknown_age(ours)
    return replace(
        row,
        base=base,
        postgres=postgres,
        notion=notion,
        page_id=page.page_id,
        notion_presence=page.notion_presence,
        notion_observed_at=page.notion_observed_at,
        notion_edited_at=page.notion_edited_at,
        key_on_page=False,
    )


def _of_unknown_age(change: PendingChange) -> PendingChange:
    return replace(change, at=Interval(_ALWAYS, change.at.until))
