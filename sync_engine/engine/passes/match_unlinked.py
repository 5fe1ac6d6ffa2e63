"""Match: link rows and pages that existed apart, by the columns of `match`; hold what is ambiguous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.matching import Matching, linked, match, page_candidate, row_candidate
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.values import JsonObject
from sync_engine.engine.passes.holds import MATCH
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.registrations import Registration

AMBIGUOUS = "ambiguous"
UNMATCHED = "unmatched"

_NAMED = 3


def match_unlinked(database: Database, mapping: TableMapping) -> Sequence[JsonObject]:
    """Link each row and page whose values are those of no other; returns the links, as lines of a dry run's plan.

    One transaction. Needs every page to have been read. Rows or pages that fit more than one other wait for a
    person, and are tried again by every pass. At the first time, what has no counterpart waits too if the table
    says so.
    """
    if not mapping.match:
        return []
    with database.transaction() as uow:
        [registration] = [item for item in uow.registrations.all() if item.id == mapping.id]
        records = uow.records.unlinked(mapping.id)
        rows = [row_candidate(item, mapping) for item in records if item.postgres_presence is Presence.PRESENT]
        pages = [page_candidate(item, mapping) for item in records if item.notion_presence is Presence.PRESENT]
        found = match(rows, pages)
        _hold_ambiguous(uow, mapping, found)
        _alone(uow, mapping, [*found.rows_alone, *found.pages_alone], first=not registration.matched)
        pairs = _link(uow, mapping, found.pairs, registration)
        if not registration.matched:
            uow.registrations.save(replace(registration, matched=True))
    return [_line(mapping, record) for record in pairs]


def _link(
    uow: UnitOfWork,
    mapping: TableMapping,
    pairs: Sequence[tuple[Record, Record]],
    registration: Registration,
) -> Sequence[Record]:
    memories = registration.fields.items()
    made = {name for name, memory in memories if isinstance(memory, dict) and memory.get("made")}
    uow.held.release([record.id for pair in pairs for record in pair])
    uow.records.remove([page.id for _, page in pairs])
    return uow.records.save([linked(row, page, mapping, made) for row, page in pairs])


def _hold_ambiguous(uow: UnitOfWork, mapping: TableMapping, found: Matching[Record]) -> None:
    by = ", ".join(mapping.match or ())
    for value, rows, pages in found.ambiguous:
        reason = (
            f"{len(rows)} rows ({_some([row.key for row in rows])}) and {len(pages)} pages "
            f"({_some([page.page_id for page in pages])}) have {by} = {value}: which belong together? Make the "
            "values differ, or put pages that are too many in the trash"
        )
        _hold(uow, [*rows, *pages], reason, AMBIGUOUS)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _alone(uow: UnitOfWork, mapping: TableMapping, records: Sequence[Record], *, first: bool) -> None:
    if first and mapping.unmatched == "hold":
        by = ", ".join(mapping.match or ())
        rows = [record for record in records if record.postgres_presence is Presence.PRESENT]
        pages = [record for record in records if record.notion_presence is Presence.PRESENT]
        _hold(uow, rows, f"no page has the same {by}; unmatched = hold", UNMATCHED)
        _hold(uow, pages, f"no row has the same {by}; unmatched = hold", UNMATCHED)
        return
    settled = [item for item in uow.held.of([record.id for record in records]) if item.op == MATCH]
    uow.held.release([item.record_id for item in settled if item.constraint == AMBIGUOUS])


def _hold(uow: UnitOfWork, records: Sequence[Record], reason: str, constraint: str) -> None:
    known = {item.record_id: item.reason for item in uow.held.of([record.id for record in records])}
    for record in records:
        if known.get(record.id) != reason:
            side = Side.NOTION if record.postgres_presence is Presence.PRESENT else Side.POSTGRES
            uow.held.hold(
                HeldRecord(record.id, record.mapping, record.key, side, MATCH, reason, constraint=constraint)
            )


def _line(mapping: TableMapping, record: Record) -> JsonObject:
    return {
        "table": mapping.name,
        "key": record.key,
        "side": Side.NOTION.value,
        "op": "link",
        "fields": [],
        "braked": False,
    }
