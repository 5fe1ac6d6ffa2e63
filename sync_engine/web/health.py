"""`/healthz` for a load balancer, `/metrics` for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sync_engine.bootstrap import App
from sync_engine.domain.mapping import TableMapping
from sync_engine.errors import SyncEngineError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.lease import RUN
from sync_engine.web.webhooks import Webhooks

_PREFIX = "sync_engine_"
_TEXT = "text/plain; version=0.0.4"

Sample = tuple[str, str, dict[str, str], float]
"""(name, help, labels, value)."""


class Health:
    """Answers about one installation."""

    def __init__(self, app: App, webhooks: Webhooks) -> None:
        self._app = app
        self._webhooks = webhooks

    def healthz(self, _request: Request) -> Response:
        """200 while Postgres answers and is set up, else 503."""
        try:
            if not self._app.database.is_set_up():
                return JSONResponse({"ok": False, "reason": "not set up"}, 503)
            with self._app.database.transaction() as uow:
                lease = uow.leases.get(RUN)
        except SyncEngineError:
            return JSONResponse({"ok": False, "reason": "Postgres cannot be reached"}, 503)
        active = lease is not None and lease.live
        return JSONResponse({"ok": True, "run": active, "webhooks": self._webhooks.is_configured})

    def metrics(self, _request: Request) -> Response:
        """Counters and gauges; 503 when Postgres cannot be asked."""
        try:
            mappings = self._app.context.mappings
            with self._app.database.transaction() as uow:
                samples = [*_tables(uow, mappings), *_run(uow)]
        except SyncEngineError as error:
            return PlainTextResponse(f"# {type(error).__name__}\n", 503)
        samples += [
            ("webhook_deliveries_total", "Webhook deliveries by outcome.", {"outcome": outcome}, count)
            for outcome, count in sorted(self._webhooks.outcomes.items())
        ]
        return PlainTextResponse(_rendered(samples), media_type=_TEXT)


def _tables(uow: UnitOfWork, mappings: Iterable[TableMapping]) -> Iterator[Sample]:
    for mapping in mappings:
        yield (
            "backlog_records",
            "Records with something to carry.",
            {"table": mapping.name},
            uow.backlog.size(mapping.id),
        )
    for mapping in mappings:
        count = uow.conflicts.count_open(mapping.id)
        yield "conflicts_open", "Conflicts that wait for a person.", {"table": mapping.name}, count
    for mapping in mappings:
        yield (
            "held_records",
            "Records that cannot be applied.",
            {"table": mapping.name},
            len(uow.held.find(mapping.id)),
        )


def _run(uow: UnitOfWork) -> Iterator[Sample]:
    yield "hints_waiting", "Webhook events that nobody has followed yet.", {}, uow.hints.count()
    yield "notion_requests_last_minute", "Requests that count in Notion's budget.", {}, uow.requests.state().used
    lease = uow.leases.get(RUN)
    active = lease is not None and lease.live
    yield "run_active", "Whether `sync-engine run` is at work.", {}, int(active)
    if lease is None or not active:
        return
    yield "run_renewed_timestamp_seconds", "When it last renewed its lease.", {}, lease.renewed_at.timestamp()
    yield "run_failing", "Whether it is backing off from an error.", {}, int(bool(lease.state.get("error")))


def _rendered(samples: Iterable[Sample]) -> str:
    lines: list[str] = []
    told = ""
    for name, meaning, labels, value in samples:
        if name != told:
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {_PREFIX}{name} {meaning}", f"# TYPE {_PREFIX}{name} {kind}"]
            told = name
        tags = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{_PREFIX}{name}{{{tags}}} {value:g}" if tags else f"{_PREFIX}{name} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
