"""Start, restart, stop; users and tokens; the official Python client against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from notion_client import Client
from notion_client.helpers import collect_paginated_api

from sync_engine.errors import ConfigurationError, UsageError
from sync_engine.sandbox import Sandbox
from sync_engine.sandbox.seed import CAPABILITIES
from tests.support.sandbox_api import Api, text, titles

SERVE = (
    "import sys; from sync_engine.sandbox.serve import serve; "
    "serve(0, sys.argv[1] or None, None, None, json_output=sys.argv[2] == 'json')"
)


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "notion.db"
    with Sandbox.start(data=data, requests_per_minute=None) as sandbox, httpx.Client() as client:
        api = Api(sandbox, client)
        doors = (sandbox.token, sandbox.person_token, sandbox.parent_page_id)
        _, tools = api.database(title="Tools")
        schema = {"Tools": {"relation": {"data_source_id": tools, "dual_property": {}}}, "ID": {"unique_id": {}}}
        _, source = api.database(schema)
        tool = api.row(tools, "T")["id"]
        page = api.row(source, "x", Tools={"relation": [{"id": tool}]})["id"]
        api.ok("PATCH", f"blocks/{page}/children", {"children": [{"paragraph": {"rich_text": text("p")}}]})
        api.ok("POST", "comments", {"parent": {"page_id": page}, "rich_text": text("c")})
        before = read(api, source, page)
    with Sandbox.start(data=data, requests_per_minute=None) as sandbox, httpx.Client() as client:
        api = Api(sandbox, client)
        assert doors == (sandbox.token, sandbox.person_token, sandbox.parent_page_id)
        assert read(api, source, page) == before
        assert api.row(source, "y")["properties"]["ID"]["unique_id"]["number"] == 2
        assert titles(api.query(source)) == ["y", "x"]


def read(api: Api, source: str, page: str) -> list[Any]:
    answers = [
        api.ok("GET", f"data_sources/{source}"),
        api.ok("GET", f"pages/{page}"),
        api.ok("GET", f"blocks/{page}/children"),
        api.ok("GET", f"comments?block_id={page}"),
        api.query(source),
    ]
    for answer in answers:
        del answer["request_id"]
    return answers


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(ConfigurationError, match=r"broken\.db"):
        Sandbox.start(data=broken)


def test_a_port_in_use_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigurationError, match=str(sandbox.port)):
        Sandbox.start(port=sandbox.port)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SERVE, str(tmp_path / "s.db"), "json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_its_doors_and_stops_cleanly(served: subprocess.Popen[str], number: int) -> None:
    assert served.stdout is not None
    doors = json.loads(served.stdout.readline())
    assert list(doors) == ["url", "token", "person_token", "parent_page_id"]
    headers = {"Authorization": f"Bearer {doors['token']}", "Notion-Version": "2026-03-11"}
    assert httpx.get(f"{doors['url']}/v1/pages/{doors['parent_page_id']}", headers=headers).status_code == 200
    served.send_signal(number)
    assert served.wait(20) == 0
    assert served.stderr is not None
    assert served.stderr.read() == ""


def test_a_killed_server_has_lost_nothing(tmp_path: Path) -> None:
    data = tmp_path / "s.db"
    command = [sys.executable, "-c", SERVE, str(data), "json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    doors = json.loads(process.stdout.readline())
    headers = {"Authorization": f"Bearer {doors['token']}", "Notion-Version": "2026-03-11"}
    with httpx.Client(base_url=f"{doors['url']}/v1", headers=headers) as client:
        body = {"parent": {"page_id": doors["parent_page_id"]}, "properties": {"title": {"title": text("kept")}}}
        made = [client.post("/pages", json=body).json()["id"] for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(20)
    process.stdout.close()
    with Sandbox.start(data=data) as sandbox, httpx.Client() as client:
        for page in made:
            Api(sandbox, client).ok("GET", f"pages/{page}")


def test_users(api: Api) -> None:
    me, person = api.ok("GET", "users/me"), api.as_person().ok("GET", "users/me")
    assert list(me) == ["object", "id", "name", "avatar_url", "type", "bot", "request_id"]
    assert me["bot"]["owner"] == {"type": "workspace", "workspace": True}
    listed = api.ok("GET", "users?page_size=2")
    assert (len(listed["results"]), listed["has_more"], listed["type"]) == (2, True, "user")
    rest = api.ok("GET", f"users?start_cursor={listed['next_cursor']}")["results"]
    assert [user["type"] for user in rest] == ["person", "bot", "bot"]
    assert [user["bot"] == {} for user in rest[1:]] == [False, True]
    assert api.ok("GET", f"users/{person['id']}")["person"] == {"email": "ada@example.com"}
    missing = api.refused("GET", f"users/{api.sandbox.parent_page_id}", status=404)
    assert missing["message"].startswith("Could not find user with ID: ")


def test_the_official_python_client(sandbox: Sandbox) -> None:
    with Client(auth=sandbox.token, base_url=sandbox.url, notion_version="2026-03-11", retry=False) as notion:
        made: Any = notion.databases.create(
            parent={"type": "page_id", "page_id": sandbox.parent_page_id},
            title=text("Client"),
            initial_data_source={"properties": {"Name": {"title": {}}, "a:b?": {"number": {}}}},
        )
        source = made["data_sources"][0]["id"]
        for number in range(7):
            notion.pages.create(
                parent={"data_source_id": source}, properties={"Name": {"title": text(f"{number}")}}
            )
        rows = collect_paginated_api(notion.data_sources.query, data_source_id=source, page_size=3)
        assert len(rows) == 7
        shown: Any = notion.data_sources.retrieve(source)
        prop = shown["properties"]["a:b?"]["id"]
        notion.pages.update(rows[0]["id"], properties={prop: {"number": 1}})
        item: Any = notion.pages.properties.retrieve(rows[0]["id"], prop)
        assert item["number"] == 1
        assert len(collect_paginated_api(notion.users.list)) == 5
        notion.blocks.delete(rows[0]["id"])
        assert len(collect_paginated_api(notion.data_sources.query, data_source_id=source)) == 6


@pytest.mark.parametrize(
    ("missing", "method", "path", "body"),
    [
        ("read_content", "GET", "pages/{page}", None),
        ("read_content", "GET", "data_sources/{source}", None),
        ("read_content", "GET", "databases/{database}", None),
        ("read_content", "POST", "data_sources/{source}/query", {}),
        ("read_content", "POST", "search", {}),
        ("read_content", "GET", "blocks/{page}/children", None),
        ("update_content", "PATCH", "pages/{page}", {}),
        ("update_content", "PATCH", "data_sources/{source}", {}),
        ("update_content", "DELETE", "blocks/{page}", None),
        ("insert_content", "POST", "pages", {}),
        ("insert_content", "POST", "databases", {}),
        ("insert_comments", "POST", "comments", {}),
        ("read_comments", "GET", "comments?block_id={page}", None),
        ("read_users", "GET", "users", None),
    ],
)
def test_a_missing_capability_is_a_403(api: Api, missing: str, method: str, path: str, body: Any) -> None:
    database, source = api.database()
    page = api.row(source, "x")["id"]
    capabilities = tuple(each for each in CAPABILITIES if each != missing)
    secret = api.sandbox.add_connection("Limited", capabilities)
    limited = Api(api.sandbox, api.client, secret=secret)
    refusal = limited.refused(method, path.format(page=page, source=source, database=database), body, 403)
    assert refusal["code"] == "restricted_resource"
    assert refusal["message"] == "API token does not have access to this resource."
    limited.ok("GET", "users/me")


def test_emails_need_their_capability(api: Api) -> None:
    secret = api.sandbox.add_connection("No emails", ("read_users",))
    users = Api(api.sandbox, api.client, secret=secret).ok("GET", "users")["results"]
    assert [user["person"] for user in users if user["type"] == "person"] == [{}, {}, {}]
    with pytest.raises(UsageError, match="read_minds"):
        api.sandbox.add_connection("No", ("read_minds",))


def test_people_and_their_tokens(api: Api) -> None:
    people = api.sandbox.people
    assert [person.name for person in people] == ["Ada Keller", "Bruno Santos", "Chioma Obi"]
    assert people[0].token == api.sandbox.person_token
    for person in people:
        assert Api(api.sandbox, api.client, secret=person.token).ok("GET", "users/me")["id"] == person.id
