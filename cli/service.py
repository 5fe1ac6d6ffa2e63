"""What `run` and `serve` share: log lines for a service on stderr, and an end on SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import click
import orjson

from cli.context import Session
from cli.logs import LOGGER

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
"""Attributes that every record has; the others are the fields of the line."""


class ServiceLog(logging.Handler):
    """One line a record: time, level and words; with --json an object. `run_id` says what is under way."""

    def __init__(self, session: Session, run_id: Callable[[], str]) -> None:
        super().__init__()
        self._session = session
        self._run_id = run_id

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; a line that cannot be written is dropped, as a log must stop nobody."""
        if record.levelno < self._threshold():
            return
        try:
            click.echo(self._json(record) if self._session.output.as_json else self._words(record), err=True)
        except (OSError, ValueError):
            self.handleError(record)

    def _threshold(self) -> int:
        if self._session.options.quiet:
            return logging.ERROR
        return logging.DEBUG if self._session.options.verbose else logging.INFO

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        fields = {name: value for name, value in record.__dict__.items() if name not in _OWN}
        run_id = fields.pop("run_id", None) or self._run_id()
        return {**fields, **({"run_id": run_id} if run_id else {})}

    def _json(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": _at(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._fields(record),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = _trace(record)
        return orjson.dumps(line, default=str).decode()

    def _words(self, record: logging.LogRecord) -> str:
        run_id = self._fields(record).get("run_id", "")
        told = f"{_at(record):%Y-%m-%d %H:%M:%S} {record.levelname.lower():7} {record.getMessage()}"
        told = f"{told}  run={run_id}" if run_id else told
        return f"{told}\n{_trace(record)}" if record.exc_info and record.exc_info[1] else told


@contextmanager
def service_log(session: Session, run_id: Callable[[], str]) -> Iterator[None]:
    """Log as a service does while the block runs, in place of the remarks of a command."""
    logger = logging.getLogger(LOGGER)
    before, level = list(logger.handlers), logger.level
    handler = ServiceLog(session, run_id)
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)


@contextmanager
def ends_on_signal(ask: Callable[[str], None]) -> Iterator[None]:
    """Call `ask` with the signal's name at the first SIGTERM or SIGINT; the second ends the process at once."""

    def asked(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        ask(signal.Signals(number).name)

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _trace(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


def flush() -> None:
    """Send out what is buffered, before a process ends without its usual ceremony."""
    sys.stdout.flush()
    sys.stderr.flush()
