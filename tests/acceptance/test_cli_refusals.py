"""What is refused is refused before anything else is printed, with the place and the way to mend it."""

from __future__ import annotations

import json
import re

import pytest

from tests.acceptance.test_cli_commands import SyncEngine, conflicting, sync_engine, synced
from tests.support.cli import command_line
from tests.support.world import World

__all__ = ["sync_engine", "synced"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--table", "agentz"], "table 'agentz' is not in sync.toml"),
        (["--field", "promt"], "did you mean 'prompt'?"),
        (["--table", "agents", "--field", "promt"], "table agents has no field 'promt'"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--format", "csv"], ["--format", "json"]])
def test_an_unknown_table_or_field_of_the_log(
    synced: SyncEngine, options: list[str], told: str, form: list[str]
) -> None:
    refused = synced("audit", "log", *options, *form)
    assert (refused.code, refused.out) == (2, "")
    assert told in refused.err


def test_a_column_that_was_dropped_is_still_asked_for(world: World, sync_engine: SyncEngine) -> None:
    world.sql("ALTER TABLE agents ADD COLUMN former text DEFAULT 'x'")
    world.reopen()
    sync_engine("sync")
    world.sql("UPDATE agents SET former = 'y'")
    sync_engine("sync")
    world.sql("ALTER TABLE agents DROP COLUMN former")
    assert sync_engine("audit", "log", "--table", "agents", "--field", "former").code == 0


def test_a_rollback_of_which_everything_was_blocked_is_a_failure(world: World, synced: SyncEngine) -> None:
    world.sql("UPDATE agents SET prompt = 'oops' WHERE name = 'Agent 1'")
    run = synced("sync", "--json").json()["run_id"]
    world.sql("UPDATE agents SET prompt = 'later' WHERE name = 'Agent 1'")
    blocked = synced("rollback", "--run", run, "--yes", "--json")
    assert blocked.code == 1
    assert blocked.err.splitlines()[-1].startswith("error: nothing was taken back: 1 blocked or refused")
    assert blocked.json()["blocked"] == 1
    assert synced("rollback", "--run", run, "--yes", "--force").code == 0
    assert synced("rollback", "--run", run, "--yes").code == 0, "already taken back is no failure"


def test_times_in_documents_are_all_written_alike(world: World, synced: SyncEngine) -> None:
    conflict = conflicting(world, synced)
    synced("mark", "create", "here")
    commands = (["runs", "list"], ["mark", "list"], ["conflicts", "show", conflict], ["audit", "log"], ["status"])
    for command in commands:
        document = re.sub(r'"(before|after)": \{[^}]*\}', "", json.dumps(synced(*command, "--json").json()))
        times = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', document)
        assert times, command
        assert [time for time in times if not time.endswith("Z")] == [], command


@pytest.mark.parametrize(
    ("statement", "name", "told"),
    [
        ("CREATE VIEW shown AS SELECT * FROM agents", "shown", "'shown' is a view"),
        ("CREATE MATERIALIZED VIEW kept AS SELECT * FROM agents", "kept", "'kept' is a materialized view"),
        (
            "CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id);"
            " CREATE TABLE part PARTITION OF whole DEFAULT",
            "part",
            "'part' is a partition",
        ),
    ],
)
def test_what_is_no_table_is_called_what_it_is(
    world: World, synced: SyncEngine, statement: str, name: str, told: str
) -> None:
    world.sql(statement)
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + f'[[tables]]\nname = "{name}"\ntitle = "name"\n')
    for command in ("plan", "setup", "sync"):
        refused = synced(command)
        assert refused.code == 2
        assert told in refused.err and "line 15" in refused.err


def test_two_columns_of_one_property_are_refused_with_both_lines(world: World, synced: SyncEngine) -> None:
    config = world.folder / "sync.toml"
    fields = '[tables.fields.prompt]\nproperty = "Text"\n[tables.fields.metadata]\nproperty = "text"\n'
    config.write_text(config.read_text() + fields)
    refused = synced("plan")
    assert refused.code == 2
    assert "sync.toml line 17" in refused.err and "it is that of 'prompt', sync.toml line 15" in refused.err


def test_a_name_given_to_one_column_and_usual_for_another_is_refused(world: World, synced: SyncEngine) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nproperty = "Name"\n')
    refused = synced("plan")
    assert refused.code == 2
    assert "the property name 'Name' is taken" in refused.err and "'name'" in refused.err


def test_verify_knows_that_a_pass_does_not_carry_what_is_held(world: World, synced: SyncEngine) -> None:
    world.edit(world.page("agents", "Agent 1")["id"], Temperature={"number": 9})
    before = synced("verify")
    assert before.code == 7 and "run `sync-engine sync`" in before.err
    synced("sync")
    held = synced("verify")
    assert held.code == 7 and "held list" in held.err and "run `sync-engine sync`" not in held.err


def test_an_empty_variable_takes_back_what_the_file_says(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    (world.folder / ".env").write_text("NOTION_TOKEN=from-the-file\n")
    environment = world.environment | {"NOTION_TOKEN": ""}
    refused = command_line(capsys, environment)("sync")
    assert refused.code == 2 and "NOTION_TOKEN is not set" in refused.err


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [("DATABASE_URL", "postgresql://127.0.0.1:1/none", 4), ("NOTION_TOKEN", "ntn_wrong", 5)],
)
def test_doctor_ends_as_every_command_does_without_a_side(
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    code: int,
) -> None:
    monkeypatch.chdir(world.folder)
    ran = command_line(capsys, world.environment | {variable: value})("doctor", "--json")
    assert ran.code == code
    findings = [item["what"] for item in ran.json()["findings"] if item["level"] == "error"]
    assert len(findings) == len(set(findings))


def test_help_cuts_no_sentence(sync_engine: SyncEngine) -> None:
    shown = sync_engine("--help").out
    assert "no workspace needed." in shown
    assert [line for line in shown.splitlines()[1:] if line.endswith("...")] == []


def test_a_filter_of_conflicts_that_fits_none_because_it_is_misspelt(synced: SyncEngine) -> None:
    field = synced("conflicts", "resolve", "--all", "--keep", "notion", "--field", "promt", "--yes")
    assert field.code == 2 and "did you mean 'prompt'?" in field.err
    kind = synced("conflicts", "resolve", "--all", "--keep", "notion", "--type", "ambiguous", "--yes")
    assert kind.code == 2 and "ambiguous_time" in kind.err


def test_uninstall_waits_for_its_turn(world: World, synced: SyncEngine) -> None:
    with world.app.database.lock():
        refused = synced("db", "uninstall", "--yes")
    assert refused.code == 9
    assert synced("status").code == 0


def test_what_was_taken_back_already_names_no_fields(world: World, synced: SyncEngine) -> None:
    world.sql("UPDATE agents SET prompt = 'oops' WHERE name = 'Agent 1'")
    run = synced("sync", "--json").json()["run_id"]
    assert "taken back: 1 record;" in synced("rollback", "--run", run, "--yes").out
    assert '""' not in synced("rollback", "--run", run, "--dry-run").out
