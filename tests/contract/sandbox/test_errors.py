"""Refusals: status, code and text of each, as recorded or quoted (notion-api.md 11 and 16)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sync_engine.sandbox import Sandbox
from tests.support.sandbox_api import Api, text

NIL = "00000000-0000-0000-0000-000000000000"
WRONG = "12345678-1234-1234-1234-123456789abc"


def test_error_bodies_have_these_keys_in_this_order(api: Api) -> None:
    body = api.refused("GET", f"pages/{NIL}", status=404)
    assert list(body) == ["object", "status", "code", "message", "additional_data", "request_id"]
    assert api.send("GET", f"pages/{NIL}").headers["x-notion-request-id"]


@pytest.mark.parametrize("secret", ["ntn_wrong", "secret_x"])
def test_unknown_token(sandbox: Sandbox, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}", "Notion-Version": "2026-03-11"}
    answer = httpx.get(f"{sandbox.url}/v1/users", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.json()["message"] == "API token is invalid."


def test_version_header_is_mandatory(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    body = httpx.get(f"{sandbox.url}/v1/users", headers=headers).json()
    assert (body["status"], body["code"]) == (400, "missing_version")


def test_unknown_version(api: Api) -> None:
    body = api.in_version("2026-02-01").refused("GET", "users")
    assert body["code"] == "missing_version"
    assert body["message"].startswith("Notion-Version header failed validation:")


@pytest.mark.parametrize("path", ["invalid", "pages", "databases/x/query", "data_sources/a/b/c"])
def test_unknown_address(api: Api, path: str) -> None:
    body = api.refused("GET", path)
    assert (body["code"], body["message"]) == ("invalid_request_url", "Invalid request URL.")


def test_data_sources_do_not_exist_before_2025(api: Api) -> None:
    _, source = api.database()
    assert api.in_version("2022-06-28").refused("GET", f"data_sources/{source}")["code"] == "invalid_request_url"


def test_body_that_is_no_json(api: Api) -> None:
    answer = api.client.post(
        f"{api.sandbox.url}/v1/search",
        content=b"{nope",
        headers={"Authorization": f"Bearer {api.sandbox.token}", "Notion-Version": "2026-03-11"},
    ).json()
    assert (answer["code"], answer["message"]) == ("invalid_json", "Error parsing JSON body.")


@pytest.mark.parametrize("path", ["pages", "databases", "data_sources", "blocks", "users"])
def test_id_that_is_no_uuid(api: Api, path: str) -> None:
    name = path.removesuffix("s")
    body = api.refused("GET", f"{path}/{WRONG}")
    assert (
        body["message"]
        == f'path failed validation: path.{name}_id should be a valid uuid, instead was `"{WRONG}"`.'
    )


@pytest.mark.parametrize("path", ["pages", "databases", "data_sources", "blocks"])
def test_object_that_is_not_there(api: Api, path: str) -> None:
    body = api.refused("GET", f"{path}/{NIL}", status=404)
    assert body["code"] == "object_not_found"
    assert body["message"] == (
        f"Could not find {path.removesuffix('s')} with ID: {NIL}. Make sure the relevant pages and databases are "
        'shared with your integration "sync-engine".'
    )
    assert body["additional_data"]["integration_id"] == api.ok("GET", "users/me")["id"]


def test_a_database_id_is_not_a_data_source_id(api: Api) -> None:
    database, source = api.database()
    api.refused("GET", f"data_sources/{database}", status=404)
    api.refused("GET", f"databases/{source}", status=404)


def test_undashed_and_upper_case_ids_are_taken(api: Api) -> None:
    _, source = api.database()
    page = api.row(source, "x")["id"]
    assert api.ok("GET", f"pages/{page.replace('-', '').upper()}")["id"] == page


def test_unknown_body_keys_are_refused(api: Api) -> None:
    _, source = api.database()
    body = api.refused("POST", f"data_sources/{source}/query", {"sort": []})
    assert body["message"] == "body failed validation: body.sort should be not present, instead was `[]`."
    body = api.refused("PATCH", f"data_sources/{source}", {"colour": "red"})
    assert body["message"] == 'body failed validation: body.colour should be not present, instead was `"red"`.'


def test_schema_on_the_database_is_refused_since_2025(api: Api) -> None:
    parent = {"page_id": api.sandbox.parent_page_id}
    body = api.refused("POST", "databases", {"parent": parent, "properties": {"Name": {"title": {}}}})
    assert "body.properties should be not present" in body["message"]


def test_archived_is_refused_under_2026_and_taken_before(api: Api) -> None:
    _, source = api.database()
    page = api.row(source, "x")["id"]
    assert (
        "body.archived should be not present"
        in api.refused("PATCH", f"pages/{page}", {"archived": True})["message"]
    )
    older = api.in_version("2025-09-03")
    assert older.ok("PATCH", f"pages/{page}", {"archived": True})["archived"] is True
    assert api.ok("GET", f"pages/{page}")["in_trash"] is True


def test_body_of_more_than_500_kb(api: Api) -> None:
    body = api.refused("POST", "search", {"query": "x" * 500_001})
    assert body["code"] == "validation_error"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Zed": {"number": 1}}, "Zed is not a property that exists."),
        ({"Score": {"rich_text": []}}, "Score is expected to be number."),
        ({"Score": {"type": "rich_text", "rich_text": []}}, "Score is expected to be number."),
        (
            {"Score": {"number": "1"}},
            'body failed validation: body.properties.Score.number should be a number, instead was `"1"`.',
        ),
        (
            {"Text": {"rich_text": text("x" * 2001)}},
            "body failed validation: body.properties.Text.rich_text[0].text.content.length should be ≤ `2000`, "
            "instead was `2001`.",
        ),
        (
            {"Text": {"rich_text": text("x" * 1998 + "🔴" + "x")}},
            "body failed validation: body.properties.Text.rich_text[0].text.content.length should be ≤ `2000`, "
            "instead was `2001`.",
        ),
        (
            {"Text": {"rich_text": text("x") * 101}},
            "body failed validation: body.properties.Text.rich_text.length should be ≤ `100`, instead was `101`.",
        ),
        (
            {"Tier": {"select": {"name": "High, really"}}},
            "Invalid select option, commas not allowed: High, really",
        ),
        ({"Tags": {"multi_select": [{"name": "a,b"}]}}, "Invalid select option, commas not allowed: a,b"),
        (
            {"Text": {"rich_text": [{"type": "text"}]}},
            "body failed validation. Fix one:\n"
            "body.properties.Text.rich_text[0].text should be defined, instead was `undefined`.",
        ),
        (
            {"Done": {"checkbox": None}},
            "body failed validation: body.properties.Done.checkbox should be a boolean, instead was `null`.",
        ),
        (
            {"Day": {"date": {"start": "soon"}}},
            "body failed validation: body.properties.Day.date.start should be a valid ISO 8601 date string, "
            'instead was `"soon"`.',
        ),
    ],
)
def test_values_that_are_refused(api: Api, value: Any, message: str) -> None:
    schema: dict[str, Any] = {
        "Text": {"rich_text": {}},
        "Score": {"number": {}},
        "Done": {"checkbox": {}},
        "Day": {"date": {}},
        "Tier": {"select": {}},
        "Tags": {"multi_select": {}},
    }
    _, source = api.database(schema)
    page = api.row(source, "x")["id"]
    body = api.refused("PATCH", f"pages/{page}", {"properties": value})
    assert (body["code"], body["message"]) == ("validation_error", message)


@pytest.mark.parametrize(
    "name", ["created_time", "last_edited_time", "created_by", "last_edited_by", "unique_id", "formula"]
)
def test_read_only_values_are_refused(api: Api, name: str) -> None:
    _, source = api.database({"P": {name: {"expression": "1"} if name == "formula" else {}}})
    page = api.row(source, "x")["id"]
    assert api.refused("PATCH", f"pages/{page}", {"properties": {"P": {name: None}}})["code"] == "validation_error"


def test_a_refused_request_changes_nothing(api: Api) -> None:
    _, source = api.database({"Tier": {"select": {}}, "Score": {"number": {}}})
    page = api.row(source, "x")["id"]
    bad = {"Tier": {"select": {"name": "new"}}, "Score": {"number": "no"}}
    api.refused("PATCH", f"pages/{page}", {"properties": bad})
    assert api.ok("GET", f"data_sources/{source}")["properties"]["Tier"]["select"]["options"] == []
    assert api.ok("GET", f"pages/{page}")["properties"]["Tier"]["select"] is None


def test_editing_in_the_trash(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    page = api.row(source, "x")["id"]
    api.ok("PATCH", f"pages/{page}", {"in_trash": True})
    body = api.refused("PATCH", f"pages/{page}", {"properties": {"Score": {"number": 1}}})
    assert body["message"] == "Can't edit block that is archived. You must unarchive the block before editing."


def test_page_size_and_cursor(api: Api) -> None:
    _, source = api.database()
    api.row(source, "x")
    path = f"data_sources/{source}/query"
    body = api.refused("POST", path, {"page_size": 101})
    assert body["message"] == (
        "body failed validation: body.page_size should be ≤ `100` or `undefined`, instead was `101`."
    )
    assert "start_cursor provided is invalid" in api.refused("POST", path, {"start_cursor": "x"})["message"]
    body = api.refused("GET", f"comments?block_id={api.sandbox.parent_page_id}&page_size=101")
    assert body["message"] == (
        "query failed validation: query.page_size should be ≤ `100` or `undefined`, instead was `101`."
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"filter": {"property": "Colour", "rich_text": {"equals": "x"}}},
            "Could not find property with name or id: Colour",
        ),
        (
            {"filter": {"property": "Score", "rich_text": {"equals": "x"}}},
            "The property type in the database does not match the property type of the filter provided: database "
            "property number does not match filter rich_text",
        ),
        (
            {"sorts": [{"property": "Colour", "direction": "ascending"}]},
            "Could not find sort property with name or id: Colour",
        ),
    ],
)
def test_queries_that_are_refused(api: Api, body: Any, message: str) -> None:
    _, source = api.database({"Score": {"number": {}}})
    assert api.refused("POST", f"data_sources/{source}/query", body)["message"] == message


def test_compound_filters_nest_once(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    leaf = {"property": "Score", "number": {"is_empty": True}}
    path = f"data_sources/{source}/query"
    api.ok("POST", path, {"filter": {"and": [{"or": [leaf]}]}})
    api.refused("POST", path, {"filter": {"and": [{"or": [{"and": [leaf]}]}]}})
