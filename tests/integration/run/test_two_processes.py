"""Two processes of one installation against a Notion that counts for itself: it never has to say no."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from sync_engine.bootstrap import open_app
from sync_engine.engine.inquiry.verify import verify
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.settings import load_settings
from tests.support.postgres import Database
from tests.support.world import World, make_world


def test_G11_commands_of_two_processes_share_the_budget(empty_database: Database, tmp_path: Path) -> None:
    worlds: list[World] = []

    def now() -> datetime:
        return worlds[0].clock.now() if worlds else datetime.now(UTC)

    with make_world(empty_database, tmp_path, requests_per_minute=30, clock=now) as world, ExitStack() as stack:
        worlds.append(world)
        world.environment["NOTION_REQUESTS_PER_MINUTE"] = "30"
        world.app = world._open()
        world.setup()
        settings = load_settings(tmp_path / "sync.toml", world.environment)
        other = stack.enter_context(open_app(settings, clock=world.clock))
        other.workspace.whoami()
        # The server's clock has run on since the first one asked it, and staged time has not.
        other.ledger._began = world.app.ledger._began
        began = world.clock.monotonic()
        for number in range(4):
            world.sql(
                "INSERT INTO agents (name) SELECT 'A' || %s || '-' || i FROM generate_series(1, 12) i", number
            )
            sync((other if number % 2 else world.app).context, SyncOptions())
            assert verify((world.app if number % 2 else other).context).in_sync
        asked = world.sandbox.requests
        assert [entry for entry in asked if entry.status == 429] == []
        assert len(asked) > 60
        assert world.clock.monotonic() - began < 60 * len(asked) / 30 + 60
