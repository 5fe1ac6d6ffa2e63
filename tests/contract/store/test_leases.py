"""Leases: one holder, an expiry by the server's clock, a token that a late holder cannot use."""

from __future__ import annotations

import threading

import psycopg
import pytest

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.ports.database import Database as Store
from sync_engine.ports.database import UnitOfWork
from tests.support.postgres import Database

NAME = "run"
LONG = 60.0


def expire(database: Database) -> None:
    with database.connect(autocommit=True) as user:
        user.execute("UPDATE sync_engine.sync_leases SET expires_at = clock_timestamp() - interval '1 second'")


def test_it_has_one_holder(unit: UnitOfWork) -> None:
    assert unit.leases.get(NAME) is None
    assert unit.leases.take(NAME, "first", LONG) == 1
    assert unit.leases.take(NAME, "second", LONG) is None
    row = unit.leases.get(NAME)
    assert row is not None and row.live and (row.holder, row.token) == ("first", 1)


def test_it_is_free_when_it_was_released_and_keeps_what_was_told(unit: UnitOfWork) -> None:
    assert unit.leases.take(NAME, "first", LONG) == 1
    unit.leases.release(NAME, 1, {"phase": "stopped"})
    row = unit.leases.get(NAME)
    assert row is not None and not row.live and row.state == {"phase": "stopped"}
    assert unit.leases.take(NAME, "second", LONG) == 2


def test_an_expired_lease_is_taken_and_its_former_token_is_worth_nothing(unit: UnitOfWork) -> None:
    assert unit.leases.take(NAME, "first", -1.0) == 1
    assert unit.leases.take(NAME, "second", LONG) == 2
    assert not unit.leases.renew(NAME, 1, LONG, {})
    assert not unit.leases.holds(NAME, 1)
    assert unit.leases.holds(NAME, 2)
    unit.leases.release(NAME, 1, {})
    assert unit.leases.holds(NAME, 2)


def test_an_expired_lease_that_nobody_took_can_be_renewed(unit: UnitOfWork) -> None:
    assert unit.leases.take(NAME, "first", -1.0) == 1
    assert unit.leases.renew(NAME, 1, LONG, {"phase": "idle"})
    row = unit.leases.get(NAME)
    assert row is not None and row.live and row.state == {"phase": "idle"}


def test_a_takeover_waits_for_the_transaction_of_a_late_holder(database: Database) -> None:
    late, next_one = PostgresDatabase(database.url), PostgresDatabase(database.url)
    with late.transaction() as unit:
        assert unit.leases.take(NAME, "late", LONG) == 1
    expire(database)
    taken: list[int | None] = []

    def take() -> None:
        with next_one.transaction() as other:
            taken.append(other.leases.take(NAME, "next", LONG))

    with late.transaction() as unit, database.connect(autocommit=True) as user:
        assert unit.leases.holds(NAME, 1)
        waiting = threading.Thread(target=take)
        waiting.start()
        wait_for_lock_wait(user)
        assert taken == []
    waiting.join(30)
    assert taken == [2]
    with late.transaction() as unit:
        assert not unit.leases.holds(NAME, 1)
    late.close()
    next_one.close()


def test_a_renewal_does_not_wait_for_the_holders_own_transactions(database: Database) -> None:
    holder = PostgresDatabase(database.url)
    with holder.transaction() as unit:
        assert unit.leases.take(NAME, "holder", LONG) == 1
    with holder.transaction() as working:
        assert working.leases.holds(NAME, 1)
        with holder.transaction() as beating:
            assert beating.leases.renew(NAME, 1, LONG, {"phase": "working"})
    holder.close()


@pytest.mark.parametrize("takers", [8])
def test_of_many_that_ask_at_once_one_gets_it(database: Database, takers: int) -> None:
    store: Store = PostgresDatabase(database.url)
    ready, got = threading.Barrier(takers), []

    def take(number: int) -> None:
        ready.wait(30)
        with store.transaction() as unit:
            got.append(unit.leases.take(NAME, str(number), LONG))

    threads = [threading.Thread(target=take, args=(number,)) for number in range(takers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(token for token in got if token is not None) == [1]


def wait_for_lock_wait(user: psycopg.Connection[tuple[object, ...]]) -> None:
    """Return when some session of this database waits for a lock."""
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while user.execute(waiting).fetchone() is None:
        pass
