"""`doctor --duplicates`: copies of pages, and rows that lost the link to their page."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.engine.review.duplicates import find_duplicates, repair_duplicates
from sync_engine.engine.review.holding import held_list
from tests.support.cli import command_line
from tests.support.world import World, shown, text


def copy_of(world: World, original: dict[str, Any], **changed: Any) -> str:
    """Duplicate a page, as a person does with one click: everything in it is copied, the key too."""
    properties = {
        name: {prop["type"]: _copied(prop[prop["type"]])}
        for name, prop in original["properties"].items()
        if prop[prop["type"]]
    }
    parent = {"type": "data_source_id", "data_source_id": world.source("agents")}
    made = world.call("POST", "/pages", {"parent": parent, "properties": properties | changed})
    return str(made["id"])


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [{"text": {"content": run["plain_text"]}} for run in value if "plain_text" in run]
    return {"start": value["start"]} if isinstance(value, dict) and "start" in value else value


@pytest.fixture
def agents(world: World) -> World:
    """Two agents; their names are unique, so that a copy gets no row."""
    world.sql(
        "INSERT INTO agents (name, prompt, max_tokens, metadata, mood)"
        " VALUES ('Ada', 'p', NULL, NULL, NULL), ('Bob', 'q', NULL, NULL, NULL)"
    )
    world.sql("ALTER TABLE agents ALTER max_tokens DROP DEFAULT")
    world.restart()
    world.sync()
    return world


def kinds(world: World) -> list[tuple[str, str]]:
    return [(item.kind, item.repair) for item in find_duplicates(world.app.context)]


def test_an_exact_copy_without_a_row_goes_to_the_trash_and_a_differing_one_stays(agents: World) -> None:
    ada = agents.page("agents", "Ada")
    exact, other = copy_of(agents, ada), copy_of(agents, ada, Prompt=text("mine"))
    agents.sync()
    assert len(held_list(agents.app.context)) == 2, "the unique name refuses their rows"
    assert sorted(kinds(agents)) == [("copy", "trash"), ("differing_copy", "")]
    assert agents.call("GET", f"/pages/{exact}")["in_trash"] is False, "looking changes nothing"

    done = repair_duplicates(agents.app.context)
    assert (done["repaired"], done["left"]) == (1, 1)
    assert agents.call("GET", f"/pages/{exact}")["in_trash"] is True
    assert agents.call("GET", f"/pages/{other}")["in_trash"] is False
    agents.sync()
    assert kinds(agents) == [("differing_copy", "")]
    assert len(agents.pages("agents")) == 3
    assert agents.sql("SELECT count(*) FROM agents") == [(2,)]


def test_a_row_whose_page_was_trashed_gets_the_copy_that_carries_its_key(agents: World) -> None:
    original = agents.page("agents", "Ada")
    copy = copy_of(agents, original, Prompt=text("edited in the copy"))
    agents.call("PATCH", f"/pages/{original['id']}", {"in_trash": True})
    agents.sync(full=True)
    assert ("lost_link", "link") in kinds(agents)
    assert repair_duplicates(agents.app.context)["repaired"] == 1
    agents.sync()
    assert agents.sql("SELECT prompt FROM agents WHERE name = 'Ada'") == [("edited in the copy",)]
    assert held_list(agents.app.context) == []
    assert shown(agents.call("GET", f"/pages/{copy}"), "Sync Key") != ""
    assert kinds(agents) == []
    agents.assert_in_sync()


def test_several_copies_of_a_row_without_a_page_are_only_listed(agents: World) -> None:
    original = agents.page("agents", "Ada")
    copy_of(agents, original)
    copy_of(agents, original, Prompt=text("other"))
    agents.call("PATCH", f"/pages/{original['id']}", {"in_trash": True})
    agents.sync(full=True)
    assert kinds(agents) == [("several_pages", "")]
    assert repair_duplicates(agents.app.context) | {"run_id": ""} == {"run_id": "", "repaired": 0, "left": 1}


def test_records_that_are_equal_by_the_matching_columns_are_listed(agents: World) -> None:
    (agents.folder / "sync.toml").write_text((agents.folder / "sync.toml").read_text() + 'match = ["prompt"]\n')
    agents.reopen()
    agents.sql("UPDATE agents SET prompt = 'the same'")
    agents.sync()
    [found] = find_duplicates(agents.app.context)
    assert (found.kind, found.repair, found.fields) == ("equal", "", ("prompt",))
    assert len(found.keys) == 2 and len(found.pages) == 2
    assert repair_duplicates(agents.app.context)["repaired"] == 0
    agents.assert_in_sync()


def test_the_command_asks_shows_and_repairs(
    agents: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(agents.folder)
    sync_engine = command_line(capsys, agents.environment)
    copy_of(agents, agents.page("agents", "Ada"))
    agents.sync()
    looked = sync_engine("doctor", "--duplicates", "--dry-run")
    assert looked.code == 0 and "shows the same as the row's own page" in looked.out
    refused = sync_engine("doctor", "--duplicates")
    assert refused.code == 2 and "--yes" in refused.err
    assert len(agents.pages("agents")) == 3
    done = sync_engine("doctor", "--duplicates", "--yes", "--json")
    assert done.code == 0 and done.json()["repaired"] == 1
    assert len(agents.pages("agents")) == 2
    assert "no duplicates" in sync_engine("doctor", "--duplicates").out
    assert sync_engine("doctor", "--yes").code == 2
