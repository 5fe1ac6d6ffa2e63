"""`sync_redactions`: values that were taken out of the past, and the proof that nothing else was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
import psycopg
from psycopg.sql import SQL, Composed
from sqlalchemy import Connection, select, text

from sync_engine.adapters.postgres.chain import CANONICAL
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import redactions
from sync_engine.domain.redaction import redaction_proof
from sync_engine.ports.redactions import Scope

_CHOSEN = SQL(
    "(cardinality($2::text[]) > 0 AND f.key = ANY ($2::text[])"
    " OR cardinality($2::text[]) = 0 AND f.key <> ALL ($3::text[]))"
)
_TOLD = """
INSERT INTO sync_engine.sync_events (mapping, source, op, key, after, actor)
VALUES (0, 'p', 'u', '', jsonb_build_object('table', 'sync_events', 'reason', $1::text),
        sync_engine.capture_actor_v1())
RETURNING seq
"""


class PostgresRedactions:
    """Implements `ports.redactions.Redactions`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def count(self, scope: Scope) -> Mapping[str, int]:
        """How many events, journal entries and conflicts hold a value that would go: done, and undone again."""
        nested = self._connection.begin_nested()
        try:
            return self.redact(scope, "counting")
        finally:
            nested.rollback()

    def waiting(self, records: Sequence[int]) -> Sequence[str]:
        """Why values of these records are still needed."""
        asked = {"records": list(records)}
        return list(self._connection.execute(text(statement("redact_waiting")), asked).scalars())

    def redact(self, scope: Scope, why: str) -> Mapping[str, int]:
        """Take the values out, and log it."""
        names, keep = list(scope.names), list(scope.keep)
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute("SELECT set_config('sync_engine.maintenance', $1, true)", [why])
            found = cursor.execute(_composed("redact_events"), [list(scope.seqs), names, keep]).fetchall()
            cursor.execute("SELECT set_config('sync_engine.maintenance', '', true)")
            if found:
                self._note(cursor, why, [(seq, was, now) for seq, was, now in found])
            cursor.execute(_composed("redact_changes"), [list(scope.records), names, keep])
            changes = cursor.rowcount
            cursor.execute(_composed("redact_conflicts"), [list(scope.records), names, keep])
            return {"events": len(found), "changes": changes, "conflicts": cursor.rowcount}

    def _note(self, cursor: psycopg.RawCursor[tuple[int]], why: str, rows: list[tuple[int, bytes, bytes]]) -> None:
        [logged] = cursor.execute(_TOLD, [f"{why} {redaction_proof(rows)}"]).fetchone() or (0,)
        sealed = self.of([seq for seq, _, _ in rows])
        stored = [
            {
                "logged_seq": logged,
                "seq": seq,
                "was": was.hex(),
                "now": now.hex(),
                "sealed": (sealed[seq][0] if seq in sealed else was).hex(),
            }
            for seq, was, now in rows
        ]
        cursor.execute(
            "INSERT INTO sync_engine.sync_redactions (logged_seq, seq, was, now, sealed)"
            " SELECT v.logged_seq, v.seq, decode(v.was, 'hex'), decode(v.now, 'hex'), decode(v.sealed, 'hex')"
            " FROM jsonb_to_recordset($1::jsonb)"
            " AS v(logged_seq bigint, seq bigint, was text, now text, sealed text)",
            [orjson.dumps(stored).decode()],
        )

    def of(self, seqs: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        """Digest when sealed and digest now, of those of these events that were redacted."""
        columns = (redactions.c.seq, redactions.c.sealed, redactions.c.now)
        query = select(*columns).where(redactions.c.seq.in_(seqs)).order_by(redactions.c.logged_seq)
        return {row.seq: (row.sealed, row.now) for row in self._connection.execute(query)}

    def all(self) -> Mapping[int, Sequence[tuple[int, bytes, bytes]]]:
        """By the event that tells of it."""
        found: dict[int, list[tuple[int, bytes, bytes]]] = {}
        columns = (redactions.c.logged_seq, redactions.c.seq, redactions.c.was, redactions.c.now)
        for row in self._connection.execute(select(*columns).order_by(redactions.c.logged_seq, redactions.c.seq)):
            found.setdefault(row.logged_seq, []).append((row.seq, row.was, row.now))
        return found


def _composed(name: str) -> Composed:
    digest = SQL(statement("chain_digest").rstrip()).format(canonical=CANONICAL)
    return SQL(statement(name)).format(digest=digest, chosen=_CHOSEN)
