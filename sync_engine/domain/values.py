"""Canonical values: the JSON form in which a field of both sides is compared, stored and shown.

A canonical value is plain JSON, so it can be a jsonb column, a hash input and a line of `--json` output
without a second form. What each type's canonical form is, is said where its codec is (`domain/codecs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""Any JSON value. The only `Any`-like type in the code; it stays at the edges and in values."""

JsonObject: TypeAlias = dict[str, Json]

Value: TypeAlias = Json
"""A canonical field value (see the codec of the field)."""

Fields: TypeAlias = Mapping[str, Value]
"""Canonical values by field name."""
