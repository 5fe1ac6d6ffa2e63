"""The engine schema: fresh equals migrated, up and down and up, guarded, private."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema

from sync_engine.adapters.postgres import migrate
from sync_engine.adapters.postgres.connection import make_engine
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import SCHEMA, metadata
from sync_engine.errors import DatabaseBusy, DatabaseError, DatabaseUnavailable
from sync_engine.resources import shipped
from tests.support.captured import CaptureLab, capture_lab
from tests.support.postgres import Database, TestServer

CATALOG = {
    "columns": """
        SELECT c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               a.attstorage, a.attcompression, a.attcollation::regcollation::text,
               pg_get_expr(d.adbin, d.adrelid)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'sync_engine'::regnamespace AND a.attnum > 0 AND c.relname <> 'alembic_version'
         ORDER BY 1, 3""",
    "tables": """
        SELECT relname, reloptions, relrowsecurity, relforcerowsecurity, relacl::text,
               obj_description(oid, 'pg_class')
          FROM pg_class WHERE relnamespace = 'sync_engine'::regnamespace AND relkind IN ('r', 'S')
           AND relname <> 'alembic_version' ORDER BY 1""",
    "indexes": """
        SELECT indexname, indexdef FROM pg_indexes
         WHERE schemaname = 'sync_engine' AND tablename <> 'alembic_version' ORDER BY 1""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'sync_engine'::regnamespace AND conrelid <> 'sync_engine.alembic_version'::regclass
         ORDER BY 1, 2""",
    "sequences": """
        SELECT sequencename, data_type::text, increment_by, cache_size, cycle FROM pg_sequences
         WHERE schemaname = 'sync_engine' ORDER BY 1""",
    "functions": """
        SELECT proname, prosrc, prosecdef, proconfig, proacl::text FROM pg_proc
         WHERE pronamespace = 'sync_engine'::regnamespace ORDER BY 1""",
    "triggers": """
        SELECT pg_get_triggerdef(t.oid), t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'sync_engine'::regnamespace AND NOT t.tgisinternal ORDER BY 1""",
    "views": """
        SELECT viewname, definition FROM pg_views WHERE schemaname = 'sync_engine' ORDER BY 1""",
    "schema": "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'sync_engine'",
}


def catalog(database: Database) -> dict[str, list[Any]]:
    with database.connect() as connection:
        return {name: connection.execute(query).fetchall() for name, query in CATALOG.items()}


def shape_of_schema(database: Database) -> list[Any]:
    """Everything that a downgrade must have taken away."""
    with database.connect() as connection:
        return connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('sync_engine')"
            " AND relname !~ '^alembic' UNION ALL"
            " SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('sync_engine')"
        ).fetchall()


@pytest.mark.every_postgres
def test_a_fresh_schema_is_the_migrated_one(postgres: TestServer, empty_database: Database) -> None:
    migrate.upgrade(empty_database.url)
    migrated = catalog(empty_database)
    fresh = postgres.clone(None)
    engine = make_engine(fresh.url)
    with engine.begin() as connection:
        connection.execute(CreateSchema(SCHEMA))
        connection.execute(text("CREATE TABLE sync_engine.alembic_version (version_num varchar(32))"))
        metadata.create_all(connection)
        connection.exec_driver_sql(statement("engine_schema"))
        connection.exec_driver_sql(statement("capture_actor_v1"))
        connection.exec_driver_sql(statement("audit_views_v1"))
        connection.exec_driver_sql(statement("audit_log_v2"))
        connection.exec_driver_sql(statement("append_only_v1"))
    engine.dispose()
    made = catalog(fresh)
    postgres.server.drop_database(fresh.name)
    for name, rows in made.items():
        assert migrated[name] == rows, name


@pytest.mark.every_postgres
def test_every_migration_goes_up_and_down_and_up(empty_database: Database) -> None:
    url = empty_database.url
    assert (migrate.current(url), migrate.is_current(url)) == ("", False)
    migrate.upgrade(url)
    assert (migrate.current(url), migrate.is_current(url)) == (migrate.head(), True)
    once = catalog(empty_database)
    migrate.upgrade(url)
    while migrate.current(url):
        migrate.downgrade(url, "-1")
    assert shape_of_schema(empty_database) == []
    migrate.upgrade(url)
    assert catalog(empty_database) == once


def test_a_downgrade_takes_the_triggers_with_it(database: Database) -> None:
    """A trigger whose log is gone would fail every write of the application."""
    with capture_lab(database) as lab:
        lab.sql("CREATE TABLE t (id int PRIMARY KEY)")
        lab.capture(lab.mapping("t"))
        migrate.downgrade(database.url)
        lab.sql("INSERT INTO t VALUES (1)")


def test_uninstall_leaves_the_database_as_it_was(database: Database) -> None:
    with capture_lab(database) as lab:
        lab.sql("CREATE TABLE t (id int PRIMARY KEY)")
        lab.capture(lab.mapping("t"))
        migrate.uninstall(database.url)
        migrate.uninstall(database.url)
        assert lab.sql("SELECT to_regnamespace('sync_engine'), count(*) FROM pg_trigger") == [(None, 0)]
        lab.sql("INSERT INTO t VALUES (1)")
    assert migrate.current(database.url) == ""


def test_two_upgraders_at_once_take_turns(empty_database: Database) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            migrate.upgrade(empty_database.url)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert migrate.is_current(empty_database.url)


def test_an_upgrader_waits_for_another_but_not_for_ever(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LOCK_WAIT", "100ms")
    with empty_database.connect() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [migrate.LOCK_KEY])
        with pytest.raises(DatabaseBusy):
            migrate.upgrade(empty_database.url)
    migrate.upgrade(empty_database.url)


def test_a_migration_waits_for_a_lock_of_the_application_only_briefly(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards = tuple(guard.replace("4s", "50ms") for guard in migrate.GUARDS)
    assert guards != migrate.GUARDS
    monkeypatch.setattr(migrate, "GUARDS", guards)
    before = time.monotonic()
    with database.connect() as other:
        other.execute("LOCK TABLE sync_engine.sync_marks IN ACCESS SHARE MODE")
        with pytest.raises(DatabaseBusy):
            migrate.downgrade(database.url)
        assert time.monotonic() - before < 4
        assert other.execute("SELECT count(*) FROM sync_engine.sync_marks").fetchone() == (0,)
    assert migrate.current(database.url), "a migration that fails is undone as a whole"
    migrate.upgrade(database.url)
    assert migrate.is_current(database.url)


def test_a_schema_of_a_newer_version_is_refused(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("UPDATE sync_engine.alembic_version SET version_num = '20991231_later'")
    assert not migrate.is_current(database.url)
    with pytest.raises(DatabaseError, match="20991231_later") as caught:
        migrate.upgrade(database.url)
    assert "newer sync-engine" in caught.value.hint


def test_errors_are_ours() -> None:
    with pytest.raises(DatabaseUnavailable):
        migrate.upgrade("postgresql://nobody@/nothing?host=/nonexistent")


@pytest.mark.every_postgres
def test_the_printed_script_makes_the_same_schema(empty_database: Database, database: Database) -> None:
    script = migrate.sql()
    with empty_database.connect(autocommit=True) as connection:
        connection.execute(script)
    assert catalog(empty_database) == catalog(database)
    assert migrate.is_current(empty_database.url)


def test_migrations_are_named_by_day_and_say_their_phase() -> None:
    files = sorted(shipped("migrations", "versions").glob("*.py"))
    assert files
    for file in files:
        source = file.read_text(encoding="utf-8")
        assert re.fullmatch(r"20\d{6}_[a-z0-9_]+", file.stem), file.name
        assert len(file.stem) <= 32, "alembic_version.version_num is varchar(32)"
        assert f'revision = "{file.stem}"' in source
        assert re.search(r"^Phase: (expand|contract)\.$", source, re.MULTILINE)
        assert "adapters.postgres.tables" not in source, "a migration must mean the same for ever"


@pytest.mark.every_postgres
def test_the_schema_is_nobodys_but_the_owners(database: Database) -> None:
    with database.connect() as connection:
        [(tables, protected)] = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE relrowsecurity) FROM pg_class"
            " WHERE relnamespace = 'sync_engine'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"
        ).fetchall()
        assert tables == protected == len(metadata.tables)
        connection.execute("CREATE ROLE stranger")
        connection.execute("SET ROLE stranger")
        for query in ("SELECT * FROM sync_engine.sync_events", "CREATE TABLE sync_engine.mine (n int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(query)
        connection.rollback()


@pytest.fixture
def lab(database: Database) -> Any:
    with capture_lab(database) as made:
        yield made


@pytest.mark.every_postgres
def test_the_log_draws_its_numbers_one_by_one_and_after_the_transaction_id(lab: CaptureLab) -> None:
    """A cached block of numbers breaks the order of the log; a number without an id breaks its reader."""
    assert lab.sql("SELECT cache_size FROM pg_sequences WHERE sequencename = 'sync_events_seq_seq'") == [(1,)]
    columns = lab.sql("""
        SELECT attname FROM pg_attribute WHERE attrelid = 'sync_engine.sync_events'::regclass AND attnum > 0
         ORDER BY attnum LIMIT 2""")
    assert columns == [("txid",), ("seq",)]
