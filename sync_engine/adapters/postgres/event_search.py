"""Composes the query for the events that a person asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg.sql import SQL, Composable, Composed

from sync_engine.adapters.postgres.event_rows import SIDE_CODES, columns
from sync_engine.ports.event_log import EventFilter

NAME_LENGTH = 512
"""Characters of a name that `sync_history` holds (`sql/history_extend.sql`)."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """How far `sync_history` knows the log: the snapshot of its cursor and a number below all later events."""

    snapshot: str
    floor: int


@dataclass(slots=True)
class Search:
    """A query and its parameters `$1`, `$2` ..."""

    query: Composed = field(default_factory=lambda: Composed([]))
    parameters: list[Any] = field(default_factory=list)

    def given(self, value: object, type_name: str) -> SQL:
        """A placeholder for one more parameter."""
        self.parameters.append(value)
        return SQL(f"${len(self.parameters)}::{type_name}")


def search(wanted: EventFilter, indexed: Indexed) -> Search:
    """Events that match, by seq; a search by record goes through `sync_history` and the tail it does not know."""
    made = Search()
    conditions = list(_conditions(wanted, made))
    name = wanted.key or wanted.page_id
    by_name = bool(name) or wanted.emptied
    source = _of_record(name, wanted.mapping, indexed, made) if by_name else SQL("sync_engine.sync_events")
    made.query = SQL("SELECT {} FROM {} e WHERE {} ORDER BY e.seq {} LIMIT {}").format(
        columns(),
        source,
        SQL(" AND ").join(conditions),
        SQL("DESC" if wanted.newest_first else "ASC"),
        made.given(wanted.limit, "bigint"),
    )
    return made


def _of_record(name: str, mapping: int | None, indexed: Indexed, made: Search) -> Composed:
    indexed_name = made.given(name[:NAME_LENGTH], "text")
    of_mapping = (
        SQL("AND h.mapping = {}").format(made.given(mapping, "integer")) if mapping is not None else SQL("")
    )
    full = made.given(name, "text")
    return SQL(
        "(SELECT known.* FROM sync_engine.sync_history h JOIN sync_engine.sync_events known USING (seq)"
        "  WHERE h.name = {indexed_name} {of_mapping}"
        " UNION ALL"
        " SELECT late.* FROM sync_engine.sync_events late"
        "  WHERE late.seq > {floor} AND NOT pg_visible_in_snapshot(late.txid, {snapshot})"
        "    AND {full} IN (late.key, late.old_key, late.page_id))"
    ).format(
        indexed_name=indexed_name,
        of_mapping=of_mapping,
        full=full,
        floor=made.given(indexed.floor, "bigint"),
        snapshot=made.given(indexed.snapshot, "pg_snapshot"),
    )


def _conditions(wanted: EventFilter, made: Search) -> Iterator[Composable]:
    yield SQL("e.seq > {}").format(made.given(wanted.after_seq, "bigint"))
    if wanted.mapping is not None:
        yield SQL("e.mapping = {}").format(made.given(wanted.mapping, "integer"))
    if wanted.key:
        yield SQL("{} IN (e.key, e.old_key)").format(made.given(wanted.key, "text"))
    if wanted.page_id:
        yield SQL("e.page_id = {}").format(made.given(wanted.page_id, "text"))
    if wanted.emptied:
        yield SQL("e.key = '' AND e.op = 't'")
    if wanted.unkeyed:
        yield SQL("e.key = ''")
    if wanted.source is not None:
        yield SQL("e.source = {}").format(made.given(SIDE_CODES[wanted.source], '"char"'))
    if wanted.origin:
        yield SQL("starts_with(e.origin, {})").format(made.given(wanted.origin, "text"))
    yield from _of_writing(wanted, made)
    yield from _of_content(wanted, made)


def _of_writing(wanted: EventFilter, made: Search) -> Iterator[Composable]:
    if wanted.seqs:
        yield SQL("e.seq = ANY ({})").format(made.given(list(wanted.seqs), "bigint[]"))
    if wanted.txid:
        yield SQL("e.source = 'p' AND e.txid = {}").format(made.given(str(wanted.txid), "xid8"))
    if wanted.run:
        yield SQL("e.origin = ANY ({})").format(
            made.given([f"{kind}:{wanted.run}" for kind in ("run", "rollback", "replay")], "text[]")
        )


def _of_content(wanted: EventFilter, made: Search) -> Iterator[Composable]:
    if wanted.field:
        names = [name for name in (wanted.field, wanted.column) if name]
        yield SQL("(e.before ?| {touched} OR e.after ?| {touched})").format(touched=made.given(names, "text[]"))
    if wanted.actor:
        yield SQL(
            "EXISTS (SELECT FROM jsonb_each_text(e.actor) a WHERE strpos(lower(a.value), lower({})) > 0)"
        ).format(made.given(wanted.actor, "text"))
    if wanted.since is not None:
        yield SQL("coalesce(e.occurred_until, e.occurred) >= {}").format(made.given(wanted.since, "timestamptz"))
    if wanted.until is not None:
        yield SQL("e.occurred <= {}").format(made.given(wanted.until, "timestamptz"))
