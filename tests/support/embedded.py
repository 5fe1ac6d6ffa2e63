"""What the tests of the embedded server share."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, Protocol

from sync_engine.adapters.embedded import locks
from sync_engine.adapters.embedded.folders import Home
from sync_engine.adapters.embedded.supervision.leftovers import server_processes
from tests.support.processes import DEADLINE, Partner


class StartUser(Protocol):
    """Starts a user process, behind the words of `prefix`; gives it and its first answer."""

    def __call__(
        self,
        *arguments: str,
        env: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        answers: bool = True,
        **options: Any,
    ) -> tuple[Partner, dict[str, Any]]: ...


def wait_until_stopped(home: Home) -> None:
    """Return when the supervisor and every process of the server are gone; fail at the deadline."""
    if home.supervisor_lock.exists():
        descriptor = locks.open_lock(home.supervisor_lock)
        try:
            assert locks.lock_before(descriptor, locks.SHARED, time.monotonic() + DEADLINE)
        finally:
            os.close(descriptor)
    assert server_processes(home.mark) == []
