"""Taking back what a transaction, an actor, a side or single changes did, whether it was carried across or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.cli import Ran, command_line
from tests.support.world import World, shown, text, title

SyncEngine = Callable[..., Ran]


@pytest.fixture
def sync_engine(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> SyncEngine:
    monkeypatch.chdir(world.folder)
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    for number in range(1, 6):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'be kind')", f"Agent {number}")
    world.sync()
    return command_line(capsys, world.environment | {"USER": "tester"})


def by(world: World, actor: str, *statements: str) -> int:
    """One transaction of an application that names itself; its id."""
    with world.database.connect() as connection:
        connection.execute("SELECT set_config('sync_engine.actor', %s, true)", [actor])
        for statement in statements:
            connection.execute(statement.encode())
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert row is not None
        return int(row[0])


def prompts(world: World) -> Mapping[str, str]:
    return dict(world.sql("SELECT name, prompt FROM agents"))


def on_pages(world: World) -> Mapping[str, str]:
    return {shown(page, "Name"): shown(page, "Prompt") for page in world.pages("agents")}


def taken_back(sync_engine: SyncEngine, *selection: str) -> Any:
    planned = sync_engine("rollback", *selection, "--dry-run", "--json").json()
    done = sync_engine("rollback", *selection, "--yes", "--json").json()
    told = [[{**line, "reason": ""} for line in document["plan"]] for document in (planned, done)]
    assert told[0] == told[1], "what is planned is what is done"
    return done


@pytest.fixture(params=["carried across", "not carried across"])
def carry(request: pytest.FixtureRequest, world: World) -> Callable[[], None]:
    """Whether a pass lies between the changes and the rollback."""

    def carry() -> None:
        if request.param == "carried across":
            world.sync()

    return carry


def prompt_of(agent: str, value: str) -> str:
    return f"UPDATE agents SET prompt = '{value}' WHERE name = '{agent}'"


def test_G7_a_transaction(world: World, sync_engine: SyncEngine, carry: Callable[[], None]) -> None:
    txid = by(
        world,
        "importer",
        prompt_of("Agent 1", "oops"),
        "DELETE FROM agents WHERE name = 'Agent 2'",
        "INSERT INTO agents (name, prompt) VALUES ('Agent 6', 'new')",
        prompt_of("Agent 1", "oops again"),
    )
    by(world, "somebody else", prompt_of("Agent 3", "stays"))
    carry()
    done = taken_back(sync_engine, "--txid", str(txid))
    assert (done["undone"], done["blocked"]) == (3, 0)
    expected = {f"Agent {number}": "be kind" for number in (1, 2, 4, 5)} | {"Agent 3": "stays"}
    assert prompts(world) == expected
    world.sync()
    assert on_pages(world) == expected
    world.assert_in_sync()


def test_G7_an_actor_and_only_that_one(world: World, sync_engine: SyncEngine, carry: Callable[[], None]) -> None:
    by(world, "Ann", prompt_of("Agent 1", "from Ann"), "UPDATE agents SET mood = 'busy' WHERE name = 'Agent 2'")
    by(world, "Anna", prompt_of("Agent 3", "from Anna"))
    by(world, "Anna", "UPDATE agents SET max_tokens = 7 WHERE name = 'Agent 2'")
    carry()
    done = taken_back(sync_engine, "--actor", "ann")
    assert done["undone"] == 2
    assert prompts(world)["Agent 1"] == "be kind"
    assert prompts(world)["Agent 3"] == "from Anna"
    assert world.sql("SELECT mood::text, max_tokens FROM agents WHERE name = 'Agent 2'") == [("calm", 7)]
    world.sync()
    world.assert_in_sync()
    redone = taken_back(sync_engine, "--run", done["rollback_id"])
    assert redone["undone"] == 2
    assert prompts(world)["Agent 1"] == "from Ann"
    world.sync()
    world.assert_in_sync()


def test_G7_a_person_in_notion(world: World, sync_engine: SyncEngine, carry: Callable[[], None]) -> None:
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("typed"), Mood={"select": {"name": "busy"}})
    by(world, "importer", prompt_of("Agent 2", "imported"))
    world.sync(direction="from-notion", limit=0)
    carry()
    [event] = sync_engine("audit", "log", "--source", "notion", "--limit", "1", "--json").json()[:1]
    person = next(
        item["actor"]["name"]
        for item in sync_engine("audit", "log", "--source", "notion", "--json").json()
        if not item["origin"]
    )
    assert event
    done = taken_back(sync_engine, "--actor", person)
    assert done["undone"] == 1
    assert prompts(world)["Agent 1"] == "be kind" and prompts(world)["Agent 2"] == "imported"
    assert world.sql("SELECT mood::text FROM agents WHERE name = 'Agent 1'") == [("calm",)]
    world.sync()
    assert on_pages(world)["Agent 1"] == "be kind"
    world.assert_in_sync()


def test_G7_single_changes_from_the_middle_of_a_history(world: World, sync_engine: SyncEngine) -> None:
    by(world, "a", prompt_of("Agent 1", "first"))
    world.sync()
    by(world, "b", prompt_of("Agent 1", "second"), "UPDATE agents SET mood = 'busy' WHERE name = 'Agent 1'")
    world.sync()
    by(world, "c", prompt_of("Agent 1", "third"), prompt_of("Agent 2", "other"))
    world.sync()
    log = sync_engine("audit", "log", "--source", "postgres", "--table", "agents", "--json").json()
    numbers = {
        (event["actor"].get("name"), field): str(event["seq"])
        for event in log
        for field in event["changed"]
        if not event["origin"]
    }
    middle = sync_engine("rollback", "--event", numbers["b", "prompt"], "--yes", "--json").json()
    assert (middle["undone"], middle["blocked"]) == (0, 1)
    assert "edited since" in middle["plan"][0]["reason"]
    done = taken_back(sync_engine, "--event", numbers["b", "mood"], numbers["c", "prompt"])
    assert (done["undone"], done["blocked"]) == (2, 0)
    assert prompts(world)["Agent 2"] == "be kind"
    assert prompts(world)["Agent 1"] == "third"
    assert world.sql("SELECT mood::text FROM agents WHERE name = 'Agent 1'") == [("calm",)]
    world.sync()
    world.assert_in_sync()


def test_G7_one_side_since_a_mark(world: World, sync_engine: SyncEngine, carry: Callable[[], None]) -> None:
    by(world, "early", prompt_of("Agent 5", "before the mark"))
    world.sync()
    assert sync_engine("mark", "create", "here").code == 0
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    by(world, "app", prompt_of("Agent 2", "from postgres"))
    carry()
    assert taken_back(sync_engine, "--to", "here", "--side", "notion")["undone"] == 1
    assert prompts(world)["Agent 1"] == "be kind"
    assert prompts(world)["Agent 2"] == "from postgres"
    assert taken_back(sync_engine, "--to", "here", "--side", "postgres")["undone"] == 1
    assert prompts(world)["Agent 2"] == "be kind"
    assert prompts(world)["Agent 5"] == "before the mark"
    world.sync()
    world.assert_in_sync()


def test_G7_one_side_or_one_table_of_a_run(world: World, sync_engine: SyncEngine) -> None:
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    by(world, "app", prompt_of("Agent 2", "from postgres"), "UPDATE teams SET name = 'Renamed'")
    run = world.sync().run_id
    assert taken_back(sync_engine, "--run", run, "--side", "notion")["undone"] == 1
    assert (prompts(world)["Agent 1"], prompts(world)["Agent 2"]) == ("be kind", "from postgres")
    assert taken_back(sync_engine, "--run", run, "--table", "teams")["undone"] == 1
    assert world.sql("SELECT name FROM teams") == [("Root",)]
    assert prompts(world)["Agent 2"] == "from postgres"
    assert sync_engine("rollback", "--run", run, "--actor", "nobody", "--yes", "--json").json()["plan"] == []
    assert taken_back(sync_engine, "--run", run, "--actor", "app", "--table", "agents")["undone"] == 1
    assert prompts(world)["Agent 2"] == "be kind"
    world.sync()
    world.assert_in_sync()


def test_G7_what_a_person_made_or_trashed_in_notion(
    world: World, sync_engine: SyncEngine, carry: Callable[[], None]
) -> None:
    made = {
        "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
        "properties": {"Name": title("Made in Notion")},
    }
    world.call("POST", "/pages", made)
    world.sync()
    assert sync_engine("mark", "create", "here").code == 0
    world.call("PATCH", f"/pages/{world.page('agents', 'Agent 4')['id']}", {"in_trash": True})
    world.sync(full=True, limit=0)
    carry()
    done = taken_back(sync_engine, "--to", "here", "--side", "notion")
    assert done["undone"] == 1
    world.sync()
    assert on_pages(world)["Agent 4"] == "be kind"
    [(seq,)] = world.sql(
        "SELECT seq FROM sync_engine.sync_events WHERE source = 'n' AND op = 'i' AND origin IS NULL"
    )
    assert taken_back(sync_engine, "--event", str(seq))["undone"] == 1
    assert "Made in Notion" not in prompts(world)
    world.sync()
    assert "Made in Notion" not in on_pages(world)
    world.assert_in_sync()


def test_G7_a_later_edit_stays_unless_forced(world: World, sync_engine: SyncEngine) -> None:
    txid = by(world, "importer", prompt_of("Agent 1", "oops"), prompt_of("Agent 2", "oops"))
    world.sync()
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("mended by hand"))
    done = taken_back(sync_engine, "--txid", str(txid))
    assert done["blocked"] == 1
    assert "prompt: edited in notion" in str(done["plan"])
    assert prompts(world)["Agent 2"] == "be kind"
    assert on_pages(world)["Agent 1"] == "mended by hand"
    forced = sync_engine("rollback", "--txid", str(txid), "--force", "--yes", "--json").json()
    assert forced["blocked"] == 0
    world.sync()
    assert on_pages(world)["Agent 1"] == prompts(world)["Agent 1"] == "be kind"


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        (("--event", "99999"), "no event 99999"),
        (("--txid", "1"), "transaction 1"),
        (("--table", "agents"), "nothing selected"),
        (("--actor", "Ann", "--table", "nothing"), "nothing"),
        (("17",), "17"),
        (("--side", "left", "--actor", "Ann"), "left"),
    ],
)
def test_a_selection_of_nothing_is_told(
    world: World, sync_engine: SyncEngine, selection: tuple[str, ...], told: str
) -> None:
    shown_ = sync_engine("rollback", *selection, "--yes")
    assert shown_.code == 2 and told in shown_.err
