"""What a person decides in the browser: a pass, a conflict, a rollback."""

from __future__ import annotations

import re
from dataclasses import replace
from threading import Event
from uuid import UUID

import pytest

from sync_engine.engine.context import Context
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.summary import PassSummary
from sync_engine.errors import NotionUnavailable
from sync_engine.web import jobs
from sync_engine.web.pages import overview
from tests.integration.web.conftest import Browser, visible
from tests.support.world import World, shown, text


def conflicting(world: World) -> None:
    """Prompt edited on both sides; the policy decides."""
    page = world.page("agents", "Ada")
    world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name = 'Ada'")
    world.edit(page["id"], Prompt=text("from notion"))
    world.sync()


def both(world: World) -> tuple[str, str]:
    [(row,)] = world.sql("SELECT prompt FROM agents WHERE name = 'Ada'")
    return row, shown(world.page("agents", "Ada"), "Prompt")


def last_run(browser: Browser) -> str:
    found = re.search(r'href="(/runs/[0-9a-f-]+)"', browser.page("/runs"))
    assert found
    return found.group(1)


def test_sync_now_runs_a_pass_and_shows_what_it_did(world: World, browser: Browser, agent: str) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Third')")
    answer = browser.submit(browser.page("/"), "/sync")
    assert "Both sides synced" in answer.text and "1 created in Notion" in answer.text
    shown_run = browser.page(last_run(browser))
    assert "Third" in shown_run
    overview_text = visible(browser.page("/"))
    assert "teams 3 3 3 0 0 0" in overview_text


def test_a_conflict_shows_both_sides_and_swap_reverses_it_on_both(
    world: World, browser: Browser, agent: str
) -> None:
    conflicting(world)
    won = both(world)
    assert won[0] == won[1]
    page = browser.page("/conflicts")
    told = visible(page)
    for part in ("postgres", "notion", "Before both edits be kind", "decided by policy", "Ada"):
        assert part in told
    answer = browser.submit(page, "/conflicts/1/decide", choice="swap")
    assert answer.status_code == 200
    other = {"from postgres", "from notion"} - {won[0]}
    assert {*both(world)} == other
    assert "swapped" in visible(browser.page("/conflicts/1")) and "by console" in visible(
        browser.page("/conflicts/1")
    )
    world.assert_in_sync()
    again = browser.submit(browser.page("/conflicts/1"), "/conflicts/1/decide", choice="swap")
    assert again.status_code == 200
    assert both(world) == won


def test_keeping_a_side_puts_it_on_both(world: World, browser: Browser, agent: str) -> None:
    conflicting(world)
    browser.submit(browser.page("/conflicts"), "/conflicts/1/decide", choice="postgres")
    assert both(world) == ("from postgres", "from postgres")
    assert "Nothing here" in browser.page("/conflicts")
    assert "reviewed" in browser.page("/conflicts", show="resolved")


def test_a_swap_over_a_later_edit_is_told(world: World, browser: Browser, agent: str) -> None:
    conflicting(world)
    page = browser.page("/conflicts")
    world.sql("UPDATE agents SET prompt = 'later' WHERE name = 'Ada'")
    world.sync()
    answer = browser.submit(page, "/conflicts/1/decide", choice="swap")
    assert answer.status_code >= 400
    assert "was edited after conflict 1 was decided" in answer.text
    assert both(world) == ("later", "later")


def test_an_unknown_choice_is_refused(world: World, browser: Browser, agent: str) -> None:
    conflicting(world)
    answer = browser.submit(browser.page("/conflicts"), "/conflicts/1/decide", choice="both")
    assert answer.status_code == 400


def test_a_run_is_rolled_back_after_its_plan_was_shown(world: World, browser: Browser, agent: str) -> None:
    world.edit(world.page("agents", "Ada")["id"], Prompt=text("a mistake"), Max_Tokens={"number": 1})
    world.sync()
    run = last_run(browser)
    plan = browser.submit(browser.page(run), f"{run}/plan")
    told = visible(plan.text)
    assert "Roll back 1 record" in told and "a mistake → be kind" in told and "1 → 2000" in told
    assert both(world) == ("a mistake", "a mistake")
    done = browser.submit(plan.text, f"{run}/rollback")
    assert "1 record taken back" in done.text
    assert both(world) == ("be kind", "be kind")
    assert world.sql("SELECT max_tokens FROM agents") == [(2000,)]
    world.assert_in_sync()
    undo = last_run_of(browser, "rollback")
    plan = browser.submit(browser.page(undo), f"{undo}/plan")
    browser.submit(plan.text, f"{undo}/rollback")
    assert both(world) == ("a mistake", "a mistake")


def last_run_of(browser: Browser, kind: str) -> str:
    found = re.search(rf'href="(/runs/[0-9a-f-]+)">{kind}<', browser.page("/runs"))
    assert found
    return found.group(1)


def test_a_later_edit_is_left_alone_unless_asked(world: World, browser: Browser, agent: str) -> None:
    world.edit(world.page("agents", "Ada")["id"], Prompt=text("a mistake"))
    world.sync()
    run = last_run(browser)
    world.sql("UPDATE agents SET prompt = 'later' WHERE name = 'Ada'")
    world.sync()
    plan = browser.submit(browser.page(run), f"{run}/plan")
    assert "left alone" in plan.text and f"{run}/rollback" not in plan.text
    forced = browser.submit(plan.text, f"{run}/plan")
    assert "overwrites edits" in forced.text
    browser.submit(forced.text, f"{run}/rollback")
    assert both(world) == ("be kind", "be kind")


def test_another_run_that_holds_the_lock_is_told_kindly(
    world: World, browser: Browser, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOCK_PATIENCE", 0.0)
    page = browser.page("/")
    with world.app.database.lock():
        answer = browser.submit(page, "/sync")
    assert answer.status_code == 409
    assert "Something else is at work" in answer.text
    assert "Traceback" not in answer.text


def test_a_short_run_of_somebody_else_is_waited_for(
    world: World, browser: Browser, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0.0)
    with world.app.database.lock():
        answer = browser.submit(browser.page("/"), "/sync")
        while "waiting for another run" not in answer.text:
            answer = browser.get(str(answer.url))
    while "/jobs/" in str(answer.url):
        answer = browser.get(str(answer.url))
    assert "Both sides synced" in answer.text


def test_quiet_passes_do_not_bury_the_others(world: World, browser: Browser, agent: str) -> None:
    for _ in range(3):
        world.sync()
    page = visible(browser.page("/runs"))
    assert "3 passes that had nothing to do are left out" in page
    assert page.count("done") == 1
    assert visible(browser.page("/runs", show="all")).count("done") == 4
    assert "nothing to do" not in visible(browser.page("/"))


def test_notion_out_of_reach_is_told(
    world: World, browser: Browser, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_context: Context, _options: SyncOptions) -> None:
        raise NotionUnavailable("Notion does not answer", hint="check the network")

    monkeypatch.setattr(overview, "sync", fail)
    answer = browser.submit(browser.page("/"), "/sync")
    assert answer.status_code == 502
    assert "Notion does not answer" in answer.text and "check the network" in answer.text


def test_a_long_pass_has_a_page_of_progress(
    world: World, browser: Browser, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()

    def slow(context: Context, options: SyncOptions) -> PassSummary:
        context.progress("writing agents to Notion", 3, 10)
        assert go_on.wait(30)
        return sync(context, options)

    monkeypatch.setattr(overview, "sync", slow)
    monkeypatch.setattr(jobs, "PATIENCE", 0.1)
    page = browser.page("/")
    progress = browser.submit(page, "/sync")
    assert "/jobs/" in str(progress.url) and 'http-equiv="refresh"' in progress.text
    assert "writing agents to Notion: 3 of 10" in visible(progress.text)
    assert "Syncing both sides…" in browser.page("/runs")
    again = browser.submit(page, "/sync")
    assert again.status_code == 409 and "this console is busy" in again.text
    go_on.set()
    while "/jobs/" in str(progress.url):
        progress = browser.get(str(progress.url))
    assert "Both sides synced" in progress.text


def test_history_names_people_and_relations(world: World, browser: Browser, agent: str) -> None:
    world.sql("UPDATE agents SET team_id = (SELECT id FROM teams WHERE name = 'Home')")
    world.edit(world.page("agents", "Ada")["id"], Prompt=text("typed"))
    world.sync()
    told = visible(browser.page("/history/agents", key=agent))
    assert "Field → Home" in told
    assert "be kind → typed" in told
    assert "by Ada Keller" in told and "by the engine, in run" in told
    assert "nothing about this record" in browser.page("/history/agents", key=str(UUID(int=0)))
    assert browser.get("/history/agents", key="no uuid").status_code == 400


def test_a_console_opened_before_setup_finds_out(world: World, browser: Browser) -> None:
    context = world.app.context
    world.app.__dict__["context"] = replace(context, mappings=[replace(item, id=0) for item in context.mappings])
    assert browser.get("/").status_code == 200
    world.sql("DROP SCHEMA sync_engine CASCADE")
    answer = browser.get("/")
    assert answer.status_code == 409
    assert "sync-engine setup" in answer.text


def test_a_table_altered_while_the_console_is_open_is_followed(world: World, browser: Browser, agent: str) -> None:
    world.sql("ALTER TABLE agents RENAME prompt TO instructions")
    world.sql("UPDATE agents SET instructions = 'after the change' WHERE name = 'Ada'")
    answer = browser.submit(browser.page("/"), "/sync")
    assert "Both sides synced" in answer.text
    assert shown(world.page("agents", "Ada"), "Prompt") == "after the change"
    world.restart()
