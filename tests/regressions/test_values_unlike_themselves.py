"""A row that Postgres never finds equal to what it holds is held with the reason, not planned again for ever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sync_engine.adapters.postgres.rows import PostgresRows
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.review.holding import held_list
from sync_engine.ports.rows import RowOutcome, RowResult, RowWrite
from tests.support.world import World, text


def test_an_array_that_counts_from_another_number_than_1_can_be_edited(world: World) -> None:
    world.sql("ALTER TABLE agents ADD COLUMN grades int[]")
    world.reopen()
    world.sql("INSERT INTO agents (name, grades) VALUES ('A', '[0:1]={7,8}')")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Grades=text("[7, 9]"))
    world.sync()
    assert world.sql("SELECT grades::text FROM agents") == [("{7,9}",)]
    world.assert_in_sync()


def test_a_comparison_that_never_holds_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'x')")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Prompt=text("y"))

    def never_equal(rows: PostgresRows, mapping: TableMapping, writes: Sequence[RowWrite]) -> list[RowOutcome]:
        images = rows.fetch(mapping, [write.key for write in writes])
        return [RowOutcome(RowResult.CHANGED, write.key, images[write.key]) for write in writes]

    with monkeypatch.context() as patched:
        patched.setattr(PostgresRows, "write", never_equal)
        assert world.sync().quiet
    [item] = held_list(world.app.context)
    assert (item["constraint"], item["op"]) == ("prompt", "update")
    assert "compare prompt by hand" in str(item["reason"])


def test_a_range_of_times_is_the_same_value_whoever_wrote_it(world: World) -> None:
    world.sql("ALTER TABLE agents ADD COLUMN shift tstzrange")
    world.reopen()
    world.sql("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'SQL, DMY'")
    world.sync()
    world.sql("INSERT INTO agents (name, shift) VALUES ('A', '[2026-01-31 00:00+00,)')")
    world.sync()
    world.assert_in_sync()
    world.edit(world.page("agents", "A")["id"], Shift=text("[2026-02-01 00:00+00,)"))
    world.sync()
    assert world.sql("SELECT lower(shift) = '2026-02-01 00:00+00' FROM agents") == [(True,)]
    world.assert_in_sync()


def test_the_name_of_an_object_is_the_same_whatever_the_search_path(world: World) -> None:
    world.sql("ALTER TABLE agents ADD COLUMN watched regclass")
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.watched]\ntype = "rich_text"\n')
    world.reopen()
    world.sql("SET search_path = pg_catalog")
    world.sql("INSERT INTO public.agents (name, watched) VALUES ('A', 'public.teams')")
    world.sync()
    world.assert_in_sync()
    [(number,)] = world.sql("SELECT 'public.agents'::regclass::oid::text")
    world.edit(world.page("agents", "A")["id"], Watched=text(number))
    world.sync()
    assert world.sql("SELECT watched::text FROM public.agents") == [("public.agents",)]


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "type_", ["ltree", "ltree[]", "hstore", "jsonpath", "tsquery", "regclass", "interval", "int4range", "lquery"]
)
def test_a_text_that_is_no_value_of_the_type_holds_its_row_and_no_other(world: World, type_: str) -> None:
    world.sql(f"CREATE EXTENSION ltree; CREATE EXTENSION hstore; ALTER TABLE agents ADD COLUMN odd {type_}")
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.odd]\ntype = "rich_text"\n')
    world.reopen()
    world.sql("INSERT INTO agents (name) VALUES ('A'), ('B')")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Odd=text('["(a..b("]' if type_ == "ltree[]" else "(a..b("))
    world.edit(world.page("agents", "B")["id"], Prompt=text("goes on"))
    world.sync()
    assert world.sql("SELECT prompt FROM agents WHERE name = 'B'") == [("goes on",)]
    [item] = held_list(world.app.context)
    assert "odd" in str(item["constraint"])
