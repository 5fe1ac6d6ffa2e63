"""Writes of links: rows of a junction table that come and go with a list of record keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import orjson
import psycopg

from sync_engine.adapters.postgres import row_sql
from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.row_shape import LinkShape, RowShape
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.keys import decode_key
from sync_engine.domain.mapping import TableMapping
from sync_engine.ports.rows import LinkWrite, RowOp, RowOutcome, RowResult, RowWrite

_LOG = statement("links_log").replace("{actor}", statement("capture_actor").rstrip())


Insert = Callable[[TableMapping, Sequence[RowWrite]], Sequence[RowOutcome]]
"""Writes whole rows of a junction."""


class LinksChanged(Exception):
    """The links of a row are not those that were expected."""


class LinksSuppressed(Exception):
    """A trigger, a rule or a policy of the junction kept links from being taken away."""


class LinksRefused(Exception):
    """The junction did not take a link; `outcome` says why."""

    def __init__(self, outcome: RowOutcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class LinkWriter:
    """Writes the links of rows of one table, in the caller's savepoint."""

    def __init__(self, driver: Driver, shape: RowShape, insert: Insert) -> None:
        self._driver = driver
        self._shape = shape
        self._insert = insert
        self._links = {link.name: link for link in shape.links}

    def check(self, write: RowWrite) -> None:
        """Lock the links of the row. Raises LinksChanged when they are not the expected ones."""
        own = decode_key(write.key, len(self._shape.key))
        for name, links in write.links.items():
            self._expect(links, self._now(self._links[name], own))

    def write(self, key: str, write: RowWrite) -> None:
        """Make the links of the row `key` what is wanted. Raises LinksChanged, LinksSuppressed, LinksRefused, and
        psycopg.Error."""
        own = decode_key(key, len(self._shape.key))
        for name, links in write.links.items():
            link = self._links[name]
            now = self._now(link, own)
            self._expect(links, now)
            if links.wanted is None:
                continue
            self._revive(links, set(links.wanted) - now)
            there = self._now(link, own) if links.lost else now
            self._change(link, own, links.junction.rows, there, set(links.wanted))
            known = now if links.expected is None else set(links.expected)
            if (stored := self._now(link, own)) != known:
                self._log(key, name, known, stored)

    def _revive(self, links: LinkWrite, missing: set[str]) -> None:
        lost = [links.lost[key] for key in sorted(missing) if key in links.lost]
        if lost:
            self._insert(links.junction.rows, lost)

    def _change(
        self, link: LinkShape, own: Sequence[str], rows: TableMapping, now: set[str], wanted: set[str]
    ) -> None:
        if self._run(row_sql.unlink, link, own, now - wanted) < len(now - wanted):
            raise LinksSuppressed
        if self._run(row_sql.link_up, link, own, wanted - now) == len(wanted - now):
            return
        # Somebody else made them at this moment, or another row of the junction is in their way, which is told.
        self._refuse(link, own, rows, wanted - self._now(link, own))

    def _refuse(self, link: LinkShape, own: Sequence[str], rows: TableMapping, left: set[str]) -> None:
        ends = [column.name for column in (*link.own, *link.other)]
        parts = [[*own, *decode_key(key, len(link.other))] for key in sorted(left)]
        writes = [RowWrite(RowOp.INSERT, "", dict(zip(ends, part, strict=True)), {}) for part in parts]
        for outcome in self._insert(rows, writes):
            if outcome.result is not RowResult.DONE:
                raise LinksRefused(outcome)

    def _log(self, key: str, name: str, before: set[str], after: set[str]) -> None:
        """The junction's own trigger tells of its rows; this tells of the record that they belong to."""
        images = [orjson.dumps({name: sorted(keys)}).decode() for keys in (before, after)]
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(_LOG, [self._shape.mapping, key, *images])

    def _expect(self, links: LinkWrite, now: set[str]) -> None:
        """Links that are as wanted already, as when they were written from their other end, are no surprise."""
        told = [keys for keys in (links.expected, links.wanted) if keys is not None]
        if links.expected is not None and all(now != set(keys) for keys in told):
            raise LinksChanged

    def _now(self, link: LinkShape, own: Sequence[str]) -> set[str]:
        with psycopg.RawCursor(self._driver) as cursor:
            return {key for (key,) in cursor.execute(row_sql.links_of(link), list(own))}

    def _run(self, statement: row_sql.OfLink, link: LinkShape, own: Sequence[str], keys: Iterable[str]) -> int:
        """How many rows it concerned."""
        targets = [
            {f"k{n}": part for n, part in enumerate(decode_key(key, len(link.other)))} for key in sorted(keys)
        ]
        if not targets:
            return 0
        with psycopg.RawCursor(self._driver) as cursor:
            return cursor.execute(statement(link), [*own, orjson.dumps(targets).decode()]).rowcount
