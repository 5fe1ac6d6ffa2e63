"""Policies: which of them make sense for which column, and all that decide a conflict of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from sync_engine.domain.mapping import ConflictPolicy, TableMapping
from sync_engine.domain.merge import AmbiguousPolicy
from sync_engine.domain.schema import Column
from sync_engine.domain.values import JsonObject

_MEASURES = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_MOMENTS = frozenset({"date", "timestamptz", "timestamp"})
_TEXTS = frozenset({"text", "varchar", "citext"})

POLICIES: Mapping[str, ConflictPolicy] = {policy: policy for policy in get_args(ConflictPolicy)}
"""Policies by the name that `sync.toml` gives them."""


def suits(policy: ConflictPolicy, column: Column) -> bool:
    """Whether two values of the column can be decided, or combined, by the policy."""
    match policy:
        case "union":
            return column.is_array
        case "delta":
            return column.base in _MEASURES and not column.is_array
        case "min" | "max":
            return column.base in _MEASURES | _MOMENTS and not column.is_array
        case "lines":
            return column.base in _TEXTS and not column.is_array
        case _:
            return True


def rules_of(mapping: TableMapping, ambiguous: AmbiguousPolicy) -> JsonObject:
    """Everything configured that decides who wins a conflict of the table; equal rules decide alike."""
    return {
        "ambiguous": ambiguous,
        "direction": mapping.direction,
        "fields": {item.name: item.resolver or item.conflict for item in mapping.fields},
        "one_way": {item.name: item.direction for item in mapping.fields if item.direction != "both"},
        "groups": [{"fields": list(group.fields), "conflict": group.conflict} for group in mapping.groups],
    }
