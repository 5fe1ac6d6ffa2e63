"""Each command on a real database and the local Notion: what it prints, what it changes, how it ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Ran, command_line
from tests.support.postgres import Database
from tests.support.world import World, make_world, text

SyncEngine = Callable[..., Ran]
COUNTS = {"captured", "applied", "conflicts", "held"}


@pytest.fixture
def sync_engine(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> SyncEngine:
    monkeypatch.chdir(world.folder)
    world.sql(
        """INSERT INTO teams (name) VALUES ('Root');
           INSERT INTO agents (name, prompt) SELECT 'Agent ' || i, 'p' || i FROM generate_series(1, 5) i"""
    )
    return command_line(capsys, world.environment | {"USER": "tester"})


@pytest.fixture
def synced(sync_engine: SyncEngine) -> SyncEngine:
    assert sync_engine("sync", "--quiet").code == 0
    return sync_engine


def conflicting(world: World, sync_engine: SyncEngine, name: str = "Agent 1") -> str:
    """One conflict on the prompt of an agent, which Notion wins; its id."""
    world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name = %s", name)
    world.edit(world.page("agents", name)["id"], Prompt=text("from notion"))
    assert sync_engine("sync", "--json").json()["conflicts"]["new"] == 1
    return str(sync_engine("conflicts", "list", "--json").json()[-1]["id"])


def key_of(world: World, name: str) -> str:
    return str(world.sql("SELECT id::text FROM agents WHERE name = %s", name)[0][0])


def prompt(world: World, name: str) -> str:
    return str(world.sql("SELECT prompt FROM agents WHERE name = %s", name)[0][0])


def test_sync_json_has_the_shape_that_scripts_rely_on(sync_engine: SyncEngine) -> None:
    first = sync_engine("sync", "--json").json()
    assert first.keys() >= {"run_id", "direction", "dry_run", "requests", "seconds", "quiet", "tables"} | COUNTS
    assert first["applied"]["notion"] == {"create": 6, "update": 0, "trash": 0, "restore": 0}
    assert first["applied"]["postgres"] == {"insert": 0, "update": 0, "delete": 0}
    assert first["requests"].keys() == {"notion", "retried", "rate_limited"}
    assert first["tables"]["agents"].keys() >= COUNTS
    assert first["quiet"] is True
    again = sync_engine("--json", "sync").json()
    assert sum(again["applied"]["notion"].values()) == 0


def test_sync_dry_run_changes_nothing(world: World, sync_engine: SyncEngine) -> None:
    planned = sync_engine("sync", "--dry-run", "--json").json()
    assert planned["dry_run"] is True
    assert planned["applied"]["notion"]["create"] == 6
    assert {"side", "table", "key", "op", "fields", "braked"} == planned["plan"][0].keys()
    assert world.pages("agents") == []
    assert "dry run: nothing was changed" in sync_engine("sync", "--dry-run").out


def test_sync_takes_tables_and_a_limit(world: World, sync_engine: SyncEngine) -> None:
    done = sync_engine("sync", "--table", "agents", "--limit", "2", "--json").json()
    assert done["applied"]["notion"]["create"] == 2
    assert done["quiet"] is False
    assert len(world.pages("teams")) == 0


def test_an_unknown_table_is_named_with_the_known_ones(sync_engine: SyncEngine) -> None:
    shown = sync_engine("sync", "--table", "agnts")
    assert shown.code == 2
    assert "agnts" in shown.err and "agents" in shown.err


def test_strict_is_3_while_something_waits(world: World, synced: SyncEngine) -> None:
    assert synced("sync", "--strict").code == 0
    world.edit(world.page("agents", "Agent 1")["id"], Name={"title": [{"text": {"content": "Agent 2"}}]})
    shown = synced("sync", "--strict", "--json")
    assert shown.code == 3
    assert shown.json()["held"]["open"] == 1
    held = synced("held", "list", "--json").json()
    assert held[0].keys() == {
        "id", "table", "key", "side", "op", "reason", "constraint", "waiting_for", "attempts", "since",
    }  # fmt: skip
    assert "agents" in synced("held", "list").out
    assert synced("held", "retry", "--all", "2").code == 2
    assert synced("held", "retry", "--all", "1", "--dry-run").code == 0
    world.sql("UPDATE agents SET name = 'Agent 22' WHERE name = 'Agent 2'")
    assert synced("held", "retry", str(held[0]["id"])).code == 0
    assert synced("sync", "--strict").code == 0


def test_plan_and_setup(world: World, sync_engine: SyncEngine) -> None:
    assert sync_engine("plan", "--json").json() == {"changes": []}
    assert sync_engine("plan", "--check").code == 0
    world.sql("ALTER TABLE agents DISABLE TRIGGER ALL")
    shown = sync_engine("plan", "--check", "--json")
    assert shown.code == 7
    assert {change["side"] for change in shown.json()["changes"]} == {"postgres"}
    assert sync_engine("setup", "--dry-run").code == 0
    assert sync_engine("plan", "--check").code == 7
    assert sync_engine("doctor").code == 1
    assert sync_engine("setup").code == 0
    assert sync_engine("plan", "--check").code == 0
    assert sync_engine("doctor").code == 0


def test_status(synced: SyncEngine) -> None:
    document = synced("status", "--json").json()
    assert document.keys() >= {"tables", "budget", "open_conflicts", "held"}
    agents = next(item for item in document["tables"] if item["table"] == "agents")
    assert (agents["rows"], agents["pages"], agents["linked"], agents["backlog"]) == (5, 5, 5, 0)
    assert agents["notion_data_source_id"] and agents["notion_database_id"] and agents["last_sync"]
    assert "agents" in synced("status").out


def test_verify_is_7_on_differences_and_prints_one_document(world: World, synced: SyncEngine) -> None:
    assert synced("verify", "--json").json() == {"in_sync": True, "checked": 6, "differences": []}
    world.sql("UPDATE agents SET prompt = 'changed' WHERE name = 'Agent 1'")
    shown = synced("verify", "--json")
    assert shown.code == 7
    [difference] = shown.json()["differences"]
    assert difference.keys() == {"table", "key", "field", "postgres", "notion", "kind"}
    assert (difference["field"], difference["postgres"], difference["notion"]) == ("prompt", "changed", "p1")
    assert synced("verify").err.startswith("error: 1 differences in 6 records")


def test_a_conflict_is_listed_shown_and_swapped(world: World, synced: SyncEngine) -> None:
    number = conflicting(world, synced)
    [item] = synced("conflicts", "list", "--json").json()
    assert item.keys() == {
        "id", "table", "key", "field", "type", "status", "base", "postgres", "notion",
        "winner", "reason", "policy", "policy_version",
    }  # fmt: skip
    assert (item["base"], item["postgres"]["value"], item["notion"]["value"]) == (
        "p1",
        "from postgres",
        "from notion",
    )
    assert len(item["notion"]["at"]) == 2
    assert "from postgres" in synced("conflicts", "show", number).out
    assert synced("conflicts", "swap", number, "--dry-run", "--json").json()["value"] == "from postgres"
    assert prompt(world, "Agent 1") == "from notion"
    assert synced("conflicts", "swap", number, "--json").json()["status"] == "swapped"
    assert prompt(world, "Agent 1") == "from postgres"
    assert synced("conflicts", "list").out == "no conflicts\n"
    assert len(synced("conflicts", "list", "--status", "all", "--json").json()) == 1
    world.assert_in_sync()


def test_a_conflict_is_resolved_with_a_third_value(world: World, synced: SyncEngine) -> None:
    number = conflicting(world, synced)
    assert synced("conflicts", "resolve", number, "--value", "gold").code == 2
    assert synced("conflicts", "resolve", number).code == 2
    assert synced("conflicts", "resolve", number, "--value", '"gold"', "--dry-run").code == 0
    assert prompt(world, "Agent 1") == "from notion"
    done = synced("conflicts", "resolve", number, "--value", '"gold"', "--json").json()
    assert (done["status"], done["resolved_by"]) == ("resolved", "tester")
    assert prompt(world, "Agent 1") == "gold"
    assert synced("conflicts", "resolve", "4711", "--keep", "notion").code == 2
    world.assert_in_sync()


def test_all_open_conflicts_are_resolved_at_once(world: World, synced: SyncEngine) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "manual"\n')
    for name in ("Agent 1", "Agent 2"):
        conflicting(world, synced, name)
    assert synced("sync", "--strict").code == 3
    every = ("conflicts", "resolve", "--all", "--keep", "postgres", "--field", "prompt")
    assert synced(*every, "--dry-run").code == 0
    refused = synced(*every)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert len(synced("conflicts", "list", "--status", "open", "--json").json()) == 2
    assert len(synced(*every, "--yes", "--json").json()) == 2
    assert synced("conflicts", "list", "--status", "open", "--json").json() == []
    assert {prompt(world, name) for name in ("Agent 1", "Agent 2")} == {"from postgres"}
    assert synced("verify").code == 0


def test_a_bulk_edit_is_rolled_back_and_forth(world: World, synced: SyncEngine) -> None:
    for number in (1, 2, 3):
        world.edit(world.page("agents", f"Agent {number}")["id"], Prompt=text("oops"))
    run_id = synced("sync", "--json").json()["run_id"]
    runs = synced("runs", "list", "--limit", "1", "--json").json()
    assert runs[0].keys() >= {"run_id", "kind", "started_at", "finished_at", "status", "applied", "conflicts"}
    assert runs[0]["run_id"] == run_id
    shown = synced("runs", "show", run_id, "--json").json()
    assert {(change["before"]["prompt"], change["after"]["prompt"]) for change in shown["changes"]} == {
        ("p1", "oops"), ("p2", "oops"), ("p3", "oops"),
    }  # fmt: skip
    assert "oops" in synced("runs", "show", run_id).out
    planned = synced("rollback", "--run", run_id, "--dry-run", "--json").json()
    assert planned["dry_run"] is True and planned["undone"] == 0
    assert planned["plan"][0].keys() == {"side", "table", "key", "op", "fields", "status", "reason"}
    refused = synced("rollback", "--run", run_id)
    assert refused.code == 2
    assert "agents" in refused.out and "--yes" in refused.err
    assert prompt(world, "Agent 1") == "oops"
    done = synced("rollback", "--run", run_id, "--yes", "--json").json()
    assert (done["undone"], done["blocked"]) == (3, 0)
    assert prompt(world, "Agent 1") == "p1"
    assert synced("verify").code == 0
    assert "3 records taken back" in synced("runs", "list").out
    assert synced("rollback", "--run", done["rollback_id"], "--yes").code == 0
    assert prompt(world, "Agent 1") == "oops"
    assert synced("verify").code == 0


def test_marks_and_a_rollback_to_one(world: World, synced: SyncEngine) -> None:
    assert synced("mark", "create", "before", "--dry-run").code == 0
    assert synced("mark", "list", "--json").json() == []
    for unusable in ("", " ", "yesterday", "2026-01-01", "2 hours ago"):
        assert synced("mark", "create", unusable).code == 2
    assert synced("mark", "create", "before").out == "created mark before\n"
    assert synced("mark", "create", "before").code == 2
    [mark] = synced("mark", "list", "--json").json()
    assert mark.keys() == {"name", "at", "protected"}
    world.sql("UPDATE agents SET prompt = 'later' WHERE name = 'Agent 4'")
    assert synced("sync").code == 0
    log = synced("audit", "log", "--since", "before", "--source", "postgres", "--json").json()
    assert [event["changed"] for event in log] == [["prompt", "updated_at"]]
    assert synced("rollback", "--to", "before", "--yes", "--json").json()["undone"] == 1
    assert prompt(world, "Agent 4") == "p4"
    assert synced("rollback", "--to", "nowhere", "--yes").code == 2
    assert synced("mark", "delete", "before", "--dry-run").code == 0
    assert synced("mark", "delete", "before").code == 0
    assert synced("mark", "delete", "before").code == 2
    [own] = synced("mark", "list", "--json").json()
    assert own["name"].startswith("before rollback ") and not own["protected"]


def test_the_audit_trail_in_three_forms(world: World, synced: SyncEngine) -> None:
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    synced("sync")
    key = key_of(world, "Agent 1")
    events = synced("audit", "log", "--table", "agents", "--key", key, "--json").json()
    assert events[0].keys() == {
        "seq", "source", "table", "key", "op", "before", "after", "changed",
        "at", "recorded_at", "actor", "origin", "run_id", "txid",
    }  # fmt: skip
    assert [event["source"] for event in events][-2:] == ["notion", "postgres"]
    assert events == synced("audit", "log", "--table", "agents", "--key", key, "--format", "json").json()
    rows = list(csv.DictReader(io.StringIO(synced("audit", "log", "--key", key, "--format", "csv").out)))
    assert [row["op"] for row in rows] == [event["op"] for event in events]
    assert json.loads(rows[-2]["after"]) == {"prompt": "from notion"}
    table = synced("audit", "log", "--key", key, "--limit", "2").out.splitlines()
    assert table[0].split()[:4] == ["SEQ", "AT", "SOURCE", "OP"]
    assert len(table) == 3
    mine = synced("audit", "log", "--run", events[-1]["run_id"], "--json").json()
    assert [event["key"] for event in mine] == [key]
    history = synced("audit", "history", "agents", key, "--json").json()
    assert history[0].keys() == {"seq", "at", "source", "actor", "origin", "op", "changes"}
    assert history[-2]["changes"] == [{"field": "prompt", "from": "p1", "to": "from notion"}]
    assert "prompt: p1 → from notion" in synced("audit", "history", "agents", key).out
    assert synced("audit", "log", "--since", "lately").code == 2
    assert synced("audit", "log", "--until", "2 hours ago", "--json").json() == []


def test_init_writes_a_file_that_plan_accepts(world: World, sync_engine: SyncEngine) -> None:
    printed = sync_engine("init", "--out", "-").out
    assert printed.startswith("#") and 'name = "agents"' in printed
    assert sync_engine("--config", "new.toml", "init").code == 0
    assert Path("new.toml").read_text() == printed
    assert sync_engine("--config", "new.toml", "plan").code == 0
    Path("new.toml").write_text("version = 1\n")
    refused = sync_engine("--config", "new.toml", "init")
    assert refused.code == 2
    assert Path("new.toml").read_text() == "version = 1\n"
    assert (
        sync_engine("--config", "new.toml", "init", "--table", "teams", "--yes", "--json").json()["file"]
        == "new.toml"
    )
    assert 'name = "agents"' not in Path("new.toml").read_text()
    assert sync_engine("init", "--table", "agnts", "--dry-run").code == 2


def test_init_adds_to_a_file_that_is_there_and_touches_nothing_in_it(
    world: World, sync_engine: SyncEngine
) -> None:
    assert sync_engine("--config", "mine.toml", "init", "--table", "teams").code == 0
    mine = Path("mine.toml").read_text().replace('title = "name"', 'title   =   "name"   # my own words')
    Path("mine.toml").write_text(mine)
    assert sync_engine("--config", "mine.toml", "init", "--table", "agents").code == 2, "nobody to ask"
    assert Path("mine.toml").read_text() == mine
    shown = sync_engine("--config", "mine.toml", "init", "--dry-run")
    assert shown.out.startswith("[[tables]]") and 'name = "agents"' in shown.out
    assert Path("mine.toml").read_text() == mine
    added = sync_engine("--config", "mine.toml", "init", "--table", "agents", "--yes", "--json").json()
    assert added["added"] == ["agents"]
    merged = Path("mine.toml").read_text()
    assert merged.startswith(mine.rstrip()) and merged.count("[[tables]]") == 2
    assert "relation to teams" in merged, "it knows the tables of the file"
    assert sync_engine("--config", "mine.toml", "plan").code == 0
    again = sync_engine("--config", "mine.toml", "init", "--yes")
    assert "names every table already" in again.out and Path("mine.toml").read_text() == merged
    Path("mine.toml").write_text(merged.replace('name = "agents"', 'name = "agents_before"'))
    assert sync_engine("--config", "mine.toml", "init", "--yes", "--json").json()["added"] == ["agents"]
    assert sync_engine("--config", "mine.toml", "plan").code == 2, "the table that is gone is named by plan"
    assert sync_engine("--config", "mine.toml", "init", "--overwrite", "--yes").code == 0
    assert "my own words" not in Path("mine.toml").read_text()
    Path("mine.toml").write_text("version = 1\ntables = []\n")
    assert sync_engine("--config", "mine.toml", "init", "--yes").code == 2
    assert Path("mine.toml").read_text() == "version = 1\ntables = []\n"


def test_the_engine_schema(world: World, sync_engine: SyncEngine) -> None:
    world.log_was_forged = True
    current = sync_engine("db", "current", "--json").json()
    assert current["is_current"] is True
    assert "CREATE SCHEMA" in sync_engine("db", "sql").out
    assert sync_engine("db", "upgrade").out.startswith("nothing to do")
    assert sync_engine("db", "uninstall", "--dry-run").code == 0
    assert sync_engine("db", "uninstall").code == 2
    assert sync_engine("db", "current").code == 0
    assert sync_engine("db", "uninstall", "--yes").code == 0
    assert sync_engine("db", "current").code == 6
    for arguments in (["sync"], ["status"], ["runs", "list"], ["conflicts", "list"], ["audit", "log"], ["verify"]):
        refused = sync_engine(*arguments)
        assert refused.code == 6, arguments
        assert refused.err.endswith("run `sync-engine setup`\n")
    assert sync_engine("db", "upgrade").code == 0
    assert sync_engine("db", "current").code == 0


def test_another_run_holds_the_lock(world: World, synced: SyncEngine) -> None:
    with world.app.database.lock():
        shown = synced("sync", "--json")
    assert shown.code == 9
    assert shown.json()["error"]["code"] == "locked"


def test_the_brake(empty_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with make_world(empty_database, tmp_path) as world:
        world.setup()
        world.sql("INSERT INTO agents (name) SELECT 'Agent ' || i FROM generate_series(1, 30) i")
        sync_engine = command_line(capsys, world.environment | {"SYNC_CONFIG": str(tmp_path / "sync.toml")})
        assert sync_engine("sync").code == 0
        world.sql("DELETE FROM agents")
        shown = sync_engine("sync", "--json")
        assert shown.code == 8
        assert shown.json()["brake"] == {"agents": 30}
        assert "30 deletes in agents" in shown.err
        assert len(world.pages("agents")) == 30


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, 4, "127.0.0.1"),
        ({"DATABASE_URL": "mysql://localhost/x"}, 2, "mysql"),
        ({"NOTION_TOKEN": "ntn_wrong"}, 5, "NOTION_TOKEN"),
        ({"NOTION_TOKEN": ""}, 2, "NOTION_TOKEN"),
    ],
)
def test_what_cannot_be_reached_has_its_code_and_its_mend(
    change: dict[str, str],
    code: int,
    says: str,
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(world.folder)
    shown = command_line(capsys, world.environment | change)("sync", "--json")
    assert shown.code == code
    assert says in shown.err
    assert shown.err.count("\n") == 1
    assert shown.json()["error"].keys() == {"code", "message", "hint"}


def test_a_table_that_is_not_in_the_database(world: World, sync_engine: SyncEngine) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text().replace('name = "agents"', 'name = "agentz"'))
    shown = sync_engine("sync")
    assert shown.code == 2
    assert "agentz" in shown.err and "agents" in shown.err
