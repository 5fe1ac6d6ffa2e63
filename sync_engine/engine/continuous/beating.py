"""The heartbeat: a thread that renews the lease while a turn waits for Notion."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sync_engine.engine.continuous.tenure import Tenure
from sync_engine.errors import LeaseLost, SyncEngineError

_log = logging.getLogger(__name__)


@contextmanager
def beating(tenure: Tenure, threads: bool) -> Iterator[None]:
    """Renew the lease while the block runs; without threads nothing is done, the loop renews it itself.

    A renewal that fails is only logged: the next write finds out, and is refused.
    """
    if not threads:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(tenure, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(tenure.beat)


def _beat(tenure: Tenure, ended: threading.Event) -> None:
    while not ended.wait(tenure.beat):
        try:
            tenure.renew()
        except LeaseLost as lost:
            _log.warning("%s", lost.message, extra={"event": "lease_lost"})
            return
        except SyncEngineError as error:
            _log.info("the lease was not renewed: %s", error, extra={"event": "lease_not_renewed"})
