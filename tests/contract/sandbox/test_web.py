"""The page for people: escaping, edits as the chosen person, and no edits from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from sync_engine.sandbox import Sandbox
from tests.support.sandbox_api import Api

PROPERTIES: dict[str, Any] = {
    "Text": {"rich_text": {}},
    "Score": {"number": {}},
    "Done": {"checkbox": {}},
    "Tier": {"select": {"options": [{"name": "gold"}]}},
    "Tags": {"multi_select": {"options": [{"name": "a"}]}},
    "Day": {"date": {}},
    "State": {"status": {}},
    "Owner": {"people": {}},
    "Home": {"url": {}},
}


class Browser:
    """A person's browser: cookies, and the token of the last page's forms."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client = httpx.Client(base_url=sandbox.url, follow_redirects=True)
        self.client.get("/")

    def token(self) -> str:
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.client.get("/").text)
        assert found
        return found.group(1)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.client.post(path, data={"token": self.token(), **fields})


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[Browser]:
    made = Browser(sandbox)
    yield made
    made.client.close()


def edit(api: Api, browser: Browser, source: str, page: str, name: str, **fields: Any) -> Any:
    prop = api.ok("GET", f"data_sources/{source}")["properties"][name]
    answer = browser.post("/cell", page=page, property=unquote(prop["id"]), back="/", **fields)
    assert answer.status_code == 200, answer.text
    return api.ok("GET", f"pages/{page}")["properties"][name]


def test_first_page_lists_databases_under_their_parent(api: Api, browser: Browser) -> None:
    api.database(title="Agents & <Tools>")
    shown = browser.client.get("/").text
    assert "Agents &amp; &lt;Tools&gt;" in shown
    assert "Shared with sync-engine" in shown


def test_everything_is_escaped(api: Api, browser: Browser) -> None:
    database, source = api.database({"<b>Text</b>": {"rich_text": {}}}, title="<i>DB</i>")
    evil = "<script>alert('x')</script>\"'>"
    row = api.row(source, evil, **{"<b>Text</b>": {"rich_text": [{"text": {"content": evil}}]}})
    prop = api.ok("GET", f"data_sources/{source}")["properties"]["<b>Text</b>"]["id"]
    for address in (
        "/",
        f"/database/{database}",
        f"/database/{database}?q={quote(evil)}",
        f"/database/{database}?error={quote(evil)}",
        f"/database/{database}?edit={row['id']}:{quote(prop)}",
        f"/database/{database}?show={quote(evil)}&page={quote(evil)}",
    ):
        shown = browser.client.get(address)
        assert shown.status_code == 200
        assert "<script" not in shown.text
        assert "<b>Text" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]


def test_a_cell_of_each_type_can_be_edited(api: Api, browser: Browser) -> None:
    _, source = api.database(PROPERTIES)
    page = api.row(source, "one")["id"]

    def changed(name: str, **fields: Any) -> Any:
        value = edit(api, browser, source, page, name, **fields)
        return value[value["type"]]

    long = "🎉 line\r\n" * 1500
    assert "".join(run["plain_text"] for run in changed("Text", value=long)) == "🎉 line\n" * 1500
    assert changed("Score", value="1,234.5") == 1234.5
    assert changed("Score", value="") is None
    assert changed("Done", value="on") is True
    assert changed("Done") is False
    assert changed("Tier", value="gold")["name"] == "gold"
    assert changed("Tier", value="gold", new="silver")["name"] == "silver"
    assert changed("Tier", value="") is None
    assert [each["name"] for each in changed("Tags", value=["a"], new="b, c")] == ["a", "b", "c"]
    assert changed("Day", start_date="2026-07-01", start_time="10:30")["start"] == "2026-07-01T10:30:00.000+00:00"
    assert changed("Day", start_date="2026-07-01", end_date="2026-07-03")["end"] == "2026-07-03"
    assert changed("State", value="Done")["name"] == "Done"
    assert [each["name"] for each in changed("Owner", value=["Ada Keller"])] == ["Ada Keller"]
    assert changed("Home", value=" https://example.com ") == "https://example.com"
    assert changed("Name", value="two")[0]["plain_text"] == "two"


def test_a_relation_is_edited_by_titles(api: Api, browser: Browser) -> None:
    _, tools = api.database(title="Tools")
    wanted = api.row(tools, "Hammer")["id"]
    api.row(tools, "Twin")
    api.row(tools, "Twin")
    _, source = api.database({"Tool": {"relation": {"data_source_id": tools, "single_property": {}}}})
    page = api.row(source, "one")["id"]
    assert edit(api, browser, source, page, "Tool", value="Hammer\r\n")["relation"] == [{"id": wanted}]
    assert edit(api, browser, source, page, "Tool", value="Nothing")["relation"] == [{"id": wanted}]
    assert edit(api, browser, source, page, "Tool", value="Twin")["relation"] == [{"id": wanted}]
    assert edit(api, browser, source, page, "Tool", value="")["relation"] == []


def test_edits_act_as_the_chosen_person(api: Api, browser: Browser) -> None:
    _, source = api.database(PROPERTIES)
    page = api.row(source, "one")
    people = {user["name"]: user["id"] for user in api.ok("GET", "users")["results"]}
    assert page["last_edited_by"]["id"] == people["sync-engine"]
    browser.post("/person", person=people["Chioma Obi"], back="/")
    edit(api, browser, source, page["id"], "Score", value="7")
    assert api.ok("GET", f"pages/{page['id']}")["last_edited_by"]["id"] == people["Chioma Obi"]
    browser.post("/row", source=source, title="added", back="/")
    assert api.query(source)["results"][0]["created_by"]["id"] == people["Chioma Obi"]


def test_rows_go_to_the_trash_and_come_back(api: Api, browser: Browser) -> None:
    database, source = api.database()
    page = api.row(source, "Unwanted")["id"]
    browser.post("/trash", page=page, flag="true", back="/")
    assert api.ok("GET", f"pages/{page}")["in_trash"] is True
    assert "Unwanted" not in browser.client.get(f"/database/{database}").text
    assert "Unwanted" in browser.client.get(f"/database/{database}?show=trash").text
    browser.post("/trash", page=page, flag="false", back="/")
    assert api.ok("GET", f"pages/{page}")["in_trash"] is False


def test_a_form_without_our_token_or_from_elsewhere_changes_nothing(api: Api, browser: Browser) -> None:
    _, source = api.database()
    forms: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"token": "0" * 64}, {}),
        ({}, {}),
        ({"token": browser.token()}, {"origin": "https://evil.example"}),
        ({"token": browser.token()}, {"sec-fetch-site": "cross-site"}),
    ]
    for fields, headers in forms:
        answer = browser.client.post("/row", data={"source": source, "title": "x", **fields}, headers=headers)
        assert answer.status_code == 403
    assert api.query(source)["results"] == []


def test_a_form_cannot_lead_to_another_site(browser: Browser) -> None:
    answer = browser.client.post(
        "/person",
        data={"token": browser.token(), "person": "", "back": "//evil.example"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"


def test_another_host_name_is_refused(sandbox: Sandbox) -> None:
    assert httpx.get(sandbox.url, headers={"host": "evil.example"}).status_code == 400


def test_a_refused_edit_shows_why(api: Api, browser: Browser) -> None:
    database, source = api.database(PROPERTIES)
    page = api.row(source, "one")["id"]
    answer = browser.post(
        "/cell",
        page=page,
        property=api.ok("GET", f"data_sources/{source}")["properties"]["Name"]["id"],
        value="x" * 250_000,
        back=f"/database/{database}",
    )
    assert "≤ `100`" in answer.text


def test_tables_are_paged_and_searched(api: Api, browser: Browser) -> None:
    database, source = api.database()
    for number in range(60):
        api.row(source, f"Row {number}")
    first = browser.client.get(f"/database/{database}").text
    assert "Page 1 of 2" in first
    assert "Row 59" not in first
    assert "Row 59" in browser.client.get(f"/database/{database}?page=2").text
    assert "Row 59" in browser.client.get(f"/database/{database}?q=row+59").text
    assert browser.client.get("/database/unknown").status_code == 404
