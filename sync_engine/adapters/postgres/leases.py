"""`sync_leases`: who may run, until when, with which token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.tables import leases as table
from sync_engine.domain.values import JsonObject
from sync_engine.ports.lease import LeaseRow

_IDLE = "idle_in_transaction_session_timeout"
_NOW: ColumnElement[Any] = func.clock_timestamp()


class PostgresLeases:
    """Implements `ports.lease.Leases`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, name: str, holder: str, seconds: float) -> int | None:
        """Take a lease that nobody holds; its token, or None."""
        self._connection.execute(
            insert(table)
            .values(name=name, token=0, holder="", acquired_at=_NOW, renewed_at=_NOW, expires_at=_NOW)
            .on_conflict_do_nothing()
        )
        free = table.c.name == name, table.c.expires_at <= _NOW
        if self._connection.execute(select(table.c.token).where(*free)).first() is None:
            return None
        # FOR UPDATE waits for the KEY SHARE of `holds`; a mere UPDATE of these columns would not.
        if self._connection.execute(select(table.c.token).where(*free).with_for_update()).first() is None:
            return None
        taken = (
            update(table)
            .where(*free)
            .values(
                token=table.c.token + 1,
                holder=holder,
                acquired_at=_NOW,
                renewed_at=_NOW,
                expires_at=_NOW + timedelta(seconds=seconds),
                state={},
            )
            .returning(table.c.token)
        )
        token: int | None = self._connection.execute(taken).scalar_one_or_none()
        return token

    def renew(self, name: str, token: int, seconds: float, state: JsonObject) -> bool:
        """Hold it for so many seconds from now; False when it was taken over."""
        until = _NOW + timedelta(seconds=seconds)
        return self._store(name, token, renewed_at=_NOW, expires_at=until, state=state)

    def release(self, name: str, token: int, state: JsonObject) -> None:
        """Let it go."""
        self._store(name, token, expires_at=_NOW, state=state)

    def holds(self, name: str, token: int, idle_limit: float = 0.0) -> bool:
        """Whether the token is still the lease's; it stays so for this transaction."""
        if idle_limit:
            limit = {"limit": f"{round(idle_limit * 1000)}ms"}
            self._connection.execute(text(f"SELECT set_config('{_IDLE}', :limit, true)"), limit)
        mine = select(table.c.token).where(table.c.name == name, table.c.token == token)
        return self._connection.execute(mine.with_for_update(read=True, key_share=True)).first() is not None

    def get(self, name: str) -> LeaseRow | None:
        """The lease, or None when it was never taken."""
        live = (table.c.expires_at > _NOW).label("live")
        row = self._connection.execute(select(table, live).where(table.c.name == name)).first()
        if row is None:
            return None
        return LeaseRow(
            name=row.name,
            token=row.token,
            holder=row.holder,
            acquired_at=row.acquired_at,
            renewed_at=row.renewed_at,
            expires_at=row.expires_at,
            live=row.live,
            state=row.state,
        )

    def _store(self, name: str, token: int, **values: Any) -> bool:
        changed = update(table).where(table.c.name == name, table.c.token == token).values(**values)
        return self._connection.execute(changed).rowcount == 1
