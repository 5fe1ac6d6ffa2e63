"""`sync_archives`: what left the log, and in which file it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

import psycopg
from psycopg.sql import SQL, Composed
from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.chain import CANONICAL, PostgresChain
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import archived_links, archives, chain, events, marks
from sync_engine.domain.archive import Archive, Stored
from sync_engine.domain.chain import Link
from sync_engine.ports.archives import Holder, Remaining


class PostgresArchives:
    """Implements `ports.archives.Archives`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def all(self) -> Sequence[Archive]:
        """By first link."""
        found = self._connection.execute(select(archives).order_by(archives.c.first_link))
        return [Archive(**row._mapping) for row in found]

    def holders(self) -> Sequence[Holder]:
        """Everything that keeps events."""
        return [Holder(seq, why) for seq, why in self._connection.execute(text(statement("archive_holders")))]

    def due(self, until: datetime, last_seq: int, events_: int) -> Sequence[Link]:
        """The next links that no archive holds."""
        found: list[Link] = []
        held = 0
        for link in PostgresChain(self._connection).links(after=self._last()):
            if link.at >= until or link.last_seq > last_seq or (found and held >= events_):
                break
            found.append(link)
            held += len(link.events())
        return found

    def remaining(self, until: datetime, last_seq: int) -> Remaining:
        """What `due` would give in the end."""
        first_to_stay = (
            select(func.min(chain.c.id))
            .where(chain.c.id > self._last(), (chain.c.at >= until) | (chain.c.last_seq > last_seq))
            .scalar_subquery()
        )
        held = func.coalesce(func.sum(chain.c.events), 0)
        query = select(func.count(), held, func.coalesce(func.max(chain.c.last_seq), 0)).where(
            chain.c.id > self._last(), (chain.c.id < first_to_stay) | first_to_stay.is_(None)
        )
        links, events_, end = self._connection.execute(query).one()
        return Remaining(int(links), int(events_), end)

    def _last(self) -> int:
        last: int | None = self._connection.execute(select(func.max(archives.c.last_link))).scalar_one()
        return last or 0

    def hash_before(self, link: int) -> bytes:
        """The hash of the link before this one."""
        found: bytes | None = self._connection.execute(
            select(chain.c.hash).where(chain.c.id == link - 1)
        ).scalar_one_or_none()
        return found or b""

    def stored(self, link: Link) -> Sequence[Stored]:
        """The link's events as they are in the log now."""
        with psycopg.RawCursor(self._driver) as cursor:
            rows = cursor.execute(_with_canonical("archive_stored"), [[seq for seq, _ in link.events()]])
            return [Stored(*row) for row in rows.fetchall()]

    def superseded(self, seqs: Sequence[int], until: datetime, last_seq: int) -> frozenset[int]:
        """Those of these events on which nothing rests any more."""
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(statement("archive_superseded"), [list(seqs), until, last_seq])
            return frozenset(seq for (seq,) in found.fetchall())

    def drop(self, archive: Archive, bits: Mapping[int, bytes], dropped: Sequence[int]) -> Archive:
        """Take these events out of the log, with unprotected marks before its end, and remember where they are."""
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute("SELECT set_config('sync_engine.maintenance', $1, true)", [archive.reason()])
            cursor.execute(statement("archive_drop"), [list(dropped)])
            logged = cursor.execute("SELECT currval('sync_engine.sync_events_seq_seq')").fetchone() or (0,)
            cursor.execute("SELECT set_config('sync_engine.maintenance', '', true)")
        noted = replace(archive, logged_seq=logged[0])
        values = {item.name: getattr(noted, item.name) for item in fields(noted) if item.name != "id"}
        if archive.id:
            self._connection.execute(update(archives).where(archives.c.id == archive.id).values(**values))
        else:
            made = insert(archives).values(**values).returning(archives.c.id)
            noted = replace(noted, id=self._connection.execute(made).scalar_one())
        rows = [{"link": link, "archive_id": noted.id, "dropped": found} for link, found in bits.items()]
        stored = insert(archived_links).values(rows)
        if rows:
            newest = {"dropped": stored.excluded.dropped}
            self._connection.execute(
                stored.on_conflict_do_update(index_elements=[archived_links.c.link], set_=newest)
            )
        self._connection.execute(marks.delete().where(~marks.c.protected, marks.c.seq < archive.last_seq))
        return noted

    def bits(self, link: int) -> bytes | None:
        """Which events of the link left."""
        query = select(archived_links.c.dropped).where(archived_links.c.link == link)
        found: bytes | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def reason_of(self, seq: int) -> str | None:
        """What the event says why the log was changed."""
        query = select(events.c.after["reason"].astext).where(events.c.seq == seq, events.c.mapping == 0)
        found: str | None = self._connection.execute(query).scalar_one_or_none()
        return found


def _with_canonical(name: str) -> Composed:
    return SQL(statement(name)).format(canonical=CANONICAL)
