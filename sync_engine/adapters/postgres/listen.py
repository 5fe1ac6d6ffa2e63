"""LISTEN: a hint that something is new, where the connection can carry it; polling stays the truth.

A transaction pooler takes the statement and never delivers, so the listener first notifies itself. Nothing in a
user's transaction notifies: that would let all commits of the database wait for one another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from sync_engine.adapters.postgres.connection import Driver, connect
from sync_engine.adapters.postgres.hints import CHANNEL
from sync_engine.adapters.postgres.url import connection_parameters

_TRIAL = 5.0
"""Seconds in which our own notification must come back."""

_TICK = 0.25
"""Seconds between two looks whether the block has ended."""

_ENDS_WITHIN = 1.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0

_log = logging.getLogger(__name__)


@contextmanager
def listening(url: str, heard: Callable[[], None]) -> Iterator[None]:
    """Call `heard` from a thread of its own at each notification while the block runs."""
    ended = threading.Event()
    thread = threading.Thread(target=_listen, args=(url, heard, ended), name="listen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_ENDS_WITHIN)


def _listen(url: str, heard: Callable[[], None], ended: threading.Event) -> None:
    """Listen until the end; connect again after a lost connection, give up where nothing is delivered."""
    pause = _FIRST_PAUSE
    while not ended.is_set():
        try:
            with connect(connection_parameters(url)) as connection:
                connection.autocommit = True
                if not _delivers(connection):
                    _log.info("no notifications through this connection (a pooler?); polling does without")
                    return
                pause = _FIRST_PAUSE
                _hear(connection, heard, ended)
        except psycopg.Error as error:
            _log.debug("not listening: %s", error)
            ended.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _delivers(connection: Driver) -> bool:
    connection.execute(f"LISTEN {CHANNEL}".encode())
    connection.execute("SELECT pg_notify(%s, 'trial')", [CHANNEL])
    return any(True for _ in connection.notifies(timeout=_TRIAL, stop_after=1))


def _hear(connection: Driver, heard: Callable[[], None], ended: threading.Event) -> None:
    while not ended.is_set():
        for _ in connection.notifies(timeout=_TICK, stop_after=1):
            heard()
