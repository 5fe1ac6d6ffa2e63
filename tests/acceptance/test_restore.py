"""A database that was restored, moved or set back is noticed, and what Notion still has is not lost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_engine.adapters.embedded.temporary import roomy_folder
from sync_engine.adapters.postgres.rebasing import PostgresRebasing
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.tamper import verify_log
from sync_engine.engine.passes.rebase import rebase
from sync_engine.engine.review.brake import brake_discard
from sync_engine.errors import DatabaseRestored
from tests.support.cli import command_line
from tests.support.looping import Stage
from tests.support.postgres import Database, TestServer
from tests.support.restoring import Disk, dump, move_to, restore
from tests.support.world import World, make_world, shown, text, title_of


@pytest.fixture
def disk(postgres: TestServer) -> Iterator[Disk]:
    folder = Path(tempfile.mkdtemp(prefix="sync-engine-test-", dir=roomy_folder()))
    folder.chmod(0o755)  # the server runs as another account, which pytest's own folder is closed to
    made = Disk(postgres.binaries, folder)
    yield made
    made.close()
    shutil.rmtree(folder)


@pytest.fixture
def on_disk(disk: Disk, tmp_path: Path) -> Iterator[World]:
    with make_world(disk.database, tmp_path) as made:
        made.setup()
        yield made


def populate(world: World) -> None:
    for name in ("Ada", "Ben", "Cid", "Dee"):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'first')", name)
    world.sync()


def live_on(world: World) -> None:
    """What happens after the backup: edits on both sides, a new row, a new page, a delete."""
    world.sql("UPDATE agents SET prompt = 'by the application' WHERE name = 'Ada'")
    world.edit(world.page("agents", "Ben")["id"], Prompt=text("by a person"))
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Eve', 'new')")
    world.sql("DELETE FROM agents WHERE name = 'Dee'")
    world.sync()


def prompts(world: World) -> dict[str, str]:
    return dict(world.sql("SELECT name, prompt FROM agents"))


def assert_nothing_lost(world: World, eve: Any) -> None:
    """What Notion had is back, what the restore brought back waits for a person, and the log tells it all."""
    assert prompts(world) == {
        "Ada": "by the application",
        "Ben": "by a person",
        "Cid": "first",
        "Dee": "first",
        "Eve": "new",
    }
    assert world.sql("SELECT id FROM agents WHERE name = 'Eve'") == eve, "under the key that it had"
    assert world.sql("SELECT kind, side FROM sync_engine.sync_braked WHERE NOT approved") == [("delete", "p")]
    assert verify_log(world.app.context).ok
    assert replay_verify(world.app.context).ok
    brake_discard(world.app.context)
    assert {title_of(page) for page in world.pages("agents")} == set(prompts(world))
    world.assert_in_sync()


@pytest.mark.every_postgres
def test_G9_a_dump_restored_on_another_server_goes_on_where_notion_is(
    postgres: TestServer, disk: Disk, world: World, tmp_path: Path
) -> None:
    populate(world)
    backup = dump(postgres.binaries, world.database, tmp_path / "backup")
    live_on(world)
    eve = world.sql("SELECT id FROM agents WHERE name = 'Eve'")
    move_to(world, restore(postgres.binaries, backup, disk.database))
    world.sql("UPDATE agents SET tags = '{after}' WHERE name = 'Cid'")  # before the engine was started again
    for _ in range(2):
        with pytest.raises(DatabaseRestored):
            world.sync()
    done = rebase(world.app.context)
    assert done.reason
    assert done.lost_from > 1
    assert done.events == 1, "the edit under a transaction id that the old server had long passed"
    assert rebase(world.app.context).reason == "", "again is nothing to do"
    assert world.sync().braked == {"agents": 1}
    assert world.page("agents", "Cid")["properties"]["Tags"]["multi_select"][0]["name"] == "after"
    assert_nothing_lost(world, eve)


def test_G9_a_disk_set_back_is_noticed_though_the_database_knows_nothing_of_it(on_disk: World, disk: Disk) -> None:
    populate(on_disk)
    on_disk.connection.close()
    disk.copy()
    move_to(on_disk, disk.database)
    live_on(on_disk)
    eve = on_disk.sql("SELECT id FROM agents WHERE name = 'Eve'")
    on_disk.connection.close()
    disk.put_back()
    move_to(on_disk, disk.database)
    assert "Eve" not in prompts(on_disk)
    with pytest.raises(DatabaseRestored, match="lacks link"):
        on_disk.sync()
    rebase(on_disk.app.context)
    assert on_disk.sync().braked == {"agents": 1}
    assert_nothing_lost(on_disk, eve)


def test_a_database_moved_with_nothing_lost_goes_on(
    postgres: TestServer, disk: Disk, world: World, tmp_path: Path
) -> None:
    populate(world)
    world.sql("UPDATE agents SET prompt = 'unread' WHERE name = 'Ada'")
    backup = dump(postgres.binaries, world.database, tmp_path / "backup")
    move_to(world, restore(postgres.binaries, backup, disk.database))
    # Which server's transaction ids are ahead depends on what ran on them before, and that is told first.
    with pytest.raises(DatabaseRestored, match=r"another server|earlier point"):
        world.sync()
    done = rebase(world.app.context)
    assert (done.lost_from, done.events) == (0, 1)
    assert world.sync().braked == {}
    assert shown(world.page("agents", "Ada"), "Prompt") == "unread"
    assert verify_log(world.app.context).ok
    world.assert_in_sync()


def test_a_copy_in_the_same_server_is_another_database(
    postgres: TestServer, world: World, empty_other: Database, tmp_path: Path
) -> None:
    populate(world)
    restore(postgres.binaries, dump(postgres.binaries, world.database, tmp_path / "backup"), empty_other)
    original = world.database
    move_to(world, empty_other)
    with pytest.raises(DatabaseRestored, match="another database"):
        world.sync()
    move_to(world, original)
    world.assert_in_sync()


@pytest.fixture
def empty_other(postgres: TestServer) -> Iterator[Database]:
    made = postgres.clone(None)
    yield made
    postgres.server.drop_database(made.name)


def test_both_sides_edited_after_the_backup_is_a_conflict_like_any(
    postgres: TestServer, disk: Disk, world: World, tmp_path: Path
) -> None:
    populate(world)
    backup = dump(postgres.binaries, world.database, tmp_path / "backup")
    live_on(world)
    move_to(world, restore(postgres.binaries, backup, disk.database))
    world.sql("UPDATE agents SET prompt = 'since the restore' WHERE name = 'Ada'")
    rebase(world.app.context)
    world.sync()
    [(kept, lost)] = world.sql(
        "SELECT postgres_value #>> '{}', notion_value #>> '{}' FROM sync_engine.sync_conflicts"
        " WHERE field = 'prompt'"
    )
    assert (kept, lost) == ("since the restore", "by the application")


def test_a_log_whose_numbers_went_back_gives_no_number_twice(world: World) -> None:
    populate(world)
    world.sql("SELECT setval('sync_engine.sync_events_seq_seq', 1, false)")
    with pytest.raises(DatabaseRestored):
        world.sync()
    rebase(world.app.context)
    world.sql("UPDATE agents SET prompt = 'goes on' WHERE name = 'Ada'")
    world.sync()
    assert shown(world.page("agents", "Ada"), "Prompt") == "goes on"
    world.assert_in_sync()


def test_a_killed_recover_is_done_again_from_the_beginning(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    populate(world)
    world.sql("UPDATE agents SET prompt = 'unread' WHERE name = 'Ada'")
    before = state(world)
    for method in ("freeze", "floor", "read", "finish"):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(PostgresRebasing, method, _interrupted)
            rebase(world.app.context, anyway=True)
        assert state(world) == before
    assert rebase(world.app.context, anyway=True, dry_run=True).events == 1
    assert state(world) == before, "a dry run writes nothing"
    assert rebase(world.app.context, anyway=True).events == 1
    world.sync()
    assert verify_log(world.app.context).ok
    world.assert_in_sync()


def _interrupted(*_: object) -> int:
    raise KeyboardInterrupt


def state(world: World) -> list[Any]:
    tables = ("cursors", "chain", "home", "marks", "mappings", "records", "events")
    return [world.sql(f"SELECT t::text FROM sync_engine.sync_{table} t ORDER BY 1") for table in tables]


def test_G1_a_transaction_under_way_during_recover_is_read_when_it_ends(world: World) -> None:
    populate(world)
    with world.database.connect() as writer:
        writer.execute("SELECT pg_current_xact_id()")  # it has an id, and writes to the log only afterwards
        rebase(world.app.context, anyway=True)
        writer.execute("UPDATE agents SET prompt = 'late' WHERE name = 'Ada'")
        world.sync()
        writer.commit()
    world.sync()
    assert shown(world.page("agents", "Ada"), "Prompt") == "late"
    assert verify_log(world.app.context).ok
    world.assert_in_sync()


def test_the_command_says_what_happened_and_what_comes_next(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    sync_engine = command_line(capsys, world.environment)
    populate(world)
    assert "nothing to do" in sync_engine("recover").out
    set_back(world)
    refused = sync_engine("sync")
    assert (refused.code, "sync-engine recover" in refused.err) == (4, True)
    planned = sync_engine("recover", "--dry-run", "--json").json()
    assert (planned["restored"], planned["dry_run"], planned["tables"]) == (True, True, ["teams", "agents"])
    assert sync_engine("recover").code == 2, "nobody can answer"
    done = sync_engine("recover", "--yes")
    assert (done.code, "brake show" in done.out) == (0, True)
    assert sync_engine("sync").code == 0


def set_back(world: World) -> None:
    """The database has less than was seen of it: what a disk that was set back comes to."""
    position = next((world.folder / ".sync-engine").glob("position-*.json"))
    position.write_text(position.read_text().replace('"link": ', '"link": 9'))
    world.app.remapped()


def edit_a_row(world: World) -> None:
    world.sql("UPDATE agents SET prompt = 'later' WHERE name = 'Ada'")


def test_a_run_ends_when_its_database_was_set_back_under_it(world: World) -> None:
    stage = Stage(world)
    populate(world)
    stage.at(5, lambda: set_back(world))
    stage.at(6, lambda: edit_a_row(world))
    with pytest.raises(DatabaseRestored):
        stage.run_until(60)
    assert shown(world.page("agents", "Ada"), "Prompt") == "first"
    rebase(world.app.context)
    world.sync()
    world.assert_in_sync()


def test_deletes_after_recovery_are_everyday_deletes_again(world: World) -> None:
    populate(world)
    rebase(world.app.context, anyway=True)
    assert world.sync().braked == {}
    world.sql("DELETE FROM agents WHERE name = 'Ada'")
    assert world.sync().braked == {}
    assert len(world.pages("agents")) == 3
