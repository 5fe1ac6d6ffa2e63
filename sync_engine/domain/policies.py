"""Policies: which of them make sense for which column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from sync_engine.domain.mapping import ConflictPolicy
from sync_engine.domain.schema import Column

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
