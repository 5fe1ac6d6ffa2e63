"""The real clock and ids: waits end at a stop, ids are UUIDv7 and sort by the order of their making."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

from sync_engine.adapters.system import SystemClock, SystemIds
from sync_engine.ports.clock import Clock, IdSource


def test_a_wait_ends_at_once_when_the_process_must_stop() -> None:
    stop = threading.Event()
    clock: Clock = SystemClock(stop)
    began = clock.monotonic()
    waiting = threading.Thread(target=clock.wait, args=(60,))
    waiting.start()
    stop.set()
    waiting.join(10)
    clock.wait(60)
    assert clock.monotonic() - began < 10
    assert clock.now().utcoffset() == timedelta()


def test_ids_are_uuid7_unique_and_in_order() -> None:
    ids: IdSource = SystemIds()
    before = time.time_ns() // 1_000_000
    made = [ids.new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    first = UUID(made[0])
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert before - 1000 <= first.int >> 80 <= before + 1000


def test_ids_made_by_many_threads_are_unique() -> None:
    ids = SystemIds()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.new_id(), range(5_000)))
    assert len(set(made)) == 5_000
