"""Edits of rows taken back in bulk: rows, records and journal are as if each had been decided on its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.domain.compensation import NetEffect, Remedy, Status, compensate
from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.origin import Origin
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.undo.force import Wish, write_wishes
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry, JournalFilter
from sync_engine.ports.lone_edits import LoneEdits
from tests.support.things import EPOCH, change, mapping

RULES = replace(mapping(), key_types=("text",))
PLAIN = ("title", "flag", "note")
MARK = 10
RUN = "r1"

COLUMNS = "id text PRIMARY KEY, title text, flag boolean, day timestamptz, note text, extra integer DEFAULT 0"

texts = st.sampled_from(["a", "b", "", "ä👋", "a,b", '"', None])
flags = st.sampled_from([True, False, None])
days = st.sampled_from(["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", None])
whole = st.fixed_dictionaries({"title": texts, "flag": flags, "day": days, "note": texts})
partly = st.fixed_dictionaries({}, optional={"title": texts, "flag": flags, "note": texts, "day": days})
seqs = st.sampled_from([MARK - 1, MARK + 1, MARK + 2])


def pending(told: Mapping[str, Value], seq: int) -> Mapping[str, PendingChange]:
    return {name: change(value, seq=seq) for name, value in told.items()}


records = st.builds(
    Record,
    id=st.just(0),
    mapping=st.just(RULES.id),
    key=st.sampled_from(["k", "k", "k", '"k', "k,1"]),
    page_id=st.just("page"),
    base=whole,
    postgres=st.builds(pending, partly, seqs),
    notion=st.one_of(st.just({}), st.just({}), st.builds(pending, partly, seqs)),
    postgres_presence=st.sampled_from([Presence.PRESENT, Presence.PRESENT, Presence.GONE]),
    notion_presence=st.sampled_from([Presence.PRESENT, Presence.PRESENT, Presence.GONE]),
    key_on_page=st.just(True),
    detached=st.sampled_from([False, False, True]),
)

State = tuple[Record, object, list[JournalEntry]]


class Undone(Exception):
    """Ends a transaction whose effects were only looked at."""


@pytest.fixture
def tables(database) -> Iterator[tuple[Database, psycopg.Connection[tuple[object, ...]]]]:  # type: ignore[no-untyped-def]
    """A store, and a connection to the table of things beside it."""
    opened = PostgresDatabase(database.url)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE things ({COLUMNS})")
        yield opened, connection
    opened.close()


def put(uow: UnitOfWork, connection: psycopg.Connection[tuple[object, ...]], record: Record) -> Record:
    """The record, and its row as the record knows it."""
    row = [postgres_value(record, RULES.by_name[name]) for name in ("title", "flag", "day", "note")]
    connection.execute("DELETE FROM things")
    if record.has_row:
        insert = "INSERT INTO things (id, title, flag, day, note) VALUES (%s, %s, %s, %s, %s)"
        connection.execute(insert, [record.key, *row])
    [saved] = uow.records.save([record])
    return saved


def state(uow: UnitOfWork, record: Record, run: str = RUN) -> State:
    """The record, its row, and what the journal tells, but for when and by which number."""
    rows = uow.rows.fetch(RULES, [record.key])
    noted = [replace(entry, id=0, at=None) for entry in uow.journal.find(JournalFilter(run_id=run))]
    return uow.records.by_id([record.id])[record.id], rows, noted


def by_rules(store: Database, record: Record) -> State | None:
    """What single decisions make of it; None when they do not put every edit of the row back, and only those."""
    found = compensate(
        NetEffect(), record, RULES, row_predates=False, force=False, selected_from_seq=MARK, lost=None
    )
    wanted = {name: record.base[name] for name in record.postgres}
    if (found.remedy, found.status) != (Remedy.SET_FIELDS, Status.UNDO) or found.values != wanted:
        return None
    after: list[State] = []
    try:
        with store.transaction(f"rollback:{RUN}") as uow:
            write_wishes(uow, [Wish(RULES, record, found.values)], Origin(RUN, "rollback"), EPOCH, {})
            after.append(state(uow, record))
            raise Undone
    except Undone:
        return after[0]


def taken(uow: UnitOfWork) -> list[tuple[int, str]]:
    edits = LoneEdits(RULES, PLAIN, MARK, 0)
    return [row for rows in uow.lone_edits.take_back(edits, RUN) for row in rows.records]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=records)
def test_bulk_agrees_with_single_decisions(tables, record: Record) -> None:  # type: ignore[no-untyped-def]
    store, connection = tables
    with store.transaction() as uow:
        connection.execute("TRUNCATE sync_engine.sync_changes, sync_engine.sync_records CASCADE")
        saved = put(uow, connection, record)
    expected = by_rules(store, saved)
    with store.transaction(f"rollback:{RUN}") as uow:
        before = state(uow, saved)
        done = taken(uow)
        assert state(uow, saved) == (expected if done else before)
    both = saved.has_row and saved.notion_presence is Presence.PRESENT
    lone = expected is not None and both and not (saved.notion or saved.detached or saved.key.startswith('"'))
    assert bool(done) == (lone and saved.postgres.keys() <= set(PLAIN))


EDITED = Record(
    id=0,
    mapping=RULES.id,
    key="k",
    page_id="page",
    base={"title": "a", "flag": True, "day": None, "note": "n"},
    postgres=pending({"title": "b"}, MARK + 1),
    postgres_presence=Presence.PRESENT,
    notion_presence=Presence.PRESENT,
    key_on_page=True,
)


def left_alone(tables, setup: str = "", *, more: str = "") -> None:  # type: ignore[no-untyped-def]
    """After that statement the bulk takes nothing and changes nothing."""
    store, connection = tables
    with store.transaction() as uow:
        saved = put(uow, connection, EDITED)
        if more == "held":
            uow.held.hold(HeldRecord(saved.id, RULES.id, "k", Side.NOTION, "update", "no"))
        if more == "noted":
            uow.journal.intend([entry(saved, {"title": "x"}, {"title": "a"})])
    if setup:
        connection.execute(setup.encode())
    with store.transaction() as uow:
        before = state(uow, saved)
        assert taken(uow) == []
        assert state(uow, saved) == before


def entry(record: Record, before: JsonObject, after: JsonObject) -> JournalEntry:
    made = JournalEntry("r0", Side.NOTION, RULES.id, record.id, "k", "page", ChangeOp.UPDATE, before, after)
    return replace(made, status=ChangeStatus.DONE)


TRIGGER = """
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;
CREATE TRIGGER shout BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION shout()
"""


@pytest.mark.parametrize(
    "setup",
    [
        "UPDATE things SET title = 'c'",
        "DELETE FROM things",
        "ALTER TABLE things ADD CHECK (title <> 'a')",
        TRIGGER.format("NEW.title := upper(NEW.title); RETURN NEW;"),
        TRIGGER.format("RETURN NULL;"),
        TRIGGER.format("RAISE EXCEPTION 'no';"),
    ],
)
def test_a_row_that_is_not_as_expected_is_left_to_single_decisions(tables, setup: str) -> None:  # type: ignore[no-untyped-def]
    left_alone(tables, setup)


@pytest.mark.parametrize("more", ["held", "noted"])
def test_a_record_with_more_to_it_is_left_to_single_decisions(tables, more: str) -> None:  # type: ignore[no-untyped-def]
    left_alone(tables, more=more)


def test_rows_of_several_batches_are_all_taken(tables, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("sync_engine.adapters.postgres.lone_edits._BATCH", 3)
    store, connection = tables
    made = [replace(EDITED, key=f"k{n}", page_id=f"p{n}") for n in range(8)]
    made[3] = replace(made[3], postgres=pending({"title": "b", "note": "c"}, MARK + 1))
    for record in made:
        values = [record.key, "b", True, None, "c" if "note" in record.postgres else "n"]
        connection.execute("INSERT INTO things VALUES (%s, %s, %s, %s, %s)", values)
    connection.execute("UPDATE things SET title = 'x' WHERE id = 'k5'")
    with store.transaction() as uow:
        uow.records.save(made)
        assert {key for _, key in taken(uow)} == {f"k{n}" for n in range(8) if n != 5}
    found = dict(connection.execute("SELECT id, title || note FROM things").fetchall())
    assert found == {f"k{n}": "xn" if n == 5 else "an" for n in range(8)}
