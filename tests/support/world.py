"""A whole installation for a test: a database, a local Notion, a configuration, and hands on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync_engine.bootstrap import App, open_app
from sync_engine.engine.configure.setup import setup
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.verify import verify
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.summary import PassSummary
from sync_engine.sandbox import Sandbox
from sync_engine.settings import load_settings
from tests.support.postgres import Database
from tests.support.staged import StagedClock

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'busy', 'on fire');
CREATE TABLE teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    parent_id uuid REFERENCES teams ON DELETE SET NULL
);
CREATE TABLE agents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    prompt text,
    temperature numeric(3,2) CHECK (temperature BETWEEN 0 AND 2),
    max_tokens integer DEFAULT 2000,
    tags text[],
    metadata jsonb DEFAULT '{}',
    mood mood DEFAULT 'calm',
    is_active boolean,
    born date,
    team_id uuid REFERENCES teams ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION touch();
"""

CONNECTED = """
version = 1
[postgres]
url = "env:DATABASE_URL"
[notion]
token = "env:NOTION_TOKEN"
parent_page = "env:NOTION_PARENT_PAGE_ID"
"""
"""How every configuration begins: both sides, from the environment."""

CONFIG = f"""{CONNECTED}[[tables]]
name = "teams"
title = "name"
[[tables]]
name = "agents"
title = "name"
"""


class World:
    """Both sides and the engine between them. `person` is an HTTP client that edits Notion as a person does."""

    def __init__(
        self, database: Database, sandbox: Sandbox, folder: Path, environment: dict[str, str], resources: ExitStack
    ) -> None:
        self.database = database
        self.sandbox = sandbox
        self.folder = folder
        self.resources = resources
        self.environment = environment
        self.log_was_forged = False  # set by a test that writes into the log, or takes it away
        # Backing off takes no time in tests; nothing else waits.
        self.clock = StagedClock(start=datetime.now(UTC))
        self.app: App = self._open()
        self.connection = database.connect(autocommit=True)
        self.person = httpx.Client(
            base_url=f"{sandbox.url}/v1",
            headers={"Authorization": f"Bearer {sandbox.person_token}", "Notion-Version": "2026-03-11"},
        )

    def close(self) -> None:
        self.person.close()
        self.connection.close()

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement as an application would; returns its rows, if any."""
        cursor = self.connection.execute(statement, parameters or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def setup(self) -> None:
        setup(self.app.installation)
        self.app.__dict__.pop("context", None)

    def restart(self) -> None:
        """Read the catalog anew, as the next command would."""
        self.app.remapped()

    def reopen(self) -> None:
        """Read the configuration anew, as the next command would, and set up what is new."""
        self.app = self._open()
        self.setup()

    def _open(self) -> App:
        settings = load_settings(self.folder / "sync.toml", self.environment)
        return self.resources.enter_context(open_app(settings, clock=self.clock))

    def sync(self, **options: Any) -> PassSummary:
        return sync(self.app.context, SyncOptions(**options))

    def source(self, table: str) -> str:
        """The data source of a table."""
        return self.app.context.mapping(table).data_source_id

    def pages(self, table: str, **filters: Any) -> list[dict[str, Any]]:
        """All pages of a table, as the person sees them."""
        found: list[dict[str, Any]] = []
        body: dict[str, Any] = {"page_size": 100, **filters}
        while True:
            answer = self.call("POST", f"/data_sources/{self.source(table)}/query", body)
            found += answer["results"]
            if not answer["has_more"]:
                return found
            body["start_cursor"] = answer["next_cursor"]

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.person.request(method, path, json=body)
        answer.raise_for_status()
        result: dict[str, Any] = answer.json()
        return result

    def page(self, table: str, title: str) -> dict[str, Any]:
        """The one page of that title."""
        found = [page for page in self.pages(table) if title_of(page) == title]
        assert len(found) == 1, f"{len(found)} pages are called {title!r}"
        return found[0]

    def edit(self, page_id: str, **properties: Any) -> None:
        """Edit a page as a person: property names with underscores for spaces, Notion's value shapes."""
        named = {name.replace("_", " "): value for name, value in properties.items()}
        self.call("PATCH", f"/pages/{page_id}", {"properties": named})

    def assert_log_tells_all(self) -> None:
        """G13: the log, folded from its beginning, makes what the engine and the rows hold."""
        found = replay_verify(self.app.context, pages=False)
        assert found.ok, found.differences[:5]

    def assert_in_sync(self) -> None:
        """Both sides are equal, and a further pass writes nothing."""
        result = verify(self.app.context)
        assert result.in_sync, result.differences[:5]
        again = self.sync()
        assert again.quiet
        assert sum(again.total.applied.values()) == 0, again.to_json()


def text(value: str) -> dict[str, Any]:
    """A rich text property value."""
    return {"rich_text": [{"text": {"content": value}}]}


def title(value: str) -> dict[str, Any]:
    """A title property value."""
    return {"title": [{"text": {"content": value}}]}


def title_of(page: dict[str, Any]) -> str:
    """The title of a page."""
    for prop in page["properties"].values():
        if prop["type"] == "title":
            return "".join(run["plain_text"] for run in prop["title"])
    return ""


def shown(page: dict[str, Any], name: str) -> str:
    """The text of a property."""
    prop = page["properties"][name]
    return "".join(run["plain_text"] for run in prop[prop["type"]])


MakeWorld = Callable[..., World]


@contextmanager
def make_world(
    database: Database, folder: Path, *, schema: str = SCHEMA, config: str = CONFIG, **sandbox: Any
) -> Iterator[World]:
    """Build a world; the sandbox's budget is lifted unless `requests_per_minute` says otherwise."""
    with ExitStack() as stack:
        notion = stack.enter_context(Sandbox.start(port=0, **{"requests_per_minute": None, **sandbox}))
        (folder / "sync.toml").write_text(config)
        environment = {
            "DATABASE_URL": database.url,
            "NOTION_TOKEN": notion.token,
            "NOTION_API_URL": notion.url,
            "NOTION_PARENT_PAGE_ID": notion.parent_page_id,
            "NOTION_REQUESTS_PER_MINUTE": "100000",
            "NOTION_QUERY_LAG_SECONDS": "0",
        }
        world = World(database, notion, folder, environment, stack)
        stack.callback(world.close)
        for statement in [schema] if schema else []:
            world.sql(statement)
        yield world


@pytest.fixture
def world(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """Two small related tables, set up and not yet synced."""
    with make_world(empty_database, tmp_path) as made:
        made.setup()
        yield made
        if made.app.database.is_set_up() and not made.log_was_forged:
            made.assert_log_tells_all()


def names(summary: PassSummary, side: str) -> Sequence[tuple[str, int]]:
    """What a pass applied to a side, without the zeros."""
    applied = summary.total.to_json()["applied"]
    assert isinstance(applied, dict)
    counts = applied[side]
    assert isinstance(counts, dict)
    return sorted((op, int(str(count))) for op, count in counts.items() if count)
