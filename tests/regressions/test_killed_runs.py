"""A run whose process was killed does not stay `running`: the next one that takes the lock says so."""

from __future__ import annotations

import pytest

from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.ports.lease import RUN
from sync_engine.ports.runs import Run
from tests.chaos.test_kill_sync import killed_sync, seed
from tests.support.looping import Stage, stored_runs
from tests.support.world import World


def _left_behind(world: World, kind: str) -> None:
    """What a killed process leaves of its run."""
    with world.app.database.transaction() as uow:
        uow.runs.start(Run(f"0000-{kind}", kind, world.app.database.now(), {}))


def test_a_sync_killed_by_kill_9_is_told_of_by_the_next_one_with_what_it_did(world: World) -> None:
    seed(world)
    killed_sync(world, 15)
    [(run_id, status)] = world.sql("SELECT run_id, status FROM sync_engine.sync_runs")
    assert status == "running"
    world.sync()
    [(status, ended, summary)] = world.sql(
        "SELECT status, finished_at >= started_at, summary FROM sync_engine.sync_runs WHERE run_id = %s", run_id
    )
    [(done,)] = world.sql(
        "SELECT count(*) FROM sync_engine.sync_changes WHERE run_id = %s AND op = 'create' AND status = 'done'",
        run_id,
    )
    assert (status, ended) == ("interrupted", True)
    assert summary["applied"]["notion"]["create"] == done > 0
    assert stored_runs(world)[-1] == ("sync", "done")


@pytest.mark.parametrize("kind", ["sync", "rollback", "swap", "run"])
def test_whatever_was_killed(world: World, kind: str) -> None:
    _left_behind(world, kind)
    world.sync()
    with world.app.database.transaction() as uow:
        left = uow.runs.get(f"0000-{kind}")
    assert left is not None and (left.status, left.finished_at is not None) == ("interrupted", True)


def test_a_rollback_and_a_continuous_run_tell_of_it_too(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    done = world.sync()
    _left_behind(world, "sync")
    rollback(world.app.context, Selection(run=done.run_id))
    assert world.sql("SELECT status FROM sync_engine.sync_runs WHERE run_id = '0000-sync'") == [("interrupted",)]
    _left_behind(world, "rollback")
    Stage(world).run_for(3)
    assert ("rollback", "interrupted") in stored_runs(world)


def test_the_burst_of_a_live_run_is_under_way_whatever_a_command_beside_it_does(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    done = world.sync()
    with world.app.database.transaction() as uow:
        assert uow.leases.take(RUN, "a process at work", 60.0) is not None
    _left_behind(world, "run")
    rollback(world.app.context, Selection(run=done.run_id))
    assert ("run", "running") in stored_runs(world)


def test_a_dry_run_marks_nothing(world: World) -> None:
    _left_behind(world, "sync")
    world.sync(dry_run=True)
    assert stored_runs(world) == [("sync", "running")]
