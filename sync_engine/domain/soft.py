"""Soft deletes: a column says that the row counts as deleted, though it is still there. Pure."""

from __future__ import annotations

from datetime import datetime

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import JsonObject


def deletion_told(mapping: TableMapping, images: JsonObject | None) -> bool | None:
    """Whether these column images mark the row as deleted; None when they do not say."""
    if not mapping.soft_column or images is None or mapping.soft_column not in images:
        return None
    return images[mapping.soft_column] not in (None, False)


def deleted_mark(mapping: TableMapping, at: datetime) -> dict[str, str | None]:
    """The literal that marks a row as deleted at that time, by column."""
    marks = {"bool": "true", "date": at.date().isoformat()}
    return {mapping.soft_column: marks.get(mapping.soft_type, at.isoformat())}


def living_mark(mapping: TableMapping) -> dict[str, str | None]:
    """The literal of a row that is not deleted, by column."""
    return {mapping.soft_column: "false" if mapping.soft_type == "bool" else None}
