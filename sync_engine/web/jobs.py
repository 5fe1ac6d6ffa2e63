"""Jobs: what talks to Notion may take minutes, so it runs in a thread of its own, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sync_engine.engine.context import Context
from sync_engine.engine.undo.rollback import RollbackResult
from sync_engine.errors import LockHeld, SyncEngineError

_KEPT = 50
PATIENCE = 2.0
"""Seconds that a form waits for its job before the browser is sent to the page of progress."""

LOCK_PATIENCE = 10.0
"""Seconds that a job waits for another run (a continuous one holds the lock again and again, for a moment)."""

_LOOK_EVERY = 0.1
_END_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Planned:
    """What a rollback of a run would do, with or without overwriting later edits."""

    run_id: str
    force: bool
    result: RollbackResult


@dataclass(frozen=True, slots=True)
class Done:
    """Where the result of a job is shown, and the plan that it made, if that is what it did."""

    address: str
    planned: Planned | None = None


@dataclass
class Job:
    """One job. Finished without `result` and `error`: it met an error that nobody foresaw."""

    id: str
    title: str
    finished: threading.Event = field(default_factory=threading.Event)
    step: tuple[str, int, int] = ("", 0, 0)
    result: Done | None = None
    error: SyncEngineError | None = None

    def note(self, what: str, done: int, total: int) -> None:
        """Remember how far it is; the `Progress` of the job's context."""
        self.step = (what, done, total)

    def run(self, work: Callable[[Context], Done], context: Context) -> None:
        """Do the work when no other run is at work; the body of the job's thread."""
        try:
            self._await_lock(context)
            self.result = work(replace(context, progress=self.note))
        except SyncEngineError as error:
            self.error = error
        finally:
            self.finished.set()

    def _await_lock(self, context: Context) -> None:
        """Return when the installation's lock is free, for the work to take. Raises LockHeld."""
        until = context.clock.monotonic() + LOCK_PATIENCE
        while True:
            try:
                with context.database.lock():
                    return
            except LockHeld:
                if context.clock.monotonic() >= until:
                    raise
            self.note("waiting for another run to end", 0, 0)
            context.clock.wait(_LOOK_EVERY)


class Jobs:
    """The jobs of this console, the newest fifty."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, title: str, context: Context, work: Callable[[Context], Done], job_id: str = "") -> Job:
        """Start a job, and return it after a moment, perhaps finished. Raises LockHeld while another runs."""
        job = Job(job_id or self._new_id(), title)
        with self._lock:
            busy = self.running
            if busy is not None:
                raise LockHeld(
                    f"this console is busy: {busy.title}", hint="wait until it has ended, then try again"
                )
            self._jobs[job.id] = job
            for old in list(self._jobs)[:-_KEPT]:
                del self._jobs[old]
        threading.Thread(target=job.run, args=(work, context), name="console-job", daemon=True).start()
        job.finished.wait(PATIENCE)
        return job

    @property
    def running(self) -> Job | None:
        """The job that has not ended yet, or None."""
        return next((job for job in list(self._jobs.values()) if not job.finished.is_set()), None)

    def get(self, job_id: str) -> Job | None:
        """A job by id."""
        return self._jobs.get(job_id)

    def close(self) -> None:
        """Give the running job a moment to end; one that takes longer is left to the next `sync` to complete."""
        busy = self.running
        if busy is not None:
            busy.finished.wait(_END_WITHIN)
