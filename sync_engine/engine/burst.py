"""A burst: activity from the first edit until both sides are quiet again, stored as one run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sync_engine.engine.context import Context
from sync_engine.engine.summary import PassSummary
from sync_engine.ports.runs import Run
from sync_engine.ports.workspace import RequestCounts

KIND = "run"


@dataclass
class Burst:
    """One run of the continuous loop, stored when something is written or found: idle turns leave no trace."""

    context: Context
    run_id: str
    summary: PassSummary
    run: Run | None = None
    began: float = 0.0
    requests: RequestCounts = field(default_factory=RequestCounts)

    @classmethod
    def begin(cls, context: Context) -> Burst:
        """A burst that has not done anything yet."""
        run_id = context.ids.new_id()
        summary = PassSummary(run_id, "both", dry_run=False)
        for mapping in context.mappings:
            summary.table(mapping.name)
        return cls(context, run_id, summary, None, context.clock.monotonic(), context.workspace.counts())

    def awake(self) -> None:
        """Another turn begins: what it takes and costs counts from now on, unless something happened before."""
        if not self.happened:
            self.began, self.requests = self.context.clock.monotonic(), self.context.workspace.counts()

    def store(self) -> None:
        """Store the run, if it is not yet; called before the first write."""
        if self.run is None:
            self.run = Run(self.run_id, KIND, self.context.database.now(), {"continuous": True})
            with self.context.database.transaction() as uow:
                uow.runs.start(self.run)

    @property
    def happened(self) -> bool:
        """Whether there is anything worth a stored run."""
        total = self.summary.total
        return bool(
            self.run
            or any(total.applied.values())
            or total.captured_postgres
            or total.captured_notion
            or total.conflicts_new
            or total.held_new
        )

    def save(self, status: str) -> None:
        """Store what was done so far; with a status other than `running`, its end."""
        if not self.happened:
            return
        self.store()
        self._count()
        with self.context.database.transaction() as uow:
            for mapping in self.context.mappings:
                table = self.summary.table(mapping.name)
                table.conflicts_open = uow.conflicts.count_open(mapping.id)
                table.held_open = len(uow.held.find(mapping.id))
            ended = None if status == "running" else self.context.database.now()
            if self.run is not None:
                saved = replace(self.run, finished_at=ended, status=status, summary=self.summary.to_json())
                uow.runs.finish(saved)
            uow.events.seal()

    def _count(self) -> None:
        now = self.context.workspace.counts()
        self.summary.seconds = self.context.clock.monotonic() - self.began
        self.summary.requests = {
            "notion": now.total - self.requests.total,
            "retried": now.retried - self.requests.retried,
            "rate_limited": now.rate_limited - self.requests.rate_limited,
        }
