"""What keeps the inbox from being read or written: told once, shown by `status` and `doctor`, and never fatal."""

from __future__ import annotations

import logging
from dataclasses import replace

from sync_engine.engine.context import Context

_log = logging.getLogger(__name__)


def note_trouble(context: Context, why: str) -> None:
    """Remember why the inbox cannot be used, or (empty) that it can again."""
    with context.database.transaction() as uow:
        place = uow.inbox.place()
        if place is None or place.trouble == why:
            return
        uow.inbox.put(replace(place, trouble=why))
    if why:
        _log.warning("the conflict inbox is left alone: %s", why, extra={"event": "inbox_refused"})
    else:
        _log.warning("the conflict inbox can be used again", extra={"event": "inbox_back"})
