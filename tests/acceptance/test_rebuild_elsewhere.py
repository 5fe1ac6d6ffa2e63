"""New databases elsewhere are filled from the log, whole and linked, and can take the place of lost ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sync_engine.engine.rebuild.elsewhere import rebuild_elsewhere
from sync_engine.engine.rebuild.rebuilt import Span
from sync_engine.errors import NotionUnavailable
from tests.support.cli import Ran, command_line
from tests.support.thinning import some
from tests.support.world import World, text, title, title_of

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


@pytest.fixture
def shelf(world: World) -> str:
    """An empty page that the connection sees."""
    parent = {"type": "page_id", "page_id": world.sandbox.parent_page_id}
    made = world.call("POST", "/pages", {"parent": parent, "properties": {"title": title("Shelf")["title"]}})
    return str(made["id"])


def pages_of(world: World, database: str) -> list[dict[str, Any]]:
    [source] = world.call("GET", f"/databases/{database}")["data_sources"]
    found: list[dict[str, Any]] = world.call("POST", f"/data_sources/{source['id']}/query", {})["results"]
    return found


def content(world: World, agents: list[dict[str, Any]], teams: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = {page["id"]: title_of(page) for page in teams}
    return sorted(
        (
            title_of(page),
            "".join(run["plain_text"] for run in page["properties"]["Prompt"]["rich_text"]),
            [names[item["id"]] for item in page["properties"]["Team"]["relation"]],
            sorted(item["name"] for item in page["properties"]["Tags"]["multi_select"]),
        )
        for page in agents
    )


def replay(sync_engine: SyncEngine, shelf: str, *more: str) -> Any:
    return sync_engine("replay", "--target", f"new-notion:{shelf}", *more, "--yes", "--json").json()


def test_a_copy_has_all_pages_and_links_and_touches_nothing(
    world: World, sync_engine: SyncEngine, shelf: str
) -> None:
    before = content(world, world.pages("agents"), world.pages("teams"))
    planned = sync_engine("replay", "--target", f"new-notion:{shelf}", "--dry-run", "--json").json()
    assert planned["counts"] == {"create": 6}
    assert planned["requests"] == 6 + 5 + 4
    events = world.sql("SELECT count(*) FROM sync_engine.sync_events")
    done = replay(sync_engine, shelf)
    assert done["counts"] == {"create": 6, "update": 5}, "five pages have a link"
    made = done["databases"]
    assert content(world, pages_of(world, made["agents"]), pages_of(world, made["teams"])) == before
    assert world.sql("SELECT count(*) FROM sync_engine.sync_events") == events
    world.assert_in_sync()
    assert replay(sync_engine, shelf)["counts"] == {}, "and once more makes nothing"


def test_a_copy_of_an_earlier_time(world: World, sync_engine: SyncEngine, shelf: str) -> None:
    before = content(world, world.pages("agents"), world.pages("teams"))
    sync_engine("mark", "create", "good")
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("worse"))
    world.sql("DELETE FROM agents WHERE name = 'Agent 2'")
    world.sync()
    made = replay(sync_engine, shelf, "--until", "good")["databases"]
    assert content(world, pages_of(world, made["agents"]), pages_of(world, made["teams"])) == before


@pytest.mark.parametrize("skip", some([0, 1, 2, 3, 5, 7, 8, 9, 12], every=3))
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_call_that_was_cut_short_goes_on_without_doubles(
    world: World, sync_engine: SyncEngine, shelf: str, skip: int, fault: str
) -> None:
    before = content(world, world.pages("agents"), world.pages("teams"))
    world.sandbox.fail_next("*", "/v1/(databases|data_sources/[^/]*$|pages)", fault, times=40, skip=skip)
    with pytest.raises(NotionUnavailable):
        rebuild_elsewhere(world.app.context, shelf, Span(), dry_run=False)
    world.sandbox.faults.clear()
    done, _ = rebuild_elsewhere(world.app.context, shelf, Span(), dry_run=False)
    made = done.made
    assert done.ok
    assert content(world, pages_of(world, made["agents"]), pages_of(world, made["teams"])) == before
    assert len(world.call("GET", f"/blocks/{shelf}/children")["results"]) == 2


def test_relinked_records_are_synced_with_the_new_pages(world: World, sync_engine: SyncEngine, shelf: str) -> None:
    before = content(world, world.pages("agents"), world.pages("teams"))
    rows = world.sql("SELECT to_jsonb(a) FROM agents a ORDER BY id")
    old = world.app.context.mapping("agents").database_id
    for table in ("agents", "teams"):
        world.sandbox.revoke_access(world.app.context.mapping(table).database_id)
    done = replay(sync_engine, shelf, "--relink")
    assert done["counts"] == {"create": 6, "update": 5}
    world.restart()
    assert world.app.context.mapping("agents").database_id == done["databases"]["agents"] != old
    assert content(world, world.pages("agents"), world.pages("teams")) == before
    world.assert_in_sync()
    assert world.sql("SELECT to_jsonb(a) FROM agents a ORDER BY id") == rows
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from the new place"))
    world.sync()
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("from the new place",)]


def test_the_page_that_holds_what_is_synced_is_refused(world: World, sync_engine: SyncEngine) -> None:
    ran = sync_engine("replay", "--target", f"new-notion:{world.sandbox.parent_page_id}", "--yes")
    assert ran.code == 2
    assert "lies under this page" in ran.err


def test_relinking_a_part_is_refused(sync_engine: SyncEngine, shelf: str) -> None:
    ran = sync_engine("replay", "--target", f"new-notion:{shelf}", "--relink", "--table", "agents", "--yes")
    assert ran.code == 2
