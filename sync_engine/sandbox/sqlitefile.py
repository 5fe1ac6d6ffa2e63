"""The file behind the store: one SQLite table of records as JSON, written at each commit.

WAL with `synchronous = NORMAL`: a killed process loses nothing that was answered; a power cut may lose the
last moments but never breaks the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

import orjson

from sync_engine.errors import ConfigurationError
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import Parent, Property, Record
from sync_engine.sandbox.store import KINDS, Key

_CHECKPOINT = 10_000
"""Pages of the log (40 MB) before they go into the file: each time waits for the disk."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
                                    PRIMARY KEY (kind, id)) WITHOUT ROWID
"""


class SqliteKeeper:
    """Keeps records in one SQLite file; made when it is not there."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
            self._db.execute(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"the sandbox cannot use its data file {path}: {error}",
                hint="name another file with --data, or remove this one",
            ) from error

    def load(self) -> Iterator[Record]:
        """Return every kept record; pages in the order of their creation."""
        for kind in KINDS:
            rows = self._db.execute("SELECT body FROM records WHERE kind = ?", (kind.__name__,))
            found = [_restore(kind, orjson.loads(body)) for (body,) in rows]
            yield from sorted(found, key=lambda record: getattr(record, "seq", 0))

    def save(self, changed: Iterable[Record], gone: Iterable[Key]) -> None:
        """Write one commit as one transaction."""
        rows = [(type(record).__name__, record.id, orjson.dumps(record)) for record in changed]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO records (kind, id, body) VALUES (?, ?, ?)", rows)
        self._db.executemany(
            "DELETE FROM records WHERE kind = ? AND id = ?", [(kind.__name__, found) for kind, found in gone]
        )
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _restore(kind: type[Record], body: JsonObject) -> Record:
    known = {each.name for each in fields(kind)}
    values = {name: value for name, value in body.items() if name in known}
    if isinstance(values.get("parent"), dict):
        values["parent"] = Parent(**values["parent"])
    if kind.__name__ == "DataSource":
        values["properties"] = {key: Property(**entry) for key, entry in values["properties"].items()}
    for name in ("data_sources", "capabilities"):
        if name in values:
            values[name] = tuple(values[name])
    return kind(**values)
