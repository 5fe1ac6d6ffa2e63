"""Transactions, the lock, and what people are told when Postgres says no."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.unit_of_work import PostgresUnitOfWork
from sync_engine.errors import (
    ConfigurationError,
    ConstraintRejected,
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    LockHeld,
    NotSetUp,
)
from tests.support.postgres import Database


@pytest.fixture
def opened(database: Database) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(database.url)
    yield made
    made.close()


def ask(unit: PostgresUnitOfWork, query: str) -> object:
    """A single value, over the connection of the transaction."""
    return unit.rows._driver.execute(query).fetchone()[0]  # type: ignore[arg-type, index]


class TestTransaction:
    def test_commits_or_undoes(self, opened: PostgresDatabase, database: Database) -> None:
        with database.connect(autocommit=True) as user:
            user.execute("create table t (n int)")
            with opened.transaction() as unit:
                ask(unit, "insert into t values (1) returning n")
            with pytest.raises(ZeroDivisionError), opened.transaction() as unit:
                ask(unit, "insert into t values (2) returning n")
                raise ZeroDivisionError
            assert user.execute("select n from t").fetchall() == [(1,)]

    def test_its_settings_are_its_own(self, opened: PostgresDatabase, database: Database) -> None:
        with database.connect(autocommit=True) as user:
            user.execute(
                f"alter database \"{database.name}\" set timezone = 'Asia/Kolkata';"
                f'alter database "{database.name}" set default_transaction_isolation = serializable;'
                f"alter database \"{database.name}\" set datestyle = 'German'"
            )
        with opened.transaction("run:7") as unit:
            assert ask(unit, "select current_setting('sync_engine.origin')") == "run:7"
            assert ask(unit, "show timezone") == "UTC"
            assert ask(unit, "show transaction_isolation") == "read committed"
            assert ask(unit, "show application_name") == "sync-engine"
            assert (
                ask(unit, "select to_jsonb(timestamptz '2026-01-01 00:00:00+00')") == "2026-01-01T00:00:00+00:00"
            )
            assert ask(unit, "select date '2026-02-28'::text") == "2026-02-28"
        with opened.transaction() as unit:
            assert ask(unit, "select current_setting('sync_engine.origin')") == ""

    def test_a_session_leaves_nothing_behind(self, opened: PostgresDatabase) -> None:
        with opened.transaction("run:7"):
            pass
        with opened._engine.connect() as connection:
            origin = connection.exec_driver_sql("select current_setting('sync_engine.origin', true)").scalar()
        assert not origin

    def test_the_clock_is_utc(self, opened: PostgresDatabase) -> None:
        assert opened.now().tzinfo is UTC

    def test_set_up_or_not(self, opened: PostgresDatabase, empty_database: Database) -> None:
        assert opened.is_set_up()
        bare = PostgresDatabase(empty_database.url)
        assert not bare.is_set_up()
        with pytest.raises(NotSetUp) as raised, bare.transaction() as unit:
            unit.records.counts(1)
        assert "sync-engine setup" in raised.value.hint
        bare.close()


class TestLock:
    def test_is_held_once(self, opened: PostgresDatabase, database: Database) -> None:
        other = PostgresDatabase(database.url)
        with opened.lock():
            with pytest.raises(LockHeld) as raised, other.lock():
                pass
            assert "sync-engine" in raised.value.hint and "server process" in raised.value.hint
        with other.lock():
            pass

    def test_holds_back_neither_vacuum_nor_readers(self, opened: PostgresDatabase, database: Database) -> None:
        with opened.lock(), database.connect() as user:
            holders = user.execute(
                "select backend_xid, backend_xmin from pg_stat_activity"
                " where state = 'idle in transaction' and datname = current_database()"
            ).fetchall()
        assert holders == [(None, None)]

    def test_goes_with_a_killed_process(self, opened: PostgresDatabase, database: Database) -> None:
        program = (
            "import sys, signal; from sync_engine.adapters.postgres.database import PostgresDatabase\n"
            "with PostgresDatabase(sys.argv[1]).lock(): print('held', flush=True); signal.pause()"
        )
        holder = subprocess.Popen([sys.executable, "-c", program, database.url], stdout=subprocess.PIPE)
        with holder:
            assert holder.stdout and holder.stdout.readline() == b"held\n"
            with pytest.raises(LockHeld), opened.lock():
                pass
            with database.connect(autocommit=True) as user:
                locks = "select count(*) from pg_locks where locktype = 'advisory'"
                holder.send_signal(signal.SIGKILL)
                holder.wait()
                while user.execute(locks).fetchone() != (0,):
                    pass
        with opened.lock():
            pass

    def test_a_lost_connection_is_told_at_the_end(self, opened: PostgresDatabase, database: Database) -> None:
        with pytest.raises(DatabaseUnavailable), opened.lock(), database.connect(autocommit=True) as user:
            user.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")


class TestRefusals:
    def test_a_connection_that_drops(self, opened: PostgresDatabase, database: Database) -> None:
        with pytest.raises(DatabaseUnavailable) as raised, opened.transaction() as unit:
            with database.connect(autocommit=True) as user:
                user.execute("select pg_terminate_backend(%s)", [ask(unit, "select pg_backend_pid()")])
            unit.records.counts(1)
        assert raised.value.retryable and "DATABASE_URL" in raised.value.hint
        with opened.transaction() as unit:
            assert unit.records.counts(1).linked == 0

    def test_an_idle_connection_that_dropped_is_replaced(
        self, opened: PostgresDatabase, database: Database
    ) -> None:
        with opened.transaction() as unit:
            pid = ask(unit, "select pg_backend_pid()")
        with database.connect(autocommit=True) as user:
            user.execute("select pg_terminate_backend(%s)", [pid])
        with opened.transaction() as unit:
            assert ask(unit, "select pg_backend_pid()") != pid

    def test_constraints_outside_of_rows(self, opened: PostgresDatabase) -> None:
        with pytest.raises(ConstraintRejected) as raised, opened.transaction() as unit:
            ask(unit, "insert into sync_engine.sync_records (mapping) values (1) returning id")
        assert raised.value.constraint == "sync_records_named_check"

    def test_a_deadlock_can_be_repeated(self, opened: PostgresDatabase, database: Database) -> None:
        with database.connect(autocommit=True) as user:
            user.execute("create table t (id int primary key, n int); insert into t values (1, 0), (2, 0)")
        first = "update t set n = n + 1 where id = 1 returning n"
        second = "update t set n = n + 1 where id = 2 returning n"
        with database.connect() as user:
            user.execute("set deadlock_timeout = '10min'")
            user.execute(first)
            with pytest.raises(DatabaseBusy) as raised, opened.transaction() as unit:
                ask(unit, "select set_config('deadlock_timeout', '10ms', true)")
                ask(unit, second)
                waiting = threading.Thread(target=user.execute, args=(second,))
                waiting.start()
                _wait_until_blocked(database)
                ask(unit, first)
            waiting.join()
            user.rollback()
        assert raised.value.retryable

    def test_a_statement_that_is_wrong(self, opened: PostgresDatabase) -> None:
        with pytest.raises(DatabaseError) as raised, opened.transaction() as unit:
            ask(unit, "select nonsense")
        assert (raised.value.sqlstate, raised.value.retryable) == ("42703", False)
        assert isinstance(raised.value.__cause__, psycopg.Error)


def _wait_until_blocked(database: Database) -> None:
    blocked = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    with database.connect(autocommit=True) as watcher:
        while watcher.execute(blocked).fetchone() == (0,):
            pass


class TestReaching:
    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://ada:s3cret@localhost:1/shop",
            "postgres://ada:s3cret@127.0.0.1:1/shop",
            "host=localhost port=1 user=ada password=s3cret dbname=shop",
            "postgresql+psycopg://ada:s3cret@localhost:1/shop?sslmode=disable",
        ],
    )
    def test_nobody_there(self, url: str) -> None:
        with pytest.raises(DatabaseUnavailable) as raised, PostgresDatabase(url).transaction():
            pass
        told = f"{raised.value} {PostgresDatabase(url)!r}"
        assert "s3cret" not in told
        assert all(part in told for part in ("DATABASE_URL", "shop", ":1", "ada"))

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql+psycopg:/x",
            "postgresql://ada:s3c%zzret@h/x",
            "user=ada password=s3cret zzz",
            "s3cret words",
        ],
    )
    def test_what_is_not_a_url(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as raised:
            PostgresDatabase(url)
        assert "s3c" not in str(raised.value) and "DATABASE_URL" in str(raised.value)
        assert raised.value.__cause__ is None and raised.value.__suppress_context__

    def test_a_parameter_of_another_driver_is_named(self) -> None:
        with pytest.raises(ConfigurationError, match="pgbouncer"):
            PostgresDatabase("postgres://ada:s3cret@localhost/shop?pgbouncer=true")

    def test_an_unknown_database(self, database: Database) -> None:
        with pytest.raises(DatabaseUnavailable, match="does not exist"):
            PostgresDatabase(database.url.replace(database.name, "no_such_database")).now()

    def test_every_way_to_write_it(self, database: Database) -> None:
        spelled = [
            database.url,
            database.url.replace("postgresql://", "postgres://"),
            database.url.replace("postgresql://", "postgresql+psycopg://"),
            f" {database.url}\n",
            make_conninfo(database.url),
            make_conninfo(database.url, connect_timeout=5),
        ]
        for url in spelled:
            opened = PostgresDatabase(url)
            assert opened.is_set_up()
            opened.close()

    def test_the_environment_does_not_lead_elsewhere(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = {
            "PGHOST": "/nowhere",
            "PGHOSTADDR": "127.0.0.9",
            "PGPORT": "1",
            "PGDATABASE": "none",
            "PGUSER": "nobody",
            "PGAPPNAME": "other",
            "PGCLIENTENCODING": "latin1",
        }
        for name, value in elsewhere.items():
            monkeypatch.setenv(name, value)
        opened = PostgresDatabase(database.url)
        with opened.transaction() as unit:
            assert ask(unit, "select current_database()") == database.name
            assert ask(unit, "show client_encoding") == "UTF8"
        with opened.lock():
            pass
        opened.close()
