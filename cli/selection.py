"""Which open conflicts a command is about: those that --table, --field and --type leave."""

from __future__ import annotations

from collections.abc import Sequence

from cli.context import Session
from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.values import JsonObject
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.errors import UsageError


def open_conflicts(session: Session, table: str, field: str, kind: str | None) -> Sequence[JsonObject]:
    """The open conflicts that the filters leave, oldest first. Raises UsageError for an unknown table or field."""
    refuse_unknown_field(session, table, field)
    return [item for item in conflict_list(session.context, "open", table) if _fits(item, field, kind)]


def refuse_unknown_field(session: Session, table: str, field: str) -> None:
    """Raise UsageError when no mapped table (or not this one) has a field of that name; "" is none at all."""
    mappings = [session.context.mapping(table)] if table else session.context.mappings
    known = {item.name for mapping in mappings for item in mapping.fields}
    if field and field not in known:
        raise UsageError(f"there is no field {field!r}", hint=did_you_mean(field, known))


def _fits(item: JsonObject, field: str, kind: str | None) -> bool:
    return field in ("", item["field"]) and kind in (None, item["type"])
