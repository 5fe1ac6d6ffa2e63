"""The conflict inbox in Notion: a person's choice in a row ends the conflict on both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sync_engine.bootstrap import open_app
from sync_engine.engine.configure.doctor import examine
from sync_engine.engine.configure.setup import plan_setup
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.status import status
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.conflicts import resolve
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import NotionError
from sync_engine.settings import load_settings
from tests.support.inbox import cell, choose, disputed_prompts, inbox_row, inbox_rows, prompts, with_inbox
from tests.support.world import World, text, title_of


@pytest.fixture
def disputed(world: World) -> World:
    """One conflict about a prompt that waits for a person."""
    with_inbox(world, "prompt")
    disputed_prompts(world, "Ada")
    return world


def test_a_row_tells_all_of_its_conflict(disputed: World) -> None:
    row = inbox_row(disputed)
    [(key, page_id)] = disputed.sql("SELECT key, page_id FROM sync_engine.sync_records WHERE key IS NOT NULL")
    assert title_of(row) == f"agents {key}: prompt"
    assert [cell(row, name) for name in ("Postgres", "Notion", "Before")] == [
        "row of Ada",
        "page of Ada",
        "before",
    ]
    assert [cell(row, name) for name in ("Table", "Record", "Field", "Times", "State", "Keep")] == [
        "agents",
        key,
        "prompt",
        1,
        "Waiting",
        None,
    ]
    assert cell(row, "Page").endswith(page_id.replace("-", ""))
    assert "UTC" in cell(row, "Postgres By") and "UTC" in cell(row, "Notion By")
    [(reason,)] = disputed.sql("SELECT reason FROM sync_engine.sync_conflicts")
    assert cell(row, "Why") == reason


@pytest.mark.parametrize(
    ("keep", "value", "wanted"),
    [
        ("Postgres", None, "row of Ada"),
        ("Notion", None, "page of Ada"),
        ("Edit", "of both", "of both"),
    ],
)
def test_a_choice_ends_the_conflict_on_both_sides(
    disputed: World, keep: str, value: str | None, wanted: str
) -> None:
    row = inbox_row(disputed)
    choose(disputed, row, keep, value)
    disputed.sync()
    assert prompts(disputed, "Ada") == (wanted, wanted)
    [(status, by)] = disputed.sql("SELECT status, resolved_by FROM sync_engine.sync_conflicts")
    assert status == "resolved"
    assert by and "inbox" not in by, "it is the person who chose"
    closed = disputed.call("GET", f"/pages/{row['id']}")
    assert closed["in_trash"]
    assert cell(closed, "State") == "Decided" and by in cell(closed, "Answer")
    assert inbox_rows(disputed) == []
    disputed.assert_in_sync()


def test_the_decision_is_in_the_log_and_can_be_taken_back(disputed: World) -> None:
    choose(disputed, inbox_row(disputed), "Notion")
    disputed.sync()
    [(run_id, summary)] = disputed.sql("SELECT run_id, summary FROM sync_engine.sync_runs WHERE kind = 'resolve'")
    assert summary["applied"]["postgres"]["update"] == 1
    origins = {origin for (origin,) in disputed.sql("SELECT origin FROM sync_engine.sync_events")}
    assert f"run:{run_id}" in origins
    rollback(disputed.app.context, Selection(run=run_id))
    assert disputed.sql("SELECT prompt FROM agents WHERE name = 'Ada'") == [("row of Ada",)]
    disputed.sync()
    assert prompts(disputed, "Ada") == ("row of Ada", "row of Ada")


def test_nothing_new_costs_one_query(disputed: World) -> None:
    disputed.sync()
    before = len(disputed.sandbox.requests)
    disputed.sync()
    asked = [(request.method, request.path) for request in list(disputed.sandbox.requests)[before:]]
    [(source,)] = disputed.sql("SELECT data_source_id FROM sync_engine.sync_inbox")
    assert [path for _, path in asked if source in path] == [f"/v1/data_sources/{source}/query"]
    assert len(asked) == 3, asked


def test_a_conflict_decided_elsewhere_closes_its_row(disputed: World) -> None:
    row = inbox_row(disputed)
    [(number,)] = disputed.sql("SELECT id FROM sync_engine.sync_conflicts")
    resolve(disputed.app.context, number, keep="postgres", who="tester")
    disputed.sync()
    closed = disputed.call("GET", f"/pages/{row['id']}")
    assert closed["in_trash"] and "tester" in cell(closed, "Answer")


def test_a_choice_between_former_values_is_not_applied(disputed: World) -> None:
    row = inbox_row(disputed)
    choose(disputed, row, "Notion")
    disputed.sql("UPDATE agents SET prompt = 'row again' WHERE name = 'Ada'")
    disputed.sync()
    again = inbox_row(disputed)
    assert again["id"] == row["id"]
    assert (cell(again, "Keep"), cell(again, "State"), cell(again, "Times")) == (None, "Look again", 2)
    assert cell(again, "Postgres") == "row again" and "not applied" in cell(again, "Answer")
    assert prompts(disputed, "Ada") == ("row again", "page of Ada")
    choose(disputed, again, "Postgres")
    disputed.sync()
    assert prompts(disputed, "Ada") == ("row again", "row again")


class Meddled:
    """The inbox, with something that a person does right after it was read, or right before it is written."""

    def __init__(self, world: World, meddle: Callable[[], None], *, after_reading: bool) -> None:
        context = world.app.context
        assert context.inbox is not None
        self._inbox, self._meddle, self._after_reading = context.inbox, meddle, after_reading
        self.context = replace(context, inbox=self)

    def read(self, context: Context, run_id: str, *, full: bool) -> int:
        choices = self._inbox.read(context, run_id, full=full)
        if self._after_reading:
            self._meddle()
        return choices

    def show(self, context: Context, at_once: int | None = None) -> bool:
        if not self._after_reading:
            self._meddle()
        return self._inbox.show(context, at_once)


def test_a_choice_made_just_before_the_values_changed_goes_with_them(disputed: World) -> None:
    """The poll did not see it: the row is written anew, and a choice between what it showed before is void."""
    disputed.sql("UPDATE agents SET prompt = 'row again' WHERE name = 'Ada'")
    row = inbox_row(disputed)
    meddled = Meddled(disputed, lambda: choose(disputed, row, "Notion"), after_reading=True)
    sync(meddled.context, SyncOptions())
    row = inbox_row(disputed)
    assert cell(row, "Keep") is None and "was not applied" in cell(row, "Answer")
    disputed.sync()
    assert prompts(disputed, "Ada") == ("row again", "page of Ada")


def test_what_cannot_be_applied_is_said_in_the_row(world: World) -> None:
    with_inbox(world, "max_tokens", "temperature")
    world.sql("INSERT INTO agents (name, max_tokens, temperature) VALUES ('Ada', 1, 0.5)")
    world.sync()
    page = world.page("agents", "Ada")["id"]
    world.sql("UPDATE agents SET temperature = 0.6 WHERE name = 'Ada'")
    world.edit(page, Temperature={"number": 0.7})
    world.sync()
    for keep, value, told in (
        ("Maybe", None, "'Maybe' is none of"),
        ("Edit", "warm", "is not written as JSON"),
        ("Edit", "9", "Not applied"),
        ("Edit", '"warm"', "Not applied"),
    ):
        choose(world, inbox_row(world), keep, value)
        world.sync()
        row = inbox_row(world)
        assert told in cell(row, "Answer"), cell(row, "Answer")
        assert cell(row, "Keep") is None
        assert cell(row, "Value") == (value or "")
        assert world.sql("SELECT temperature::text FROM agents") == [("0.60",)]
    world.edit(inbox_row(world)["id"], Value=text(""))
    choose(world, inbox_row(world), "Edit")
    world.sync()
    assert "Value is empty" in cell(inbox_row(world), "Answer") and cell(inbox_row(world), "Keep") == "Edit"
    world.edit(inbox_row(world)["id"], Value=text("0.9"))
    world.sync()
    assert inbox_rows(world) == []
    assert world.sql("SELECT temperature::text FROM agents") == [("0.90",)]
    assert world.page("agents", "Ada")["properties"]["Temperature"]["number"] == 0.9


def test_values_of_any_length_are_whole(disputed: World) -> None:
    long = "".join(f"{number:06d} 🔴 " for number in range(30_000))
    disputed.sql("UPDATE agents SET prompt = %s WHERE name = 'Ada'", long)
    disputed.sync()
    row = inbox_row(disputed)
    assert "inside this page" in cell(row, "Postgres") and cell(row, "Notion") == "page of Ada"
    assert body(disputed, row["id"]) == {"Postgres": long}
    disputed.sql("UPDATE agents SET prompt = %s WHERE name = 'Ada'", long[:-1])
    disputed.sync()
    assert body(disputed, row["id"]) == {"Postgres": long[:-1]}


def body(world: World, page_id: str) -> dict[str, str]:
    """The texts under the one toggle of a page, by their headings."""
    [toggle] = world.call("GET", f"/blocks/{page_id}/children")["results"]
    found: dict[str, str] = {}
    heading = ""
    for block in world.call("GET", f"/blocks/{toggle['id']}/children?page_size=100")["results"]:
        held = "".join(run["plain_text"] for run in block[block["type"]]["rich_text"])
        if block["type"] == "heading_3":
            heading = held
            found[heading] = ""
        else:
            found[heading] += held
    return found


def test_a_row_in_the_trash_decides_nothing(disputed: World) -> None:
    row = inbox_row(disputed)
    disputed.call("PATCH", f"/pages/{row['id']}", {"in_trash": True})
    disputed.sync()
    assert disputed.sql("SELECT status FROM sync_engine.sync_conflicts") == [("open",)]
    disputed.sync(full=True)
    assert inbox_row(disputed)["id"] == row["id"] and "trash" in cell(inbox_row(disputed), "Answer")
    disputed.call("PATCH", f"/pages/{row['id']}", {"in_trash": True})
    disputed.sql("UPDATE agents SET prompt = 'row again' WHERE name = 'Ada'")
    disputed.sync()
    assert cell(inbox_row(disputed), "Postgres") == "row again"


def test_a_copy_of_a_row_decides_nothing(disputed: World) -> None:
    row = inbox_row(disputed)
    writable = ("title", "rich_text", "number", "select")
    copied = {name: {value["type"]: value[value["type"]]} for name, value in row["properties"].items()}
    copied = {name: value for name, value in copied.items() if next(iter(value)) in writable}
    made = disputed.call("POST", "/pages", {"parent": row["parent"], "properties": copied})
    choose(disputed, made, "Notion")
    disputed.sync()
    assert "belongs to no open conflict" in cell(disputed.call("GET", f"/pages/{made['id']}"), "Answer")
    assert prompts(disputed, "Ada") == ("row of Ada", "page of Ada")


def test_two_people_and_one_decision(disputed: World) -> None:
    """Somebody chooses otherwise in the moment in which the first choice is carried out."""
    row = inbox_row(disputed)
    choose(disputed, row, "Notion")
    meddled = Meddled(disputed, lambda: choose(disputed, row, "Postgres"), after_reading=False)
    sync(meddled.context, SyncOptions())
    assert prompts(disputed, "Ada") == ("page of Ada", "page of Ada")
    left = inbox_row(disputed)
    assert "was chosen after this conflict was decided" in cell(left, "Answer")
    assert (cell(left, "State"), cell(left, "Keep")) == ("Decided", None)
    choose(disputed, left, "Postgres")
    disputed.sync()
    assert "decided before" in cell(inbox_row(disputed), "Answer")
    assert prompts(disputed, "Ada") == ("page of Ada", "page of Ada")


def test_a_flood_is_bounded_and_a_note_says_how_many_more(world: World) -> None:
    with_inbox(world, "prompt", inbox="[inbox]\nenabled = true\nrows = 3\n")
    disputed_prompts(world, *(f"A{number}" for number in range(8)))
    note, *rows = inbox_rows(world)
    assert title_of(note) == "5 more conflicts wait" and len(rows) == 3
    for row in rows[:2]:
        choose(world, row, "Postgres")
    world.sync()
    note, *rows = inbox_rows(world)
    assert title_of(note) == "3 more conflicts wait" and len(rows) == 3
    for _ in range(2):
        for row in inbox_rows(world):
            if cell(row, "Number"):
                choose(world, row, "Notion")
        world.sync()
    assert inbox_rows(world) == []
    world.assert_in_sync()


def of_inbox(world: World) -> list[tuple[str, str, str]]:
    """What `plan` says about the inbox."""
    changes = [change for change in plan_setup(world.app.installation) if change.side == "notion"]
    return [(change.action, change.object, change.detail) for change in changes]


def databases(world: World) -> list[str]:
    children = world.call("GET", f"/blocks/{world.sandbox.parent_page_id}/children")["results"]
    return sorted(block["child_database"]["title"] for block in children)


def test_setup_makes_it_once_and_completes_it(world: World) -> None:
    assert of_inbox(world) == []
    file = world.folder / "sync.toml"
    file.write_text(file.read_text().replace("[[tables]]", "[inbox]\nenabled = true\n[[tables]]", 1))
    world.app = world.resources.enter_context(open_app(load_settings(file, world.environment), clock=world.clock))
    assert of_inbox(world) == [("create", "database Sync Conflicts", "one row for each open conflict")]
    world.reopen()
    assert of_inbox(world) == []
    world.reopen()
    [(source, database)] = world.sql("SELECT data_source_id, database_id FROM sync_engine.sync_inbox")
    assert databases(world) == ["Agents", "Sync Conflicts", "Teams"]

    world.call("PATCH", f"/databases/{database}", {"title": [{"text": {"content": "To decide"}}]})
    world.call("PATCH", f"/data_sources/{source}", {"properties": {"Value": None, "Keep": {"name": "Choice"}}})
    assert of_inbox(world) == [("create", "Sync Conflicts: Value", "rich_text")]
    world.reopen()
    assert of_inbox(world) == [] and databases(world) == ["Agents", "Teams", "To decide"]

    world.call("PATCH", f"/databases/{database}", {"in_trash": True})
    assert [action for action, _, _ in of_inbox(world)] == ["change"]
    world.reopen()
    assert of_inbox(world) == [] and databases(world) == ["Agents", "Teams", "To decide"]


def test_a_setup_that_lost_its_answer_adopts_what_it_made(world: World) -> None:
    world.sandbox.fail_next("POST", r"/v1/databases$", "drop_after", times=1)
    with pytest.raises(NotionError):
        with_inbox(world, "prompt")
    world.setup()
    assert databases(world) == ["Agents", "Sync Conflicts", "Teams"]
    disputed_prompts(world, "Ada")
    assert cell(inbox_row(world), "Field") == "prompt"


def test_turned_off_and_on_again_it_finds_its_database_and_its_rows(disputed: World) -> None:
    row = inbox_row(disputed)
    file = disputed.folder / "sync.toml"
    on = file.read_text()
    file.write_text(on.replace("enabled = true", "enabled = false"))
    disputed.reopen()
    assert disputed.sql("SELECT count(*) FROM sync_engine.sync_inbox") == [(0,)]
    choose(disputed, row, "Notion")
    disputed.sync()
    assert prompts(disputed, "Ada") == ("row of Ada", "page of Ada")
    file.write_text(on)
    disputed.reopen()
    disputed.sync()
    assert inbox_row(disputed)["id"] == row["id"]
    assert cell(inbox_row(disputed), "Keep") is None, "nobody knows what it showed when that was chosen"
    choose(disputed, inbox_row(disputed), "Notion")
    disputed.sync()
    assert prompts(disputed, "Ada") == ("page of Ada", "page of Ada")


@pytest.mark.parametrize("how", ["trashed", "unshared"])
def test_without_its_database_the_tables_go_on(disputed: World, how: str) -> None:
    [(database, source)] = disputed.sql("SELECT database_id, data_source_id FROM sync_engine.sync_inbox")
    if how == "trashed":
        disputed.call("PATCH", f"/databases/{database}", {"in_trash": True})
    else:
        disputed.sandbox.fail_next("POST", source, "not_found", times=2)
    disputed.sql("UPDATE agents SET max_tokens = 7 WHERE name = 'Ada'")
    disputed.sync(full=True)
    assert disputed.page("agents", "Ada")["properties"]["Max Tokens"]["number"] == 7
    trouble = status(disputed.app.context, None)["inbox"]
    assert isinstance(trouble, dict) and trouble["trouble"]
    assert any("conflict inbox" in finding.where for finding in examine(disputed.app.installation))
    if how == "trashed":
        disputed.call("PATCH", f"/databases/{database}", {"in_trash": False})
    disputed.sandbox.faults.clear()
    choose(disputed, inbox_row(disputed), "Postgres")
    disputed.sync()
    assert prompts(disputed, "Ada") == ("row of Ada", "row of Ada")
    assert status(disputed.app.context, None)["inbox"] == {"rows": 0, "waiting": 0, "trouble": ""}


def test_twelve_thousand_conflicts_cost_what_is_on_show(world: World) -> None:
    with_inbox(world, "prompt")
    world.sync()
    world.sql(
        """INSERT INTO sync_engine.sync_conflicts
                  (record_id, mapping, key, field, type, status, reason, policy, run_id,
                   base, postgres_value, notion_value)
           SELECT i, m.id, 'k' || i, 'prompt', 'update_differing', 'open', 'a person decides', 'manual', 'r',
                  '"before"', to_jsonb('row ' || i), to_jsonb('page ' || i)
             FROM generate_series(1, 12000) i, sync_engine.sync_mappings m WHERE m.name = 'agents'"""
    )
    context = world.app.context
    assert context.inbox is not None
    before = len(world.sandbox.requests)
    while context.inbox.show(context, 50):
        pass
    assert len(world.sandbox.requests) - before <= 200 + 4 + 1, (
        "rows, the note for each piece, and its last change"
    )
    note, *rows = inbox_rows(world)
    assert len(rows) == 200 and title_of(note) == "11,800 more conflicts wait"
    before = len(world.sandbox.requests)
    assert not context.inbox.show(context)
    assert len(world.sandbox.requests) == before


def test_rows_of_forgotten_conflicts_are_forgotten(disputed: World) -> None:
    row = inbox_row(disputed)
    choose(disputed, row, "Notion")
    disputed.sync()
    disputed.sql("UPDATE sync_engine.sync_conflicts SET resolved_at = resolved_at - interval '91 days'")
    disputed.sync()
    assert disputed.sql("SELECT count(*) FROM sync_engine.sync_conflicts") == [(0,)]
    disputed.sync(full=True)
    assert disputed.sql("SELECT count(*) FROM sync_engine.sync_inbox_rows") == [(0,)]
    disputed.call("PATCH", f"/pages/{row['id']}", {"in_trash": False})
    disputed.sync()
    choose(disputed, row, "Postgres")
    disputed.sync()
    assert "belongs to no open conflict" in cell(disputed.call("GET", f"/pages/{row['id']}"), "Answer")
    assert prompts(disputed, "Ada") == ("page of Ada", "page of Ada")


def test_a_column_that_somebody_deleted_is_told_of_and_made_again(disputed: World) -> None:
    [(source,)] = disputed.sql("SELECT data_source_id FROM sync_engine.sync_inbox")
    disputed.call("PATCH", f"/data_sources/{source}", {"properties": {"Keep": None}})
    disputed.sql("UPDATE agents SET prompt = 'row again' WHERE name = 'Ada'")
    disputed_prompts(disputed, "Bob")
    found = status(disputed.app.context, None)["inbox"]
    assert isinstance(found, dict) and found["trouble"]
    disputed.reopen()
    disputed.sync()
    first, second = inbox_rows(disputed)
    assert (cell(first, "Postgres"), cell(second, "Postgres")) == ("row again", "row of Bob")
    choose(disputed, first, "Postgres")
    choose(disputed, second, "Notion")
    disputed.sync()
    assert inbox_rows(disputed) == []
    assert prompts(disputed, "Ada") == ("row again", "row again")
    assert prompts(disputed, "Bob") == ("page of Bob", "page of Bob")
    assert status(disputed.app.context, None)["inbox"] == {"rows": 0, "waiting": 0, "trouble": ""}
