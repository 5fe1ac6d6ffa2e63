"""The reads of every pass stay on an index, however many records there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.unit_of_work import PostgresUnitOfWork
from sync_engine.domain.events import Side
from sync_engine.domain.record import Presence, Record
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry, JournalFilter
from tests.support.postgres import Database

RECORDS = 20_000
PRESENT = {"postgres_presence": Presence.PRESENT, "notion_presence": Presence.PRESENT}


@pytest.fixture
def unit(database: Database) -> Iterator[PostgresUnitOfWork]:
    opened = PostgresDatabase(database.url)
    with opened.transaction() as unit:
        records = [
            Record(0, n % 4, f"key {n}", f"page {n}", key_on_page=n % 100 > 0, **PRESENT) for n in range(RECORDS)
        ]
        unit.records.save(records)
        entries = [
            JournalEntry(
                f"run {n % 50}", Side.NOTION, 1, n, f"key {n}", "", ChangeOp.UPDATE, {}, {}, status=status
            )
            for n in range(RECORDS)
            for status in [ChangeStatus.INTENT if n % 1000 == 0 else ChangeStatus.DONE]
        ]
        unit.journal.intend(entries)
    with database.connect(autocommit=True) as user:
        user.execute("analyze sync_engine.sync_records, sync_engine.sync_changes")
    with opened.transaction() as unit:
        yield unit
    opened.close()


READS: dict[str, Callable[[PostgresUnitOfWork], Any]] = {
    "by_key": lambda unit: unit.records.by_key(1, [f"key {n}" for n in range(1, 400, 4)]),
    "by_page": lambda unit: unit.records.by_page(1, [f"page {n}" for n in range(1, 400, 4)]),
    "page_ids": lambda unit: unit.records.page_ids(1, ["key 1", "key 5"]),
    "keys": lambda unit: unit.records.keys(["page 1", "page 2"]),
    "open": lambda unit: unit.records.open(0, 0, 100),
    "journal of a run": lambda unit: next(iter(unit.journal.find(JournalFilter(run_id="run 7")))),
    "journal of a record": lambda unit: list(unit.journal.find(JournalFilter(mapping=1, key="key 77"))),
    "journal of intents": lambda unit: list(unit.journal.find(JournalFilter(status=ChangeStatus.INTENT))),
    "journal position": lambda unit: unit.journal.position(),
}


def test_no_read_goes_through_a_whole_table(unit: PostgresUnitOfWork) -> None:
    plan: list[str] = []

    def explain(_: Connection, cursor: Any, query: str, parameters: Any, *__: Any) -> None:
        cursor.execute(f"EXPLAIN {query}", parameters)
        plan.extend(line for (line,) in cursor.fetchall())

    event.listen(unit._connection, "before_cursor_execute", explain)
    for read, ask in READS.items():
        plan.clear()
        assert ask(unit) is not None
        whole = [line for line in plan if "Seq Scan on sync_records" in line or "Seq Scan on sync_changes" in line]
        assert plan and not whole, read
    event.remove(unit._connection, "before_cursor_execute", explain)
