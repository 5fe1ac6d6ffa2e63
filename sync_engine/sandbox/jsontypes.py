"""The names for JSON as it crosses the wire; `Any` is allowed only through these."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""Any JSON value: None, bool, int, float, str, list, dict."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object."""


class Undefined:
    """The value of a key that is not there; distinct from `null`, as in Notion's messages."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()
