"""Large data sources: more rows than one query lists, and a push inside its budget of requests."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from sync_engine.adapters.notion import NotionWorkspace
from sync_engine.errors import NotionUnavailable
from sync_engine.sandbox.model import Page as StoredPage
from tests.contract.notion.conftest import LocalNotion, Table

MINUTE = 60_000


def fill(notion: LocalNotion, workspace: NotionWorkspace, table: Table, rows: int, per_minute: int) -> set[str]:
    """Copy one page into many, created over hours past; writing each through the API would take a minute."""
    first = workspace.create_page(table.id, table.row("a"))
    space = notion.server.workspace
    with space.lock:
        model = space.store.take(StoredPage, first.id)
        made = {first.id}
        for number in range(1, rows):
            at = model.created - MINUTE * (rows // per_minute + 10 - number // per_minute)
            copy = replace(
                model, id=str(uuid4()), created=at, edited=at, touched=at, seq=space.store.next_sequence()
            )
            space.store.put(copy)
            made.add(copy.id)
        space.store.commit()
    return made


@pytest.mark.parametrize("changed_only", [False, True])
def test_twelve_thousand_rows_are_read_completely(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table, changed_only: bool
) -> None:
    made = fill(notion, workspace, table, 12_000, 180)
    since = min(page.created_time for page in [workspace.page(page_id) for page_id in list(made)[:50]])
    since = since.replace(year=2025) if changed_only else None
    before = len(notion.server.requests)
    seen = [page.id for batch in workspace.changed_since(table.id, since) for page in batch.pages]
    assert len(seen) == len(set(seen)) == 12_000
    assert set(seen) == made
    assert len(notion.server.requests) - before <= 126


def test_more_rows_of_one_minute_than_notion_lists_are_an_error(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table
) -> None:
    fill(notion, workspace, table, 10_200, 20_000)
    with pytest.raises(NotionUnavailable, match="cannot be read completely"):
        list(workspace.changed_since(table.id, None))


def test_a_push_of_a_thousand_pages_and_the_poll_that_sees_it_stay_within_their_requests(
    notion: LocalNotion, table: Table
) -> None:
    workspace, _ = notion.open(per_minute=600)
    before = len(notion.server.requests)
    began = notion.clock.now()
    for number in range(1000):
        workspace.create_page(table.id, table.row(str(number)))
    assert len(notion.server.requests) - before == 1001  # users/me once
    pages = [page for batch in workspace.changed_since(table.id, began) for page in batch.pages]
    assert len(pages) == 1000
    assert len(notion.server.requests) - before <= 1020
