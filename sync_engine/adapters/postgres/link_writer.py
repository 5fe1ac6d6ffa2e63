"""Writes of links: rows of a junction table that come and go with a list of record keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
import psycopg

from sync_engine.adapters.postgres import row_sql
from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.row_shape import LinkShape, RowShape
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.keys import decode_key
from sync_engine.ports.rows import LinkWrite, RowWrite

_LOG = statement("links_log").replace("{actor}", statement("capture_actor").rstrip())


class LinksChanged(Exception):
    """The links of a row are not those that were expected."""


class LinkWriter:
    """Writes the links of rows of one table, in the caller's savepoint."""

    def __init__(self, driver: Driver, shape: RowShape) -> None:
        self._driver = driver
        self._shape = shape
        self._links = {link.name: link for link in shape.links}

    def check(self, write: RowWrite) -> None:
        """Lock the links of the row. Raises LinksChanged when they are not the expected ones."""
        own = decode_key(write.key, len(self._shape.key))
        for name, links in write.links.items():
            self._expect(links, self._now(self._links[name], own))

    def write(self, key: str, write: RowWrite) -> None:
        """Make the links of the row `key` what is wanted. Raises LinksChanged, and psycopg.Error."""
        own = decode_key(key, len(self._shape.key))
        for name, links in write.links.items():
            link = self._links[name]
            now = self._now(link, own)
            self._expect(links, now)
            if links.wanted is None:
                continue
            wanted = set(links.wanted)
            self._run(row_sql.unlink, link, own, now - wanted)
            self._run(row_sql.link_up, link, own, wanted - now)
            if (stored := self._now(link, own)) != now:
                self._log(key, name, now, stored)

    def _log(self, key: str, name: str, before: set[str], after: set[str]) -> None:
        """The junction's own trigger tells of its rows; this tells of the record that they belong to."""
        images = [orjson.dumps({name: sorted(keys)}).decode() for keys in (before, after)]
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(_LOG, [self._shape.mapping, key, *images])

    def _expect(self, links: LinkWrite, now: set[str]) -> None:
        if links.expected is not None and now != set(links.expected):
            raise LinksChanged

    def _now(self, link: LinkShape, own: Sequence[str]) -> set[str]:
        with psycopg.RawCursor(self._driver) as cursor:
            return {key for (key,) in cursor.execute(row_sql.links_of(link), list(own))}

    def _run(self, statement: row_sql.OfLink, link: LinkShape, own: Sequence[str], keys: Iterable[str]) -> None:
        targets = [
            {f"k{n}": part for n, part in enumerate(decode_key(key, len(link.other)))} for key in sorted(keys)
        ]
        if targets:
            with psycopg.RawCursor(self._driver) as cursor:
                cursor.execute(statement(link), [*own, orjson.dumps(targets).decode()])
