"""kill -9 in the middle of a pass that carries links, then a pass: nothing lost, nothing doubled (G6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.test_many_to_many import ENDS, JUNCTIONS, TABLES, both, link, pick, quiet
from tests.chaos.test_kill_sync import killed_sync
from tests.support.postgres import Database
from tests.support.world import make_world


@pytest.mark.parametrize("requests", [1, 6, 11, 16])
def test_G6_links_survive_kill_9(empty_database: Database, tmp_path: Path, requests: int) -> None:
    schema = ENDS + JUNCTIONS["surrogate key and payload"]
    with make_world(empty_database, tmp_path, schema=schema, config=TABLES) as world:
        world.sql("INSERT INTO tools (name) SELECT 'tool ' || i FROM generate_series(1, 6) i")
        world.sql("INSERT INTO agents (name) SELECT 'agent ' || i FROM generate_series(1, 6) i")
        for number in range(1, 7):
            link(world, f"agent {number}", f"tool {number}")
        world.setup()
        world.sync()
        for number in range(1, 4):
            link(world, f"agent {number}", "tool 6")
        for number in range(4, 7):
            pick(world, f"agent {number}", "tool 1", "tool 2")
        killed_sync(world, requests)
        world.sync()
        for number in range(1, 4):
            assert both(world, f"agent {number}") == sorted({f"tool {number}", "tool 6"})
        for number in range(4, 7):
            assert both(world, f"agent {number}") == ["tool 1", "tool 2"]
        quiet(world)
