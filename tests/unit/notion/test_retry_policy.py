"""The pure retry rule: total, bounded, obeys what it was asked, never repeats what must not be repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.retry import Failure, RetryPolicy

POLICY = RetryPolicy()


@given(
    failure=st.sampled_from(list(Failure)),
    attempt=st.integers(1, 10_000),
    idempotent=st.booleans(),
    asked=st.none() | st.floats(0, 100_000),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_is_bounded_and_not_shorter_than_asked(
    failure: Failure, attempt: int, idempotent: bool, asked: float | None, jitter: float
) -> None:
    wait = POLICY.wait(failure, attempt, idempotent=idempotent, asked=asked, jitter=jitter)
    if wait is None:
        return
    assert failure not in (Failure.FINAL, Failure.SAVED)
    assert idempotent or failure is not Failure.UNCERTAIN
    assert attempt < POLICY.tries[failure]
    assert 0 <= wait <= POLICY.patience
    if asked is not None:
        assert wait >= asked
    else:
        assert wait <= POLICY.cap


@pytest.mark.parametrize("failure", [Failure.THROTTLED, Failure.CONFLICT, Failure.UNREACHED])
def test_what_was_not_done_may_always_be_repeated(failure: Failure) -> None:
    assert POLICY.wait(failure, 1, idempotent=False, asked=None, jitter=0.5) is not None


def test_waits_double_up_to_the_cap() -> None:
    policy = RetryPolicy(first=2, cap=10, tries={Failure.UNCERTAIN: 9})
    waits = [
        policy.wait(Failure.UNCERTAIN, attempt, idempotent=True, asked=None, jitter=0.999999)
        for attempt in range(1, 6)
    ]
    assert [round(wait or 0) for wait in waits] == [2, 4, 8, 10, 10]
