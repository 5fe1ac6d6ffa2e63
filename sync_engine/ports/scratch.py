"""Scratch: a schema of its own into which tables are rebuilt from the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import JsonObject


class Scratch(Protocol):
    """Makes and fills tables in a schema that nobody else uses; gone again when the transaction fails."""

    def create_schema(self, schema: str) -> None:
        """Make the schema. Raises UsageError when there is one of that name."""
        ...

    def create_table(self, mapping: TableMapping, schema: str) -> None:
        """Make a table of the mapping's captured columns, with their types and the primary key."""
        ...

    def fill(self, mapping: TableMapping, schema: str, images: Sequence[JsonObject]) -> None:
        """Add rows from their images; a column that an image does not have stays NULL.

        Raises DatabaseError when a value no longer fits the column's type.
        """
        ...
