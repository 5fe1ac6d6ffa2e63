"""Every fault at every call: the end is as if it had not happened, nothing is doubled, the budget is kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync_engine.adapters.notion import NotionWorkspace
from sync_engine.adapters.notion.pages import text_of
from sync_engine.errors import (
    ConnectionBlocked,
    NotionError,
    NotionNotFound,
    NotionRejected,
    NotionUnavailable,
)
from sync_engine.ports.workspace import Page
from sync_engine.sandbox import Fault
from sync_engine.sandbox.chaos import Chaos
from sync_engine.sandbox.ratelimit import RateLimit
from tests.contract.notion.conftest import SCHEMA, LocalNotion, Table
from tests.support.staged import StagedClock

PASSING = [
    "rate_limited",
    "workspace_rate_limited",
    "endpoint_rate_limited",
    "conflict",
    "internal_error",
    "bad_gateway",
    "unavailable",
    "gateway_timeout",
    "overload",
    "drop_before",
    "latency",
]
AFTER_COMMIT = ["unavailable_after_commit", "gateway_timeout_after_commit", "drop_after"]
FINAL: list[tuple[str, type[NotionError]]] = [
    ("blocked", ConnectionBlocked),
    ("unauthorized", ConnectionBlocked),
    ("restricted", NotionRejected),
    ("not_found", NotionNotFound),
    ("row_limit", NotionRejected),
]


def strike(notion: LocalNotion, method: str, path: str, kind: str, times: int = 1) -> None:
    seconds = {"latency": 0.01, "workspace_rate_limited": 90}.get(kind, 2)
    notion.server.fail_next(method, path, Fault(kind, seconds), times)


def create_once(notion: LocalNotion, workspace: NotionWorkspace, table: Table, key: str) -> Page:
    """What an engine does: create; after a doubt let queries catch up, look the key up, then create again."""
    while True:
        try:
            return workspace.create_page(table.id, table.row(key, Score={"number": 7}))
        except NotionUnavailable as lost:
            if lost.may_have_committed:
                notion.clock.advance(15)
                found = workspace.find_by_key(table.id, table["Sync Key"], [key])
                if found:
                    return found[0]


def rows(workspace: NotionWorkspace, table: Table) -> list[Page]:
    return [page for batch in workspace.changed_since(table.id, None) for page in batch.pages]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("kind", PASSING + AFTER_COMMIT)
def test_a_create_makes_one_page(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table, kind: str, times: int
) -> None:
    strike(notion, "POST", "/v1/pages$", kind, times)
    page = create_once(notion, workspace, table, "a")
    assert text_of(page.properties[table["Sync Key"]]) == "a"
    assert [each.id for each in rows(workspace, table)] == [page.id]
    assert notion.committed("POST", "/v1/pages") == 1


OPERATIONS: dict[str, tuple[str, str, Callable[[NotionWorkspace, Table, Page], object]]] = {
    "update": (
        "PATCH",
        "/v1/pages/",
        lambda ws, table, page: ws.update_page(page.id, {table["Score"]: {"number": 9}}),
    ),
    "trash": ("PATCH", "/v1/pages/", lambda ws, _table, page: ws.trash_page(page.id)),
    "page": ("GET", "/v1/pages/", lambda ws, _table, page: ws.page(page.id)),
    "poll": ("POST", "/query", lambda ws, table, _page: list(ws.changed_since(table.id, None))),
    "find": ("POST", "/query", lambda ws, table, _page: ws.find_by_key(table.id, table["Sync Key"], ["a"])),
    "schema": ("GET", "/v1/data_sources/", lambda ws, table, _page: ws.data_source(table.id)),
    "sources": (
        "GET",
        "/v1/databases/",
        lambda ws, table, _page: ws.data_sources_of(table.source.database_id),
    ),
    "change": (
        "PATCH",
        "/v1/data_sources/",
        lambda ws, table, _page: ws.update_properties(table.id, {"New": {"checkbox": {}}}),
    ),
}
WRITES = ("update", "trash", "change")


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_passing_fault_changes_nothing(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table, operation: str, kind: str, times: int
) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    method, path, call = OPERATIONS[operation]
    calm = call(workspace, table, page) if operation not in WRITES else None
    strike(notion, method, path, kind, times)
    result = call(workspace, table, page)
    if operation not in WRITES and operation != "poll":
        assert result == calm
    check(workspace, table, page, operation)


@pytest.mark.parametrize("kind", AFTER_COMMIT)
@pytest.mark.parametrize("operation", WRITES)
def test_a_write_whose_answer_is_lost_is_done_once_in_effect(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table, operation: str, kind: str
) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    method, path, call = OPERATIONS[operation]
    strike(notion, method, path, kind)
    call(workspace, table, page)
    check(workspace, table, page, operation)
    if kind == "unavailable_after_commit":
        assert notion.committed(method, path) == 1


def check(workspace: NotionWorkspace, table: Table, page: Page, operation: str) -> None:
    after: Any = workspace.page(page.id)
    assert after.in_trash is (operation == "trash")
    assert after.properties[table["Score"]]["number"] == (9 if operation == "update" else None)
    new = [item for item in workspace.data_source(table.id).properties if item.name.startswith("New")]
    assert len(new) == (1 if operation == "change" else 0)


@pytest.mark.parametrize(("kind", "error"), FINAL)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_refusal_is_final_at_every_call(
    notion: LocalNotion,
    workspace: NotionWorkspace,
    table: Table,
    operation: str,
    kind: str,
    error: type[NotionError],
) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    method, path, call = OPERATIONS[operation]
    strike(notion, method, path, kind)
    before = len(notion.server.requests)
    with pytest.raises(error):
        call(workspace, table, page)
    assert len(notion.server.requests) == before + 1


@pytest.mark.parametrize("kind", [*AFTER_COMMIT, "gateway_timeout", "drop_before"])
def test_a_database_in_doubt_is_found_before_another_is_made(
    notion: LocalNotion, workspace: NotionWorkspace, kind: str
) -> None:
    parent = notion.server.parent_page_id
    strike(notion, "POST", "/v1/databases", kind)
    try:
        workspace.create_database(parent, "Agents", "", SCHEMA)
    except NotionUnavailable as lost:
        assert lost.may_have_committed
        if not workspace.child_databases(parent):
            workspace.create_database(parent, "Agents", "", SCHEMA)
    assert [title for _, title in workspace.child_databases(parent)] == ["Agents"]


def test_a_stale_answer_is_old_but_never_wrong(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table, clock: StagedClock
) -> None:
    workspace.create_page(table.id, table.row("a"))
    clock.advance(60)
    since = clock.now()
    workspace.create_page(table.id, table.row("b"))
    clock.advance(1)
    notion.server.fail_next("POST", "/query", Fault("stale", 30))
    [stale] = workspace.changed_since(table.id, since)
    [fresh] = workspace.changed_since(table.id, since)
    assert len(stale.pages) <= len(fresh.pages) == 1


@pytest.mark.parametrize("seed", range(6))
def test_chaos_ends_with_each_row_once_and_right(notion: LocalNotion, table: Table, seed: int) -> None:
    workspace, _ = notion.open()
    notion.server.workspace.chaos = Chaos(seed, 0.3)
    keys = [f"k{number}" for number in range(25)]
    pages = {key: create_once(notion, workspace, table, key) for key in keys}
    for number, key in enumerate(keys):
        workspace.update_page(pages[key].id, {table["Score"]: {"number": number}})
    for key in keys[::5]:
        workspace.trash_page(pages[key].id)
    listed = rows(workspace, table)
    notion.server.workspace.chaos = None
    kept = {pages[key].id for number, key in enumerate(keys) if number % 5}
    assert {page.id for page in rows(workspace, table)} == kept
    assert {page.id for page in listed} >= kept
    for number, key in enumerate(keys):
        found: Any = workspace.page(pages[key].id)
        assert found.properties[table["Score"]]["number"] == number


def test_the_budget_of_notion_is_never_exceeded(notion: LocalNotion, table: Table) -> None:
    """The local Notion counts by itself: with equal budgets it never has to say no."""
    notion.clock.advance(120)
    notion.server.workspace.limit = RateLimit(60)
    workspace, _ = notion.open(per_minute=60)
    began = notion.clock.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: workspace.create_page(table.id, table.row(str(number))), range(150)))
    assert workspace.counts().rate_limited == 0
    assert notion.clock.monotonic() - began >= 120
    assert workspace.counts().total <= 152
