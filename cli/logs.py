"""The log of the product on stderr: warnings always, more with -v, nothing but errors with --quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cli.context import Session

LOGGER = "sync_engine"

_RAISED = frozenset({"sync_engine.adapters.notion.client"})
"""Whoever logs there also raises what went wrong: without -v the error is enough."""


class _ToOutput(logging.Handler):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= _threshold(self._session) and not self._is_repeated(record):
            self._session.output.note(f"{record.levelname.lower()}: {record.getMessage()}")

    def _is_repeated(self, record: logging.LogRecord) -> bool:
        return record.name in _RAISED and not self._session.options.verbose


def _threshold(session: Session) -> int:
    if session.options.quiet:
        return logging.ERROR
    return {0: logging.WARNING, 1: logging.INFO}.get(session.options.verbose, logging.DEBUG)


@contextmanager
def logs_shown(session: Session) -> Iterator[None]:
    """Show what the product logs while the block runs; a command inside a command shows it once."""
    logger = logging.getLogger(LOGGER)
    if any(isinstance(handler, _ToOutput) for handler in logger.handlers):
        yield
        return
    handler, level = _ToOutput(session), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
