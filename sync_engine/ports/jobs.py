"""The three seams of the continuous loop: enqueue a key, run a worker, cron.

`engine/continuous/loop.py` knows no more of a job engine than this. In one process
`engine/continuous/local_jobs.py` implements all three; on many machines a job engine can (one key a Notion
connection, the key as lock and as queueing lock).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

Job = Callable[[], None]


class Queue(Protocol):
    """Where work is asked for."""

    def enqueue(self, key: str, delay: float = 0.0) -> None:
        """Ask that the job of the key be run, `delay` seconds from now or later.

        Any number of asks before it starts are one, at the earliest of their times; an ask while it runs makes it
        run once more. Safe from any thread.
        """
        ...


class Cron(Protocol):
    """Work that asks for itself."""

    def every(self, key: str, seconds: Callable[[], float]) -> None:
        """Enqueue the key now, and `seconds()` after each end of its job."""
        ...


class Worker(Protocol):
    """What does the work."""

    def run(self, jobs: Mapping[str, Job], stopped: Callable[[], bool]) -> None:
        """Run jobs as their keys fall due, never two of a key at once, until `stopped` says so.

        What a job raises ends the worker.
        """
        ...
