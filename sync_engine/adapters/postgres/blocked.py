"""Which records wait for a person as a whole, so that no pass takes them up."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, or_

from sync_engine.adapters.postgres.tables import braked, held, records


def is_blocked() -> ColumnElement[bool]:
    """Held as a whole (not one field, not for another record's sake), or stopped by the brake."""
    is_held = exists().where(
        held.c.record_id == records.c.id, held.c.op != "field", func.coalesce(held.c.waiting_for, "") == ""
    )
    return or_(is_held, exists().where(braked.c.record_id == records.c.id, ~braked.c.approved))
