"""What a person typed into a page since the last poll survives whatever is done to the page."""

from __future__ import annotations

import json

import pytest

from sync_engine.engine.review.conflicts import conflict_list, swap
from sync_engine.errors import SyncEngineError
from tests.support.world import World, shown, text


def logged(world: World) -> str:
    return json.dumps(world.sql("SELECT before, after FROM sync_engine.sync_events"))


@pytest.fixture
def agent(world: World) -> World:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    return world


def test_a_swap_does_not_write_over_an_edit_that_no_poll_has_seen(agent: World) -> None:
    page = agent.page("agents", "A")["id"]
    agent.sql("UPDATE agents SET prompt = 'from postgres'")
    agent.edit(page, Prompt=text("from notion"))
    agent.sync()
    [conflict] = conflict_list(agent.app.context, "all")
    agent.edit(page, Prompt=text("typed a moment ago"))
    with pytest.raises(SyncEngineError, match="edited after"):
        swap(agent.app.context, int(str(conflict["id"])))
    swap(agent.app.context, int(str(conflict["id"])), force=True)
    assert shown(agent.page("agents", "A"), "Prompt") == "from postgres"
    assert "typed a moment ago" in logged(agent)
    agent.assert_in_sync()


def test_the_log_has_what_was_typed_just_before_a_page_went_to_the_trash(agent: World) -> None:
    page = agent.page("agents", "A")["id"]
    agent.edit(page, Prompt=text("typed a moment ago"))
    agent.call("PATCH", f"/pages/{page}", {"in_trash": True})
    agent.sync(full=True)
    assert "typed a moment ago" in logged(agent)


@pytest.mark.parametrize("statement", ["UPDATE agents SET max_tokens = 3", "DELETE FROM agents"])
def test_so_it_has_when_a_write_is_the_first_to_meet_the_page_in_the_trash(agent: World, statement: str) -> None:
    page = agent.page("agents", "A")["id"]
    agent.edit(page, Prompt=text("typed a moment ago"))
    agent.call("PATCH", f"/pages/{page}", {"in_trash": True})
    agent.sql(statement)
    agent.sync()
    assert "typed a moment ago" in logged(agent)
    assert agent.sql("SELECT count(*) FROM sync_engine.sync_events WHERE source = 'n' AND op = 'd'") == [(1,)]
