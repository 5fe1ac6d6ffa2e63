"""Membership in a list of ids of any length: one parameter, where IN takes one an id and ends at 65,535."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, Column, ColumnElement, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: Column[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether the column's value is one of these."""
    return column == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))
