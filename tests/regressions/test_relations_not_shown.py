"""A relation whose target is not shared reads as empty (notion-api.md §2.3): no edit, and no column is cleared."""

from __future__ import annotations

import pytest

from sync_engine.engine.inquiry.verify import verify
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.ports.hints import Hint
from tests.support.looping import Stage, engine_requests
from tests.support.world import World, text


@pytest.fixture
def linked(world: World) -> World:
    world.sql("INSERT INTO teams (name) SELECT 'T' || i FROM generate_series(1, 5) i")
    world.sql(
        "INSERT INTO agents (name, prompt, team_id) SELECT 'A' || i, 'base', t.id"
        " FROM generate_series(1, 10) i JOIN teams t ON t.name = 'T' || (i % 5 + 1)"
    )
    world.sync()
    return world


def unlinked(world: World) -> int:
    [(count,)] = world.sql("SELECT count(*) FROM agents WHERE team_id IS NULL")
    return int(count)


@pytest.mark.parametrize("full", [True, False], ids=["full scan", "poll"])
def test_a_target_table_that_is_not_shared_any_more_clears_nothing(linked: World, full: bool) -> None:
    for number in range(1, 8):
        linked.edit(linked.page("agents", f"A{number}")["id"], Prompt=text("typed"))
    linked.sandbox.revoke_access(linked.source("teams"))
    sync(linked.app.context, SyncOptions(tables=("agents",), full=full))
    assert unlinked(linked) == 0
    assert linked.sql("SELECT count(*) FROM agents WHERE prompt = 'typed'") == [(7,)]
    assert verify(linked.app.context, ["agents"]).in_sync
    linked.sandbox.restore_access(linked.source("teams"))
    linked.assert_in_sync()


def test_nor_does_the_answer_to_a_write(linked: World) -> None:
    linked.sandbox.revoke_access(linked.source("teams"))
    linked.sql("UPDATE agents SET prompt = 'stored' WHERE name IN ('A1', 'A2')")
    sync(linked.app.context, SyncOptions(tables=("agents",)))
    assert unlinked(linked) == 0
    linked.sandbox.restore_access(linked.source("teams"))
    linked.assert_in_sync()
    assert unlinked(linked) == 0


def test_nor_does_a_single_target_that_left(linked: World) -> None:
    team = linked.page("teams", "T1")["id"]
    page = linked.page("agents", "A5")["id"]
    linked.sandbox.revoke_access(team)
    linked.edit(page, Prompt=text("typed"))
    linked.sync()
    assert unlinked(linked) == 0


def test_a_relation_that_a_person_emptied_clears_the_column(linked: World) -> None:
    team = linked.page("teams", "T2")["id"]
    linked.edit(linked.page("agents", "A1")["id"], Team={"relation": []})
    linked.sandbox.clear_requests()
    linked.sync()
    assert linked.sql("SELECT name FROM agents WHERE team_id IS NULL") == [("A1",)]
    assert [entry.path for entry in engine_requests(linked)].count(f"/v1/pages/{team}") == 1
    linked.assert_in_sync()


def test_many_emptied_relations_cost_one_query(linked: World) -> None:
    for number in range(1, 11):
        linked.edit(linked.page("agents", f"A{number}")["id"], Team={"relation": []})
    linked.sandbox.clear_requests()
    linked.sync()
    assert unlinked(linked) == 10
    teams = f"/v1/data_sources/{linked.source('teams')}/query"
    assert [entry.path for entry in engine_requests(linked)].count(teams) == 2, "the poll, and one for all"
    assert linked.sandbox.requests.matching("GET", "/v1/pages/") == []


def test_a_hint_of_such_a_page_clears_nothing(linked: World) -> None:
    page = linked.page("agents", "A1")["id"]
    linked.edit(page, Prompt=text("typed"))
    linked.sandbox.revoke_access(linked.source("teams"))
    stage = Stage(linked)
    with linked.app.database.transaction() as uow:
        uow.hints.add(Hint("e1", "page.properties_updated", page, linked.app.clock.now(), linked.source("agents")))
    stage.run_for(30)
    assert linked.sql("SELECT prompt FROM agents WHERE name = 'A1'") == [("typed",)]
    assert unlinked(linked) == 0
