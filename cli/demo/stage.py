"""The stage of the demo: an embedded Postgres, the local Notion, the VITAL example, and a hand on each side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import psycopg

from cli.demo.person import Person
from cli.vital_example import example_folder, load_sample, load_schema
from sync_engine.sandbox import Sandbox

APPLICATION = "admin panel"
"""What the application of the story calls itself in the log."""

_SURROUNDINGS = ("PATH", "HOME", "TERM", "NO_COLOR", "COLUMNS", "LANG", "LC_ALL")


@dataclass(frozen=True)
class Stage:
    """Both sides and what the commands need to find them. `told`: the story was begun on this data before."""

    connection: psycopg.Connection[tuple[Any, ...]]
    person: Person
    notion_url: str
    environment: Mapping[str, str]
    told: bool = False

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement as the application would; its rows, if any."""
        with self.connection.transaction():
            self.connection.execute("SELECT set_config('sync_engine.actor', %s, true)", (APPLICATION,))
            cursor = self.connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, column: str, agent: str) -> object:
        """What Postgres holds in a column of an agent."""
        row = orjson.loads(
            self.sql("SELECT to_jsonb(a)::text FROM agents a WHERE name = %s", agent)[0][0],
        )
        return row[column]


@contextmanager
def open_stage(port: int, folder: Path | None, environment: Mapping[str, str]) -> Iterator[Stage]:
    """Start both sides and load the example; with a folder they are kept in it, else nothing stays behind.

    The configuration is a copy: what an installation keeps lies beside it, and the example may be read-only.

    Raises ConfigurationError when there are no Postgres binaries, or the port is taken.
    """
    # Here and not above: the drivers take a second to import, and `--help` needs none of them.
    from sync_engine.bootstrap import private_postgres

    with ExitStack() as stack:
        url = stack.enter_context(private_postgres(folder / "postgres" if folder else None))
        data = folder / "notion.db" if folder else None
        kept = folder or Path(stack.enter_context(TemporaryDirectory(prefix="sync-engine-demo-")))
        config = Path(copy(example_folder() / "sync.toml", kept / "sync.toml"))
        notion = stack.enter_context(Sandbox.start(port, data, requests_per_minute=None))
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        told = _exists(connection, "sync_engine.sync_runs")
        load_schema(connection)
        load_sample(connection)
        yield Stage(
            connection=connection,
            person=Person(notion.url, notion.person_token),
            notion_url=notion.url,
            environment={name: environment[name] for name in _SURROUNDINGS if name in environment}
            | _addresses(url, notion, config),
            told=told,
        )


def _exists(connection: psycopg.Connection[tuple[Any, ...]], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return row == (True,)


def _addresses(url: str, notion: Sandbox, config: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "NOTION_API_URL": notion.url,
        "NOTION_TOKEN": notion.token,
        "NOTION_PARENT_PAGE_ID": notion.parent_page_id,
        "NOTION_REQUESTS_PER_MINUTE": "100000",
        "SYNC_CONFIG": str(config),
        "USER": "you",
    }
