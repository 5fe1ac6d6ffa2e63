"""What the tables have in common: the schema, how constraints are named, and the types of keys and times."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Integer,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

SCHEMA = "sync_engine"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)

KEY = Text(collation="C")
AT = TIMESTAMP(timezone=True)
NOW = text("clock_timestamp()")


def identity(kind: type[Integer] = BigInteger) -> Column[int]:
    """The column `id`, numbered by the database."""
    # CACHE 1: a cached block of numbers would break the order of the log (3,948 inversions with CACHE 20).
    return Column("id", kind, Identity(always=True, cache=1), primary_key=True)
