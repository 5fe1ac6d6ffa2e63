"""How every connection of ours is opened: by libpq, READ COMMITTED, fit for a transaction pooler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import set_json_dumps, set_json_loads
from sqlalchemy import Connection, Engine, create_engine

from sync_engine.adapters.postgres.url import connection_parameters
from sync_engine.errors import DatabaseError

Driver = psycopg.Connection[tuple[Any, ...]]


def connect(parameters: Mapping[str, str]) -> Driver:
    """A connection of the driver. Raises psycopg.OperationalError (`errors.translated` makes it ours)."""
    # Prepared statements belong to a server process, and a transaction pooler gives each transaction another.
    connection = psycopg.connect(make_conninfo(**parameters), prepare_threshold=None)
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    set_json_loads(orjson.loads, connection)
    set_json_dumps(orjson.dumps, connection)
    return connection


def make_engine(url: str) -> Engine:
    """An engine that keeps two idle connections and checks it before use; nothing connects yet.

    Raises ConfigurationError when the URL cannot be read.
    """
    parameters = connection_parameters(url)
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(parameters),
        pool_size=2,
        max_overflow=20,
        pool_pre_ping=True,
        use_native_hstore=False,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def driver_of(connection: Connection) -> Driver:
    """The driver's connection under an SQLAlchemy connection, in the same transaction."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise DatabaseError(f"the engine speaks psycopg, not {type(driver).__name__}")
    return driver
