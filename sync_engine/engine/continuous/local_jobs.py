"""The job engine of one process: a heap of keys and times, worked off by the thread that calls `run`."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Mapping

from sync_engine.ports.clock import Clock
from sync_engine.ports.jobs import Job

LONGEST_WAIT = 5.0
"""Seconds at most before `stopped` is asked again, should nobody wake the worker."""


class LocalJobs:
    """Implements `Queue`, `Cron` and `Worker` of `ports/jobs.py`.

    `pause` waits so many seconds, and may return early; without one, `enqueue` and `wake` end a wait.
    """

    def __init__(self, clock: Clock, pause: Callable[[float], None] | None = None) -> None:
        self._clock = clock
        self._rung = threading.Event()
        self._pause = pause or self._wait
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._heap: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}
        self._every: dict[str, Callable[[], float]] = {}

    def enqueue(self, key: str, delay: float = 0.0) -> None:
        """Ask for a run of the key's job; asks before it starts are one, at the earliest of their times."""
        at = self._clock.monotonic() + max(delay, 0.0)
        with self._lock:
            if at >= self._due.get(key, at + 1):
                return
            self._due[key] = at
            heapq.heappush(self._heap, (at, next(self._order), key))
        self.wake()

    def every(self, key: str, seconds: Callable[[], float]) -> None:
        """Enqueue the key now, and so many seconds after each end of its job."""
        self._every[key] = seconds
        self.enqueue(key)

    def wake(self) -> None:
        """End the present wait, so that the worker looks again whether it should stop."""
        self._rung.set()

    def run(self, jobs: Mapping[str, Job], stopped: Callable[[], bool]) -> None:
        """Run jobs as they fall due, in the order of their times, until `stopped`; what a job raises ends it."""
        while not stopped():
            key, wait = self._next()
            if key is None:
                self._pause(min(wait, LONGEST_WAIT))
                continue
            jobs[key]()
            again = self._every.get(key)
            if again is not None:
                self.enqueue(key, again())

    def _next(self) -> tuple[str | None, float]:
        """The key that is due, or how long until one is."""
        with self._lock:
            self._rung.clear()
            now = self._clock.monotonic()
            while self._heap:
                at, _, key = self._heap[0]
                if self._due.get(key) != at:  # an earlier ask has replaced this one
                    heapq.heappop(self._heap)
                elif at > now:
                    return None, at - now
                else:
                    heapq.heappop(self._heap)
                    del self._due[key]
                    return key, 0.0
            return None, LONGEST_WAIT

    def _wait(self, seconds: float) -> None:
        self._rung.wait(seconds)
