"""Pages that were lost or changed in Notion are put back from the log, linked again, and never doubled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli import Ran, command_line
from tests.support.world import World, shown, text, title, title_of

SyncEngine = Callable[..., Ran]


@pytest.fixture
def sync_engine(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> SyncEngine:
    monkeypatch.chdir(world.folder)
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    world.sql("INSERT INTO teams (name, parent_id) SELECT 'Leaf', id FROM teams")
    for number in range(1, 5):
        world.sql(
            "INSERT INTO agents (name, prompt, tags, team_id) SELECT %s, 'be kind', '{a,b}', id FROM teams"
            " WHERE name = 'Leaf'",
            f"Agent {number}",
        )
    world.sync()
    return command_line(capsys, world.environment | {"USER": "tester"})


def replay(sync_engine: SyncEngine, *more: str) -> Any:
    return sync_engine("replay", "--target", "notion", *more, "--yes", "--json").json()


def as_seen(world: World) -> list[tuple[Any, ...]]:
    """Pages by what a person sees of them."""
    teams = {page["id"]: title_of(page) for page in world.pages("teams")}
    found = [
        (
            title_of(page),
            shown(page, "Prompt"),
            [teams[item["id"]] for item in page["properties"]["Team"]["relation"]],
        )
        for page in world.pages("agents")
    ]
    return sorted(found)


def test_nothing_is_written_where_nothing_was_lost(world: World, sync_engine: SyncEngine) -> None:
    found = replay(sync_engine)
    assert (found["ok"], found["counts"], found["plan"]) == (True, {}, [])


def test_a_trashed_database_comes_back_with_all_its_pages(world: World, sync_engine: SyncEngine) -> None:
    before = as_seen(world)
    database = world.app.context.mapping("agents").database_id
    world.call("PATCH", f"/databases/{database}", {"in_trash": True})
    assert sync_engine("replay", "--target", "notion", "--dry-run", "--json").json()["counts"] == {"restore": 1}
    assert replay(sync_engine)["counts"] == {"restore": 1}
    assert as_seen(world) == before
    world.assert_in_sync()


def test_pages_that_no_pass_has_missed_yet_come_out_of_the_trash(world: World, sync_engine: SyncEngine) -> None:
    before = as_seen(world)
    for page in [*world.pages("agents")[:2], world.page("teams", "Leaf")]:
        world.call("PATCH", f"/pages/{page['id']}", {"in_trash": True})
    assert replay(sync_engine)["counts"] == {"restore": 3}
    assert as_seen(world) == before
    world.assert_in_sync()


def test_the_pages_as_of_a_mark_cross_as_edits_and_can_be_taken_back(
    world: World, sync_engine: SyncEngine
) -> None:
    before = as_seen(world)
    sync_engine("mark", "create", "good")
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("worse"), Team={"relation": []})
    world.call("PATCH", f"/pages/{world.page('agents', 'Agent 2')['id']}", {"in_trash": True})
    made = {
        "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
        "properties": {"Name": title("Later")},
    }
    world.call("POST", "/pages", made)
    world.sync(full=True)
    after = as_seen(world)
    done = replay(sync_engine, "--until", "good")
    assert done["counts"] == {"update": 1, "restore": 1, "trash": 1}, done
    assert as_seen(world) == before
    origins = world.sql("SELECT DISTINCT op, origin FROM sync_engine.sync_events WHERE origin LIKE 'replay:%'")
    assert sorted(origins) == [(op, f"replay:{done['run_id']}") for op in ("d", "r", "u")]
    world.sync()
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("be kind",)]
    taken = sync_engine("rollback", "--run", done["run_id"], "--yes", "--json").json()
    assert taken["blocked"] == 0, taken
    assert [page for page in as_seen(world) if page[0] in ("Agent 1", "Later")] == [
        page for page in after if page[0] in ("Agent 1", "Later")
    ]


def test_an_edit_that_no_pass_has_seen_is_kept(world: World, sync_engine: SyncEngine) -> None:
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("just now"))
    assert replay(sync_engine)["counts"] == {}
    world.sync()
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("just now",)]


def test_purged_pages_are_made_anew_and_linked_again(world: World, sync_engine: SyncEngine) -> None:
    before = as_seen(world)
    for page in (world.page("teams", "Leaf"), world.page("agents", "Agent 3")):
        world.sandbox.purge(page["id"])
    assert as_seen(world) != before
    done = replay(sync_engine)
    assert done["counts"]["create"] == 2
    assert as_seen(world) == before
    assert len(world.pages("agents")) == 4
    world.assert_in_sync()
    assert replay(sync_engine)["counts"] == {}


def test_the_preview_tells_counts_requests_and_time(world: World, sync_engine: SyncEngine) -> None:
    sync_engine("mark", "create", "good")
    for page in world.pages("agents"):
        world.edit(page["id"], Prompt=text("worse"))
    world.sync()
    ran = sync_engine("replay", "--target", "notion", "--until", "good", "--dry-run", "--json").json()
    assert ran["counts"] == {"update": 4}
    assert ran["requests"] == 5
    assert ran["eta_seconds"] == pytest.approx(5 * 60 / 100_000, abs=0.1)
    assert [page[1] for page in as_seen(world)] == ["worse"] * 4
