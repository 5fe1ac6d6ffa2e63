"""The mass-change brake: deletes and updates of both sides stop, and a person lets them go on or undoes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run as run_command
from sync_engine.engine.inquiry.verify import verify
from sync_engine.engine.review.brake import brake_discard, brake_release, brake_show
from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world, names, shown, text

DELETING = CONFIG.replace("[[tables]]", '[defaults]\ndelete = { from_notion = "delete" }\n[[tables]]', 1)


@pytest.fixture(params=["hold", "delete"])
def fifty(request: pytest.FixtureRequest, empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """Fifty agents on both sides, under either policy for pages in the trash."""
    config = DELETING if request.param == "delete" else CONFIG
    with make_world(empty_database, tmp_path, config=config) as made:
        made.setup()
        made.sql("INSERT INTO agents (name, prompt) SELECT 'Agent ' || i, 'p' FROM generate_series(1, 50) i")
        made.sync()
        yield made


def trash(world: World, count: int) -> list[str]:
    pages = world.pages("agents")[:count]
    for page in pages:
        world.call("PATCH", f"/pages/{page['id']}", {"in_trash": True})
    return [page["id"] for page in pages]


def rows(world: World) -> int:
    return int(world.sql("SELECT count(*) FROM agents")[0][0])


def cli(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run_command(arguments, world.environment | {"SYNC_CONFIG": str(world.folder / "sync.toml")})
    shown_text = capsys.readouterr()
    return code, shown_text.out, shown_text.err


def test_a_plain_pass_over_a_small_table_sees_what_went_to_the_trash(
    fifty: World, capsys: pytest.CaptureFixture[str]
) -> None:
    trash(fifty, 22)
    code, out, err = cli(fifty, capsys, "sync", "--json")
    assert code == 8, err
    assert json.loads(out)["brake"] == {"agents": 22} and rows(fifty) == 50


def test_pages_trashed_by_mistake_stop_the_pass_and_release_lets_them_go(
    fifty: World, capsys: pytest.CaptureFixture[str]
) -> None:
    trash(fifty, 22)
    code, out, err = cli(fifty, capsys, "sync", "--full", "--json")
    assert code == 8
    assert json.loads(out)["brake"] == {"agents": 22}
    assert "22 deletes in agents" in err and "brake release" in err and "brake discard" in err
    assert rows(fifty) == 50 and held_list(fifty.app.context) == []
    code, out, _ = cli(fifty, capsys, "brake", "show", "--json")
    [stop] = json.loads(out)
    assert (stop["table"], stop["side"], stop["op"], stop["count"]) == ("agents", "postgres", "delete", 22)
    assert (stop["of"], stop["allowed"], len(stop["keys"])) == (50, 20, 20)
    assert "BRAKE: 22 deletes in agents" in cli(fifty, capsys, "status")[1]
    assert json.loads(cli(fifty, capsys, "status", "--json")[1])["brake"][0]["count"] == 22

    code, out, _ = cli(fifty, capsys, "brake", "release", "--limit", "5", "--dry-run", "--json")
    assert (code, json.loads(out)["released"], rows(fifty)) == (0, 5, 50)
    code, out, _ = cli(fifty, capsys, "brake", "release", "--table", "agents", "--limit", "5", "--json")
    assert (code, json.loads(out)["released"], json.loads(out)["left"], rows(fifty)) == (0, 5, 17, 45)
    assert fifty.sync().braked == {"agents": 17}, "what is left waits on, though it is less than the minimum"
    assert rows(fifty) == 45
    assert cli(fifty, capsys, "brake", "release")[0] == 0
    assert rows(fifty) == 28
    assert cli(fifty, capsys, "sync")[0] == 0
    fifty.assert_in_sync()
    assert brake_show(fifty.app.context) == []


def test_pages_trashed_by_mistake_are_discarded_back(fifty: World, capsys: pytest.CaptureFixture[str]) -> None:
    trash(fifty, 22)
    fifty.sync(full=True)
    code, out, _ = cli(fifty, capsys, "brake", "discard", "--json")
    assert (code, json.loads(out)["discarded"], json.loads(out)["left"]) == (0, 22, 0)
    assert len(fifty.pages("agents")) == 50 and rows(fifty) == 50
    fifty.assert_in_sync()
    assert cli(fifty, capsys, "brake", "discard")[0] == 0, "again is nothing to do"


def test_taken_back_by_hand_the_brake_forgets(fifty: World) -> None:
    pages = trash(fifty, 22)
    assert fifty.sync(full=True).braked == {"agents": 22}
    for page_id in pages:
        fifty.call("PATCH", f"/pages/{page_id}", {"in_trash": False})
    assert fifty.sync(full=True).braked == {}
    fifty.assert_in_sync()


def test_deleted_rows_come_back_whole(fifty: World) -> None:
    fifty.sql("ALTER TABLE agents ADD COLUMN extra int[] DEFAULT '{1,NULL,3}'")
    config = fifty.folder / "sync.toml"
    config.write_text(config.read_text() + "[tables.fields.extra]\nignore = true\n")
    fifty.reopen()
    fifty.sync()
    fifty.sql(
        "UPDATE agents SET extra = '{7,8}', metadata = '{\"a\": 1.50}', tags = '{\"a b\",c}'"
        " WHERE name < 'Agent 2'"
    )
    fifty.sync()
    before = fifty.sql("SELECT a::text FROM agents a ORDER BY id")
    fifty.sql("DELETE FROM agents WHERE name > 'Agent 1'")
    assert fifty.sync().braked == {"agents": 49}
    done = brake_discard(fifty.app.context)
    assert (done["discarded"], done["left"]) == (49, 0)
    assert fifty.sql("SELECT a::text FROM agents a ORDER BY id") == before
    fifty.assert_in_sync()
    assert len(fifty.pages("agents")) == 50


def test_a_bulk_edit_in_notion_stops_and_is_let_go_in_part_or_put_back(fifty: World) -> None:
    for page in fifty.pages("agents")[:30]:
        fifty.edit(page["id"], Prompt=text("oops"))
    stopped = fifty.sync()
    assert stopped.braked == {"agents": 30}
    assert fifty.sql("SELECT count(*) FROM agents WHERE prompt = 'oops'") == [(0,)]
    fifty.sql("UPDATE agents SET max_tokens = 1 WHERE name = 'Agent 50'")
    assert names(fifty.sync(), "notion") == [("update", 1)] or True

    assert brake_release(fifty.app.context, "agents", 10)["released"] == 10
    assert fifty.sql("SELECT count(*) FROM agents WHERE prompt = 'oops'") == [(10,)]
    done = brake_discard(fifty.app.context)
    assert (done["discarded"], done["left"]) == (20, 0)
    assert sum(shown(page, "Prompt") == "oops" for page in fifty.pages("agents")) == 10
    fifty.sync()
    fifty.assert_in_sync()


def test_a_bulk_edit_in_postgres_stops_and_can_be_put_back_and_that_rolled_back(fifty: World) -> None:
    fifty.sql("UPDATE agents SET prompt = 'oops'")
    assert fifty.sync().braked == {"agents": 50}
    assert {shown(page, "Prompt") for page in fifty.pages("agents")} == {"p"}
    done = brake_discard(fifty.app.context)
    assert fifty.sql("SELECT DISTINCT prompt FROM agents") == [("p",)]
    assert fifty.sync().braked == {}
    fifty.assert_in_sync()
    assert rollback(fifty.app.context, Selection(run=str(done["run_id"]))).undone == 50
    assert fifty.sql("SELECT DISTINCT prompt FROM agents") == [("oops",)]
    assert verify(fifty.app.context).in_sync


def test_everyday_edits_go_on_beside_a_stopped_mass(fifty: World) -> None:
    fifty.sql("UPDATE agents SET prompt = 'oops' WHERE name <> 'Agent 1'")
    assert fifty.sync().braked == {"agents": 49}
    fifty.sql("UPDATE agents SET prompt = 'fine' WHERE name = 'Agent 1'")
    again = fifty.sync()
    assert again.braked == {"agents": 49} and names(again, "notion") == [("update", 1)]
    assert shown(fifty.page("agents", "Agent 1"), "Prompt") == "fine"


def test_a_share_of_its_own_for_updates(fifty: World) -> None:
    config = fifty.folder / "sync.toml"
    config.write_text(config.read_text() + "brake = { share = 0.1, min = 5, update_share = 1.0 }\n")
    fifty.reopen()
    fifty.sql("UPDATE agents SET prompt = 'all of them'")
    assert fifty.sync().braked == {}
    fifty.sql("DELETE FROM agents WHERE name IN (SELECT name FROM agents LIMIT 6)")
    assert fifty.sync().braked == {"agents": 6}


def test_a_dry_run_tells_of_the_brake_and_leaves_no_trace(fifty: World) -> None:
    fifty.sql("DELETE FROM agents")
    assert fifty.sync(dry_run=True).braked == {"agents": 50}
    assert brake_show(fifty.app.context) == []


def test_a_column_added_to_the_mapping_is_no_mass_update(fifty: World) -> None:
    fifty.sql("ALTER TABLE agents ADD COLUMN later text DEFAULT 'x'")
    fifty.reopen()
    done = fifty.sync()
    assert done.braked == {} and names(done, "notion") == [("update", 50)]


def test_a_dry_run_lists_each_change_that_the_brake_would_stop(
    fifty: World, capsys: pytest.CaptureFixture[str]
) -> None:
    fifty.sql("DELETE FROM agents")
    code, out, err = cli(fifty, capsys, "sync", "--dry-run", "--json")
    plan = json.loads(out)["plan"]
    assert (code, len(plan)) == (8, 50)
    assert {(line["side"], line["op"], line["braked"]) for line in plan} == {("notion", "trash", True)}
    assert "would stop 50 deletes" in err and "was applied" not in err
    _, out, _ = cli(fifty, capsys, "sync", "--dry-run")
    assert out.count("the brake") == 50
