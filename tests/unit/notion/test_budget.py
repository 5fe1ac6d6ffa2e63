"""The budget under a staged clock: never above it in any window, nearly all of it used, one pause for all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_engine.adapters.notion.budget import Budget, Stopped
from sync_engine.domain.lanes import Lane
from sync_engine.errors import NotionUnavailable
from tests.support.notion import answering, error, page, play
from tests.support.staged import StagedClock

OK = httpx.Response(200, json=page("p1"))


def most_in_a_window(times: Sequence[float], window: float = 60.0) -> int:
    """The largest number of times in any closed window of that length."""
    ordered = sorted(times)
    first, most = 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("limit", [1, 3, 180, 600])
@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("latency", [0.0, 0.25, 1.0])
def test_G11_the_budget_is_used_and_never_exceeded(limit: int, lane: Lane, latency: float) -> None:
    clock = StagedClock()
    budget = Budget(clock, limit)
    began, sent = clock.monotonic(), []
    while clock.monotonic() - began < 600:
        with budget.slot(lane):
            sent.append(clock.monotonic())
            clock.advance(min(latency, 60 / limit))
    assert most_in_a_window(sent) <= limit
    assert len(sent) >= 0.98 * limit * 10


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 12),
    steps=st.lists(
        st.tuples(st.floats(0, 20), st.floats(0, 30), st.sampled_from(list(Lane))), min_size=1, max_size=60
    ),
)
def test_G11_no_window_as_notion_counts_it_holds_more(limit: int, steps: list[tuple[float, float, Lane]]) -> None:
    """Notion counts a request some time between sending and answer: at either end the budget holds."""
    clock = StagedClock()
    budget = Budget(clock, limit)
    sent, answered = [], []
    for idle, latency, lane in steps:
        clock.advance(idle)
        with budget.slot(lane):
            sent.append(clock.monotonic())
            clock.advance(latency)
            answered.append(clock.monotonic())
    assert most_in_a_window(sent) <= limit
    # The worst case for Notion: one counted late, the next ones at once.
    for first in range(len(sent) - limit):
        assert sent[first + limit] - answered[first] > 60


def test_many_threads_share_one_budget() -> None:
    clock = StagedClock()
    workspace, notion = play(answering(OK), clock=clock, per_minute=30, latency=0.1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: workspace.page("p1"), range(120)))
    assert len(notion.calls) == 120
    assert most_in_a_window(notion.sent_at) <= 30


def test_no_budget_means_no_waiting() -> None:
    clock = StagedClock()
    workspace, _ = play(answering(OK), clock=clock)
    for _ in range(500):
        workspace.page("p1")
    assert clock.waits == []
    assert workspace.budget().limit is None


def test_retry_after_may_be_a_time() -> None:
    clock = StagedClock()
    limited = error(429, "rate_limited", headers={"retry-after": "Fri, 20 Nov 2026 09:01:10 GMT"})
    workspace, notion = play(answering(limited, OK), clock=clock)
    workspace.page("p1")
    assert notion.sent_at[-1] - notion.sent_at[0] >= 40


@pytest.mark.parametrize("seconds", [1, 30, 75, 600])
def test_G11_retry_after_is_obeyed_in_full_by_all_threads(seconds: int) -> None:
    clock = StagedClock()
    limited = error(429, "rate_limited", headers={"retry-after": str(seconds)})
    workspace, notion = play(answering(limited, OK), clock=clock, per_minute=180)
    workspace.whoami()
    began = clock.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: workspace.page("p1"), range(6)))
    first, *others = sorted(notion.sent_at[1:])
    assert first == began
    # Requests already in flight when the answer came are allowed; none starts inside the pause.
    assert not [at for at in others if began < at < began + seconds]
    assert clock.monotonic() >= began + seconds
    assert workspace.counts().rate_limited == 1


def test_a_pause_holds_for_calls_that_begin_later() -> None:
    clock = StagedClock()
    budget = Budget(clock, 180)
    budget.pause(40)
    budget.pause(10)
    assert budget.state().paused == 40
    with budget.slot(Lane.INTERACTIVE):
        assert clock.monotonic() == 1040


def test_a_pause_that_grows_while_waiting_is_waited_for_again() -> None:
    clock = StagedClock()
    budget = Budget(clock, None)
    budget.pause(10)
    wait = clock.wait

    def longer(seconds: float) -> None:
        wait(seconds)
        if len(clock.waits) == 1:
            budget.pause(25)

    clock.wait = longer  # type: ignore[method-assign]
    with budget.slot(Lane.INTERACTIVE):
        assert clock.monotonic() == 1035


def test_a_pause_longer_than_the_patience_is_an_error_until_it_is_nearly_over() -> None:
    clock = StagedClock()
    limited = error(429, "rate_limited", headers={"retry-after": "7200"})
    workspace, notion = play(answering(limited, OK), clock=clock, per_minute=180)
    with pytest.raises(NotionUnavailable, match="7200 s"):
        workspace.page("p1")
    clock.advance(600)
    with pytest.raises(NotionUnavailable, match="6600 s") as caught:
        workspace.create_page("ds", {})
    assert not caught.value.may_have_committed
    assert clock.waits == []
    assert len(notion.calls) == 1
    clock.advance(6000)
    workspace.page("p1")
    assert notion.sent_at[-1] - notion.sent_at[0] >= 7200


def test_an_overload_pauses_everyone_too() -> None:
    clock = StagedClock()
    workspace, _ = play(answering(error(529, "service_overload", headers={"retry-after": "20"}), OK), clock=clock)
    workspace.page("p1")
    assert sum(clock.waits) >= 20
    assert workspace.counts().rate_limited == 0


def test_G11_a_person_goes_before_repair_and_backfill() -> None:
    clock = StagedClock()
    budget = Budget(clock, 1)
    order: list[Lane] = []
    queued = threading.Barrier(3, timeout=10)
    free = threading.Event()
    wait = clock.wait

    def held(seconds: float) -> None:
        queued.wait()
        free.wait(10)
        wait(seconds)

    def go(lane: Lane) -> None:
        with budget.slot(lane):
            order.append(lane)

    with budget.slot(Lane.INTERACTIVE):
        pass
    clock.wait = held  # type: ignore[method-assign]
    threads = [
        threading.Thread(target=go, args=(lane,)) for lane in (Lane.BACKFILL, Lane.REPAIR, Lane.INTERACTIVE)
    ]
    for thread in threads:
        thread.start()
    while not free.is_set():
        if queued.n_waiting == 0 and len(budget._waiting) == 3:
            clock.wait = wait  # type: ignore[method-assign]
            free.set()
    for thread in threads:
        thread.join(10)
    assert order == sorted(order)


def test_backfill_leaves_a_slot_for_a_person_every_moment() -> None:
    clock = StagedClock()
    budget = Budget(clock, 180)
    began = clock.monotonic()
    while clock.monotonic() - began < 300:
        with budget.slot(Lane.BACKFILL):
            clock.advance(0.2)
    asked = clock.monotonic()
    with budget.slot(Lane.INTERACTIVE):
        assert clock.monotonic() - asked <= 1.0


def test_a_lane_holds_for_the_thread_that_asked_for_it() -> None:
    clock = StagedClock()
    workspace, notion = play(answering(OK), clock=clock, per_minute=60)
    workspace.whoami()
    with workspace.lane(Lane.BACKFILL):
        for _ in range(30):
            workspace.page("p1")
    spread = notion.sent_at[-1] - notion.sent_at[0]
    assert spread >= 18
    for _ in range(5):
        workspace.page("p1")
    assert notion.sent_at[-1] - notion.sent_at[0] == spread


def test_a_process_that_must_stop_does_not_wait_for_its_turn() -> None:
    clock = StagedClock()
    budget = Budget(clock, 1)
    with budget.slot(Lane.INTERACTIVE):
        pass
    clock.stopped = True
    with pytest.raises(Stopped), budget.slot(Lane.INTERACTIVE):
        pytest.fail("it got a slot")
    assert len(clock.waits) == 1


def test_a_stop_while_waiting_to_try_again_raises_the_failure_itself() -> None:
    clock = StagedClock()
    workspace, notion = play(answering(error(500, "internal_server_error")), clock=clock)
    clock.stopped = True
    with pytest.raises(NotionUnavailable) as caught:
        workspace.update_page("p1", {"a": {"number": 1}})
    assert caught.value.status == 500
    assert caught.value.may_have_committed
    assert len(notion.calls) == 1
