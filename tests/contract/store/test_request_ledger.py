"""The request ledger: one budget and one pause for all processes of an installation, in staged time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sync_engine.adapters.notion.budget import Budget
from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.request_ledger import IN_FLIGHT, PostgresRequestLedger
from sync_engine.domain.lanes import Lane
from sync_engine.errors import NotionUnavailable
from sync_engine.ports.ledger import WINDOW
from tests.support.postgres import Database
from tests.support.staged import StagedClock
from tests.unit.notion.test_budget import most_in_a_window

Process = Callable[[int], Budget]


@pytest.fixture
def clock() -> StagedClock:
    return StagedClock()


@pytest.fixture
def process(database: Database, clock: StagedClock) -> Iterator[Process]:
    """Another process of the installation: a budget with a ledger over a connection of its own."""
    with ExitStack() as stack:

        def started(limit: int) -> Budget:
            ledger = PostgresRequestLedger(database.url, clock)
            stack.callback(ledger.close)
            return Budget(clock, limit, ledger=ledger)

        yield started


def send(budget: Budget, clock: StagedClock, lane: Lane = Lane.INTERACTIVE, latency: float = 0.2) -> float:
    with budget.slot(lane):
        at = clock.monotonic()
        clock.advance(latency)
    return at


def test_G11_two_processes_together_stay_within_the_budget(process: Process, clock: StagedClock) -> None:
    first, second = process(30), process(30)
    sent = [send(budget, clock) for _ in range(75) for budget in (first, second)]
    assert most_in_a_window(sent) <= 30
    assert sent[-1] - sent[0] <= 60.5 * 5


def test_G11_threads_of_two_processes_too(process: Process, clock: StagedClock) -> None:
    sent: list[float] = []

    def work(budget: Budget) -> None:
        sent.extend(send(budget, clock, latency=0.01) for _ in range(40))

    threads = [threading.Thread(target=work, args=(process(20),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sent) == 120
    assert most_in_a_window(sent) <= 20


def test_G11_a_pause_that_notion_asks_one_for_holds_for_all(process: Process, clock: StagedClock) -> None:
    first, second = process(180), process(180)
    send(first, clock), send(second, clock)
    began = clock.monotonic()
    first.pause(40)
    assert send(second, clock) >= began + 40
    second.pause(2000)
    with pytest.raises(NotionUnavailable, match="2000 s"):
        send(first, clock)


def test_requests_of_an_earlier_process_count(process: Process, clock: StagedClock) -> None:
    before, after = process(10), process(10)
    send(before, clock), send(after, clock)  # their time begins here, by the server's clock
    clock.advance(WINDOW)
    for _ in range(10):
        send(before, clock, latency=2.0)
    began = clock.monotonic()
    sent = [send(after, clock, latency=0.0) for _ in range(10)]
    assert sent[0] - began == pytest.approx(WINDOW - 18, abs=0.5)
    assert sent[-1] - began == pytest.approx(WINDOW, abs=0.5)


def test_a_request_of_a_killed_process_counts_until_it_must_have_ended(
    database: Database, process: Process, clock: StagedClock
) -> None:
    killed = PostgresRequestLedger(database.url, clock)
    assert killed.claim(1).id
    killed.close()
    began = clock.monotonic()
    assert send(process(1), clock) - began == pytest.approx(IN_FLIGHT + WINDOW, abs=0.5)


def test_backfill_leaves_room_for_a_person_in_another_process(process: Process, clock: StagedClock) -> None:
    bulk, person = process(180), process(180)
    for _ in range(400):
        send(bulk, clock, Lane.BACKFILL, latency=0.1)
    asked = clock.monotonic()
    assert send(person, clock) - asked <= 1.0


def test_without_a_database_each_process_keeps_to_the_budget_itself(clock: StagedClock) -> None:
    ledger = PostgresRequestLedger("postgresql://nobody@127.0.0.1:1/none", clock)
    budget = Budget(clock, 10, ledger=ledger)
    sent = [send(budget, clock) for _ in range(25)]
    assert most_in_a_window(sent) <= 10


def test_before_setup_it_counts_nothing(empty_database: Database, clock: StagedClock) -> None:
    ledger = PostgresRequestLedger(empty_database.url, clock)
    assert ledger.claim(1).wait == 0.0
    ledger.close()


def test_status_sees_what_all_processes_used(database: Database, process: Process, clock: StagedClock) -> None:
    first, second = process(180), process(180)
    for budget in (first, second, second):
        send(budget, clock)
    second.pause(30)
    store = PostgresDatabase(database.url)
    with store.transaction() as uow:
        state = uow.requests.state()
    store.close()
    assert state.used == 3
    assert 25 < state.paused <= 31
