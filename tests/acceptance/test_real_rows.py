"""The first users' real rows go to Notion and back unchanged; needs `../shared/data/vital`, else skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.vital_example import example_folder, load_real, load_schema
from tests.support.postgres import Database
from tests.support.world import World, make_world, shown

REAL = Path(__file__).parents[3] / "shared" / "data" / "vital"
LINKS = 1604


@pytest.fixture
def vital(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """The VITAL tables with the real rows, set up and not yet synced."""
    if not REAL.is_dir():
        pytest.skip("the real rows are not there")
    with empty_database.connect(autocommit=True) as connection:
        load_schema(connection)
        load_real(connection, REAL)
    config = (example_folder() / "sync.toml").read_text(encoding="utf-8")
    with make_world(empty_database, tmp_path, schema="", config=config) as made:
        made.setup()
        yield made


def checksums(world: World) -> dict[str, str]:
    tables = [table for (table,) in world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    one = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM public.{} t"
    return {table: world.sql(one.format(table))[0][0] for table in tables}


def test_the_real_rows_go_to_notion_and_back_and_no_row_changes(vital: World) -> None:
    before = checksums(vital)
    first = vital.sync()
    created = first.total.to_json()["applied"]["notion"]["create"]  # type: ignore[index, call-overload]
    rows = {name: vital.sql(f"SELECT count(*) FROM {name}")[0][0] for name in first.tables}
    assert created == sum(rows.values())
    assert vital.sql("SELECT count(*) FROM agent_prompts") == [(LINKS,)]

    assert sum(vital.sync(full=True).total.applied.values()) == 0
    assert checksums(vital) == before
    longest = max(vital.sql("SELECT length(system_prompt), name FROM agents"))
    assert longest[0] == 2837
    prompts = dict(vital.sql("SELECT id::text, system_prompt FROM agents"))
    pages = vital.pages("agents")
    assert {shown(page, "Sync Key"): shown(page, "System Prompt") for page in pages} == prompts
    links = [len(page["properties"]["Prompts"]["relation"]) for page in pages]
    assert sum(links) == LINKS and max(links) == 7
    vital.assert_in_sync()
