"""The continuous run over a real database and the local Notion, in staged time."""

from __future__ import annotations

import logging

import pytest

from sync_engine.adapters.postgres.hints import CHANNEL
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.holding import held_list
from sync_engine.errors import ConnectionBlocked, DatabaseUnavailable, LeaseLost, LockHeld, NotSetUp
from sync_engine.ports.hints import Hint
from sync_engine.sandbox.faults import Fault
from tests.support.looping import Stage, engine_requests, run_state, stored_runs
from tests.support.world import World, shown, text, title


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


def seed(world: World, agents: int = 3) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Field')")
    world.sql(
        """INSERT INTO agents (name, prompt, team_id)
           SELECT 'Agent ' || i, 'be kind', t.id FROM generate_series(1, %s) i, teams t""",
        agents,
    )


def prompt(world: World, name: str) -> str:
    [(found,)] = world.sql("SELECT prompt FROM agents WHERE name = %s", name)
    return str(found)


def test_it_carries_edits_of_both_sides_as_they_come(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(5)
    assert len(world.pages("agents")) == 3
    page = world.page("agents", "Agent 2")["id"]
    stage.at(20, lambda: world.sql("UPDATE agents SET prompt = 'from a row' WHERE name = 'Agent 1'"))
    stage.at(22, lambda: world.edit(page, Prompt=text("from a page")))
    stage.run_until(23)
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "from a row"
    stage.run_until(60)
    assert prompt(world, "Agent 2") == "from a page"
    world.assert_in_sync()


def test_idle_turns_leave_no_run_and_cost_one_query_a_table_a_poll(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(10)
    assert stored_runs(world) == [("run", "done")]
    world.sandbox.clear_requests()
    before = stage.elapsed
    stage.run_for(600)
    asked = engine_requests(world)
    assert {entry.method + entry.path.rpartition("/")[2] for entry in asked} == {"POSTquery"}
    # Two tables, slowing down to a poll a minute: about two times twelve in ten minutes.
    assert len(asked) <= 2 * 20, f"{len(asked)} requests in {stage.elapsed - before:.0f} s"
    assert stored_runs(world) == [("run", "done")]


def test_a_burst_of_activity_is_one_run(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(10)
    for second in range(20, 26):
        stage.at(second, lambda: world.sql("UPDATE agents SET prompt = prompt || '.' WHERE name = 'Agent 1'"))
    stage.run_until(60)
    runs = stored_runs(world)
    assert {run for run in runs} == {("run", "done")}
    assert 2 <= len(runs) <= 7
    assert run_state(world)["phase"] == "stopped"


def test_the_time_of_a_burst_begins_with_its_first_edit(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(300)
    stage.at(305, lambda: world.sql("UPDATE agents SET prompt = 'edited' WHERE name = 'Agent 1'"))
    stage.run_until(310)
    [(summary,)] = world.sql("SELECT summary FROM sync_engine.sync_runs ORDER BY started_at DESC LIMIT 1")
    assert summary["seconds"] < 5
    assert summary["requests"]["notion"] <= 3


def test_status_is_told_when_work_begins_and_when_it_ends(world: World) -> None:
    stage = Stage(world, slice_size=10)
    seed(world, agents=40)
    stage.run_until(3)
    world.sql("UPDATE agents SET prompt = 'edited' WHERE name = 'Agent 1'")
    seen: list[str] = []
    real = world.app.workspace.update_page

    def looked(page_id: str, properties: object) -> object:
        seen.append(run_state(world)["phase"])
        return real(page_id, properties)  # type: ignore[arg-type]

    world.app.workspace.update_page = looked  # type: ignore[method-assign,assignment]
    stage.run_for(5)
    assert seen == ["working"]
    stage.run_for(0.5)
    assert run_state(world)["phase"] in ("idle", "stopped")


def test_polls_speed_up_after_an_edit_and_slow_down_in_silence(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(300)
    page = world.page("agents", "Agent 1")["id"]
    edited = stage.elapsed
    world.edit(page, Prompt=text("one"))
    stage.run_for(62)
    assert prompt(world, "Agent 1") == "one"
    first = stage.elapsed
    world.edit(page, Prompt=text("two"))
    stage.run_for(10)
    assert prompt(world, "Agent 1") == "two", "a table that was just edited is asked more often"
    assert first - edited >= 60


def test_a_second_one_is_refused_or_waits(world: World, stage: Stage) -> None:
    seed(world)
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(LockHeld) as raised:
            stage.new_loop("the second").run(wait=False)
        refused.append(raised.value.message)

    def a_pass() -> None:
        with pytest.raises(LockHeld) as raised:
            sync(world.app.context, SyncOptions())
        refused.append(raised.value.message)

    stage.at(5, second)
    stage.at(6, a_pass)
    stage.run_until(10)
    assert len(refused) == 2 and all("the staged one" in message for message in refused)
    world.sync()


def test_a_holder_that_was_replaced_writes_nothing_more(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(5)

    def replaced() -> None:
        world.sql("UPDATE sync_engine.sync_leases SET token = token + 1, holder = 'another'")
        world.sql("UPDATE agents SET prompt = 'newer' WHERE name = 'Agent 1'")

    stage.at(7, replaced)
    world.sandbox.clear_requests()
    with pytest.raises(LeaseLost):
        stage._until = 30
        stage.loop.run(wait=False)
    assert [entry for entry in engine_requests(world) if entry.committed] == []
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "be kind"


def test_hours_without_notion(world: World, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    seed(world)
    stage.run_until(10)
    stage.at(20, lambda: world.sandbox.fail_next("*", ".", "unavailable", times=100_000))
    stage.at(30, lambda: world.sql("UPDATE agents SET prompt = 'meanwhile' WHERE name = 'Agent 1'"))
    stage.at(3 * 3600, lambda: world.sandbox.faults.clear())
    world.sandbox.clear_requests()
    with caplog.at_level(logging.WARNING, "sync_engine.engine"):
        stage.run_until(3 * 3600 - 10)
        tried = len(engine_requests(world))
        error = run_state(world)["error"]
        assert error["code"] == "notion_unavailable" and error["failures"] > 5
        assert tried < 3 * 3600 / 20, "backing off must not hammer"
        stage.run_until(3 * 3600 + 400)
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "meanwhile"
    assert run_state(world)["error"] is None
    assert any("working again" in record.message for record in caplog.records)
    world.assert_in_sync()


def test_what_was_read_before_the_outage_still_reaches_postgres(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(10)
    world.edit(world.page("teams", "Field")["id"], Name=title("Renamed"))
    teams, agents = world.source("teams"), world.source("agents")
    stage.at(11, lambda: world.sandbox.fail_next("POST", agents, "unavailable", times=100_000))
    stage.run_until(120)
    assert teams != agents
    assert world.sql("SELECT name FROM teams") == [("Renamed",)]
    world.sandbox.faults.clear()
    world.sync()
    world.assert_in_sync()


def test_a_table_that_notion_refuses_does_not_stop_the_others(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(10)
    world.sandbox.revoke_access(world.source("teams"))
    stage.at(20, lambda: world.sql("UPDATE agents SET prompt = 'goes on' WHERE name = 'Agent 1'"))
    stage.run_until(120)
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "goes on"
    assert list(run_state(world)["refused"]) == ["teams"]
    world.sandbox.restore_access(world.source("teams"))
    stage.run_for(700)
    assert run_state(world)["refused"] == {}
    world.assert_in_sync()


def test_a_blocked_connection_ends_it(world: World, stage: Stage) -> None:
    seed(world)
    stage.at(5, lambda: world.sandbox.fail_next("*", ".", Fault("blocked", 60), times=100))
    with pytest.raises(ConnectionBlocked):
        stage.run_until(60)
    assert run_state(world)["phase"] == "stopped"


def test_a_defect_in_one_turn_is_logged_and_survived(
    world: World, stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seed(world)
    stage.run_until(10)
    from sync_engine.engine.continuous import turn

    real, calls = turn.follow_hints, []

    def broken(*arguments: object) -> dict[str, int]:
        calls.append(1)
        if len(calls) < 3:
            raise ZeroDivisionError("a defect")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(turn, "follow_hints", broken)
    world.sql("UPDATE agents SET prompt = 'survived' WHERE name = 'Agent 1'")
    stage.run_for(60)
    assert len(calls) > 2
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "survived"
    assert any(record.exc_info and "a defect" in str(record.exc_info[1]) for record in caplog.records)


def test_a_bulk_leaves_room_for_a_persons_edit(world: World) -> None:
    stage = Stage(world, slice_size=20)
    seed(world, agents=3)
    stage.run_until(10)
    world.sql("INSERT INTO agents (name, prompt) SELECT 'Bulk ' || i, 'x' FROM generate_series(1, 400) i")
    seen: list[int] = []

    def edit() -> None:
        world.sql("UPDATE agents SET prompt = 'person' WHERE name = 'Agent 1'")

    def look() -> None:
        if shown(world.page("agents", "Agent 1"), "Prompt") == "person" and not seen:
            seen.append(len(world.pages("agents")))

    world.sandbox.clear_requests()
    turns: list[int] = []
    real = stage.loop._turn

    def counted(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        turns.append(1)
        if len(turns) == 3:
            edit()
        if len(turns) > 3:
            look()

    stage.loop._turn = counted  # type: ignore[method-assign,assignment]
    stage.run_for(120)
    assert seen and seen[0] < 200, f"the edit crossed after {seen} pages"
    assert len(world.pages("agents")) == 403
    world.assert_in_sync()


def test_a_hint_is_followed_at_once_and_by_its_page_only(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(400)
    page = world.page("agents", "Agent 1")["id"]
    world.edit(page, Prompt=text("hinted"))
    world.sandbox.clear_requests()
    with world.app.database.transaction() as uow:
        uow.hints.add(Hint("e1", "page.properties_updated", page, world.app.clock.now(), world.source("agents")))
    stage.run_for(1.5)
    assert prompt(world, "Agent 1") == "hinted"
    asked = [(entry.method, entry.path) for entry in engine_requests(world)]
    assert ("GET", f"/v1/pages/{page}") in asked
    with world.app.database.transaction() as uow:
        assert uow.hints.count() == 0


def test_a_hint_of_a_deletion_leads_to_a_look_and_a_deletion(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(400)
    page = world.page("agents", "Agent 1")["id"]
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    with world.app.database.transaction() as uow:
        uow.hints.add(Hint("e1", "page.deleted", page, world.app.clock.now(), world.source("agents")))
    stage.run_for(3)
    [(op, origin)] = world.sql(
        "SELECT op::text, origin FROM sync_engine.sync_events WHERE source = 'n' AND op = 'd' AND page_id = %s",
        page,
    )
    assert (op, origin) == ("d", None)


def test_hints_of_strangers_and_of_ourselves_cost_nothing(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(400)
    page = world.page("agents", "Agent 1")["id"]
    me = world.app.workspace.whoami().id
    now = world.app.clock.now()
    world.sandbox.clear_requests()
    with world.app.database.transaction() as uow:
        uow.hints.add(Hint("e1", "page.created", "11111111-2222-4333-8444-555555555555", now, "unknown"))
        uow.hints.add(Hint("e2", "data_source.content_updated", "unknown", now))
        uow.hints.add(Hint("e3", "page.content_updated", page, now, world.source("agents"), (me,)))
    stage.run_for(1.5)
    assert [entry for entry in engine_requests(world) if entry.method == "GET"] == []
    with world.app.database.transaction() as uow:
        assert uow.hints.count() == 0


def test_many_hints_of_one_table_become_a_poll(world: World, stage: Stage) -> None:
    seed(world, agents=90)  # so many that forty edits are no matter for the brake
    stage.run_until(400)
    pages = world.pages("agents")[:40]
    for number, page in enumerate(pages):
        world.edit(page["id"], Prompt=text(f"edit {number}"))
    world.sandbox.clear_requests()
    with world.app.database.transaction() as uow:
        for page in pages:
            uow.hints.add(Hint(page["id"], "page.properties_updated", page["id"], world.app.clock.now()))
    stage.run_for(1.5)
    assert world.sandbox.requests.matching("GET", "/v1/pages") == []
    assert world.sql("SELECT count(*) FROM agents WHERE prompt LIKE 'edit %%'") == [(40,)]


def test_a_page_in_the_trash_is_noticed_by_a_poll_where_one_query_shows_all_pages(
    world: World, stage: Stage
) -> None:
    seed(world)
    stage.run_until(400)
    page = world.page("agents", "Agent 1")["id"]
    world.sandbox.clear_requests()
    stage.run_for(120)
    idle = [(entry.method, entry.path) for entry in engine_requests(world)]
    assert {path.rsplit("/", 1)[-1] for _, path in idle} == {"query"}, "a poll of every page is one query too"
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    stage.run_for(120)
    seen = "SELECT count(*) FROM sync_engine.sync_events WHERE source = 'n' AND op = 'd'"
    assert world.sql(seen) == [(1,)]
    [held] = held_list(world.app.context)
    assert "trash" in str(held["reason"])
    world.call("PATCH", f"/pages/{page}", {"in_trash": False})
    stage.run_for(120)
    assert held_list(world.app.context) == []


def test_a_full_scan_is_due_every_so_often(world: World, stage: Stage) -> None:
    seed(world, agents=101)  # more than one query shows
    stage.run_until(400)
    [(first,)] = world.sql("SELECT last_full_scan FROM sync_engine.sync_mappings WHERE name = 'agents'")
    page = world.page("agents", "Agent 1")["id"]
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    stage.run_for(120)
    seen = "SELECT count(*) FROM sync_engine.sync_events WHERE source = 'n' AND op = 'd'"
    assert world.sql(seen) == [(0,)], "a poll does not show what left"
    world.sql("UPDATE sync_engine.sync_mappings SET last_full_scan = last_full_scan - interval '25 hours'")
    stage.run_for(120)
    assert world.sql(seen) == [(1,)]
    [(second,)] = world.sql("SELECT last_full_scan FROM sync_engine.sync_mappings WHERE name = 'agents'")
    assert second > first


def test_a_persons_command_gets_its_turn(world: World, stage: Stage) -> None:
    from sync_engine.engine.undo.rollback import Selection, rollback

    seed(world)
    stage.run_until(10)
    world.sql("UPDATE agents SET prompt = 'a mistake' WHERE name = 'Agent 1'")
    stage.run_for(5)
    [(run_id,)] = world.sql("SELECT run_id FROM sync_engine.sync_runs ORDER BY started_at DESC LIMIT 1")
    stage.at(stage.elapsed + 2, lambda: rollback(world.app.context, Selection(run=run_id)) and None)
    stage.run_for(10)
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "be kind"


def test_the_database_goes_away_and_comes_back(
    world: World, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(world)
    stage.run_until(10)
    database = world.app.database
    real, down = database.transaction, []

    def transaction(*arguments: str) -> object:
        if down:
            raise DatabaseUnavailable("the server is restarting")
        return real(*arguments)

    monkeypatch.setattr(database, "transaction", transaction)
    stage.at(20, lambda: down.append(1))
    stage.at(90, down.clear)
    stage.at(30, lambda: world.sql("UPDATE agents SET prompt = 'meanwhile' WHERE name = 'Agent 1'"))
    stage.run_until(200)
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "meanwhile"
    assert run_state(world)["error"] is None


def test_notify_is_heard(world: World) -> None:
    import threading

    heard, ready = threading.Event(), threading.Event()
    with world.app.listening(heard.set):
        while not heard.wait(0.05):
            world.sql(f"NOTIFY {CHANNEL}, 'hint'")
            ready.set()
    assert ready.is_set()


def test_a_table_altered_under_it_is_mapped_anew(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(20)
    page = world.page("agents", "Agent 2")["id"]
    stage.at(30, lambda: world.sql("ALTER TABLE agents RENAME prompt TO instructions"))
    stage.at(31, lambda: world.sql("UPDATE agents SET instructions = 'from a row' WHERE name = 'Agent 1'"))
    stage.at(32, lambda: world.edit(page, Prompt=text("from a page")))
    stage.run_until(120)
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "from a row"
    assert world.sql("SELECT instructions FROM agents WHERE name = 'Agent 2'") == [("from a page",)]
    world.assert_in_sync()


def test_it_ends_where_changes_are_not_captured_any_more(world: World, stage: Stage) -> None:
    seed(world)
    stage.run_until(20)
    stage.at(30, lambda: world.sql("ALTER TABLE agents DISABLE TRIGGER ALL"))
    with pytest.raises(NotSetUp, match="disabled"):
        stage.run_until(120)
