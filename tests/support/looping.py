"""The continuous run in staged time: a script of edits, and a clock that both sides share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sync_engine.domain.schedule import PollRule
from sync_engine.engine.continuous.local_jobs import LocalJobs
from sync_engine.engine.continuous.loop import Loop, LoopOptions
from sync_engine.sandbox.requestlog import Logged
from tests.support.world import World

OPTIONS = LoopOptions(polls=PollRule(10.0, 3.0, 60.0), slice_size=50, threads=False)


class Stage:
    """Runs a loop over a world. Time passes only when the loop waits, and then for the local Notion as well."""

    def __init__(self, world: World, **options: Any) -> None:
        self.world = world
        self.options = replace(OPTIONS, **options)
        self.script: list[tuple[float, Callable[[], None]]] = []
        self.loop = self.new_loop()
        self._began = world.clock.monotonic()
        self._until = 0.0

    def new_loop(self, holder: str = "the staged one") -> Loop:
        """Another process, as it were."""
        jobs = LocalJobs(self.world.clock, self._pause)
        return Loop(self.world.app.context, self.options, jobs, self._stopped, holder, self.world.app.remapped)

    @property
    def elapsed(self) -> float:
        return self.world.clock.monotonic() - self._began

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something when so many seconds have passed; it may raise to kill the loop there."""
        self.script.append((seconds, action))
        self.script.sort(key=lambda entry: entry[0])

    def run_until(self, seconds: float, loop: Loop | None = None) -> None:
        """Run (another) loop until so many seconds have passed since the stage was built."""
        self._until = seconds
        (loop or self.loop).run()

    def run_for(self, seconds: float) -> None:
        self.run_until(self.elapsed + seconds)

    def _stopped(self) -> bool:
        while self.script and self.script[0][0] <= self.elapsed:
            self.script.pop(0)[1]()
        return self.elapsed >= self._until

    def _pause(self, seconds: float) -> None:
        nearest = self.script[0][0] - self.elapsed if self.script else seconds
        passing = max(0.05, min(seconds, nearest, self._until - self.elapsed))
        self.world.clock.advance(passing)
        self.world.sandbox.advance(passing)


def engine_requests(world: World) -> list[Logged]:
    """The handled requests of the engine, without those of people."""
    me = world.app.workspace.whoami().id
    return [entry for entry in world.sandbox.requests if entry.user == me]


def stored_runs(world: World) -> list[tuple[str, str]]:
    """(kind, status) of the stored runs, oldest first."""
    return [
        (kind, status)
        for kind, status in world.sql("SELECT kind, status FROM sync_engine.sync_runs ORDER BY started_at")
    ]


def run_state(world: World) -> dict[str, Any]:
    """What the run last told of itself."""
    [(state,)] = world.sql("SELECT state FROM sync_engine.sync_leases WHERE name = 'run'")
    found: dict[str, Any] = state
    return found
