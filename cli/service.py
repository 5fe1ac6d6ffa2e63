"""What `run` and `serve` share: log lines for a service on stderr, and an end on SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import click
import orjson

from cli.context import Session
from cli.logs import LOGGER

TAIL = 1.5
"""Seconds for closing what is open, after the work has ended."""

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


def run_until_signal(work: Callable[[], None], ask: Callable[[str], None], grace: float) -> bool:
    """Do the work in a thread of its own; at the first SIGTERM or SIGINT call `ask` with its name.

    True when the work ended (what it raised is raised here), False when it did not within `grace` seconds of being
    asked. The second signal ends the process at once. Nothing happens inside the signal handler: there, neither a
    lock nor a stream may be touched.
    """
    ended: Future[None] = Future()

    def worker() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits, whatever it is
            ended.set_exception(error)
        else:
            ended.set_result(None)
        os.write(bell, b"\0")

    with _signals() as (heard, bell):
        threading.Thread(target=worker, name="work", daemon=True).start()
        deadline = math.inf
        while not ended.done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            ready, _, _ = select.select([heard], [], [], None if left == math.inf else left)
            numbers = [number for number in (os.read(heard, 64) if ready else b"") if number]
            if numbers and deadline == math.inf:
                deadline = time.monotonic() + grace
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                ask(signal.Signals(numbers[0]).name)
                _end_in_time(grace + TAIL)
    ended.result()
    return True


def _end_in_time(seconds: float) -> None:
    """Closing what is open may take long on a busy machine; nothing of it has to be done."""

    def end() -> None:
        flush()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


@contextmanager
def _signals() -> Iterator[tuple[int, int]]:
    """A pipe into which the interpreter writes the number of each signal: (end to read, end to write)."""
    heard, bell = os.pipe()
    os.set_blocking(bell, False)
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, _noted) for number in numbers}
    former = signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    try:
        yield heard, bell
    finally:
        signal.set_wakeup_fd(former)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(heard)
        os.close(bell)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The pipe has its number."""


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _trace(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


def flush() -> None:
    """Send out what is buffered, before a process ends without its usual ceremony."""
    sys.stdout.flush()
    sys.stderr.flush()
