"""What happens when somebody alters a captured table between two passes: nothing fails, and nothing is lost."""

from __future__ import annotations

import pytest

from sync_engine.engine.configure.setup import plan_setup
from sync_engine.errors import ConfigurationError, NotSetUp, SchemaChanged
from sync_engine.ports.installation import CaptureState
from tests.support.world import World, shown, text


def capture_state(world: World) -> CaptureState:
    with world.app.database.transaction() as uow:
        pairs = {mapping.name: (mapping, table) for mapping, table in world.app.mapped(uow)}
        return uow.capture.state(*pairs["agents"])


def test_edits_on_both_sides_cross_after_a_column_was_renamed_twice(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'first'), ('B', 'first')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'logged before' WHERE name = 'A'")
    world.sql("ALTER TABLE agents RENAME prompt TO system_prompt")
    world.sql("UPDATE agents SET system_prompt = 'logged after' WHERE name = 'B'")
    world.restart()
    world.sync()
    assert [shown(world.page("agents", name), "Prompt") for name in "AB"] == ["logged before", "logged after"]
    assert capture_state(world) is CaptureState.OK
    world.sql("UPDATE agents SET system_prompt = 'once more' WHERE name = 'A'")
    world.sql("ALTER TABLE agents RENAME system_prompt TO instructions")
    world.edit(world.page("agents", "B")["id"], Prompt=text("by a person"))
    world.restart()
    world.sync()
    assert shown(world.page("agents", "A"), "Prompt") == "once more"
    assert world.sql("SELECT instructions FROM agents WHERE name = 'B'") == [("by a person",)]
    world.assert_in_sync()
    world.assert_log_tells_all()


def test_a_dropped_column_stops_nothing(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt, max_tokens) VALUES ('A', 'first', 1)")
    world.sync()
    world.sql("ALTER TABLE agents DROP prompt")
    world.sql("UPDATE agents SET max_tokens = 2")
    world.restart()
    world.sync()
    assert world.page("agents", "A")["properties"]["Max Tokens"]["number"] == 2
    assert capture_state(world) is CaptureState.OK


def test_a_column_of_another_type_is_read_again(world: World) -> None:
    world.sql("INSERT INTO agents (name, max_tokens) VALUES ('A', 1)")
    world.sync()
    world.sql("ALTER TABLE agents ALTER max_tokens TYPE bigint USING max_tokens * 1000")
    world.restart()
    world.sync()
    assert world.page("agents", "A")["properties"]["Max Tokens"]["number"] == 1000
    world.assert_in_sync()


@pytest.mark.parametrize(
    "blinding",
    ['DISABLE TRIGGER "00_sync_engine_capture"', "DISABLE TRIGGER ALL"],
)
def test_a_pass_refuses_to_trust_a_log_that_saw_nothing(world: World, blinding: str) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'first'), ('B', 'first'), ('C', 'first')")
    world.sync()
    world.sql(f"ALTER TABLE agents {blinding}")
    world.sql("UPDATE agents SET prompt = 'unseen' WHERE name = 'A'")
    world.sql("DELETE FROM agents WHERE name = 'B'")
    world.sql("INSERT INTO agents (name) VALUES ('D')")
    with pytest.raises(NotSetUp, match="disabled") as refused:
        world.sync()
    assert "setup" in refused.value.hint
    world.setup()
    world.sync()
    assert sorted(shown(page, "Name") for page in world.pages("agents")) == ["A", "C", "D"]
    assert shown(world.page("agents", "A"), "Prompt") == "unseen"
    world.assert_in_sync()


def test_a_trigger_that_is_gone_is_told(world: World) -> None:
    world.sql('DROP TRIGGER "00_sync_engine_capture" ON agents')
    with pytest.raises(NotSetUp, match="agents are not captured"):
        world.sync()


def test_a_primary_key_on_other_columns_goes_on_with_the_old_one_while_that_is_unique(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'x'), ('B', 'y')")
    world.sync()
    world.sql("ALTER TABLE agents DROP CONSTRAINT agents_pkey, ADD PRIMARY KEY (name), ADD UNIQUE (id)")
    world.restart()
    world.sql("UPDATE agents SET prompt = 'changed' WHERE name = 'A'")
    world.sql("INSERT INTO agents (name, prompt) VALUES ('C', 'z')")
    world.edit(world.page("agents", "B")["id"], Prompt=text("typed"))
    world.sync()
    assert len(world.pages("agents")) == 3
    assert shown(world.page("agents", "A"), "Prompt") == "changed"
    assert world.sql("SELECT prompt FROM agents WHERE name = 'B'") == [("typed",)]
    assert plan_setup(world.app.installation) == []
    world.assert_in_sync()


def test_a_primary_key_on_other_columns_is_told_and_nothing_is_made_twice(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'x'), ('B', 'y')")
    world.sync()
    world.sql("ALTER TABLE agents DROP CONSTRAINT agents_pkey, ADD PRIMARY KEY (name)")
    world.restart()
    world.sql("UPDATE agents SET prompt = 'changed' WHERE name = 'A'")
    with pytest.raises(NotSetUp, match="known by other columns than \\(name\\)"):
        world.sync()
    [drift] = [item for item in plan_setup(world.app.installation) if item.action == "drift"]
    assert drift.object == "key of public.agents" and "UNIQUE and NOT NULL" in drift.detail
    with pytest.raises(ConfigurationError, match="known by other columns"):
        world.setup()
    world.sql("ALTER TABLE agents ADD UNIQUE (id)")
    world.restart()
    world.setup()
    world.sync()
    assert len(world.pages("agents")) == 2
    assert shown(world.page("agents", "A"), "Prompt") == "changed"
    world.assert_in_sync()


def test_a_table_that_is_gone_empties_nothing_in_notion(world: World) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'x')")
    world.sync()
    pages = world.pages("agents")
    world.sql("ALTER TABLE agents RENAME TO agents_away")
    world.restart()
    world.sync()
    assert len(world.pages("agents")) == 1, "a renamed table is followed"
    world.sql("DROP TABLE agents_away")
    for _ in range(2):
        with pytest.raises((ConfigurationError, SchemaChanged, NotSetUp), match=r"agents|altered") as raised:
            world.sync()
        with pytest.raises(ConfigurationError, match="table 'agents' is not in the database"):
            world.restart()
    assert raised.value.hint
    source = pages[0]["parent"]["data_source_id"]
    assert len(world.call("POST", f"/data_sources/{source}/query", {})["results"]) == 1
    world.log_was_forged = True  # there is no table to compare with
