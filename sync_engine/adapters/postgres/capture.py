"""The capture triggers: they write every committed row change of a mapped table into the log.

Two triggers a table, both ENABLE ALWAYS, so that restores and logical replication are captured too:
`ROW_TRIGGER`, AFTER INSERT OR UPDATE OR DELETE for each row, and `TRUNCATE_TRIGGER`, BEFORE TRUNCATE. A row that
moves between partitions arrives as DELETE and INSERT of one key in one transaction. TRUNCATE of a single partition
is not seen: such triggers are not inherited.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import Connection

from sync_engine.adapters.postgres.capture_function import (
    Function,
    definition,
    row_function,
    shape_of,
    truncate_function,
)
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import SCHEMA
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Table
from sync_engine.ports.installation import CaptureState

ROW_TRIGGER = "00_sync_engine_capture"
"""Triggers fire in the order of their names: ours must log a row before a trigger of the user makes more changes
because of it, or a child would come before its parent."""

TRUNCATE_TRIGGER = "00_sync_engine_truncate"

_KINDS = {ROW_TRIGGER: 0b0011101, TRUNCATE_TRIGGER: 0b0100010}
"""`pg_trigger.tgtype`: row = 1, before = 2, insert = 4, delete = 8, update = 16, truncate = 32."""

_EVENTS = {
    ROW_TRIGGER: SQL("AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW"),
    TRUNCATE_TRIGGER: SQL("BEFORE TRUNCATE ON {} FOR EACH STATEMENT"),
}

LOCK_TIMEOUT = "2s"
ATTEMPTS = 5
PAUSE_SECONDS = 1.0
"""CREATE TRIGGER waits for writers, and new writers queue behind it: better to give way and come back."""


class PostgresCapture:
    """Implements `ports.installation.Capture` inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._driver = driver_of(connection)

    def install(self, mapping: TableMapping, table: Table) -> None:
        """Install or replace; what is right already is not touched, so that it takes no lock.

        Raises the driver's error for a lock that could not be had in several tries, or for missing rights.
        """
        for attempt in range(ATTEMPTS):
            try:
                with self._driver.transaction(), self._lock_timeout():
                    self._install(mapping, table)
                return
            except psycopg.errors.LockNotAvailable:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(PAUSE_SECONDS)

    def uninstall(self, mapping: TableMapping) -> None:
        """Remove triggers and functions. The table may be gone or renamed: the functions know their triggers."""
        found = self._driver.execute(
            "SELECT oid::regprocedure::text FROM pg_catalog.pg_proc"
            " WHERE pronamespace = to_regnamespace(%s) AND prorettype = 'trigger'::regtype AND proname ~ %s",
            [SCHEMA, rf"^capture_(truncate_)?{mapping.id}_v\d+$"],
        )
        for (function,) in found.fetchall():
            self._driver.execute(SQL("DROP FUNCTION {} CASCADE").format(SQL(function)))

    def state(self, mapping: TableMapping, table: Table) -> CaptureState:
        """Whether the triggers are there, enabled, and fit the table's present columns."""
        installed = self._installed(table)
        wanted = _wanted(mapping, table)
        if any(name not in installed for name in wanted):
            return CaptureState.MISSING
        if not all(installed[name]["always"] for name in wanted):
            return CaptureState.DISABLED
        if all(_fits(name, installed[name], function) for name, function in wanted.items()):
            return CaptureState.OK
        return CaptureState.OUTDATED

    @contextmanager
    def _lock_timeout(self) -> Iterator[None]:
        """For the block; a failed block is rolled back, and the setting with it."""
        before = self._driver.execute("SELECT current_setting('lock_timeout')").fetchone() or ("0",)
        self._driver.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        yield
        self._driver.execute("SELECT set_config('lock_timeout', %s, true)", before)

    def _install(self, mapping: TableMapping, table: Table) -> None:
        for name, function in _wanted(mapping, table).items():
            self._driver.execute(definition(function))
            self._driver.execute(
                SQL("REVOKE ALL ON FUNCTION {}() FROM PUBLIC").format(Identifier(SCHEMA, function.name))
            )
            found = self._installed(table).get(name)
            if found is None or not found["always"] or not _fits(name, found, function):
                for change in _create_trigger(name, table, function, replace=found is not None):
                    self._driver.execute(change)

    def _installed(self, table: Table) -> Mapping[str, Mapping[str, Any]]:
        with psycopg.RawCursor(self._driver, row_factory=dict_row) as cursor:
            cursor.execute(statement("capture_state"), [table.oid, list(_KINDS)])
            return {row["trigger"]: row for row in cursor}


def _wanted(mapping: TableMapping, table: Table) -> Mapping[str, Function]:
    shape = shape_of(mapping.id, table, mapping.key_columns, mapping.captured, mapping.pinned)
    return {ROW_TRIGGER: row_function(shape), TRUNCATE_TRIGGER: truncate_function(shape)}


def _fits(name: str, found: Mapping[str, Any], function: Function) -> bool:
    settings = {"search_path": "pg_catalog, pg_temp", **function.settings}
    return (
        (found["schema"], found["function"], found["kind"]) == (SCHEMA, function.name, _KINDS[name])
        and found["body"] == function.body
        and found["security_definer"]
        and _as_mapping(found["settings"]) == {key.lower(): value for key, value in settings.items()}
    )


def _as_mapping(settings: Iterable[str]) -> Mapping[str, str]:
    pairs = (setting.partition("=") for setting in settings)
    return {key.lower(): value for key, _, value in pairs}


def _create_trigger(name: str, table: Table, function: Function, *, replace: bool) -> Iterable[Composed]:
    on, trigger = Identifier(table.schema, table.name), Identifier(name)
    if replace:
        yield SQL("DROP TRIGGER {} ON {}").format(trigger, on)
    yield SQL("CREATE TRIGGER {} {} EXECUTE FUNCTION {}()").format(
        trigger, _EVENTS[name].format(on), Identifier(SCHEMA, function.name)
    )
    yield SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(on, trigger)
