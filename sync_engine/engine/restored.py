"""Restored: notice a database that was set back, moved or copied, before anything is decided by its memory."""

from __future__ import annotations

import logging

from sync_engine.domain.home import Evidence, Position, restored
from sync_engine.engine.context import Context
from sync_engine.errors import DatabaseRestored
from sync_engine.ports.database import UnitOfWork

_log = logging.getLogger(__name__)


def refuse_restored(context: Context) -> None:
    """Raise DatabaseRestored when this is not the database that the engine left; nothing was written then.

    The first time, it notes which database it is. A failover to a standby that lost nothing is noted and no reason
    to stop.
    """
    with context.database.transaction() as uow:
        evidence = gathered(uow, context)
        reason = restored(evidence)
        if reason:
            raise DatabaseRestored(reason)
        if evidence.known != evidence.here:
            uow.homes.settle(evidence.here)


def gathered(uow: UnitOfWork, context: Context) -> Evidence:
    """What there is to compare."""
    known = uow.homes.known()
    kept = context.positions.read(known.installation) if context.positions is not None else None
    return Evidence(
        known=known,
        here=uow.homes.here(),
        kept=kept,
        hash_now=uow.homes.hash_of(kept.link) if kept is not None else "",
        ids_went_back=uow.homes.ids_went_back(),
    )


def remember(context: Context) -> Position | None:
    """Keep the present position outside of the database, where a restore does not reach it."""
    if context.positions is None:
        return None
    with context.database.transaction() as uow:
        position = uow.homes.position()
    if position is not None:
        context.positions.keep(position)
    return position
