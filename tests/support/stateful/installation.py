"""One server and one local Notion for all examples; an example gets a clone of the database and no pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from sync_engine.bootstrap import STATE
from sync_engine.sandbox import Sandbox
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.model import DataSource, Page
from tests.support.postgres import Database, TestServer
from tests.support.stateful.schema import CONFIG, SCHEMA
from tests.support.world import World

TEMPLATE_IDS, EXAMPLE_IDS = 1, 2
"""Seeds of the ids that Notion gives to databases and properties, and to what an example makes."""


class Installations:
    """Makes a fresh installation in a few hundredths of a second: databases and properties are there already."""

    def __init__(self, server: TestServer, sandbox: Sandbox, folder: Path) -> None:
        self._server = server
        self._sandbox = sandbox
        self._folder = folder
        self._advanced = 0.0
        (folder / "sync.toml").write_text(CONFIG)
        self._template = server.clone(server.migrated_template())
        with self._world(self._template) as world:
            world.sql(SCHEMA)
            world.setup()
        self._sources = deepcopy(sandbox.workspace.store.every(DataSource))

    @contextmanager
    def fresh(self) -> Iterator[World]:
        """A set-up installation without a row or a page."""
        self._empty_notion()
        # Clones have one installation's id: each would seem to be set back to before the position of the last one.
        shutil.rmtree(self._folder / STATE, ignore_errors=True)
        (self._folder / "sync.toml").write_text(CONFIG)
        database = self._server.clone(self._template.name)
        try:
            with self._world(database) as world:
                yield world
        finally:
            self._server.server.drop_database(database.name)

    def advance(self, seconds: float) -> None:
        """Move Notion's clock for the rest of the example."""
        self._advanced += seconds
        self._sandbox.advance(seconds)

    def close(self) -> None:
        """Drop the template."""
        self._server.server.drop_database(self._template.name)

    def _empty_notion(self) -> None:
        self._sandbox.faults.clear()
        self._sandbox.clear_requests()
        self.advance(-self._advanced)
        with self._sandbox.workspace.lock:
            store = self._sandbox.workspace.store
            sources = {source.id for source in self._sources}
            for page in store.every(Page):
                if page.parent.id in sources:
                    store.delete(Page, page.id)
            for source in deepcopy(self._sources):
                # The ids of an example come again in the next one: no option of it may still be there.
                revision = store.take(DataSource, source.id).revision + 1
                store.put(replace(source, revision=revision))
            store.commit()
            self._sandbox.workspace.ids = IdSource(EXAMPLE_IDS)

    @contextmanager
    def _world(self, database: Database) -> Iterator[World]:
        environment = {
            "DATABASE_URL": database.url,
            "NOTION_TOKEN": self._sandbox.token,
            "NOTION_API_URL": self._sandbox.url,
            "NOTION_PARENT_PAGE_ID": self._sandbox.parent_page_id,
            "NOTION_REQUESTS_PER_MINUTE": "100000",
            "NOTION_QUERY_LAG_SECONDS": "0",
        }
        with ExitStack() as resources:
            world = World(database, self._sandbox, self._folder, environment, resources)
            resources.callback(world.close)
            yield world
