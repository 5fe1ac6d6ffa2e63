"""The first loop on real Postgres and a real HTTP Notion: what the issue shows when done."""

from __future__ import annotations

from tests.support.world import World, names, shown, text, title, title_of


def seed(world: World) -> None:
    world.sql(
        """INSERT INTO teams (name) VALUES ('Root');
           INSERT INTO teams (name, parent_id) SELECT 'Leaf', id FROM teams WHERE name = 'Root';
           INSERT INTO agents (name, prompt, temperature, tags, metadata, is_active, born, team_id)
           SELECT 'Agent ' || i, repeat('prompt 🔴 ', 300) || i, 0.10 * i, ARRAY['a', 'b'],
                  '{"z": 1.50, "a": [1, 2]}', CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END,
                  '2026-01-01'::date + i, (SELECT id FROM teams WHERE name = 'Leaf')
             FROM generate_series(1, 9) AS i"""
    )


def test_rows_go_to_notion_and_a_second_pass_writes_nothing(world: World) -> None:
    seed(world)
    first = world.sync()
    assert names(first, "notion") == [("create", 11)]
    assert first.quiet
    page = world.page("agents", "Agent 3")
    assert shown(page, "Prompt") == "prompt 🔴 " * 300 + "3"
    assert page["properties"]["Temperature"]["number"] == 0.3
    assert page["properties"]["Team"]["relation"] == [{"id": world.page("teams", "Leaf")["id"]}]
    world.assert_in_sync()


def test_a_no_edit_return_changes_no_row(world: World) -> None:
    seed(world)
    before = world.sql("SELECT md5(string_agg(a::text, '|' ORDER BY id)) FROM agents a")
    world.sync()
    world.sync(full=True)
    assert world.sql("SELECT md5(string_agg(a::text, '|' ORDER BY id)) FROM agents a") == before


def test_G4_edits_of_different_fields_merge_without_a_conflict(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")
    world.edit(page["id"], Max_Tokens={"number": 4000})
    world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name = 'Agent 1'")
    done = world.sync()
    assert done.total.conflicts_new == 0
    assert world.sql("SELECT prompt, max_tokens FROM agents WHERE name = 'Agent 1'") == [("from postgres", 4000)]
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "from postgres"
    world.assert_in_sync()


def test_a_page_made_in_notion_becomes_a_row_and_gets_its_key(world: World) -> None:
    seed(world)
    world.sync()
    team = world.page("teams", "Leaf")
    world.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
            "properties": {
                "Name": title("From Notion"),
                "Prompt": text("hello"),
                "Team": {"relation": [{"id": team["id"]}]},
            },
        },
    )
    done = world.sync()
    assert names(done, "postgres") == [("insert", 1)]
    [(key, prompt, tokens, team_name)] = world.sql(
        """SELECT a.id::text, prompt, max_tokens, t.name FROM agents a JOIN teams t ON t.id = team_id
            WHERE a.name = 'From Notion'"""
    )
    assert (prompt, tokens, team_name) == ("hello", 2000, "Leaf")
    page = world.page("agents", "From Notion")
    assert shown(page, "Sync Key") == key
    assert page["properties"]["Max Tokens"]["number"] == 2000
    world.assert_in_sync()
    assert sum(title_of(item) == "From Notion" for item in world.pages("agents")) == 1
