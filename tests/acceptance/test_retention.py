"""Old events leave the log for archives: nothing that is needed goes, and what is told stays true."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync_engine.adapters.archive_files import ArchiveFolder
from sync_engine.adapters.postgres.archives import PostgresArchives
from sync_engine.engine.continuous.loop import _tidy
from sync_engine.engine.inquiry.audit_record import blame, record_at
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.tamper import verify_log
from sync_engine.engine.life.retain import Retained, archived_events, retain
from sync_engine.engine.undo.marks import create_mark
from sync_engine.errors import ConfigurationError, DatabaseError, UsageError
from tests.support.cli import Ran, command_line
from tests.support.thinning import some
from tests.support.world import World, text

NOW = timedelta(0)


@pytest.fixture
def world(world: World) -> World:
    for number in range(1, 7):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'first')", f"Agent {number}")
    world.sync()
    return world


def busy(world: World, rounds: int = 3) -> None:
    """Edits on both sides, carried, each round in links of its own."""
    for number in range(rounds):
        world.sql("UPDATE agents SET prompt = %s WHERE name IN ('Agent 1', 'Agent 2')", f"round {number}")
        world.edit(world.page("agents", "Agent 3")["id"], Prompt=text(f"typed {number}"))
        world.sync()


def archive(world: World, older_than: timedelta = NOW, **options: Any) -> Retained:
    return retain(world.app.context, older_than, **options)


def seqs(world: World) -> list[int]:
    return [seq for (seq,) in world.sql("SELECT seq FROM sync_engine.sync_events ORDER BY seq")]


def key(world: World, name: str) -> str:
    [(found,)] = world.sql("SELECT id::text FROM agents WHERE name = %s", name)
    return str(found)


def blamed(world: World) -> Any:
    context = world.app.context
    return [blame(context, "agents", key(world, f"Agent {number}")) for number in range(1, 7)]


def now(world: World) -> datetime:
    return world.app.database.now()


def test_G13_what_is_told_of_now_and_since_is_the_same_after_events_left(world: World) -> None:
    busy(world)
    world.sql("DELETE FROM agents WHERE name = 'Agent 6'")
    world.sync()
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Agent 6', 'again')")
    world.sync()
    told, before = blamed(world), seqs(world)
    done = archive(world)
    at = now(world)
    assert done.dropped > 5
    assert len(seqs(world)) == len(before) - done.dropped + 1, "and one event that tells of it"
    assert blamed(world) == told
    busy(world, 1)
    then: Any = record_at(world.app.context, "agents", key(world, "Agent 3"), at)
    assert then["values"]["prompt"] == "typed 2"
    assert replay_verify(world.app.context).ok
    world.assert_in_sync()


def test_G12_the_chain_is_proven_after_events_left_and_with_the_archives(world: World) -> None:
    busy(world)
    first = archive(world)
    busy(world)
    second = archive(world)
    world.sync()
    verdict = verify_log(world.app.context)
    assert (verdict.ok, verdict.archived) == (True, first.dropped + second.dropped)
    files = (*first.files, *second.files)
    held = {item.seq for name in files for item in archived_events(world.app.context, name)}
    [(newest,)] = world.sql("SELECT max(last_seq) FROM sync_engine.sync_archives")
    assert held == set(range(1, newest + 1)) - missing_numbers(world, newest)


def missing_numbers(world: World, newest: int) -> set[int]:
    """Numbers that transactions drew and gave up."""
    rows = world.sql(
        "SELECT ('x' || encode(substr(leaves, place * 16 + 1, 8), 'hex'))::bit(64)::bigint"
        " FROM sync_engine.sync_chain, generate_series(0, length(leaves) / 16 - 1) place"
    )
    return set(range(1, newest + 1)) - {seq for (seq,) in rows}


def test_the_second_time_older_archives_let_go_what_was_needed_the_first_time(world: World) -> None:
    def left() -> int:
        busy(world)
        archive(world)
        [(count,)] = world.sql("SELECT count(*) FROM sync_engine.sync_events WHERE mapping <> 0")
        return int(count)

    counts = [left() for _ in range(4)]
    # The reader confirms its place a tick late, so the last round of edits may be there still: six events.
    assert max(counts) - min(counts) <= 6, f"the log grows with the records, not with the edits: {counts}"
    assert verify_log(world.app.context).ok
    assert replay_verify(world.app.context).ok


@pytest.mark.parametrize("needs", ["reader", "conflict", "held", "mark"])
def test_nothing_goes_that_is_still_needed(world: World, needs: str) -> None:
    if needs == "mark":
        _mark(world, "go-live", protect=True)
    if needs == "conflict":
        _conflict(world)
    if needs == "held":
        _held(world)
    before = seqs(world)
    if needs == "reader":
        world.sql("UPDATE sync_engine.sync_cursors SET seq = 0 WHERE consumer = 'sync'")
    else:
        busy(world)
    kept = [seq for seq in seqs(world) if seq > max(before)] if needs == "mark" else []
    done = archive(world)
    assert done.stopped_by, needs
    wanted = {"reader": "reader sync", "conflict": "1 open", "held": "1 records", "mark": "mark go-live"}[needs]
    assert wanted in done.stopped_by[0].why
    assert set(kept) <= set(seqs(world))
    assert verify_log(world.app.context).ok


def _mark(world: World, name: str, *, protect: bool = False) -> None:
    create_mark(world.app.context, name, protect=protect)


def _conflict(world: World) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "manual"\n')
    world.reopen()
    page = world.page("agents", "Agent 5")["id"]
    world.sql("UPDATE agents SET prompt = 'here' WHERE name = 'Agent 5'")
    world.edit(page, Prompt=text("there"))
    world.sync()


def _held(world: World) -> None:
    world.edit(world.page("agents", "Agent 5")["id"], Temperature={"number": 99})
    world.sync()


def test_marks_that_nobody_protected_go_with_their_events(world: World) -> None:
    _mark(world, "early")
    busy(world)
    assert archive(world, dry_run=True).marks == ["early"]
    _mark(world, "late")
    assert archive(world).marks == ["early"]
    assert [mark for (mark,) in world.sql("SELECT name FROM sync_engine.sync_marks")] == ["late"]


def test_a_dry_run_foretells_and_changes_nothing(world: World, tmp_path: Path) -> None:
    busy(world)
    before = seqs(world)
    planned = archive(world, dry_run=True)
    assert seqs(world) == before
    assert not (world.folder / ".sync-engine" / "archive").exists()
    done = archive(world)
    assert (done.links, done.events, done.dropped) == (planned.links, planned.events, planned.dropped)
    assert archive(world).events <= 1, "again is next to nothing to do"


def test_what_is_young_stays(world: World) -> None:
    busy(world)
    assert archive(world, timedelta(days=1)).events == 0


KILLS: list[tuple[type, str]] = [
    (ArchiveFolder, "write"),
    (ArchiveFolder, "_sync_folder"),
    (ArchiveFolder, "read"),
    (PostgresArchives, "superseded"),
    (PostgresArchives, "drop"),
]


@pytest.mark.parametrize(("owner", "method"), KILLS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", some([1, 2], every=2))
def test_G6_killed_at_any_step_it_is_done_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch, owner: type, method: str, after: bool, at: int
) -> None:
    busy(world)
    told = blamed(world)
    calls = iter(range(1, 100))
    original: Callable[..., Any] = getattr(owner, method)

    def killed(*arguments: Any) -> Any:
        if next(calls) < at:
            return original(*arguments)
        if after:
            original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(owner, method, killed)
        archive(world, at_once=10)
    assert verify_log(world.app.context).ok
    archive(world, at_once=10)
    world.sync()
    assert verify_log(world.app.context).ok
    assert blamed(world) == told
    assert replay_verify(world.app.context).ok


def test_a_file_that_is_not_what_was_sealed_lets_nothing_go(world: World) -> None:
    busy(world)
    world.log_was_forged = True
    world.sql("ALTER TABLE sync_engine.sync_events DISABLE TRIGGER USER")
    world.sql("UPDATE sync_engine.sync_events SET actor = '{}' WHERE seq = 3")
    world.sql("ALTER TABLE sync_engine.sync_events ENABLE TRIGGER USER")
    before = seqs(world)
    with pytest.raises(DatabaseError, match="nothing left the log"):
        archive(world)
    assert seqs(world) == before


def test_a_folder_that_cannot_be_written_lets_nothing_go(world: World) -> None:
    busy(world)
    (world.folder / ".sync-engine" / "archive").write_text("a file")
    before = seqs(world)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        archive(world)
    assert seqs(world) == before


def test_G12_archives_and_notes_of_them_that_were_altered_are_found(world: World) -> None:
    busy(world)
    [name] = archive(world).files
    world.sync()
    file = world.folder / ".sync-engine" / "archive" / name
    whole = file.read_bytes()
    file.write_bytes(gzip.compress(gzip.decompress(whole).replace(b"round 0", b"round 9")))
    assert [item.problem.split(":")[0] for item in verify_log(world.app.context).problems] == [
        f"archive {name} was altered"
    ]
    with pytest.raises(UsageError, match="not what was sealed"):
        archived_events(world.app.context, name)
    file.write_bytes(whole[:-40])
    with pytest.raises(UsageError, match="not what was archived"):
        archived_events(world.app.context, name)
    file.unlink()
    verdict = verify_log(world.app.context)
    assert (verdict.ok, verdict.files_missing) == (True, [name]), "kept elsewhere is no tampering"
    file.write_bytes(whole)
    world.log_was_forged = True
    world.sql("UPDATE sync_engine.sync_archived_links SET dropped = '\\xff' WHERE link = 1")
    assert "is not what the log tells" in verify_log(world.app.context).problems[0].problem


def test_an_event_that_was_kept_and_then_deleted_is_missing(world: World) -> None:
    busy(world)
    archive(world)
    world.sync()
    world.log_was_forged = True
    world.sql("ALTER TABLE sync_engine.sync_events DISABLE TRIGGER USER")
    world.sql("DELETE FROM sync_engine.sync_events WHERE seq = (SELECT min(seq) FROM sync_engine.sync_events)")
    world.sql("ALTER TABLE sync_engine.sync_events ENABLE TRIGGER USER")
    assert [item.problem for item in verify_log(world.app.context).problems] == ["missing: the event was deleted"]


def test_the_commands_say_where_the_past_is(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    sync_engine: Callable[..., Ran] = command_line(capsys, world.environment)
    busy(world)
    agent, early = key(world, "Agent 1"), now(world) - timedelta(seconds=1)
    assert "how old" in sync_engine("log", "archive").err
    planned = sync_engine("log", "archive", "--older-than", "0", "--dry-run", "--json").json()
    done = sync_engine("log", "archive", "--older-than", "0", "--yes", "--json").json()
    assert done["dropped"] == planned["dropped"] > 0
    [listed] = sync_engine("log", "list", "--json").json()
    assert (listed["there"], listed["dropped"]) == (True, done["dropped"])
    history = sync_engine("audit", "history", "agents", agent, "--json")
    assert (history.code, "archived in log-" in history.err) == (0, True)
    assert "archived in log-" in sync_engine("audit", "log").err
    refused = sync_engine("audit", "at", "agents", agent, "--time", early.astimezone(UTC).isoformat())
    assert (refused.code, "log read" in refused.err) == (2, True)
    found = sync_engine("log", "read", "--table", "agents", "--key", agent, "--json").json()
    told = [item["after"]["prompt"] for item in found if item["source"] == "postgres" and item["op"] == "update"]
    assert told == ["round 0", "round 1", "round 2"]
    assert sync_engine("audit", "verify").code == 0


@pytest.mark.parametrize("seed", range(3))
def test_G13_whatever_happened_and_whenever_events_left(world: World, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        name = f"Agent {chance.randint(1, 6)}"
        match chance.randint(1, 7):
            case 1:
                world.sql("UPDATE agents SET prompt = %s WHERE name = %s", str(chance.random()), name)
            case 2:
                world.sql("UPDATE agents SET tags = %s WHERE name = %s", [str(chance.randint(1, 3))], name)
            case 3:
                world.sql("DELETE FROM agents WHERE name = %s", name)
            case 4:
                world.sql("INSERT INTO agents (name) VALUES (%s) ON CONFLICT DO NOTHING", name)
            case 5:
                world.sql("UPDATE agents SET id = gen_random_uuid() WHERE name = %s", name)
            case 6:
                for page in world.pages("agents")[:1]:
                    world.edit(page["id"], Prompt=text(str(chance.random())))
            case 7:
                world.sync()
                archive(world, at_once=20)
    world.sync()
    told = blame_all(world)
    archive(world)
    assert blame_all(world) == told
    assert replay_verify(world.app.context).ok
    assert verify_log(world.app.context).ok
    world.assert_in_sync()


def blame_all(world: World) -> Any:
    keys = [found for (found,) in world.sql("SELECT id::text FROM agents ORDER BY 1")]
    return [blame(world.app.context, "agents", found) for found in keys]


def test_run_archives_by_itself_when_it_tidies_up(world: World) -> None:
    busy(world)
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + "[retention]\nlog_days = 1\n")
    world.reopen()
    _tidy(world.app.context)
    assert world.sql("SELECT file FROM sync_engine.sync_archives") == [], "nothing is that old"
    _tidy(replace(world.app.context, keep_log=NOW))
    assert len(world.sql("SELECT file FROM sync_engine.sync_archives")) == 1
    assert verify_log(world.app.context).ok
