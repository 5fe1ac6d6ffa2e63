"""The workspace port over the local Notion: what each call promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from sync_engine.adapters.notion import NotionWorkspace, open_workspace
from sync_engine.adapters.notion.pages import text_of
from sync_engine.errors import ConnectionBlocked, NotionNotFound, NotionRejected, NotionUnavailable
from sync_engine.ports.workspace import Page, Workspace
from tests.contract.notion.conftest import LocalNotion, Table, text
from tests.support.staged import StagedClock


def read(workspace: Workspace, table: Table, since: Any = None) -> dict[str, Page]:
    """All pages of a poll, by key."""
    return {
        text_of(page.properties[table["Sync Key"]]): page
        for batch in workspace.changed_since(table.id, since)
        for page in batch.pages
    }


def test_whoami_is_the_author_of_what_it_writes(workspace: NotionWorkspace, table: Table) -> None:
    me = workspace.whoami()
    page = workspace.create_page(table.id, table.row("a"))
    assert me.is_self
    assert me.is_bot
    assert page.last_edited_by == me


def test_a_persons_edit_names_the_person(
    workspace: NotionWorkspace, person: NotionWorkspace, table: Table
) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    person.update_page(page.id, {table["Score"]: {"number": 4}})
    author = workspace.page(page.id).last_edited_by
    assert author.name == person.whoami().name != ""
    assert not author.is_self
    assert not author.is_bot


def test_a_wrong_token_stops_the_connection(notion: LocalNotion, clock: StagedClock) -> None:
    wrong, _ = notion.open(token="ntn_wrong")
    with pytest.raises(ConnectionBlocked, match="NOTION_TOKEN") as caught:
        wrong.whoami()
    assert "ntn_wrong" not in str(caught.value)
    assert clock.waits == []


def test_a_dead_server_is_unavailable_not_a_crash(clock: StagedClock) -> None:
    dead = open_workspace("ntn_x", "http://127.0.0.1:9", 180, clock)
    with pytest.raises(NotionUnavailable, match="cannot be reached"):
        dead.whoami()


def test_schema_read_change_and_rename(workspace: NotionWorkspace, table: Table) -> None:
    source = workspace.data_source(table.id)
    tier = source.by_name("Tier")
    assert tier is not None
    assert tier.options == ("low", "high")
    changed = workspace.update_properties(table.id, {"New": {"rich_text": {}}, table["Score"]: {"name": "Points"}})
    assert changed.by_name("New") is not None
    assert changed.by_id(table["Score"]) == changed.by_name("Points")
    assert workspace.data_sources_of(source.database_id) == [table.id]


def test_databases_are_found_under_their_page(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table
) -> None:
    other = workspace.create_database(notion.server.parent_page_id, "Tools", "", {"Name": {"title": {}}})
    found = dict(workspace.child_databases(notion.server.parent_page_id))
    assert found[table.source.database_id] == "Agents"
    assert found[other.database_id] == "Tools"


def test_values_of_every_type_come_back(workspace: NotionWorkspace, table: Table) -> None:
    written: dict[str, Any] = {
        "Score": {"number": 2.5},
        "Tier": {"select": {"name": "low"}},
        "Tags": {"multi_select": [{"name": "x"}, {"name": "y"}]},
        "Done": {"checkbox": True},
        "Due": {"date": {"start": "2026-11-20"}},
        "Site": {"url": "https://example.com"},
    }
    page = workspace.create_page(table.id, table.row("a", **written))
    assert page.data_source_id == table.id
    again = workspace.page(page.id)
    assert again == page
    values = {name: again.properties[table[name]] for name in written}
    assert values["Score"]["number"] == 2.5  # type: ignore[index,call-overload]
    assert values["Tier"]["select"]["name"] == "low"  # type: ignore[index,call-overload]
    assert values["Done"]["checkbox"] is True  # type: ignore[index,call-overload]


def test_an_update_touches_only_what_it_names(workspace: NotionWorkspace, table: Table) -> None:
    page = workspace.create_page(table.id, table.row("a", Score={"number": 1}, Text=text("long")))
    after = workspace.update_page(page.id, {table["Score"]: {"number": None}})
    assert after.properties[table["Text"]] == page.properties[table["Text"]]
    assert text_of(after.properties[table["Sync Key"]]) == "a"


def test_a_property_renamed_by_a_person_is_still_written(
    workspace: NotionWorkspace, person: NotionWorkspace, table: Table
) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    person.update_properties(table.id, {table["Score"]: {"name": "Punkte"}})
    after = workspace.update_page(page.id, {table["Score"]: {"number": 3}})
    assert after.properties[table["Score"]]["number"] == 3  # type: ignore[index,call-overload]


def test_a_value_of_the_wrong_type_names_the_property(workspace: NotionWorkspace, table: Table) -> None:
    with pytest.raises(NotionRejected) as caught:
        workspace.create_page(table.id, table.row("a", Score=text("three")))
    assert caught.value.status == 400
    assert "Score" in str(caught.value) or table["Score"] in str(caught.value)


def test_trash_and_restore_may_be_repeated(workspace: NotionWorkspace, table: Table) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    for _ in range(2):
        assert workspace.trash_page(page.id).in_trash
        assert workspace.page(page.id).in_trash
        assert read(workspace, table) == {}
    for _ in range(2):
        assert not workspace.restore_page(page.id).in_trash
    assert set(read(workspace, table)) == {"a"}


def test_a_page_that_is_not_there_is_not_found(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table
) -> None:
    page = workspace.create_page(table.id, table.row("a"))
    with pytest.raises(NotionNotFound):
        workspace.page(str(uuid4()))
    notion.server.revoke_access(table.source.database_id)
    for call in (
        lambda: workspace.page(page.id),
        lambda: workspace.update_page(page.id, {table["Score"]: {"number": 1}}),
        lambda: workspace.trash_page(page.id),
        lambda: workspace.data_source(table.id),
        lambda: list(workspace.changed_since(table.id, None)),
        lambda: workspace.find_by_key(table.id, table["Sync Key"], ["a"]),
    ):
        with pytest.raises(NotionNotFound):
            call()
    notion.server.restore_access(table.source.database_id)
    assert set(read(workspace, table)) == {"a"}


def test_pages_are_found_by_key_exactly(workspace: NotionWorkspace, table: Table) -> None:
    keys = ["k1", "K1", "k10", "k 1", "k,1", '"k"', "ключ", "🙂", "k" * 300]
    made = {key: workspace.create_page(table.id, table.row(key)).id for key in keys}
    for key in keys:
        assert [page.id for page in workspace.find_by_key(table.id, table["Sync Key"], [key])] == [made[key]]
    many = [f"none{number}" for number in range(130)]
    found = workspace.find_by_key(table.id, table["Sync Key"], [*many, *keys])
    assert {page.id for page in found} == set(made.values())


@pytest.mark.parametrize(
    "content",
    ["x" * 200_000, "y" * 1998 + "🙂", "y" * 1999 + "🙂", "🙂" * 1000, "", "a\nb\tc", "𝔘" * 30_000],
    ids=["200,000", "emoji at the edge", "emoji over the edge", "2,000 units", "empty", "control", "astral"],
)
def test_text_of_any_length_goes_and_comes_back(workspace: NotionWorkspace, table: Table, content: str) -> None:
    page = workspace.create_page(table.id, table.row("a", Text=text(content)))
    assert text_of(page.properties[table["Text"]]) == content
    assert text_of(read(workspace, table)["a"].properties[table["Text"]]) == content


def test_several_long_texts_that_fit_no_single_request(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table
) -> None:
    more = {f"Text {number}": {"rich_text": {}} for number in range(5)}
    wide = Table(workspace.update_properties(table.id, more))
    contents = {name: f"{name} " * 25_000 for name in more}
    page = workspace.create_page(
        wide.id, wide.row("a", **{name: text(value[:199_000]) for name, value in contents.items()})
    )
    for name, value in contents.items():
        assert text_of(page.properties[wide[name]]) == value[:199_000]
    assert notion.committed("POST", "/v1/pages") == 1


def linked(workspace: NotionWorkspace, table: Table, count: int) -> tuple[Table, Page, list[str]]:
    """A page with that many relations to other pages of the table."""
    relation = {"relation": {"data_source_id": table.id, "single_property": {}}}
    table = Table(workspace.update_properties(table.id, {"Others": relation}))
    targets = [workspace.create_page(table.id, table.row(f"t{number}")).id for number in range(count)]
    value = {"relation": [{"id": target} for target in targets]}
    return table, workspace.create_page(table.id, table.row("a", Others=value)), targets


def test_thirty_relations_are_read_completely_everywhere(workspace: NotionWorkspace, table: Table) -> None:
    table, page, targets = linked(workspace, table, 30)
    pages = [
        page,
        workspace.page(page.id),
        read(workspace, table)["a"],
        workspace.find_by_key(table.id, table["Sync Key"], ["a"])[0],
        workspace.update_page(page.id, {table["Score"]: {"number": 1}}),
    ]
    for each in pages:
        value = each.properties[table["Others"]]
        assert [item["id"] for item in value["relation"]] == targets  # type: ignore[index,call-overload,union-attr]


def test_nothing_changed_is_one_request(
    notion: LocalNotion, workspace: NotionWorkspace, table: Table, clock: StagedClock
) -> None:
    for number in range(5):
        workspace.create_page(table.id, table.row(str(number)))
    clock.advance(300)
    before = len(notion.server.requests)
    assert read(workspace, table, clock.now()) == {}
    assert len(notion.server.requests) == before + 1


def test_an_edit_of_the_same_minute_is_read_again(
    workspace: NotionWorkspace, person: NotionWorkspace, table: Table, clock: StagedClock
) -> None:
    page = workspace.create_page(table.id, table.row("a", Score={"number": 1}))
    first = read(workspace, table, clock.now())["a"]
    clock.advance(5)
    person.update_page(page.id, {table["Score"]: {"number": 2}})
    second = read(workspace, table, clock.now())["a"]
    assert first.last_edited_time == second.last_edited_time
    assert second.properties[table["Score"]]["number"] == 2  # type: ignore[index,call-overload]


def test_changed_rows_come_oldest_edit_first(workspace: NotionWorkspace, table: Table, clock: StagedClock) -> None:
    made = [workspace.create_page(table.id, table.row(str(number))).id for number in range(6)]
    clock.advance(600)
    since = clock.now()
    for page_id in [made[4], made[1], made[3]]:
        workspace.update_page(page_id, {table["Score"]: {"number": 1}})
        clock.advance(60)
    [batch] = workspace.changed_since(table.id, since)
    assert [page.id for page in batch.pages] == [made[4], made[1], made[3]]
    assert batch.served_at == clock.now()


@pytest.mark.parametrize("full", [True, False])
def test_edits_while_a_long_list_is_read_lose_nothing(
    notion: LocalNotion, workspace: NotionWorkspace, person: NotionWorkspace, table: Table, full: bool
) -> None:
    clock = notion.clock
    began = clock.now()
    made = [workspace.create_page(table.id, table.row(str(number))) for number in range(130)]
    clock.advance(600)
    reader, line = notion.open()
    edits: dict[str, int] = {}

    def edit(request: Any) -> None:
        if request.method == "POST" and 1 < line.requests <= 5:
            clock.advance(20)
            for page in made[line.requests * 3 :: 45]:
                edits[page.id] = line.requests
                person.update_page(page.id, {table["Score"]: {"number": line.requests}})

    line.before = edit
    seen: dict[str, Page] = {}
    for batch in reader.changed_since(table.id, None if full else began):
        seen.update((page.id, page) for page in batch.pages)
    assert set(seen) == {page.id for page in made}
    assert len(edits) > 5
    for page_id, value in edits.items():
        assert seen[page_id].properties[table["Score"]]["number"] == value  # type: ignore[index,call-overload]


def test_a_clock_ninety_seconds_off_is_known(notion: LocalNotion) -> None:
    workspace, _ = notion.open(clock=StagedClock(notion.clock.now() + timedelta(seconds=90)))
    workspace.whoami()
    assert timedelta(seconds=89) <= workspace.clock_skew() <= timedelta(seconds=92)


def test_requests_are_counted(notion: LocalNotion, workspace: NotionWorkspace, table: Table) -> None:
    notion.server.fail_next("GET", "/v1/pages", "rate_limited")
    page = workspace.create_page(table.id, table.row("a"))
    workspace.page(page.id)
    counts = workspace.counts()
    assert counts.total == len(notion.server.requests)
    assert (counts.retried, counts.rate_limited) == (1, 1)
