"""Values with the names a person knows them by: a relation is shown as the title of its row, not as a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.unresolved import targets_of
from sync_engine.domain.values import Value
from sync_engine.web.shown import plain

Titles = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A value ready to be shown; `null` tells it from an empty text."""

    text: str
    null: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one change."""

    field: str
    before: Shown
    after: Shown


def targets(mapping: TableMapping, values: Iterable[tuple[str, Value]]) -> set[tuple[str, str]]:
    """The (table, key) pairs that values of relation fields point to."""
    found = set()
    for name, value in values:
        field = mapping.field_named(name)
        if field is not None and field.relation_to:
            found |= {(field.relation_to, key) for key in targets_of(value)}
    return found


def shown(mapping: TableMapping | None, name: str, value: Value, titles: Titles) -> Shown:
    """A value of a field, which may no longer be mapped."""
    field = mapping.field_named(name) if mapping is not None else None
    if field is not None and field.relation_to and (keys := targets_of(value)):
        return Shown(", ".join(titles.get((field.relation_to, key)) or key for key in keys))
    return Shown(plain(value), null=value is None)


def change_of(mapping: TableMapping | None, name: str, before: Value, after: Value, titles: Titles) -> Change:
    """A field with its value before and after."""
    return Change(name, shown(mapping, name, before, titles), shown(mapping, name, after, titles))
