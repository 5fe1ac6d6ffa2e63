"""Pages of rows in key order, and edits in the name of a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.schema import Column
from sync_engine.errors import DatabaseError
from sync_engine.ports.rows import RowOp, RowsWanted, RowWrite
from tests.support.postgres import Database

NAME = Column("na me", 3, "text", "text")
MAPPING = TableMapping(
    name="t",
    schema="public",
    table="t",
    key_columns=("a", "b"),
    key_types=("integer", "text"),
    fields=(FieldMapping("na me", "na me", 3, "text", "Name", "title", codec_for(NAME, "title")),),
    title="na me",
    captured=("a", "b", "na me"),
)


@pytest.fixture
def database(empty_database: Database) -> Iterator[PostgresDatabase]:
    with empty_database.connect() as connection:
        connection.execute(
            """CREATE TABLE t (a int, b varchar(4), "na me" text, PRIMARY KEY (a, b));
               INSERT INTO t SELECT i / 3, i % 3, 'Row ' || i FROM generate_series(0, 29) AS i"""
        )
    opened = PostgresDatabase(empty_database.url)
    yield opened
    opened.close()


def names(database: PostgresDatabase, wanted: RowsWanted, mapping: TableMapping = MAPPING) -> list[object]:
    with database.transaction() as uow:
        return [image["na me"] for _, image in uow.rows.page(mapping, wanted)]


def test_pages_follow_one_another_in_key_order_in_both_directions(database: PostgresDatabase) -> None:
    assert names(database, RowsWanted(4)) == ["Row 0", "Row 1", "Row 2", "Row 3"]
    assert names(database, RowsWanted(4, after="1,0")) == ["Row 4", "Row 5", "Row 6", "Row 7"]
    assert names(database, RowsWanted(4, before="2,2")) == ["Row 4", "Row 5", "Row 6", "Row 7"]
    assert names(database, RowsWanted(4, before="0,2")) == ["Row 0", "Row 1"]
    assert names(database, RowsWanted(4, after="9,2")) == []


def test_rows_are_found_by_a_part_of_their_title(database: PostgresDatabase) -> None:
    assert names(database, RowsWanted(3, containing="row 2")) == ["Row 2", "Row 20", "Row 21"]
    assert names(database, RowsWanted(3, after="7,0", containing="ROW 2")) == ["Row 22", "Row 23", "Row 24"]
    assert names(database, RowsWanted(3, containing="100%")) == []


def test_a_page_of_a_table_with_one_key_column(database: PostgresDatabase) -> None:
    with database.transaction() as uow:
        found = uow.rows.page(replace(MAPPING, key_columns=("b",)), RowsWanted(1, after="1"))
    assert [key for key, _ in found] == ["2"]


def test_a_key_that_is_none_is_told(database: PostgresDatabase) -> None:
    with pytest.raises(DatabaseError, match="invalid input syntax"):
        names(database, RowsWanted(1, after="x,y"))


def test_the_actor_of_a_transaction_is_named_for_its_length_only(
    database: PostgresDatabase, empty_database: Database
) -> None:
    with empty_database.connect() as connection:
        connection.execute(
            """CREATE TABLE signed (id int PRIMARY KEY, actor text DEFAULT current_setting('sync_engine.actor'),
                                    origin text DEFAULT current_setting('sync_engine.origin'))"""
        )
    mapping = replace(MAPPING, table="signed", key_columns=("id",), captured=("actor", "origin"))
    with database.transaction(actor="console") as uow:
        [first] = uow.rows.write(mapping, [RowWrite(RowOp.INSERT, "1", {}, {})])
    with database.transaction("run:1") as uow:
        [second] = uow.rows.write(mapping, [RowWrite(RowOp.INSERT, "2", {}, {})])
    assert first.image == {"actor": "console", "origin": ""}
    assert second.image == {"actor": "", "origin": "run:1"}
