"""`sync_home`: which database this is, and what the server tells of itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, text, update

from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import chain, home
from sync_engine.domain.home import Home, Position

_MAY_ASK = """
SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       has_function_privilege('pg_catalog.pg_walfile_name(pg_lsn)', 'EXECUTE')
       AND has_function_privilege('pg_catalog.pg_current_wal_lsn()', 'EXECUTE')
"""
_SYSTEM = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"
_TIMELINE = "SELECT left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)"
_DATABASE = "SELECT d.oid::bigint FROM pg_catalog.pg_database d WHERE d.datname = current_database()"


class PostgresHomes:
    """Implements `ports.home.Homes`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self) -> Home:
        """Where this installation said it lives."""
        row = self._connection.execute(select(home)).one()
        return Home(str(row.installation), row.system_id or "", row.database or 0, row.timeline or "")

    def here(self) -> Home:
        """Where it is now. A managed server may hide its identifier or its timeline from this role."""
        system_told, timeline_told = self._connection.execute(text(_MAY_ASK)).one()
        system = self._connection.execute(text(_SYSTEM)).scalar_one() if system_told else ""
        timeline = self._connection.execute(text(_TIMELINE)).scalar_one() if timeline_told else ""
        database = self._connection.execute(text(_DATABASE)).scalar_one()
        return Home(self.known().installation, system, database, timeline)

    def settle(self, home_now: Home) -> None:
        """From now on it lives there."""
        self._connection.execute(
            update(home).values(
                settled_at=text("clock_timestamp()"),
                system_id=home_now.system_id or None,
                database=home_now.database or None,
                timeline=home_now.timeline or None,
            )
        )

    def position(self) -> Position | None:
        """How far the chain has come."""
        newest = select(chain.c.id, chain.c.hash, chain.c.last_seq).order_by(chain.c.id.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return None if row is None else Position(self.known().installation, row.id, row.hash.hex(), row.last_seq)

    def hash_of(self, link: int) -> str:
        """The hash of a link; empty when there is no such link."""
        found: bytes | None = self._connection.execute(
            select(chain.c.hash).where(chain.c.id == link)
        ).scalar_one_or_none()
        return "" if found is None else found.hex()

    def ids_went_back(self) -> bool:
        """Whether a cursor, or the newest event, is ahead of what the server counts now."""
        return bool(self._connection.execute(text(statement("home_went_back"))).scalar_one())

    def rebases(self) -> Sequence[int]:
        """The numbers of the events that say that the log was rebased."""
        return list(self._connection.execute(select(home.c.rebased)).scalar_one_or_none() or ())
