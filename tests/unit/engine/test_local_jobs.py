"""The job engine of one process, in staged time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sync_engine.adapters.system import SystemClock
from sync_engine.engine.continuous.local_jobs import LocalJobs
from tests.support.staged import StagedClock


class Stage:
    """Runs jobs until a time, and remembers when each key ran."""

    def __init__(self) -> None:
        self.clock = StagedClock()
        self.jobs = LocalJobs(self.clock, self.clock.advance)
        self.ran: list[tuple[str, float]] = []

    def run(self, until: float, **bodies: Callable[[], None]) -> list[tuple[str, float]]:
        def body(key: str) -> Callable[[], None]:
            def job() -> None:
                self.ran.append((key, round(self.clock.monotonic() - 1000, 3)))
                bodies.get(key, lambda: None)()

            return job

        keys = {"a", "b"} | set(bodies)
        self.jobs.run({key: body(key) for key in keys}, lambda: self.clock.monotonic() >= 1000 + until)
        return self.ran


def test_asks_before_the_start_are_one_at_the_earliest_time() -> None:
    stage = Stage()
    for delay in (5.0, 2.0, 9.0):
        stage.jobs.enqueue("a", delay)
    assert stage.run(20) == [("a", 2.0)]


def test_an_ask_while_it_runs_makes_it_run_once_more() -> None:
    stage = Stage()
    left = [1]

    def again() -> None:
        if left:
            left.pop()
            stage.jobs.enqueue("a")
            stage.jobs.enqueue("a")

    stage.jobs.enqueue("a")
    assert stage.run(3, a=again) == [("a", 0.0), ("a", 0.0)]


def test_cron_asks_again_after_each_end() -> None:
    stage = Stage()
    stage.jobs.every("a", lambda: 2.0)
    assert [at for _, at in stage.run(7)] == [0.0, 2.0, 4.0, 6.0]


def test_keys_run_in_the_order_of_their_times() -> None:
    stage = Stage()
    stage.jobs.enqueue("b", 3.0)
    stage.jobs.enqueue("a", 4.0)
    stage.jobs.enqueue("b", 1.0)
    assert [key for key, _ in stage.run(9)] == ["b", "a"]


def test_what_a_job_raises_ends_the_worker() -> None:
    stage = Stage()

    def broken() -> None:
        raise ZeroDivisionError

    stage.jobs.enqueue("a")
    with pytest.raises(ZeroDivisionError):
        stage.run(3, a=broken)


def test_an_ask_from_another_thread_ends_a_wait() -> None:
    clock = SystemClock()
    jobs, done = LocalJobs(clock), threading.Event()
    worker = threading.Thread(target=jobs.run, args=({"a": done.set}, done.is_set))
    worker.start()
    jobs.enqueue("a")
    assert done.wait(30)
    jobs.wake()
    worker.join(30)
    assert not worker.is_alive()
