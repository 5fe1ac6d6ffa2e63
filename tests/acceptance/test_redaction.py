"""Personal data is taken out of the past: everywhere, provably nothing else, and the present stays as it is."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sync_engine.adapters.archive_files import ArchiveFolder
from sync_engine.adapters.postgres.archives import PostgresArchives
from sync_engine.adapters.postgres.redactions import PostgresRedactions
from sync_engine.engine.inquiry.audit_record import blame, history, record_at
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.tamper import verify_log
from sync_engine.engine.life.redact import Redacted, redact
from sync_engine.engine.life.retain import retain
from sync_engine.errors import UsageError
from sync_engine.ports.redactions import Scope
from tests.support.cli import Ran, command_line
from tests.support.world import World, shown, text

GONE = {"redacted": True}
SECRET = "Rue Secrete 9"


@pytest.fixture
def world(world: World) -> World:
    """A record with a secret in its past: in events of both sides, the journal, and a conflict."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Ada', %s), ('Ben', 'public')", SECRET + " a")
    world.sync()
    page = world.page("agents", "Ada")["id"]
    world.edit(page, Prompt=text(SECRET + " b"))
    world.sync()
    world.sql("UPDATE agents SET prompt = %s WHERE name = 'Ada'", SECRET + " c")
    world.edit(page, Prompt=text(SECRET + " d"))
    world.sync()
    world.sql("UPDATE agents SET prompt = 'nothing' WHERE name = 'Ada'")
    world.sync()
    return world


def key(world: World, name: str = "Ada") -> str:
    [(found,)] = world.sql("SELECT id::text FROM agents WHERE name = %s", name)
    return str(found)


def take_out(world: World, *fields: str, **options: Any) -> Redacted:
    return redact(world.app.context, "agents", key(world), fields, "ticket 12", who="Officer", **options)


def remembered(world: World) -> dict[str, int]:
    """How often the secret is anywhere in the engine's tables."""
    tables = [name for (name,) in world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'sync_engine'")]
    counts = {
        name: world.sql(f"SELECT count(*) FROM sync_engine.{name} t WHERE t::text LIKE %s", f"%{SECRET}%")[0][0]
        for name in tables
    }
    return {name: count for name, count in counts.items() if count}


def in_archives(world: World) -> int:
    folder = world.folder / ".sync-engine" / "archive"
    return sum(gzip.decompress(file.read_bytes()).count(SECRET.encode()) for file in folder.glob("*"))


def test_values_are_gone_everywhere_and_the_present_stays(world: World) -> None:
    assert remembered(world).keys() == {"sync_events", "sync_changes", "sync_conflicts"}
    planned = take_out(world, "prompt", dry_run=True)
    assert remembered(world), "a dry run changes nothing"
    done = take_out(world, "prompt")
    assert (done.events, done.changes, done.conflicts) == (planned.events, planned.changes, planned.conflicts)
    assert remembered(world) == {}
    assert take_out(world, "prompt").events == 0, "again is nothing to do"
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Ada'") == [("nothing",)]
    assert shown(world.page("agents", "Ada"), "Prompt") == "nothing"
    world.assert_in_sync()


def test_G12_the_chain_is_proven_after_a_redaction_and_finds_what_else_was_changed(world: World) -> None:
    done = take_out(world, "prompt")
    world.sync()
    assert verify_log(world.app.context).ok
    world.log_was_forged = True
    world.sql("ALTER TABLE sync_engine.sync_events DISABLE TRIGGER USER")
    [(seq,)] = world.sql("SELECT min(seq) FROM sync_engine.sync_redactions")
    world.sql("UPDATE sync_engine.sync_events SET actor = '{}' WHERE seq = %s", seq)
    assert [item.seq for item in verify_log(world.app.context).problems] == [seq]
    world.sql("UPDATE sync_engine.sync_redactions SET now = '\\x00' WHERE seq = %s", seq)
    assert any("does not tell of" in item.problem for item in verify_log(world.app.context).problems)
    assert done.events > 3


def test_the_log_tells_who_did_it_and_why_and_not_what(world: World) -> None:
    take_out(world, "prompt")
    told = world.sql("SELECT after ->> 'reason', actor ->> 'name' FROM sync_engine.sync_events WHERE mapping = 0")
    assert all("ticket 12" in reason and who == "Officer" for reason, who in told)
    assert any("digest" in reason for reason, _ in told)


def test_G13_questions_about_the_past_say_redacted_and_never_another_value(world: World) -> None:
    at = world.app.database.now()
    take_out(world, "prompt")
    context = world.app.context
    changes: Any = history(context, "agents", key(world))
    values = [change["to"] for event in changes for change in event["changes"] if change["field"] == "prompt"]
    assert set(map(str, values)) <= {str(GONE)}
    then: Any = record_at(context, "agents", key(world), at)
    assert (then["values"]["prompt"], then["values"]["name"]) == (GONE, "Ada")
    found = {item["field"]: item["value"] for item in blame(context, "agents", key(world))}
    assert (found["prompt"], found["name"]) == (GONE, "Ada")
    assert replay_verify(context).ok
    world.sql("UPDATE agents SET prompt = 'since' WHERE name = 'Ada'")
    world.sync()
    found = {item["field"]: item["value"] for item in blame(world.app.context, "agents", key(world))}
    assert found["prompt"] == "since"


def test_without_a_field_all_but_the_key_goes(world: World) -> None:
    done = take_out(world)
    assert done.events > 3
    then: Any = record_at(world.app.context, "agents", key(world), world.app.database.now())
    assert then["exists"]
    assert {name for name, value in then["values"].items() if value != GONE} <= {"id"}
    assert replay_verify(world.app.context).ok
    assert record_at(world.app.context, "agents", key(world, "Ben"), world.app.database.now())["exists"]


def test_archives_are_redacted_too_and_still_prove_themselves(world: World) -> None:
    retain(world.app.context, timedelta(0), at_once=5)
    assert in_archives(world) > 0
    done = take_out(world, "prompt")
    assert sum(done.archives.values()) > 0
    assert (in_archives(world), remembered(world)) == (0, {})
    world.sync()
    assert verify_log(world.app.context).ok
    assert replay_verify(world.app.context).ok
    retain(world.app.context, timedelta(0))
    assert verify_log(world.app.context).ok


def test_an_archive_that_is_kept_elsewhere_is_named(world: World) -> None:
    [name] = retain(world.app.context, timedelta(0)).files
    (world.folder / ".sync-engine" / "archive" / name).unlink()
    assert take_out(world, "prompt").missing == [name]


def test_redacted_before_it_is_archived(world: World) -> None:
    take_out(world, "prompt")
    world.sync()
    retain(world.app.context, timedelta(0))
    assert in_archives(world) == 0
    world.sync()
    assert verify_log(world.app.context).ok


STEPS: list[tuple[type, str]] = [
    (PostgresRedactions, "redact"),
    (ArchiveFolder, "write"),
    (PostgresArchives, "drop"),
    (ArchiveFolder, "remove"),
]


@pytest.mark.parametrize(("owner", "method"), STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_G6_killed_at_any_step_the_next_time_finishes_it(
    world: World, monkeypatch: pytest.MonkeyPatch, owner: type, method: str, after: bool
) -> None:
    retain(world.app.context, timedelta(0), at_once=5)
    original: Callable[..., Any] = getattr(owner, method)

    def killed(*arguments: Any) -> Any:
        if after:
            original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(owner, method, killed)
        take_out(world, "prompt")
    assert verify_log(world.app.context).ok
    take_out(world, "prompt")
    assert (in_archives(world), remembered(world)) == (0, {})
    world.sync()
    assert verify_log(world.app.context).ok


def test_what_is_still_needed_is_settled_first(world: World) -> None:
    world.sql("UPDATE agents SET prompt = 'not carried yet' WHERE name = 'Ada'")
    world.edit(world.page("agents", "Ada")["id"], Temperature={"number": 99})
    world.sync()
    with pytest.raises(UsageError, match="cannot be redacted yet"):
        take_out(world, "prompt")
    with pytest.raises(UsageError, match="part of the key"):
        take_out(world, "id")
    with pytest.raises(UsageError, match="no field"):
        take_out(world, "pormpt")


def test_rollback_and_swap_say_redacted(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    sync_engine: Callable[..., Ran] = command_line(capsys, world.environment)
    [(run,)] = world.sql("SELECT run_id FROM sync_engine.sync_changes ORDER BY id DESC LIMIT 1")
    [(conflict,)] = world.sql("SELECT id FROM sync_engine.sync_conflicts")
    assert sync_engine("audit", "redact", "agents", key(world), "--reason", "ticket 12").code == 2, "nobody asked"
    command = ("audit", "redact", "agents", key(world), "--field", "prompt", "--reason", "ticket 12")
    assert sync_engine(*command, "--dry-run", "--json").json()["dry_run"] is True
    assert sync_engine(*command, "--yes", "--json").json()["events"] > 3
    plan = sync_engine("rollback", "--run", str(run), "--dry-run", "--json").json()["plan"]
    assert any(item["status"] == "blocked" and "redacted" in item["reason"] for item in plan)
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Ada'") == [("nothing",)]
    swapped = sync_engine("conflicts", "swap", str(conflict))
    assert (swapped.code, "were redacted" in swapped.err) == (2, True)


def test_what_is_written_during_a_redaction_is_sealed_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = PostgresRedactions.waiting

    def waiting(self: PostgresRedactions, records: Any) -> Any:
        found = original(self, records)
        world.sql("UPDATE agents SET prompt = 'meanwhile' WHERE name = 'Ada'")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(PostgresRedactions, "waiting", waiting)
        take_out(world, "prompt")
    world.sync()
    assert verify_log(world.app.context).ok
    assert shown(world.page("agents", "Ada"), "Prompt") == "meanwhile"
    world.assert_in_sync()


def test_a_late_event_is_not_redacted_before_it_is_sealed(world: World) -> None:
    world.sql("UPDATE agents SET prompt = 'late' WHERE name = 'Ada'")
    [(seq,)] = world.sql("SELECT max(seq) FROM sync_engine.sync_events")
    with world.app.database.transaction() as uow:
        counts = uow.redactions.redact(Scope([seq], [], ["prompt"], []), "ticket 12")
    assert counts["events"] == 0
    world.sync()
    assert verify_log(world.app.context).ok
