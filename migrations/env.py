"""Runs migrations under guards: one upgrader at a time, short locks, one transaction a migration.

The connection comes from `sync_engine.adapters.postgres.migrate` (attribute `connection`), or is opened on
DATABASE_URL when the `alembic` command is used in a checkout.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, text

from sync_engine.adapters.postgres import migrate
from sync_engine.adapters.postgres.tables import SCHEMA, metadata
from sync_engine.errors import ConfigurationError

OPTIONS = {
    "target_metadata": metadata,
    "version_table_schema": SCHEMA,
    "include_schemas": True,
    "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
    "transaction_per_migration": True,
}


def offline() -> None:
    """Print the DDL without a database, as a psql script under the same guards."""
    context.configure(
        dialect_name="postgresql", literal_binds=True, output_buffer=context.config.output_buffer, **OPTIONS
    )
    for statement in migrate.GUARDS:
        context.execute(statement.replace("SET LOCAL", "SET"))
    context.execute(f"SELECT pg_advisory_lock({migrate.LOCK_KEY})")
    context.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    with context.begin_transaction():
        context.run_migrations()


def online(connection: Connection) -> None:
    """Migrate. `migrate.upgrader` has set the guards and holds the lock that keeps a second upgrader out."""
    with connection.begin():
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Offline, on the given connection, or on DATABASE_URL."""
    if context.is_offline_mode():
        offline()
    elif (given := context.config.attributes.get("connection")) is not None:
        online(given)
    elif url := os.environ.get("DATABASE_URL", ""):
        with migrate.upgrader(url) as connection:
            online(connection)
    else:
        raise ConfigurationError("no database to migrate", hint="set DATABASE_URL")


run()
