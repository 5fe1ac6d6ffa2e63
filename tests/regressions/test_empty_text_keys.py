"""A row whose text key is the empty string is a record like any other, on both sides and in every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_engine.engine.inquiry.audit_record import history
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world, names, shown, text

SCHEMA = """
CREATE TABLE labels (code text PRIMARY KEY, name text NOT NULL, note text);
CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL,
    label_id text REFERENCES labels ON UPDATE CASCADE);
"""
NAMES = {"": "nothing", '"': "one mark", '""': "two marks", '"""': "three marks", "plain": "letters"}


@pytest.fixture
def labels(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    config = CONFIG.replace('"teams"', '"labels"').replace('"agents"', '"things"')
    with make_world(empty_database, tmp_path, schema=SCHEMA, config=config) as made:
        made.setup()
        yield made


def _fill(world: World) -> None:
    for code, name in NAMES.items():
        world.sql("INSERT INTO labels (code, name) VALUES (%s, %s)", code, name)


@pytest.mark.parametrize("captured", [False, True], ids=["there before", "inserted later"])
def test_every_key_gets_its_own_page(labels: World, captured: bool) -> None:
    if captured:
        labels.sync()
    _fill(labels)
    labels.sync()
    pages = {shown(page, "Name"): shown(page, "Sync Key") for page in labels.pages("labels")}
    assert pages.keys() == set(NAMES.values())
    assert pages["nothing"] == '""' and pages["letters"] == "plain"
    assert len(set(pages.values())) == len(NAMES)
    labels.assert_in_sync()


def test_edits_and_deletes_of_both_sides_cross(labels: World) -> None:
    _fill(labels)
    labels.sync()
    labels.edit(labels.page("labels", "nothing")["id"], Note=text("of a person"))
    labels.sql("UPDATE labels SET note = 'of an application' WHERE code = '\"\"'")
    assert names(labels.sync(), "postgres") == [("update", 1)]
    assert labels.sql("SELECT note FROM labels WHERE code = ''") == [("of a person",)]
    assert shown(labels.page("labels", "two marks"), "Note") == "of an application"
    labels.sql("DELETE FROM labels WHERE code = ''")
    assert names(labels.sync(), "notion") == [("trash", 1)]
    assert len(labels.pages("labels")) == len(NAMES) - 1
    labels.assert_in_sync()


def test_a_relation_to_it_is_carried_and_follows_it_to_another_key(labels: World) -> None:
    _fill(labels)
    labels.sql("INSERT INTO things VALUES (1, 'a', ''), (2, 'b', NULL)")
    labels.sync()
    target = labels.page("labels", "nothing")["id"]
    assert labels.page("things", "a")["properties"]["Label"]["relation"] == [{"id": target}]
    labels.edit(labels.page("things", "b")["id"], Label={"relation": [{"id": target}]})
    labels.sync()
    assert labels.sql("SELECT label_id FROM things WHERE id = 2") == [("",)]
    labels.sql("UPDATE labels SET code = 'named' WHERE code = ''")
    labels.sync()
    assert shown(labels.page("labels", "nothing"), "Sync Key") == "named"
    labels.sql("UPDATE labels SET code = '' WHERE code = 'named'")
    labels.sync()
    assert shown(labels.page("labels", "nothing"), "Sync Key") == '""'
    labels.assert_in_sync()


def test_history_and_rollback_know_it_by_its_written_key(labels: World) -> None:
    _fill(labels)
    labels.sync()
    labels.edit(labels.page("labels", "nothing")["id"], Note=text("oops"))
    bad = labels.sync()
    assert next(event["op"] for event in history(labels.app.context, "labels", '""')) == "insert"
    assert rollback(labels.app.context, Selection(run=bad.run_id)).undone == 1
    assert labels.sql("SELECT note FROM labels WHERE code = ''") == [(None,)]
    labels.assert_in_sync()


def test_emptying_the_table_takes_every_page(labels: World) -> None:
    _fill(labels)
    labels.sync()
    labels.sql("TRUNCATE labels, things")
    labels.sync()
    assert labels.pages("labels") == []
    labels.assert_in_sync()
